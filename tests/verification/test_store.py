from __future__ import annotations

import pytest
from attrs import evolve

from wikipayam_async.verification import ChallengeRecord, ChallengeState, CheckStatus, MemoryStore, VerificationStore

RECORD = ChallengeRecord(
    id="a" * 32,
    receiver="09123456789",
    purpose="login",
    key_id="k",
    ip="203.0.113.7",
    created_at=1000.0,
    expires_at=1120.0,
    forget_at=1720.0,
    max_tries=5,
    resend_at=1030.0,
)


@pytest.mark.parametrize(
    ("now", "changes", "status"),
    [
        (1000.0, {}, None),
        (1119.9, {}, None),
        (970.0, {}, None),
        (969.9, {}, CheckStatus.EXPIRED),
        (1120.0, {}, CheckStatus.EXPIRED),
        (1000.0, {"wrong": 4}, None),
        (1000.0, {"wrong": 5}, CheckStatus.LOCKED),
        (1120.0, {"wrong": 5}, CheckStatus.EXPIRED),
        (1000.0, {"state": ChallengeState.CANCELED}, CheckStatus.EXPIRED),
        (1120.0, {"state": ChallengeState.USED, "wrong": 5}, CheckStatus.USED),
    ],
)
def test_why_a_challenge_takes_no_code(now: float, changes: dict[str, object], status: CheckStatus | None) -> None:
    """A used one stays used; a cancelled one counts as expired; the tries count last."""
    assert evolve(RECORD, **changes).status_at(now) is status  # type: ignore[arg-type]


def test_a_record_can_be_logged() -> None:
    """Its `repr` shows no full number, no address and no id."""
    shown = repr(RECORD)
    assert [secret for secret in ("09123456789", "203.0.113.7", "a" * 32) if secret in shown] == []


def test_the_memory_store_is_a_store() -> None:
    """The protocol can be checked at run time."""
    assert isinstance(MemoryStore(), VerificationStore)
