"""Calls as data: an operation of the gateway, and one use of it."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, MutableSequence, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from attrs import frozen

from wikipayam_async.errors import ResponseError, UnknownOutcomeError
from wikipayam_async.outcomes import LOOK_FIRST, AnyMessage, HasId, MessageOutcome
from wikipayam_async.publish import publish_in_package
from wikipayam_async.redact.sealed import SealedBytes, SealedFields
from wikipayam_async.structs import Model

if TYPE_CHECKING:
    from wikipayam_async.core.converter import JsonValue

__all__ = [
    "MAX_ANSWER_BYTES",
    "NO_FIELDS",
    "BeforeAttempt",
    "Call",
    "Observer",
    "Operation",
    "Replay",
    "Results",
    "SendBatch",
    "captured",
    "format_track_ids",
    "max_answer_bytes",
    "message_of",
    "received",
    "unreported_error",
]

T = TypeVar("T")

Observer: TypeAlias = Callable[[Callable[[], Sequence[MessageOutcome]]], None]
"""Receives a function that returns the outcomes of a send's messages. They are computed on demand, since that costs."""

BeforeAttempt: TypeAlias = Callable[[], Awaitable[object]]
"""Awaited when an attempt may begin; if it raises, it is not made."""

_SHOWN_TRACK_IDS = 5
NO_FIELDS = SealedFields({})
"""No query."""

MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""The size of the largest body that any call reads."""

_LEAST_ANSWER_BYTES, _ANSWER_BYTES_PER_MESSAGE, _ANSWER_BYTES_PER_SENT_BYTE = 1024 * 1024, 4096, 6

captured: ContextVar[MutableSequence[Any] | None] = ContextVar("wikipayam_async_captured", default=None)
"""Collects the last successful answer (`protocol.Answer`) of the calls that a task makes, for `with_raw_response`."""

received: ContextVar[MutableSequence[Any] | None] = ContextVar("wikipayam_async_received", default=None)
"""Collects the answer (`protocol.Answer`) of every attempt that a task makes, refusals included."""


class Replay(enum.StrEnum):
    """The effect of carrying out a call twice."""

    READ = "read"
    """None: the call changes nothing."""
    IDEMPOTENT = "idempotent"
    """None beyond the first time."""
    SEND = "send"
    """A second SMS, and its price. Retried only if provably nothing was accepted."""


@frozen
class Operation:
    """An endpoint of the gateway.

    Attributes:
        name: The name in logs, events and errors, such as `sms.send`.
        method: The HTTP method.
        path: The path below the API prefix, without a leading slash.
        replay: The effect of carrying out a call twice.
        secret_query: Whether the query holds the token. It is then kept out of everything that logs URLs, and no
            headers are sent.
        needs_content: Whether a success needs a body with content. If False, a success with an empty body is read as
            None, like `null`. A send always needs it: without an id, nothing shows that a message was accepted.
        is_documented: Whether the format of the answer is known, so that a failure reported under a success status is
            recognized. The answer of any other endpoint is the caller's to judge.
    """

    name: str
    method: str
    path: str
    replay: Replay
    secret_query: bool = False
    needs_content: bool = True
    is_documented: bool = True


class SendBatch(Model, Generic[T], frozen=True):
    """The messages of a send, for reporting their outcomes.

    Attributes:
        messages: The messages as the caller passed them.
        track_ids: Their track ids, in the same order; None where the service has none.
        id_of: Returns the gateway's id of one item of the answer.
    """

    messages: Sequence[AnyMessage]
    track_ids: Sequence[str | None]
    id_of: Callable[[T], str | None]
    _hidden = frozenset({"messages", "id_of"})


class Call(Model, Generic[T], frozen=True, kw_only=True):
    """One use of an operation.

    Attributes:
        operation: The operation.
        read: Returns the result for the value under `data`. Raises `ValueError` or `TypeError` if it is unreadable.
        shortcut: Returns the same result for the body of a usual answer, faster; None for any other body.
        path: The path, if it depends on the call; empty for the path of the operation.
        query: The query parameters, in order.
        body: The JSON body; None for no body.
        batch: The messages of a send. `read` then returns a sequence of the same length, with None for each message
            that the answer does not mention.
        observer: Receives the outcome of every message when the call ends, also if it is cancelled.
        before_attempt: Awaited before each attempt, after every wait: for the rate limit, for a gate that a 429 closed,
            for a free connection. If it raises, nothing leaves. Its duration is not part of any time-out.
        before_wait: Awaited when the call must wait again after `before_attempt`, because the gateway provably accepted
            nothing and asked for a delay, or could not be reached. `before_attempt` is awaited again after the wait.
        timeout: Seconds for each attempt; the client's if None.
        max_answer_bytes: The size of the largest body that is read: an answer in many small pieces takes a hundred times
            its size as objects.
    """

    operation: Operation
    read: Callable[[JsonValue], T]
    shortcut: Callable[[bytes], T | None] | None = None
    path: str = ""
    query: SealedFields = NO_FIELDS
    body: SealedBytes | None = None
    batch: SendBatch[Any] | None = None
    observer: Observer | None = None
    before_attempt: BeforeAttempt | None = None
    before_wait: BeforeAttempt | None = None
    timeout: float | None = None
    max_answer_bytes: int = MAX_ANSWER_BYTES
    _hidden = frozenset({"read", "shortcut", "query", "observer", "before_attempt", "before_wait", "max_answer_bytes"})


class Results(list[T | None]):
    """The results of a send whose answer does not mention every message.

    Attributes:
        message: What the gateway says about the others, scrubbed.
    """

    def __init__(self, results: Sequence[T | None], message: str) -> None:
        super().__init__(results)
        self.message = message


def message_of(results: Sequence[Any]) -> str:
    """Return what the gateway says about the messages without a result; empty if it says nothing."""
    return results.message if isinstance(results, Results) else ""


def max_answer_bytes(messages: int, sent_bytes: int) -> int:
    """Return the size of the largest answer to a send that is read.

    It leaves room for an error page, for 4 KiB a message, and for a body that repeats the request with every character
    escaped.
    """
    size = _LEAST_ANSWER_BYTES + _ANSWER_BYTES_PER_MESSAGE * messages + _ANSWER_BYTES_PER_SENT_BYTE * sent_bytes
    return min(MAX_ANSWER_BYTES, size)


def format_track_ids(track_ids: Sequence[str | None]) -> str:
    """Return the first track ids, for the text of an error."""
    shown = ", ".join(filter(None, track_ids[:_SHOWN_TRACK_IDS]))
    return shown + (", …" if len(track_ids) > _SHOWN_TRACK_IDS else "")


def unreported_error(
    name: str,
    messages: Sequence[AnyMessage],
    track_ids: Sequence[str | None],
    positions: Sequence[int],
    accepted: Sequence[HasId] = (),
    message: str = "",
) -> UnknownOutcomeError:
    """Return the error of the messages, at `positions` in a request, whose outcome the gateway did not report.

    Args:
        name: The name of the operation.
        messages: The messages of the request.
        track_ids: Their track ids.
        positions: The positions of those without an outcome.
        accepted: The results of the others.
        message: What the gateway says, scrubbed; empty if it says nothing.
    """
    unknown = [track_ids[position] for position in positions]
    names = format_track_ids(unknown)
    said = f'The gateway said "{message}". ' if message else ""
    error = UnknownOutcomeError(
        f"{name}: the gateway did not report the outcome of {len(positions)} of {len(messages)} messages"
        f"{f' ({names})' if names else ''}; they may have been accepted. {said}Do not resend blindly: {LOOK_FIRST}",
        messages=[messages[position] for position in positions],
        track_ids=unknown,
        accepted=accepted,
    )
    error.__cause__ = ResponseError(f"{name}: no outcome for {len(positions)} messages", message=message)
    return error


publish_in_package(["Replay"], globals())
