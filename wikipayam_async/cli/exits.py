"""What the exit code of a command says."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from wikipayam_async.bulk.results import SendResult
from wikipayam_async.errors import (
    APIStatusError,
    AuthenticationError,
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

__all__ = ["Exit", "NoTokenError", "exit_of", "exit_of_result", "worst"]


class Exit(IntEnum):
    """The exit codes of all commands."""

    OK = 0
    """All was accepted, or answered."""
    REJECTED = 1
    """Some was refused, or not attempted; nothing is unknown."""
    USAGE = 2
    """The command, a file or a setting breaks a rule; nothing was sent."""
    UNKNOWN = 3
    """Nobody knows whether some was accepted: do not send it again blindly."""
    AUTH = 4
    """There is no token, or the gateway refuses it."""
    GATEWAY = 5
    """The gateway or the network failed; nothing is unknown."""
    INTERRUPTED = 130
    """Ctrl-C, or the request to end."""


_FROM_LIGHT_TO_GRAVE = (
    Exit.OK,
    Exit.USAGE,
    Exit.REJECTED,
    Exit.GATEWAY,
    Exit.AUTH,
    Exit.UNKNOWN,
    Exit.INTERRUPTED,
)


class NoTokenError(ConfigurationError):
    """No token is to be found anywhere."""


def exit_of(error: WikipayamError) -> Exit:
    """Return the exit code for an error.

    Args:
        error: What a call raised, or what became of a message.
    """
    match error:
        case UnknownOutcomeError():
            return Exit.UNKNOWN
        case NoTokenError() | AuthenticationError() | PermissionDeniedError():
            return Exit.AUTH
        case ConfigurationError() | InvalidInputError():
            return Exit.USAGE
        case RateLimitError() | ServerError():
            return Exit.GATEWAY
        case APIStatusError() | SuppressedError():
            return Exit.REJECTED
        case _:
            return Exit.GATEWAY


def exit_of_result(result: SendResult) -> Exit:
    """Return the exit code for what became of one of several messages.

    Args:
        result: The message's result.
    """
    if result.status is SendStatus.ACCEPTED:
        return Exit.OK
    if result.status is SendStatus.UNKNOWN:
        return Exit.UNKNOWN
    if result.error is None or isinstance(result.error, InvalidInputError):
        return Exit.REJECTED
    return exit_of(result.error)


def worst(codes: Iterable[Exit]) -> Exit:
    """Return the gravest of some exit codes; `OK` of none.

    Args:
        codes: The codes of the parts of one job.
    """
    return max(codes, key=_FROM_LIGHT_TO_GRAVE.index, default=Exit.OK)
