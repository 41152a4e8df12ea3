"""An outbox: sends that outlive the request they came with, bounded, batched, and drained at the end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Self, TypeAlias

import anyio
from anyio.lowlevel import EventLoopToken, current_token

from wikipayam_async.batching.batcher import Prepare
from wikipayam_async.batching.dispatch import Send
from wikipayam_async.batching.queue import Batching
from wikipayam_async.batching.sorting_room import PostedMessage, SortingRoom
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.checks import check_seconds, is_async
from wikipayam_async.errors import ConfigurationError, OutboxFullError, UnknownOutcomeError, WikipayamError
from wikipayam_async.messages.models import SentMessage, SmsMessage
from wikipayam_async.outcomes import SendStatus

__all__ = ["OnOutcome", "Outbox"]

OnOutcome: TypeAlias = Callable[[SendResult], None]
"""Told what became of one message; a plain function that returns at once."""

logger = logging.getLogger("wikipayam_async")

_SHORTEST_RETRY = 1.0
_LONGEST_RETRY = 60.0


class Outbox:
    """Takes messages without waiting, sends them in common requests, and tells what became of each.

    An async context manager, made by `client.sms.outbox()` for one event loop, and entered once. `post` returns at once;
    the outcome goes to `on_outcome` and to the log. Every message that was posted has exactly one.

    Leaving the block takes no more messages and sends those that wait, for at most `drain_timeout` seconds; so it is if
    an exception or a cancellation leaves it, which goes on afterwards. What could not be sent by then is `undelivered`,
    and told as `NOT_ATTEMPTED`; requests that have begun to leave are finished within the client's `timeout`.

    The messages are held in memory: what waits when the process is killed is lost.
    """

    def __init__(
        self,
        send: Send,
        prepare: Prepare,
        batching: Batching,
        *,
        longest_pause: float,
        drain_timeout: float,
        on_outcome: OnOutcome | None,
    ) -> None:
        check_seconds("drain_timeout", drain_timeout)
        if on_outcome is not None and (not callable(on_outcome) or is_async(on_outcome)):
            raise ConfigurationError(
                "on_outcome: expected a plain function that returns at once; "
                "from an async service hand results over with `send_nowait` of a memory stream or `put_nowait` of a queue"
            )
        self._room = SortingRoom(send, prepare, batching, longest_pause=longest_pause)
        self._prepare = prepare
        self._batching = batching
        self._drain_timeout = drain_timeout
        self._on_outcome = on_outcome
        self._loop: EventLoopToken | None = None
        self._posts = 0
        self._pending: dict[PostedMessage, None] = {}
        self._counts = dict.fromkeys(SendStatus, 0)
        self._undelivered: list[SendResult] = []

    @property
    def waiting(self) -> int:
        """How many messages wait for a request to leave in."""
        return self._room.waiting

    @property
    def in_flight(self) -> int:
        """How many messages are in requests that are in flight."""
        return self._room.in_flight

    @property
    def counts(self) -> Mapping[SendStatus, int]:
        """How many messages came to each outcome so far."""
        return MappingProxyType(dict(self._counts))

    @property
    def undelivered(self) -> list[SendResult]:
        """What the closing left over, in the order of the posts: it was not sent, and posting it again is safe."""
        return sorted(self._undelivered, key=lambda result: result.index)

    async def __aenter__(self) -> Self:
        if self._loop is not None:
            raise RuntimeError("an outbox is entered once: call outbox() again for another")
        self._loop = current_token()
        await self._room.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with anyio.CancelScope(shield=True):
                await self._room.aclose(self._drain_timeout)
        except BaseException as impatience:  # a second cancellation from outside anyio, which no scope holds off
            await self._room.__aexit__(type(impatience), impatience, None)
            raise
        else:
            await self._room.__aexit__(None, None, None)
        finally:
            self._settle_the_rest()

    def post(
        self,
        receiver: str,
        message: str,
        sender: str | None = None,
        track_id: str | None = None,
        *,
        normalize: bool = True,
    ) -> str:
        """Take one SMS, to be sent in a request with others (`POST /sms/send`), and return at once.

        Call it from any task of the event loop; from a worker thread by
        `anyio.from_thread.run_sync(outbox.post, receiver, message)`.

        Args:
            receiver: The mobile that gets it, in any usual spelling.
            message: The text, sent to the posted_message.
            sender: The line; the client's if None.
            track_id: Your own reference; one is made if None.
            normalize: Bring the receiver to the form `09…`; False sends it as it is.

        Returns:
            The track id, by which the outcome will be told.

        Raises:
            InvalidInputError: An argument breaks a rule; nothing was posted.
            ConfigurationError: No sender is named anywhere, or the outbox is closed; nothing was posted.
            OutboxFullError: As many messages wait as may; nothing was posted.
            RuntimeError: The outbox was not entered, or this is not the thread of its event loop; nothing was posted.
        """
        sms = SmsMessage(receiver, message, sender=sender, track_id=track_id)
        del receiver, message  # a traceback with locals shows the message masked
        return self.post_message(sms, normalize=normalize)

    def post_message(self, message: SmsMessage, *, normalize: bool = True) -> str:
        """Take one SMS like `post`, given as an `SmsMessage`.

        Args:
            message: The message.
            normalize: Bring the receiver to the form `09…`; False sends it as it is.

        Returns:
            The track id, by which the outcome will be told.

        Raises:
            InvalidInputError: A field breaks a rule; nothing was posted.
            ConfigurationError: No sender is named anywhere, or the outbox is closed; nothing was posted.
            OutboxFullError: As many messages wait as may; nothing was posted.
            RuntimeError: The outbox was not entered, or this is not the thread of its event loop; nothing was posted.
        """
        self._check_loop()
        payload = self._prepare(message, normalize=normalize)
        if not self._room.is_open:
            raise ConfigurationError("sms.outbox: not posted, because the outbox is closed")
        now = anyio.current_time()
        if self._room.waiting >= self._batching.max_waiting:
            raise self._full(now)
        due = now + self._batching.patience
        posted_message = PostedMessage(message, payload, due, number=self._posts, posted=now, told=self._tell)
        self._posts += 1
        self._pending[posted_message] = None
        self._room.put(posted_message)
        return payload.track_id

    async def flush(self) -> None:
        """Let every message that waits leave without lingering, and wait until the outcomes of all are told.

        Messages that are posted meanwhile are not waited for.
        """
        await self._room.flush()

    async def aclose(self, timeout: float | None = None) -> list[SendResult]:  # noqa: ASYNC109 - its end is a result here
        """Take no more messages, send those that wait, and wait for every outcome.

        Args:
            timeout: Seconds after which what has not begun to leave is not sent; `drain_timeout` if None. Requests that
                have begun to leave are finished within the client's `timeout`.

        Returns:
            What was not sent, as `undelivered`.

        Raises:
            InvalidInputError: The time-out is no time.
        """
        await self._room.aclose(self._drain_timeout if timeout is None else timeout)
        return self.undelivered

    def __repr__(self) -> str:
        return f"<Outbox {self._batching}, {self.waiting} waiting, {self.in_flight} in flight>"

    def _check_loop(self) -> None:
        if self._loop is None:
            raise RuntimeError("enter the outbox first: async with client.sms.outbox() as outbox")
        try:
            here = current_token() == self._loop
        except anyio.NoEventLoopError:
            here = False
        if not here:
            raise RuntimeError(
                "an outbox belongs to one event loop; from a worker thread use "
                "anyio.from_thread.run_sync(outbox.post, receiver, message)"
            )

    def _full(self, now: float) -> OutboxFullError:
        """Return the error of a full outbox. Its guess: a place is free once as much time has passed as the oldest waited."""
        waited = now - next(iter(self._pending)).posted
        return OutboxFullError(
            f"sms.outbox: not posted, because {self.waiting:,} messages wait already; try again later",
            retry_after=min(max(waited, _SHORTEST_RETRY), _LONGEST_RETRY),
        )

    def _tell(self, posted_message: PostedMessage, outcome: SentMessage | WikipayamError) -> None:
        """Count the outcome of a message, log it, and hand it to the callback."""
        self._pending.pop(posted_message)
        result = SendResult(
            posted_message.number,
            posted_message.message,
            self._room.outcomes.pop(posted_message, SendStatus.NOT_ATTEMPTED),
            id=outcome.id if isinstance(outcome, SentMessage) else None,
            error=outcome if isinstance(outcome, WikipayamError) else None,
            track_id=posted_message.payload.track_id,
        )
        self._counts[result.status] += 1
        if result.status is SendStatus.NOT_ATTEMPTED and not self._room.is_open:
            self._undelivered.append(result)
        _log(result)
        if self._on_outcome is None:
            return
        try:
            self._on_outcome(result)
        except Exception as error:  # noqa: BLE001 - an observer's fault must not change what becomes of the others
            logger.error("on_outcome raised %s; the outbox goes on", type(error).__name__)

    def _settle_the_rest(self) -> None:
        """Tell the outcome of messages whose request was struck down while it told those of others."""
        for posted_message in list(self._pending):
            self._room.outcomes[posted_message] = SendStatus.UNKNOWN
            track_id = posted_message.payload.track_id
            posted_message.settle(
                UnknownOutcomeError(
                    "sms.outbox: the program ended before it was known whether the gateway accepted this message. Do not "
                    f"resend blindly: look up the track id in the panel first ({track_id})",
                    messages=[posted_message.message],
                    track_ids=[track_id],
                )
            )


def _log(result: SendResult) -> None:
    level = logging.INFO if result.status is SendStatus.ACCEPTED else logging.WARNING
    if logger.isEnabledFor(level):
        fields = {"wikipayam_track_id": result.track_id, "wikipayam_status": result.status.value}
        logger.log(level, "sms.outbox %s: %s", result.track_id, result.status.value, extra=fields)
