"""Everything that this package raises.

::

    WikipayamError
    ├── ConfigurationError (ValueError)     the client cannot work as it is set up; nothing was sent
    ├── InvalidInputError (ValueError)      an argument breaks a rule; nothing was sent
    ├── SuppressedError                     a message was held back on our side; it was not sent
    ├── OutboxFullError                     an outbox has no room; nothing was posted
    ├── APIConnectionError                  the gateway could not be reached, or went away
    │   └── APITimeoutError                 it did not answer within the time-out
    ├── APIStatusError                      it answered with an error status
    │   ├── BadRequestError                 400
    │   ├── AuthenticationError             401
    │   ├── InsufficientBalanceError        402
    │   ├── PermissionDeniedError           403
    │   ├── NotFoundError                   404
    │   ├── PayloadTooLargeError            413
    │   ├── UnprocessableError              422
    │   ├── RateLimitError                  429
    │   └── ServerError                     5xx
    ├── ResponseError                       its answer cannot be read, or is too large
    ├── UnknownOutcomeError                 a send whose outcome is not known: do not resend blindly
    └── BulkError                           a bulk send did not deliver everything to the gateway
        └── BulkSourceError                 the iterable of messages itself raised

No error holds a token, a message text, a code or a full phone number in its text, its `repr` or its pickle. What the
gateway says is quoted only after the values of the request have been masked in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Literal, Self

if TYPE_CHECKING:
    from wikipayam_async.outcomes import Attempt, Phase

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "InsufficientBalanceError",
    "InvalidInputError",
    "NotFoundError",
    "OutboxFullError",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResponseError",
    "ServerError",
    "SuppressedError",
    "UnknownOutcomeError",
    "UnprocessableError",
    "WikipayamError",
]

_NO_TEXTS: Mapping[str, Sequence[str]] = MappingProxyType({})
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class WikipayamError(Exception):
    """The root of every error that this package raises."""

    _unpickled: ClassVar[Mapping[str, object]] = MappingProxyType({})
    """Attributes that never enter a pickle, with what stands in their place afterwards."""

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle what identifies the failure, and nothing that a message said."""
        state = {name: _plain(value) for name, value in (self.__dict__ | dict(self._unpickled)).items()}
        return _rebuild, (type(self), self.args, state)


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, MappingProxyType) else value


def _rebuild(cls: type[WikipayamError], args: tuple[object, ...], state: dict[str, object]) -> WikipayamError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(WikipayamError, ValueError):
    """The client cannot work as it is set up. Raised before any traffic."""


class InvalidInputError(WikipayamError, ValueError):
    """An argument breaks a rule. Raised before any traffic.

    Attributes:
        field: Where the bad value stands, as in `messages[3].receiver`.
        rule: What is expected there.
        got: The value's shape; never the value itself.
    """

    def __init__(self, field: str, *, rule: str, got: str) -> None:
        super().__init__(f"{field}: {rule}; got {got}")
        self.field = field
        self.rule = rule
        self.got = got

    def within(self, prefix: str) -> Self:
        """Return the same complaint about a field that lies deeper, as in `messages[3].` + `receiver`."""
        return type(self)(prefix + self.field, rule=self.rule, got=self.got)


class SuppressedError(WikipayamError):
    """A message of a bulk send was held back on our side, and not by the gateway. It was not sent.

    Attributes:
        reason: `duplicate`: the same run had it before; `opted_out`: the receiver wants no messages; `opt_out_unknown`:
            whether the receiver does could not be found out.
    """

    def __init__(self, text: str, *, reason: Literal["duplicate", "opted_out", "opt_out_unknown"]) -> None:
        super().__init__(text)
        self.reason = reason


class OutboxFullError(WikipayamError):
    """As many messages wait in an outbox as may. The message was not posted; post it again later.

    Attributes:
        retry_after: Seconds after which there may be room: a guess, from 1 to 60.
    """

    def __init__(self, text: str, *, retry_after: float) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class _CallError(WikipayamError):
    """An error of a call that reached for the network."""

    def __init__(self, text: str, *, attempts: Sequence[Attempt] = ()) -> None:
        super().__init__(text)
        self.attempts: tuple[Attempt, ...] = tuple(attempts)


