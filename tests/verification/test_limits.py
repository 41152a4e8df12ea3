from __future__ import annotations

import pytest

from wikipayam_async import ConfigurationError
from wikipayam_async.verification import VerificationLimits
from wikipayam_async.verification.subjects import Subject

SUBJECT = Subject(receiver="09123456789", purpose="login", destination="IR", ip="203.0.113.7", network="203.0.113.7")


def test_waits_grow_and_end_with_a_day() -> None:
    """They begin where a stranger's hour ends, and double with each challenge."""
    limits = VerificationLimits()
    assert [(wait.tries, wait.seconds) for wait in limits.waits] == [
        (25, 60),
        (30, 120),
        (35, 240),
        (40, 480),
        (45, 960),
        (50, 86400),
    ]
    assert [limits.wait_after(wrong) for wrong in (0, 24, 25, 29, 49, 50, 99)] == [0, 0, 60, 60, 960, 86400, 86400]


def test_a_start_counts_by_purpose() -> None:
    """In an hour, in a day, and for the interval."""
    quotas = VerificationLimits().quotas_of_start(SUBJECT)
    assert [(quota.scope, quota.key, quota.limit, quota.period) for quota in quotas] == [
        ("purpose", "start/login/09123456789/3600", 5, 3600),
        ("purpose", "start/login/09123456789/86400", 20, 86400),
        ("purpose", "start/login/09123456789/30", 1, 30),
    ]
    assert len(VerificationLimits(resend_interval=0).quotas_of_start(SUBJECT)) == 2


def test_a_message_counts_by_everything() -> None:
    """A call counts as a call, too."""
    keys = [quota.key for quota in VerificationLimits().quotas_of_send(SUBJECT, call=True)]
    assert keys == [
        "receiver/09123456789/3600",
        "prefix/0912345/3600",
        "destination/IR/3600",
        "account/3600",
        "account/86400",
        "call/09123456789/3600",
        "ip/203.0.113.7/3600",
    ]
    assert "call/09123456789/3600" not in [
        quota.key for quota in VerificationLimits().quotas_of_send(SUBJECT, call=False)
    ]


def test_limits_can_be_left_out() -> None:
    """Those of the receiver cannot."""
    limits = VerificationLimits(
        ip_sends_per_hour=None,
        prefix_sends_per_hour=None,
        destination_sends_per_hour=None,
        account_sends_per_hour=None,
        account_sends_per_day=None,
    )
    assert [quota.scope for quota in limits.quotas_of_send(SUBJECT, call=False)] == ["receiver"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"wrong_tries_per_day": 24}, "starts_per_hour * tries_per_challenge (25)"),
        ({"wrong_tries_per_day": 101}, "to 100"),
        ({"starts_per_hour": 50, "tries_per_challenge": 5}, "(250)"),
        ({"prefix_digits": 12}, "prefix_digits"),
        ({"tries_per_challenge": 0}, "tries_per_challenge"),
        ({"ip_sends_per_hour": 0}, "ip_sends_per_hour"),
        ({"resend_interval": -1}, "resend_interval"),
    ],
)
def test_limits_that_protect_nobody_are_refused(options: dict[str, int], expected: str) -> None:
    """Nor may a stranger be able to lock out the owner within an hour."""
    with pytest.raises(ConfigurationError) as caught:
        VerificationLimits(**options)
    assert expected in str(caught.value)
