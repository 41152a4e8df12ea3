from __future__ import annotations

import pytest

from wikipayam_async.verification import LimitScope, Refusal
from wikipayam_async.verification.contract.support import expect, expect_refusal, new_quota, new_record, record_at


def test_a_difference_says_what_was_expected() -> None:
    """And what came instead."""
    expect("find", 1, 1)
    with pytest.raises(AssertionError, match=r"^find: expected 2, got 1$"):
        expect("find", 1, 2)


@pytest.mark.parametrize(
    "actual", [None, Refusal(scope=LimitScope.PREFIX, retry_after=60.0), Refusal(scope=LimitScope.IP, retry_after=61.0)]
)
def test_another_refusal_is_a_difference(actual: Refusal | None) -> None:
    """By its scope and its seconds, which may be rounded."""
    expect_refusal("start", Refusal(scope=LimitScope.IP, retry_after=60.001), LimitScope.IP, 60.0)
    with pytest.raises(AssertionError, match=r"start: expected a refusal by ip for 60\.0 s"):
        expect_refusal("start", actual, LimitScope.IP, 60.0)


def test_records_and_quotas_are_new() -> None:
    """No part meets what another has left."""
    assert new_record().id != new_record().id
    assert new_quota().key != new_quota().key
    record = record_at(1000.0, max_tries=1)
    assert (record.created_at, record.expires_at, record.max_tries) == (1000.0, 1120.0, 1)