class APIConnectionError(_CallError):
    """The gateway could not be reached, or the connection broke.

    Raised for a send only where nothing can have been accepted: it is safe to send again.

    Attributes:
        attempts: What was tried, oldest first.
        phase: How far the last attempt got.
    """

    def __init__(self, text: str, *, phase: Phase | None = None, attempts: Sequence[Attempt] = ()) -> None:
        super().__init__(text, attempts=attempts)
        self.phase = phase


class APITimeoutError(APIConnectionError):
    """The gateway did not answer within the time-out of an attempt."""


class APIStatusError(_CallError):
    """The gateway answered with an error status. A send that raises this was refused as a whole.

    Attributes:
        status_code: The HTTP status.
        message: What the gateway said, masked and shortened; empty if it said nothing readable.
        errors: Complaints by field, as Laravel reports them; the keys are paths into the body (`0.receiver`).
        headers: The answer's headers, names in lower case, without cookies.
        retry_after: Seconds to wait before another try, where the gateway named them.
        attempts: What was tried, oldest first.
    """

    _unpickled = MappingProxyType({"headers": _NO_HEADERS})

    def __init__(
        self,
        text: str,
        *,
        status_code: int,
        message: str = "",
        errors: Mapping[str, Sequence[str]] = _NO_TEXTS,
        headers: Mapping[str, str] = _NO_HEADERS,
        retry_after: float | None = None,
        attempts: Sequence[Attempt] = (),
    ) -> None:
        super().__init__(text, attempts=attempts)
        self.status_code = status_code
        self.message = message
        self.errors: Mapping[str, Sequence[str]] = MappingProxyType(dict(errors))
        self.headers: Mapping[str, str] = MappingProxyType(dict(headers))
        self.retry_after = retry_after


class BadRequestError(APIStatusError):
    """400: the gateway did not understand the request."""


class AuthenticationError(APIStatusError):
    """401: the token is missing, wrong or expired."""


class InsufficientBalanceError(APIStatusError):
    """402: the account's balance does not cover the request."""


class PermissionDeniedError(APIStatusError):
    """403: the account may not do this, or not with this line."""


class NotFoundError(APIStatusError):
    """404: there is no such endpoint or message."""


class PayloadTooLargeError(APIStatusError):
    """413: the request holds more than the gateway takes at once."""


class UnprocessableError(APIStatusError):
    """422: the gateway found fault with fields of the request; see `errors`."""


class RateLimitError(APIStatusError):
    """429: too many requests. Nothing was accepted; `retry_after` says when to try again."""


class ServerError(APIStatusError):
    """5xx on a read. On a send it is an `UnknownOutcomeError`: gateways fail after having accepted."""


class ResponseError(_CallError):
    """The answer cannot be read: not JSON, truncated, encoded, too large, or without what the call needs.

    Attributes:
        status_code: The HTTP status of the answer, if it got that far.
        attempts: What was tried, oldest first.
    """

    def __init__(self, text: str, *, status_code: int | None = None, attempts: Sequence[Attempt] = ()) -> None:
        super().__init__(text, attempts=attempts)
        self.status_code = status_code


class UnknownOutcomeError(_CallError):
    """A send whose outcome is not known: the gateway may have accepted it. Do not resend blindly.

    `__cause__` says what went wrong. Look for the track ids in the gateway's panel, or wait for the delivery, before
    you decide.

    Attributes:
        messages: The messages whose outcome is not known, as they were handed in. Not part of a pickle.
        track_ids: Their track ids, in the same order (`None` where the service has none).
        accepted: What the same request is known to have got accepted. Not part of a pickle.
        phase: How far the attempt got.
        attempts: What was tried, oldest first.
    """

    _unpickled = MappingProxyType({"messages": (), "accepted": ()})

    def __init__(
        self,
        text: str,
        *,
        messages: Sequence[object] = (),
        track_ids: Sequence[str | None] = (),
        accepted: Sequence[object] = (),
        phase: Phase | None = None,
        attempts: Sequence[Attempt] = (),
    ) -> None:
        super().__init__(text, attempts=attempts)
        self.messages = tuple(messages)
        self.track_ids = tuple(track_ids)
        self.accepted = tuple(accepted)
        self.phase = phase
