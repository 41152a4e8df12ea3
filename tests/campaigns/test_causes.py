"""The cause of an outcome in one word."""

from __future__ import annotations

import pytest

from wikipayam_async import (
    APIConnectionError,
    BeforeSendError,
    ClosedError,
    InvalidInputError,
    SuppressedError,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.campaigns.causes import cause_of
from wikipayam_async.outcomes import Attempt, Phase

TIMEOUT = Attempt(1, Phase.SENT, 1.0, None, "timeout")
BAD_GATEWAY = Attempt(2, Phase.ANSWERED, 1.0, 502)
ANSWERED = Attempt(1, Phase.ANSWERED, 1.0, 200)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (None, "interrupted"),
        (SuppressedError("no", reason="opted_out"), "opted_out"),
        (InvalidInputError("receiver", rule="a", got="b"), "invalid"),
        (UnprocessableError("no", status_code=422), "422"),
        (UnknownOutcomeError("?", attempts=[TIMEOUT]), "timeout"),
        (UnknownOutcomeError("?", attempts=[TIMEOUT, BAD_GATEWAY]), "502"),
        (UnknownOutcomeError("?", attempts=[ANSWERED]), "unreadable"),
        (UnknownOutcomeError("?"), "unreported"),
        (APIConnectionError("no", attempts=[TIMEOUT]), "timeout"),
        (BeforeSendError("no"), "not_attempted"),
        (ClosedError("closed"), "ClosedError"),
    ],
)
def test_an_error_has_a_cause(error: WikipayamError | None, cause: str) -> None:
    """Errors of one kind have one cause, so that outcomes can be grouped by it."""
    assert cause_of(error) == cause
