"""Raw responses: the status and the headers of an answer beside its value."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from attrs import field, frozen

from wikipayam_async.core.operation import captured
from wikipayam_async.publish import publish

if TYPE_CHECKING:
    from wikipayam_async.core.protocol import Answer

__all__ = ["RawResponse", "with_raw_response"]

P = ParamSpec("P")
T = TypeVar("T")


@frozen
class RawResponse(Generic[T]):
    """The result of a call, with the status and the headers of its answer.

    Attributes:
        status_code: The HTTP status; None if the call needed no request. Of a call of several requests, the last one.
        headers: The headers of the same answer without cookies, names in lower case.
        value: The result of the call.
    """

    status_code: int | None
    headers: Mapping[str, str] = field(repr=False)
    value: T


def with_raw_response(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, RawResponse[T]]]:
    """Return a method that makes the same call, and returns its raw response."""

    @functools.wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        try:
            coroutine = method(*args, **kwargs)
        finally:
            del args, kwargs  # keep them out of tracebacks that show locals
        answers: deque[Answer] = deque(maxlen=1)  # the last one; also of tasks that are started meanwhile and go on
        token = captured.set(answers)
        try:
            value = await coroutine
        finally:
            captured.reset(token)
        if not answers:
            return RawResponse(None, {}, value)
        last = answers[-1]
        headers = {name: text for name, text in last.headers.items() if name != "set-cookie"}
        return RawResponse(last.status, headers, value)

    return call


publish("wikipayam_async.types", ["RawResponse"], globals())
