"""What stands between a call with an idempotency key and the gateway: the claim, the outcome, the answer to a repetition."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import anyio

from wikipayam_async.errors import APIStatusError, WikipayamError
from wikipayam_async.idempotency.errors import IdempotencyStoreError
from wikipayam_async.idempotency.keyed import KeyedMessage, Standing, standing_of
from wikipayam_async.idempotency.outcome import dump_error, dump_result, is_verdict
from wikipayam_async.idempotency.store import IdempotencyRecord, IdempotencyStore, Settlement
from wikipayam_async.outcomes import MessageOutcome, SendStatus

__all__ = ["IdempotencyGuard", "KeyTakenError", "outcome_of", "settle_despite_cancellation"]

T = TypeVar("T")

logger = logging.getLogger("wikipayam_async")

_FIRST_POLL, _LONGEST_POLL = 0.02, 0.5
_SETTLE_SECONDS = 15.0
"""The longest time that the end of a call waits for its store."""
_MAX_INTERRUPTIONS = 10


class KeyTakenError(Exception):
    """A claim found that the key is taken. No error of the package, so that nothing takes it for an outcome.

    It never reaches a caller.

    Attributes:
        record: The record that stands in the way.
    """

    def __init__(self, record: IdempotencyRecord) -> None:
        super().__init__("the idempotency key is taken")
        self.record = record


class IdempotencyGuard:
    """Claims keys before requests leave, writes outcomes, and answers repeated calls from the store.

    Args:
        store: The store.
        timeout: Seconds for an attempt, and for the wait for another call with the same key.
        sleep: Waits.
    """

    def __init__(
        self,
        store: IdempotencyStore,
        timeout: float,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
    ) -> None:
        self._store = store
        self._timeout = timeout
        self._sleep = sleep

    async def run(self, keyed: KeyedMessage, attempt: Callable[[], Awaitable[T]]) -> T:
        """Return the result of a message: of an earlier call with its key, or of an attempt now.

        Args:
            keyed: The message.
            attempt: Sends the message. It claims the key, and raises `KeyTakenError` if that is taken.

        Raises:
            IdempotencyConflictError: The key is another message's.
            InFlightError: Another call is sending the message, and had no outcome within the time-out.
            UnknownOutcomeError: The outcome of an earlier call is unknown.
            IdempotencyStoreError: The store cannot be used; nothing was sent.
        """
        digest = keyed.digest(self._store.secret)
        waited, poll = 0.0, _FIRST_POLL
        record = await self._store.read(keyed.key)
        while True:
            standing = Standing.FREE if record is None else standing_of(record, keyed.kind, digest)
            if record is None or standing is Standing.FREE:
                try:
                    return await attempt()
                except KeyTakenError as taken:
                    record = taken.record
                    continue
            if standing is not Standing.IN_FLIGHT:
                answer: T = keyed.answer(record, standing)
                return answer
            if waited >= self._timeout:
                raise keyed.in_flight(record, waited)
            pause = min(poll, self._timeout - waited)
            await self._sleep(pause)
            waited, poll = waited + pause, min(poll * 2, _LONGEST_POLL)
            record = await self._store.read(keyed.key)

    async def claim(self, keyed: KeyedMessage) -> None:
        """Claim a key, or renew the claim of the same call; durable when this returns.

        A cancellation waits for the end: what is written must be known.

        Raises:
            KeyTakenError: The key is taken.
            IdempotencyStoreError: The store cannot be written.
        """
        found: IdempotencyRecord | None = None
        with anyio.CancelScope(shield=True):
            try:
                found = await self._store.claim(keyed.claim(self._store, self._timeout))
            except IdempotencyStoreError:
                await self._take_back(keyed)
                raise
        if found is not None:
            raise KeyTakenError(found)

    async def _take_back(self, keyed: KeyedMessage) -> None:
        """Free a key whose claim may have been made, because its answer was lost: nothing is sent under it.

        Otherwise a repetition would be told that the outcome is unknown. If the store is still away, it is.
        """
        with suppress(IdempotencyStoreError):
            await self.release(keyed)

    async def release(self, keyed: KeyedMessage) -> None:
        """Write that the message was not attempted, before a wait."""
        await self._settle(self._settlement(keyed, SendStatus.NOT_ATTEMPTED))

    async def settle(
        self, keyed: KeyedMessage, result: object, error: BaseException | None, outcome: MessageOutcome | None
    ) -> None:
        """Write the outcome of a claimed message, also while the call is being cancelled.

        A store that fails now changes nothing about the message: it is logged, and the key stays claimed.

        Args:
            keyed: The message.
            result: The answer, if the message was accepted.
            error: What ended the call; None for a result.
            outcome: The outcome as the pipeline reported it; None if nothing was reported.
        """
        status = _status_of(result, error, outcome)
        text = ""
        if status is SendStatus.ACCEPTED:
            text = dump_result(result, keyed.receiver, keyed.text)
        elif isinstance(error, APIStatusError) and status is SendStatus.REJECTED:
            text = dump_error(error)
        settlement = self._settlement(keyed, status, text)
        try:
            await settle_despite_cancellation(lambda: self._settle(settlement))
        except Exception as failure:  # noqa: BLE001 - whatever the store raises, the message has its outcome
            logger.error(
                "%s: the outcome under the idempotency key %s could not be written (%s): %s; track id %s, gateway id %s. "
                "Later calls with the key are told that the outcome is unknown",
                keyed.operation,
                keyed.shown_key,
                type(failure).__name__,
                status.value,
                keyed.track_id,
                getattr(result, "id", None),
            )

    def _settlement(self, keyed: KeyedMessage, status: SendStatus, outcome: str = "") -> Settlement:
        keep = self._store.keep_for.total_seconds()
        return Settlement(key=keyed.key, claim_id=keyed.claim_id, status=status, outcome=outcome, keep=keep)

    async def _settle(self, settlement: Settlement) -> None:
        with anyio.move_on_after(_SETTLE_SECONDS) as scope:
            await self._store.settle(settlement)
        if scope.cancelled_caught:
            raise IdempotencyStoreError(f"the store of idempotency keys did not answer within {_SETTLE_SECONDS:g} s")


def _status_of(result: object, error: BaseException | None, outcome: MessageOutcome | None) -> SendStatus:
    """Return the outcome to write. What can be sent again without harm is `NOT_ATTEMPTED`."""
    if result is not None and (error is None or (outcome is not None and outcome.status is SendStatus.ACCEPTED)):
        return SendStatus.ACCEPTED
    if isinstance(error, WikipayamError) and error.send_status is not None:
        if is_verdict(error):
            return SendStatus.REJECTED
        return SendStatus.UNKNOWN if error.send_status is SendStatus.UNKNOWN else SendStatus.NOT_ATTEMPTED
    if outcome is None or outcome.status in {SendStatus.UNKNOWN, SendStatus.ACCEPTED}:
        return SendStatus.UNKNOWN
    return SendStatus.NOT_ATTEMPTED


async def settle_despite_cancellation(work: Callable[[], Awaitable[object]]) -> None:
    """Do something that may be done twice, also while the task is being cancelled; then raise the cancellation.

    `asyncio.run` cancels every task at its end, past any shield, and so does `Task.cancel`.

    Args:
        work: What is done; again after each interruption.
    """
    interruption: BaseException | None = None
    with anyio.CancelScope(shield=True):
        for _ in range(_MAX_INTERRUPTIONS):
            try:
                await work()
                break
            except anyio.get_cancelled_exc_class() as cancellation:
                interruption = cancellation
    if interruption is not None:
        raise interruption


def outcome_of(outcomes: Sequence[Callable[[], Sequence[MessageOutcome]]]) -> MessageOutcome | None:
    """Return the outcome of the one message of a call, as its observer got it; None if it got none."""
    return outcomes[0]()[0] if outcomes else None
