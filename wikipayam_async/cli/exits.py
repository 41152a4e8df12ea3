"""The exit codes of all commands."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

from wikipayam_async.errors import (
    APIStatusError,
    AuthenticationError,
    BeforeSendError,
    ConfigurationError,
    InvalidInputError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    SuppressedError,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.outcomes import SendStatus

if TYPE_CHECKING:
    from wikipayam_async.bulk.results import SendResult

__all__ = ["Exit", "NoTokenError", "exit_of", "exit_of_result", "worst"]


class Exit(IntEnum):
    """The exit codes of all commands."""

    OK = 0
    """Everything was accepted, or answered."""
    REJECTED = 1
    """Some messages were rejected or not attempted; none is unknown."""
    USAGE = 2
    """The command, a file or a setting is invalid; nothing was sent."""
    UNKNOWN = 3
    """Some outcomes are unknown: check before sending again."""
    AUTH = 4
    """The token is missing, or the gateway refuses it."""
    GATEWAY = 5
    """The gateway, the network or a database failed; no outcome is unknown."""
    INTERRUPTED = 130
    """Interrupted by Ctrl-C or a termination signal."""


_BY_SEVERITY = (
    Exit.OK,
    Exit.USAGE,
    Exit.REJECTED,
    Exit.GATEWAY,
    Exit.AUTH,
    Exit.UNKNOWN,
    Exit.INTERRUPTED,
)


class NoTokenError(ConfigurationError):
    """No token was found."""


def exit_of(error: WikipayamError) -> Exit:
    """Return the exit code for an error.

    Args:
        error: The error that a call raised, or the error of a message.
    """
    from wikipayam_async.campaigns.errors import CampaignError, DatabaseAwayError, JournalWriteError  # noqa: PLC0415 - loads the client

    match error:
        case UnknownOutcomeError() | JournalWriteError():
            return Exit.UNKNOWN
        case NoTokenError() | AuthenticationError() | PermissionDeniedError():
            return Exit.AUTH
        case RateLimitError() | ServerError() | DatabaseAwayError():
            return Exit.GATEWAY
        case ConfigurationError() | InvalidInputError() | CampaignError():
            return Exit.USAGE
        case APIStatusError() | SuppressedError() | BeforeSendError():
            return Exit.REJECTED
        case _:
            return Exit.GATEWAY


def exit_of_result(result: SendResult) -> Exit:
    """Return the exit code for one of several messages.

    Args:
        result: The result of the message.
    """
    if result.status is SendStatus.ACCEPTED:
        return Exit.OK
    if result.status is SendStatus.UNKNOWN:
        return Exit.UNKNOWN
    if result.error is None or isinstance(result.error, InvalidInputError):
        return Exit.REJECTED
    return exit_of(result.error)


def worst(codes: Iterable[Exit]) -> Exit:
    """Return the most severe exit code; `OK` without codes.

    Args:
        codes: The exit codes.
    """
    return max(codes, key=_BY_SEVERITY.index, default=Exit.OK)
