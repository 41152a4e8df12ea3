"""The one request that sends a batch of messages, shared by the services that send."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from wikipayam_async.core.converter import JsonValue
from wikipayam_async.core.operation import BeforeAttempt, Call, Observer, Operation, SendBatch, max_answer_bytes
from wikipayam_async.messages.matching import match_answer, match_documented_answer
from wikipayam_async.messages.models import SentMessage
from wikipayam_async.messages.payload import Batch
from wikipayam_async.services.base import require_all_accepted

if TYPE_CHECKING:
    from wikipayam_async.core.pipeline import Pipeline

__all__ = ["send_all", "send_batch", "send_detailed"]

T = TypeVar("T")


async def send_batch(
    pipeline: Pipeline,
    operation: Operation,
    batch: Batch[Any],
    observer: Observer | None = None,
    before_attempt: BeforeAttempt | None = None,
    before_wait: BeforeAttempt | None = None,
    *,
    timeout: float | None = None,
) -> Sequence[str | None]:
    """Send a batch; return the id of each message, None where the answer does not mention it.

    Args:
        pipeline: Runs the call.
        operation: The send operation of the service.
        batch: The messages.
        observer: Called with the outcome of every message, also if the call is cancelled.
        before_attempt: Awaited before each attempt, after every wait; if it raises, nothing is sent.
        before_wait: Awaited when the call must wait again, and nothing was accepted.
        timeout: Seconds for each attempt; the client's if None.

    Raises:
        InvalidInputError: `timeout` is invalid.
        UnknownOutcomeError: It is unknown whether any message was accepted.
        APIStatusError: The gateway refused all messages.
        APIConnectionError: No message reached the gateway.
    """
    call: Call[Sequence[str | None]] = _call(
        operation,
        batch,
        observer,
        read=lambda data: [None if sent is None else sent.id for sent in match_answer(data, batch)],
        shortcut=lambda body: match_documented_answer(body, batch),
        id_of=lambda id_: id_,
        before_attempt=before_attempt,
        before_wait=before_wait,
        timeout=timeout,
    )
    return await pipeline.run(call)


async def send_detailed(
    pipeline: Pipeline,
    operation: Operation,
    batch: Batch[Any],
    observer: Observer | None = None,
    *,
    timeout: float | None = None,
) -> Sequence[SentMessage | None]:
    """Send a batch like `send_batch`; return the answer's item for each message instead of its id."""
    call: Call[Sequence[SentMessage | None]] = _call(
        operation,
        batch,
        observer,
        read=lambda data: match_answer(data, batch),
        id_of=lambda sent: sent.id,
        timeout=timeout,
    )
    return await pipeline.run(call)


async def send_all(
    pipeline: Pipeline, operation: Operation, batch: Batch[Any], *, timeout: float | None = None
) -> list[SentMessage]:
    """Send a batch like `send_batch`; return the answer's item for each message, and require one for each.

    Raises:
        InvalidInputError: `timeout` is invalid.
        UnknownOutcomeError: It is unknown whether some messages were accepted.
        APIStatusError: The gateway refused all messages.
        APIConnectionError: No message reached the gateway.
    """
    results = await send_detailed(pipeline, operation, batch, timeout=timeout)
    return require_all_accepted(operation, results, batch.messages, batch.track_ids)


def _call(
    operation: Operation,
    batch: Batch[Any],
    observer: Observer | None,
    *,
    read: Callable[[JsonValue], Sequence[T | None]],
    id_of: Callable[[T], str | None],
    timeout: float | None,
    shortcut: Callable[[bytes], Sequence[T | None] | None] | None = None,
    before_attempt: BeforeAttempt | None = None,
    before_wait: BeforeAttempt | None = None,
) -> Call[Sequence[T | None]]:
    return Call(
        operation=operation,
        read=read,
        shortcut=shortcut,
        body=batch.body,
        batch=SendBatch(batch.messages, batch.track_ids, id_of),
        observer=observer,
        before_attempt=before_attempt,
        before_wait=before_wait,
        timeout=timeout,
        max_answer_bytes=max_answer_bytes(len(batch.messages), len(batch.body)),
    )
