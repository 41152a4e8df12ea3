"""The one request that sends messages, shared by the services that send: its outcome survives a cancellation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from attrs import frozen

from wikipayam_async.bulk.interruption import attach_outcomes
from wikipayam_async.core.converter import JsonValue
from wikipayam_async.core.operation import BeforeAttempt, Call, Observer, Operation, SendBatch, max_answer_bytes
from wikipayam_async.errors import WikipayamError
from wikipayam_async.idempotency.errors import IdempotencyStoreError
from wikipayam_async.idempotency.guard import IdempotencyGuard, KeyTakenError, outcome_of
from wikipayam_async.idempotency.keyed import KeyedMessage
from wikipayam_async.idempotency.settings import check_key, require_store
from wikipayam_async.idempotency.store import IdempotencyStore
from wikipayam_async.messages.matching import match_answer, match_documented_answer, match_documented_items
from wikipayam_async.messages.models import SentMessage
from wikipayam_async.messages.payload import Batch
from wikipayam_async.outcomes import MessageOutcome, SendStatus
from wikipayam_async.services.base import optional_timeout, require_all_accepted

if TYPE_CHECKING:
    from wikipayam_async.core.options import Options
    from wikipayam_async.core.pipeline import Pipeline

__all__ = ["KeyedSend", "Keys", "run_send", "send_all", "send_batch", "send_detailed"]

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
    before_attempt: BeforeAttempt | None = None,
    before_wait: BeforeAttempt | None = None,
    /,
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
        before_attempt=before_attempt,
        before_wait=before_wait,
        timeout=timeout,
    )
    return await pipeline.run(call)


async def send_all(
    pipeline: Pipeline,
    operation: Operation,
    batch: Batch[Any],
    *,
    keyed: KeyedSend | None = None,
    timeout: float | None = None,
) -> list[SentMessage]:
    """Send a batch like `send_batch`; return the answer's item for each message, and require one for each.

    Args:
        pipeline: Runs the call.
        operation: The send operation of the service.
        batch: The messages.
        keyed: The idempotency key of the one message; None for none.
        timeout: Seconds for each attempt; the client's if None.

    Raises:
        InvalidInputError: `timeout` is invalid.
        UnknownOutcomeError: It is unknown whether some messages were accepted.
        APIStatusError: The gateway refused all messages.
        APIConnectionError: No message reached the gateway.
    """
    call: Call[Sequence[SentMessage | None]] = _call(
        operation,
        batch,
        None,
        read=lambda data: match_answer(data, batch),
        shortcut=lambda body: match_documented_items(body, batch),
        id_of=lambda sent: sent.id,
        timeout=timeout,
    )
    results = await run_send(pipeline, call, keyed)
    return require_all_accepted(operation, results, batch.messages, batch.track_ids)


@frozen
class KeyedSend:
    """A message under an idempotency key, and the guard of the client that sends it."""

    guard: IdempotencyGuard
    message: KeyedMessage


def guard_of(options: Options, timeout: float | None) -> IdempotencyGuard | None:
    """Return the guard of a client's store; None if it has none."""
    store = options.idempotency
    return IdempotencyGuard(store, timeout or options.timeout) if isinstance(store, IdempotencyStore) else None


class Keys:
    """Makes the guard of calls with an idempotency key.

    Args:
        options: The client's settings.
        key: The key.
        timeout: Seconds for each attempt; the client's if None.

    Raises:
        InvalidInputError: The key or `timeout` is invalid.
        ConfigurationError: The client has no store.
    """

    def __init__(self, options: Options, key: str, timeout: float | None) -> None:
        self.key = check_key(key)
        self.guard = IdempotencyGuard(require_store(options.idempotency), optional_timeout(timeout) or options.timeout)


async def run_send(
    pipeline: Pipeline, call: Call[Sequence[T | None]], keyed: KeyedSend | None = None
) -> Sequence[T | None]:
    """Run a send. What ends it early, such as a cancellation, carries the outcomes, and they are logged.

    Args:
        pipeline: Runs the call.
        call: The call.
        keyed: The idempotency key of its one message; None for none.
    """
    outcomes: list[Callable[[], Sequence[MessageOutcome]]] = []
    try:
        if keyed is None:
            return await pipeline.run(call, outcomes.append)
        return [await keyed.guard.run(keyed.message, lambda: _run_keyed(pipeline, call, keyed, outcomes))]
    except WikipayamError:
        raise
    except BaseException as error:
        messages = () if call.batch is None else call.batch.messages
        attach_outcomes(error, call.operation.name, messages, outcomes[-1]() if outcomes else _not_attempted(call))
        raise
    finally:
        outcomes.clear()  # breaks a reference cycle: the function holds the call that runs, and that its observer


def _not_attempted(call: Call[Any]) -> list[MessageOutcome]:
    track_ids = () if call.batch is None else call.batch.track_ids
    return [MessageOutcome(track_id, SendStatus.NOT_ATTEMPTED) for track_id in track_ids]


async def _run_keyed(
    pipeline: Pipeline,
    call: Call[Sequence[T | None]],
    keyed: KeyedSend,
    outcomes: list[Callable[[], Sequence[MessageOutcome]]],
) -> T | None:
    """Send one message under its key: claim the key before the request leaves, then write the outcome."""
    guard, message = keyed.guard, keyed.message
    outcomes.clear()  # of an attempt before, which another call's claim prevented
    results: list[T | None] = []
    claims: list[bool] = []

    def read(data: JsonValue) -> Sequence[T | None]:
        results[:] = found = call.read(data)
        return found

    async def claim() -> None:
        claims.append(True)
        await guard.claim(message)

    guarded = msgspec.structs.replace(
        call, read=read, shortcut=None, before_attempt=claim, before_wait=lambda: guard.release(message)
    )
    try:
        await pipeline.run(guarded, outcomes.append)
    except (KeyTakenError, IdempotencyStoreError):
        raise
    except BaseException as error:
        if claims:
            await guard.settle(message, results[0] if results else None, error, outcome_of(outcomes))
        raise
    await guard.settle(message, results[0], None, outcome_of(outcomes))
    return results[0]


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
