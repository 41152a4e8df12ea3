"""The base class of the services, and helpers that several of them share."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from wikipayam_async.checks import check_timeout
from wikipayam_async.core.operation import Operation, message_of, unreported_error
from wikipayam_async.errors import APIConnectionError, APIStatusError, RateLimitError, ResponseError, ServerError
from wikipayam_async.outcomes import AnyMessage

if TYPE_CHECKING:
    from wikipayam_async.core.options import Options
    from wikipayam_async.core.pipeline import Pipeline

__all__ = [
    "FailureScope",
    "Service",
    "ServiceAttribute",
    "chunked",
    "failure_scope",
    "is_transient",
    "optional_timeout",
    "require_all_accepted",
]

S = TypeVar("S", bound="Service")
T = TypeVar("T")

_TRANSIENT = (APIConnectionError, RateLimitError, ResponseError, ServerError)

_THE_ACCOUNT = frozenset({401, 402, 403})
_THE_WAY = frozenset({405, 407})
_NOT_NOW = frozenset({408, 421, 425, 429, 502, 503, 504})
_REFUSED_FROM, _FAILED_FROM = 400, 500


class FailureScope(enum.Enum):
    """What the failure of a request with several items applies to."""

    TEMPORARY = enum.auto()
    """The connection, a proxy or a rate limit: the same request may succeed later."""
    UNCLEAR = enum.auto()
    """The gateway itself, or one of the items: Laravel answers 500 if it cannot encode a text as JSON."""
    ITEM = enum.auto()
    """An item, which the gateway refuses; without it the request may succeed."""
    ENDPOINT = enum.auto()
    """The endpoint, or what stands before it: a redirect, a method that is not allowed. It may not last."""
    ACCOUNT = enum.auto()
    """The token, the account or the client: no request will succeed until somebody changes a setting."""


def failure_scope(error: Exception) -> FailureScope:
    """Return what the failure of a request with several items applies to."""
    if isinstance(error, APIConnectionError):
        return FailureScope.TEMPORARY
    if isinstance(error, ResponseError):
        return FailureScope.UNCLEAR
    if not isinstance(error, APIStatusError) or error.status_code in _THE_ACCOUNT:
        return FailureScope.ACCOUNT
    if error.status_code in _NOT_NOW:
        return FailureScope.TEMPORARY
    if error.status_code >= _FAILED_FROM:
        return FailureScope.UNCLEAR
    is_refusal = error.status_code >= _REFUSED_FROM and error.status_code not in _THE_WAY
    return FailureScope.ITEM if is_refusal else FailureScope.ENDPOINT


def is_transient(error: Exception) -> bool:
    """Return whether a polling loop (a consumer, a delivery watch) polls again after an error; it raises any other."""
    return isinstance(error, _TRANSIENT) or failure_scope(error) is FailureScope.TEMPORARY


class Service:
    """One service of the gateway. The client creates it and exposes it as an attribute."""

    def __init__(self, pipeline: Pipeline, options: Options) -> None:
        self._pipeline = pipeline
        self._options = options


class ServiceAttribute(Generic[S]):
    """A service as an attribute of the client: loaded and created on first use. On the class it is the service's class.

    A mock with the client as its spec sees the methods of the service through the class.

    Args:
        load: Returns the service's class.
    """

    def __init__(self, load: Callable[[], type[S]]) -> None:
        self._load = load

    def __set_name__(self, owner: type[object], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, client: None, owner: type[object]) -> type[S]: ...

    @overload
    def __get__(self, client: object, owner: type[object]) -> S: ...

    def __get__(self, client: Any, owner: type[object]) -> type[S] | S:
        if client is None:
            return self._load()
        attributes = vars(client)
        service: S = attributes.setdefault(self._name, self._load()(attributes["_pipeline"], attributes["_options"]))
        return service


def optional_timeout(timeout: float | None) -> float | None:
    """Check the time-out of calls that are made later.

    Raises:
        InvalidInputError: It is neither None nor a finite number above 0.
    """
    return None if timeout is None else check_timeout(timeout)


def chunked(values: Sequence[T], size: int) -> list[Sequence[T]]:
    """Split a sequence into chunks of at most `size` items."""
    return [values[start : start + size] for start in range(0, len(values), size)]


def require_all_accepted(
    operation: Operation, results: Sequence[Any], messages: Sequence[AnyMessage], track_ids: Sequence[str | None]
) -> list[Any]:
    """Return the results, if there is one for every message.

    Raises:
        UnknownOutcomeError: The answer does not mention some messages; `accepted` holds the results of the others.
    """
    missing = [position for position, result in enumerate(results) if result is None]
    if not missing:
        return list(results)
    accepted = [result for result in results if result is not None]
    raise unreported_error(operation.name, messages, track_ids, missing, accepted, message_of(results))
