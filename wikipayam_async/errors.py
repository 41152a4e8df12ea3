"""The errors of the package.

::

    WikipayamError
    ├── ConfigurationError (ValueError)     a setting is invalid; nothing was sent
    ├── InvalidInputError (ValueError)      an argument is invalid; nothing was sent
    ├── ClosedError (RuntimeError)          a client or batcher is closed or not entered; nothing was sent
    ├── SuppressedError                     the client withheld a message; it was not sent
    ├── BeforeSendError                     the hook before a request raised; its messages were not sent
    ├── OutboxFullError                     an outbox is full; the message was not posted
    ├── APIConnectionError                  the gateway could not be reached, or the connection broke
    │   └── APITimeoutError                 the gateway did not answer within the time-out
    ├── APIStatusError                      the gateway answered with an error status
    │   ├── BadRequestError                 400
    │   ├── AuthenticationError             401
    │   ├── InsufficientBalanceError        402
    │   ├── PermissionDeniedError           403
    │   ├── NotFoundError                   404
    │   ├── PayloadTooLargeError            413
    │   ├── UnprocessableError              422
    │   ├── RateLimitError                  429
    │   └── ServerError                     5xx
    ├── ResponseError                       the answer cannot be read, or is too large
    ├── UnknownOutcomeError                 the outcome of a send is unknown: do not resend blindly
    └── BulkError                           not every message of a bulk send was accepted
        ├── BulkSourceError                 the iterable of messages raised
        └── BulkUnknownOutcomeError         the outcome of some is unknown; it is an UnknownOutcomeError, too

No error contains a token, a message text, a code or a full phone number in its text, its `repr` or its pickle. Text of
the gateway is quoted only after the values of the request are masked in it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar, cast

import attrs

from wikipayam_async.outcomes import AnyMessage, Attempt, HasId, Phase, SendStatus
from wikipayam_async.publish import publish

__all__ = [
    "SAFE_TO_RETRY",
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "BeforeSendError",
    "ClosedError",
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

E = TypeVar("E", bound=BaseException | None)

_NO_TEXTS: Mapping[str, Sequence[str]] = MappingProxyType({})
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


_FIELDS = "wikipayam_async"
"""The key of an error's fields in its `args`."""


class _FromArgs(type):
    """Makes `cls(*error.args)` restore an error: queues such as Celery keep no more of it than class and `args`, as JSON."""

    if not TYPE_CHECKING:

        def __call__(cls, *args: object, **kwargs: object) -> object:
            """Restore an error from its `args`, or create one."""
            is_restored = len(args) == 2 and isinstance(args[1], dict) and args[1].keys() == {_FIELDS}  # noqa: PLR2004
            return _restore(cls, *args) if is_restored else super().__call__(*args, **kwargs)


class WikipayamError(Exception, metaclass=_FromArgs):
    """The base class of all errors of the package.

    Every error can be pickled, and `type(error)(*error.args)` is the same error, also after the `args` were JSON. Neither
    form has messages, headers or reports.

    Attributes:
        send_status: For an error of a send, whether the message may have been sent: `REJECTED` and `NOT_ATTEMPTED` are
            safe to send again, `UNKNOWN` is not. None for a failed request of any other call.
        args: The text, and the fields as a JSON object if there are any.
    """

    send_status: SendStatus | None = None

    _unpickled: ClassVar[Mapping[str, object]] = MappingProxyType({})
    """Attributes left out of a pickle, with their values after unpickling."""

    if not TYPE_CHECKING:

        @property
        def args(self) -> tuple[object, ...]:
            """The text, and the fields as a JSON object if there are any."""
            fields = {
                name: as_json
                for name, value in self.__dict__.items()
                if name not in self._unpickled and (as_json := _to_json(value)) is not _NO_JSON
            }
            return (*super().args, {_FIELDS: fields}) if fields else super().args

        @args.setter
        def args(self, value: tuple[object, ...]) -> None:
            Exception.args.__set__(self, value)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the error without message contents."""
        state = {name: _plain(value) for name, value in (self.__dict__ | dict(self._unpickled)).items()}
        return _rebuild, (type(self), super().args, state)


class _NoJson:
    """The type of `_NO_JSON`."""


_NO_JSON = _NoJson()
"""Stands for a value without a JSON form, which is left out."""


def _to_json(value: object) -> object:
    """Return the JSON form of a field's value."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {name: _to_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(one) for one in value]
    if isinstance(value, Attempt):
        return _to_json(attrs.asdict(value))
    return value if value is None or isinstance(value, str | int | float) else _NO_JSON


