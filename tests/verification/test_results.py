from __future__ import annotations

import pytest
from attrs import evolve

from tests.verification.test_store import RECORD
from wikipayam_async.verification import CheckOutcome, CheckStatus, LimitScope, Refusal, VerificationLimits
from wikipayam_async.verification.results import limit_error, result_of

LIMITS = VerificationLimits()


@pytest.mark.parametrize(
    ("outcome", "receiver", "left", "wait"),
    [
        (CheckOutcome(status=CheckStatus.OK, wrong=2), "09123456789", 0, 0.0),
        (CheckOutcome(status=CheckStatus.WRONG, wrong=2, wrong_in_a_row=26), None, 3, 0.0),
        (CheckOutcome(status=CheckStatus.WRONG, wrong=5, wrong_in_a_row=26), None, 0, 60.0),
        (CheckOutcome(status=CheckStatus.LOCKED, wrong=5, wrong_in_a_row=50), None, 0, 86400.0),
        (CheckOutcome(status=CheckStatus.USED, wrong=1), None, 0, 0.0),
        (CheckOutcome(status=CheckStatus.EXPIRED, wrong=1), None, 0, 0.0),
    ],
)
def test_a_result_tells_what_its_user_may_know(
    outcome: CheckOutcome, receiver: str | None, left: int, wait: float
) -> None:
    """The number only with the right code, and a wait only if another challenge is needed."""
    result = result_of(RECORD, outcome, LIMITS)
    assert (result.receiver, result.attempts_left, result.retry_after) == (receiver, left, wait)


def test_an_unknown_challenge_tells_nothing() -> None:
    """There is no receiver, no try and no wait."""
    result = result_of(None, CheckOutcome(status=CheckStatus.NOT_FOUND), LIMITS)
    assert (result.status, result.receiver, result.attempts_left, result.retry_after) == ("not_found", None, 0, 0.0)


def test_a_challenge_of_smaller_limits_keeps_its_own() -> None:
    """The tries are those of its start."""
    result = result_of(evolve(RECORD, max_tries=3), CheckOutcome(status=CheckStatus.WRONG, wrong=1), LIMITS)
    assert result.attempts_left == 2


def test_the_error_of_a_limit_says_what_to_do() -> None:
    """With the scope and the wait."""
    error = limit_error("start: not sent", Refusal(scope=LimitScope.IP, retry_after=59.6))
    assert str(error) == "start: not sent, because the limit by ip is reached; try again in 60 s"
    assert (error.scope, error.retry_after) == (LimitScope.IP, 59.6)
