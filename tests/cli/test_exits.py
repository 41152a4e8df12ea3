from __future__ import annotations

import pytest

from wikipayam_async import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
    InsufficientBalanceError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    SendResult,
    SendStatus,
    ServerError,
    SmsMessage,
    SuppressedError,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.campaigns.errors import DatabaseAwayError, JournalError, JournalWriteError
from wikipayam_async.cli.exits import Exit, NoTokenError, exit_of, exit_of_result, worst

MESSAGE = SmsMessage("09123456789", "text")
BAD = InvalidInputError("receiver", rule="expected", got="other")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnknownOutcomeError("x"), 3),
        (NoTokenError("x"), 4),
        (AuthenticationError("x", status_code=401), 4),
        (PermissionDeniedError("x", status_code=403), 4),
        (ConfigurationError("x"), 2),
        (BAD, 2),
        (InsufficientBalanceError("x", status_code=402), 1),
        (NotFoundError("x", status_code=404), 1),
        (UnprocessableError("x", status_code=422), 1),
        (SuppressedError("x", reason="duplicate"), 1),
        (RateLimitError("x", status_code=429), 5),
        (ServerError("x", status_code=500), 5),
        (APIConnectionError("x"), 5),
        (APITimeoutError("x"), 5),
        (ResponseError("x"), 5),
        (JournalError("x"), 2),
        (DatabaseAwayError("x"), 5),
        (JournalWriteError("x"), 3),
    ],
)
def test_every_error_has_its_exit_code(error: WikipayamError, code: int) -> None:
    """The error of a command decides its exit code, as documented."""
    assert exit_of(error) == code


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (SendStatus.ACCEPTED, None, 0),
        (SendStatus.UNKNOWN, UnknownOutcomeError("x"), 3),
        (SendStatus.UNKNOWN, ServerError("x", status_code=502), 3),
        (SendStatus.REJECTED, BAD, 1),
        (SendStatus.NOT_ATTEMPTED, None, 1),
        (SendStatus.NOT_ATTEMPTED, AuthenticationError("x", status_code=401), 4),
    ],
)
def test_every_result_has_its_exit_code(status: SendStatus, error: WikipayamError | None, code: int) -> None:
    """An invalid message among many is rejected, and no usage error."""
    assert exit_of_result(SendResult(0, MESSAGE, status, error=error)) == code


def test_the_most_severe_code_counts() -> None:
    """The order is interrupted, unknown, auth, gateway, rejected; without any code it is OK."""
    assert worst([]) == Exit.OK
    assert worst([Exit.OK, Exit.REJECTED, Exit.GATEWAY]) == Exit.GATEWAY
    assert worst([Exit.AUTH, Exit.GATEWAY]) == Exit.AUTH
    assert worst([Exit.AUTH, Exit.UNKNOWN, Exit.REJECTED]) == Exit.UNKNOWN
    assert worst([Exit.INTERRUPTED, Exit.UNKNOWN]) == Exit.INTERRUPTED