def _attempts(values: Sequence[Mapping[str, Any]]) -> tuple[Attempt, ...]:
    return tuple(Attempt(**{**value, "phase": Phase(value["phase"])}) for value in values)


def _texts(values: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    return MappingProxyType({name: tuple(texts) for name, texts in values.items()})


_FROM_JSON: Mapping[str, Callable[[Any], object]] = {
    "__notes__": list,
    "attempts": _attempts,
    "errors": _texts,
    "phase": Phase,
    "send_status": SendStatus,
}
"""How the value of a field is made from its JSON form. In all others, a list becomes a tuple."""


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _from_json(name: str, value: object) -> object:
    if value is None:
        return None
    return _FROM_JSON.get(name, _frozen)(value)


def _restore(cls: type[WikipayamError], text: object, given: Mapping[str, Mapping[str, object]]) -> WikipayamError:
    """Return the error with the given `args`."""
    fields = {name: _from_json(name, value) for name, value in given[_FIELDS].items()}
    return _rebuild(cls, (text,), dict(cls._unpickled) | fields)


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, MappingProxyType) else value


def _rebuild(cls: type[WikipayamError], args: tuple[object, ...], state: dict[str, object]) -> WikipayamError:
    error = cls.__new__(cls, *args)
    error.args = args
    vars(error).update(state)
    return error


def copy_error(error: E) -> E:
    """Return a copy of an error of this package, causes included; any other error unchanged."""
    if not isinstance(error, WikipayamError):
        return error
    copy = _rebuild(type(error), (str(error),), vars(error))
    copy.__cause__ = copy_error(error.__cause__)
    return cast("E", copy)


class ConfigurationError(WikipayamError, ValueError):
    """A setting is invalid. Raised before any request."""

    send_status = SendStatus.NOT_ATTEMPTED


class ClosedError(WikipayamError, RuntimeError):
    """A client, batcher, outbox or bulk send is closed, or was not entered. Raised before any request."""

    send_status = SendStatus.NOT_ATTEMPTED


class InvalidInputError(WikipayamError, ValueError):
    """An argument is invalid. Raised before any request.

    Attributes:
        field: The path of the invalid value, such as `messages[3].receiver`.
        rule: The expected value.
        got: A description of the value's type or shape; never the value itself.
    """

    send_status = SendStatus.REJECTED

    def __init__(self, field: str, *, rule: str, got: str) -> None:
        super().__init__(f"{field}: {rule}; got {got}")
        self.field = field
        self.rule = rule
        self.got = got

    def within(self, prefix: str) -> Self:
        """Return the same error with a prefix before the field, such as `messages[3].` before `receiver`."""
        return type(self)(prefix + self.field, rule=self.rule, got=self.got)


class SuppressedError(WikipayamError):
    """The client withheld a message of a bulk send. It was not sent.

    Attributes:
        reason: `duplicate`: the run contained the same message before; `opted_out`: the receiver opted out;
            `opt_out_unknown`: the opt-out of the receiver could not be checked.
    """

    send_status = SendStatus.REJECTED

    def __init__(self, text: str, *, reason: Literal["duplicate", "opted_out", "opt_out_unknown"]) -> None:
        super().__init__(text)
        self.reason: Literal["duplicate", "opted_out", "opt_out_unknown"] = reason


class BeforeSendError(WikipayamError):
    """The hook `before_send` of a bulk send raised; `__cause__` is its exception. The messages were not attempted.

    It stops the run: it is the `error` of the results of all messages that were therefore not attempted.
    """

    send_status = SendStatus.NOT_ATTEMPTED


class OutboxFullError(WikipayamError):
    """The outbox is full. The message was not posted; post it again later.

    Attributes:
        retry_after: The estimated seconds until there is room, from 1 to 60.
    """

    send_status = SendStatus.NOT_ATTEMPTED

    def __init__(self, text: str, *, retry_after: float) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class _CallError(WikipayamError):
    """An error of a call that used the network."""

    offset: int | None = None

    def __init__(self, text: str, *, attempts: Sequence[Attempt] = ()) -> None:
        super().__init__(text)
        self.attempts: tuple[Attempt, ...] = tuple(attempts)

    def at_offset(self, offset: int) -> Self:
        """Return the same error, of the one received message that cannot be read."""
        text = f"{self}; only the message at offset {offset} is affected: continue behind it"
        state: dict[str, object] = {**self.__dict__, "offset": offset}
        return cast("Self", _rebuild(type(self), (text,), state))


