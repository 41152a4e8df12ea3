"""SMS: sending one, some or any number, and following what became of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sized
from operator import attrgetter
from typing import TYPE_CHECKING

from wikipayam_async.batching.batcher import Batcher
from wikipayam_async.batching.outbox import OnOutcome, Outbox
from wikipayam_async.batching.queue import Batching
from wikipayam_async.bulk.options import DEFAULT_BATCH_SIZE, DEFAULT_CONCURRENCY, BulkOptions, OnError, Progress
from wikipayam_async.bulk.results import BulkReport, BulkSourceError
from wikipayam_async.bulk.runner import BulkRun, make_run, take_with_progress
from wikipayam_async.bulk.source import Messages
from wikipayam_async.core.converter import encode_json
from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.dates import DateLike, check_date
from wikipayam_async.messages.models import SentMessage, SmsMessage
from wikipayam_async.messages.payload import Batch, SmsPayload, TrackIds, prepare_all, prepare_sms
from wikipayam_async.redact.sealed import SealedBytes
from wikipayam_async.services.receives.models import LegacyInbox, read_inbox
from wikipayam_async.services.sending import send_all, send_batch, send_detailed
from wikipayam_async.services.sms.tracking import DeliveryTracking

if TYPE_CHECKING:
    from wikipayam_async.bulk.screening import Dedupe, OptOut

__all__ = ["OnError", "Progress", "SmsService"]


SEND = Operation("sms.send", "POST", "sms/send", Replay.SEND)
RECEIVE = Operation("sms.receive", "POST", "sms/receive", Replay.READ)


class SmsService(DeliveryTracking):
    """`client.sms`: `/sms/send`, `/sms/deliver` and `/sms/receive`."""

    async def send(
        self,
        receiver: str,
        message: str,
        sender: str | None = None,
        track_id: str | None = None,
        *,
        normalize: bool = True,
    ) -> SentMessage:
        """Send one SMS (`POST /sms/send`).

        Args:
            receiver: The mobile that gets it, in any usual spelling.
            message: The text, sent to the letter.
            sender: The line; the client's if None.
            track_id: Your own reference; one is made if None.
            normalize: Bring the receiver to the form `09…`; False sends it as it is.

        Raises:
            InvalidInputError: An argument breaks a rule; nothing was sent.
            ConfigurationError: No sender is named anywhere; nothing was sent.
            UnknownOutcomeError: It may or may not have been accepted. Do not send it again blindly.
            APIStatusError: The gateway refused it.
            APIConnectionError: It never reached the gateway.
        """
        sms = SmsMessage(receiver, message, sender=sender, track_id=track_id)
        del receiver, message  # a traceback with locals shows the message masked
        payload = self._preparer(normalize=normalize)(sms)
        return (await send_all(self._pipeline, SEND, Batch([sms], [payload])))[0]

    async def send_many(self, messages: Iterable[SmsMessage], *, normalize: bool = True) -> list[SentMessage]:
        """Send some messages in one request (`POST /sms/send`); the results stand in the order of the messages.

        All are accepted or refused together. For more than a few hundred, and for one outcome each, use `send_bulk`.

        Args:
            messages: The messages. An empty iterable sends nothing.
            normalize: Bring the receivers to the form `09…`; False sends them as they are.

        Raises:
            InvalidInputError: A field breaks a rule; nothing was sent.
            ConfigurationError: No sender is named anywhere; nothing was sent.
            UnknownOutcomeError: Some may or may not have been accepted: see its `messages` and `accepted`.
            APIStatusError: The gateway refused them all.
            APIConnectionError: They never reached the gateway.
        """
        batch = prepare_all(messages, self._preparer(normalize=normalize))
        return await send_all(self._pipeline, SEND, batch) if batch.messages else []

    async def send_bulk(
        self,
        messages: Messages,
        batch_size: int = DEFAULT_BATCH_SIZE,
        concurrency: int = DEFAULT_CONCURRENCY,
        on_error: OnError = "collect",
        progress: Progress | None = None,
        *,
        normalize: bool = True,
        dedupe: Dedupe | None = None,
        opt_out: OptOut | None = None,
    ) -> BulkReport:
        """Send any number of messages, many requests at once; return what became of each (`POST /sms/send`).

        A message that is refused spoils no other. Nothing whose outcome is unknown is sent again. A refusal that concerns
        them all (401, 402, 403, a gateway that cannot be reached) stops the run, and the rest is not attempted.
        To keep what is known if this is cancelled, use `bulk`, or collect the outcomes with `on_event`.

        Args:
            messages: The messages: any iterable, plain or async. All results are held in memory; `bulk` holds none.
            batch_size: The most messages of a request.
            concurrency: How many requests are in flight at once; no more than the client's `max_connections` will be.
            on_error: `collect` goes on after a message that was not accepted; `stop` leaves the rest unattempted.
            progress: Called with the number of messages done, the total (None if it is not known), and the count of
                each outcome, after every request.
            normalize: Bring the receivers to the form `09…`; False sends them as they are.
            dedupe: Hold back what was in this run before: `receiver` sends each number one message, `receiver_and_text`
                the same text once. What is held back is `REJECTED` with a `SuppressedError`, which stops no run.
            opt_out: Hold back what goes to those who want none: an `OptOutList`, the path of a file, numbers, or a
                function (plain or async) that is asked about each number.

        Raises:
            InvalidInputError: An argument breaks a rule; nothing was sent. (A bad message is a result, not an error.)
            BulkSourceError: The iterable raised; its `report` holds what became of the messages it had given.
        """
        options = BulkOptions(
            batch_size=batch_size,
            concurrency=concurrency,
            on_error=on_error,
            normalize=normalize,
            dedupe=dedupe,
            opt_out=opt_out,
        )
        run = self._make_run(messages, options)
        async with run:
            if progress is None:
                results = await run.take_all()
            else:
                total = len(messages) if isinstance(messages, Sized) else None
                results = await take_with_progress(run, total, progress)
        results.sort(key=attrgetter("index"))
        report = BulkReport(results)
        if run.source_error is not None:
            raise BulkSourceError(
                f"the messages' source raised {type(run.source_error).__name__} after {report.summary()}", report=report
            ) from run.source_error
        return report

    def bulk(
        self,
        messages: Messages,
        batch_size: int = DEFAULT_BATCH_SIZE,
        concurrency: int = DEFAULT_CONCURRENCY,
        ordered: bool = False,  # noqa: FBT001, FBT002 - part of the fixed interface
        *,
        on_error: OnError = "collect",
        normalize: bool = True,
        dedupe: Dedupe | None = None,
        opt_out: OptOut | None = None,
    ) -> BulkRun:
        """Send any number of messages in flat memory; the results come while it goes on (`POST /sms/send`).

        Use it as `async with client.sms.bulk(messages) as results: async for result in results: ...`.

        Args:
            messages: The messages: any iterable, plain or async; it may be endless.
            batch_size: The most messages of a request.
            concurrency: How many requests are in flight at once; no more than the client's `max_connections` will be.
            ordered: Give the results in the order of the messages instead of in that of their completion.
            on_error: `collect` goes on after a message that was not accepted; `stop` leaves the rest unattempted.
            normalize: Bring the receivers to the form `09…`; False sends them as they are.
            dedupe: Hold back what was in this run before: `receiver` sends each number one message, `receiver_and_text`
                the same text once. What is held back is `REJECTED` with a `SuppressedError`, which stops no run.
            opt_out: Hold back what goes to those who want none: an `OptOutList`, the path of a file, numbers, or a
                function (plain or async) that is asked about each number.

        Raises:
            InvalidInputError: An argument breaks a rule; nothing was sent.
        """
        options = BulkOptions(
            batch_size=batch_size,
            concurrency=concurrency,
            ordered=ordered,
            on_error=on_error,
            normalize=normalize,
            dedupe=dedupe,
            opt_out=opt_out,
        )
        return self._make_run(messages, options)

    def batcher(
        self,
        max_size: int = DEFAULT_BATCH_SIZE,
        linger: float = 0.005,
        *,
        concurrency: int = DEFAULT_CONCURRENCY,
        max_waiting: int = 10_000,
    ) -> Batcher:
        """Gather the messages that many tasks send one by one into few requests (`POST /sms/send`).

        Use it as `async with client.sms.batcher() as batcher`, for as long as the program runs; then any task may call
        `sent = await batcher.send(receiver, text)`, which has its own outcome, whatever becomes of the others.

        Args:
            max_size: The most messages of a request. A full one leaves at once.
            linger: The most seconds that a message waits for others to join it. 0 is the same tick of the event loop:
                whatever else is ready joins.
            concurrency: How many requests are in flight at once; no more than the client's `max_connections` will be.
                While all are, messages gather.
            max_waiting: How many messages may wait to leave; those that come then wait for room.

        Raises:
            InvalidInputError: An argument breaks a rule.
        """
        return Batcher(
            functools.partial(send_detailed, self._pipeline, SEND),
            functools.partial(prepare_sms, sender=self._options.sender, track_ids=TrackIds()),
            Batching(max_size=max_size, linger=linger, concurrency=concurrency, max_waiting=max_waiting),
            longest_wait=self._options.retry.longest_wait,
        )

    def outbox(
        self,
        *,
        max_waiting: int = 10_000,
        max_size: int = DEFAULT_BATCH_SIZE,
        linger: float = 0.005,
        concurrency: int = DEFAULT_CONCURRENCY,
        drain_timeout: float = 10.0,
        on_outcome: OnOutcome | None = None,
    ) -> Outbox:
        """Take messages without waiting, send them in common requests, and tell each outcome (`POST /sms/send`).

        Use it as `async with client.sms.outbox(on_outcome=note) as outbox`, for as long as the program runs; then any
        task may call `track_id = outbox.post(receiver, text)`, which returns at once.

        Args:
            max_waiting: How many messages may wait; a post that finds no room raises `OutboxFullError`.
            max_size: The most messages of a request. A full one leaves at once.
            linger: The most seconds that a message waits for others to join it.
            concurrency: How many requests are in flight at once; no more than the client's `max_connections` will be.
            drain_timeout: The most seconds that leaving the block goes on sending what waits.
            on_outcome: Called with the `SendResult` of every message that was posted; a plain function that returns at
                once. Its `index` is the number of the post, counted from 0.

        Raises:
            InvalidInputError: An argument breaks a rule.
            ConfigurationError: `on_outcome` is no plain function.
        """
        return Outbox(
            functools.partial(send_detailed, self._pipeline, SEND),
            functools.partial(prepare_sms, sender=self._options.sender, track_ids=TrackIds()),
            Batching(max_size=max_size, linger=linger, concurrency=concurrency, max_waiting=max_waiting),
            longest_wait=self._options.retry.longest_wait,
            drain_timeout=drain_timeout,
            on_outcome=on_outcome,
        )

    async def receive(self, from_date: DateLike) -> LegacyInbox:
        """Return received messages from the old service (`POST /sms/receive`), whose answer is not documented.

        `client.receives` is the new one.

        Args:
            from_date: From this day on: a date, `2024-01-31`, or `1403/01/15` with the extra `jalali`.

        Raises:
            InvalidInputError: It is no date.
        """
        body = SealedBytes(encode_json({"from_date": check_date(from_date, field="from_date")}))
        read = functools.partial(read_inbox, zone=self._options.timezone)
        return await self._pipeline.run(Call(operation=RECEIVE, read=read, body=body))

    def _preparer(self, *, normalize: bool) -> Callable[[SmsMessage], SmsPayload]:
        return functools.partial(prepare_sms, sender=self._options.sender, track_ids=TrackIds(), normalize=normalize)

    def _make_run(self, messages: Messages, options: BulkOptions) -> BulkRun:
        return make_run(
            messages,
            functools.partial(send_batch, self._pipeline, SEND),
            options,
            sender=self._options.sender,
            longest_wait=self._options.retry.longest_wait,
        )