class APIConnectionError(_CallError):
    """The gateway could not be reached, or the connection broke.

    Raised for a send only if nothing can have been accepted: it is safe to send again.

    Attributes:
        attempts: The attempts, oldest first.
        phase: How far the last attempt got.
    """

    def __init__(self, text: str, *, phase: Phase | None = None, attempts: Sequence[Attempt] = ()) -> None:
        super().__init__(text, attempts=attempts)
        self.phase = phase


class APITimeoutError(APIConnectionError):
    """The gateway did not answer within the time-out of an attempt."""


class APIStatusError(_CallError):
    """The gateway answered with an error status. A send that raises this was rejected as a whole.

    Attributes:
        status_code: The HTTP status.
        message: The gateway's message, masked and shortened; empty if there is no readable message.
        errors: The error texts by field, as Laravel reports them. The keys are paths into the body (`0.receiver`).
        headers: The headers of the answer without cookies, names in lower case.
        retry_after: Seconds to wait before another attempt, if the gateway named them.
        attempts: The attempts, oldest first.
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
    """403: the account lacks permission for the request or for the line."""


class NotFoundError(APIStatusError):
    """404: the endpoint or the message does not exist."""


class PayloadTooLargeError(APIStatusError):
    """413: the request is larger than the gateway accepts."""


class UnprocessableError(APIStatusError):
    """422: fields of the request are invalid; see `errors`."""


class RateLimitError(APIStatusError):
    """429: too many requests. Nothing was accepted; try again after `retry_after` seconds."""


class ServerError(APIStatusError):
    """5xx on a read. A send raises `UnknownOutcomeError` instead, because a gateway can fail after accepting it.

    Attributes:
        offset: For `receives.iter` and `receives.iter_unread`, the offset of the one message that the gateway cannot
            answer with; None if the failure is not about one message.
    """


class ResponseError(_CallError):
    """The answer is unreadable: not JSON, truncated, compressed, too large, or without the expected data.

    Attributes:
        status_code: The HTTP status, if an answer arrived.
        message: What the gateway says in the answer, masked and shortened; empty if it says nothing.
        attempts: The attempts, oldest first.
        offset: For `receives.iter` and `receives.iter_unread`, the offset of the one message that cannot be read; None
            if the failure is not about one message.
    """

    def __init__(
        self, text: str, *, status_code: int | None = None, message: str = "", attempts: Sequence[Attempt] = ()
    ) -> None:
        super().__init__(text, attempts=attempts)
        self.status_code = status_code
        self.message = message


class UnknownOutcomeError(_CallError):
    """The outcome of a send is unknown: the gateway may have accepted it. Do not resend blindly.

    `__cause__` is the failure; what the gateway says about it is quoted in the text. Look for it in the gateway's panel
    (by receiver, text and time, or by track id if it shows one), or wait for a delivery report, before sending again.

    Attributes:
        messages: The messages with an unknown outcome, as the caller passed them. Not part of a pickle.
        track_ids: Their track ids, in the same order; None where the service has none.
        accepted: The messages of the same request that were accepted. Not part of a pickle.
        phase: How far the last attempt got.
        attempts: The attempts, oldest first.
    """

    send_status = SendStatus.UNKNOWN
    _unpickled = MappingProxyType({"messages": (), "accepted": ()})

    def __init__(
        self,
        text: str,
        *,
        messages: Sequence[AnyMessage] = (),
        track_ids: Sequence[str | None] = (),
        accepted: Sequence[HasId] = (),
        phase: Phase | None = None,
        attempts: Sequence[Attempt] = (),
    ) -> None:
        super().__init__(text, attempts=attempts)
        self.messages = tuple(messages)
        self.track_ids = tuple(track_ids)
        self.accepted = tuple(accepted)
        self.phase = phase


SAFE_TO_RETRY = (APIConnectionError, ClosedError, OutboxFullError, RateLimitError)
"""The errors after which a later try of the same send is safe and may succeed: nothing was accepted, and time may help.

It is for the retry settings of task queues: of a task that makes one send, and nothing after it. After any other error,
the send may have been accepted (`UnknownOutcomeError`), or it would fail again.
"""

publish("wikipayam_async", __all__, globals())
