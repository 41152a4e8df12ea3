"""SMS: sending one message, some or any number, and following their delivery."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sized
from typing import overload

from wikipayam_async.batching.batcher import Batcher
from wikipayam_async.batching.outbox import OnOutcome, Outbox
from wikipayam_async.batching.queue import Batching
from wikipayam_async.bulk.hooks import BeforeSend
from wikipayam_async.bulk.hours import SendingHours
from wikipayam_async.bulk.options import DEFAULT_BATCH_SIZE, DEFAULT_CONCURRENCY, BulkOptions, OnProgress
from wikipayam_async.bulk.results import BulkReport
from wikipayam_async.bulk.runner import BulkRun, collect, make_run
from wikipayam_async.bulk.screening import Dedupe, OptOut
from wikipayam_async.bulk.source import ChunkSource, Messages
from wikipayam_async.checks import is_async, without_frames
from wikipayam_async.core.converter import encode_json
from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.core.retry import longest_delay
from wikipayam_async.dates import DateLike, check_date
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.idempotency.messages import keyed_sms
from wikipayam_async.messages.columns import ColumnReader, Receivers, messages_of_call
from wikipayam_async.messages.footer import footer_of, with_footer
from wikipayam_async.messages.models import SentMessage, SmsMessage, as_message
from wikipayam_async.messages.payload import Batch, SmsPayload, prepare_all, prepare_sms
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.publish import publish
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.redact.sealed import Sealed, SealedBytes, seal
from wikipayam_async.services.base import optional_timeout
from wikipayam_async.services.raw import with_raw_response
from wikipayam_async.services.sending import KeyedSend, Keys, guard_of, send_all, send_batch, send_detailed
from wikipayam_async.services.sms.legacy_inbox import LegacyInbox, read_inbox
from wikipayam_async.services.sms.tracking import DeliveryTracking

__all__ = ["SmsService"]

SEND = Operation("sms.send", "POST", "sms/send", Replay.SEND)
RECEIVE = Operation("sms.receive", "POST", "sms/receive", Replay.READ)

_TRACK_IDS = TrackIds()


class SmsService(DeliveryTracking):
    """`client.sms`: `/sms/send`, `/sms/deliver` and `/sms/receive`."""

    @property
    def with_raw_response(self) -> SmsServiceWithRawResponse:
        """The same methods, returning the status and the headers of the response beside the value."""
        return SmsServiceWithRawResponse(self)

    @overload
    async def send(
        self,
        receiver: str,
        message: str,
        *,
        sender: str | None = None,
        track_id: str | None = None,
        normalize: bool = True,
        validate: bool = True,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> SentMessage: ...

    @overload
    async def send(
        self,
        receiver: SmsMessage,
        /,
        *,
        normalize: bool = True,
        validate: bool = True,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> SentMessage: ...

    async def send(
        self,
        receiver: str | SmsMessage,
        message: str | None = None,
        *,
        sender: str | None = None,
        track_id: str | None = None,
        normalize: bool = True,
        validate: bool = True,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> SentMessage:
        """Send one SMS (`POST /sms/send`).

        Args:
            receiver: The recipient's mobile number, in any common format; or an `SmsMessage`, with its own text, line
                and track id.
            message: The text, sent unchanged.
            sender: The line; the client's if None.
            track_id: Your own reference; generated if None.
            normalize: Send a mobile number in the form `09…`; if False, send the given spelling.
            validate: Require an Iranian mobile number; if False, accept any receiver.
            idempotency_key: A name for this message, such as `order-42:shipped`. A call with the same key sends nothing if
                the message was sent before; it needs the client's `idempotency`. 1 to 255 visible ASCII characters,
                without personal data.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            ConfigurationError: No sender is given or configured; nothing was sent.
            IdempotencyConflictError: The key was used for another message; nothing was sent.
            InFlightError: Another call with the key is in progress; nothing was sent.
            UnknownOutcomeError: The SMS may or may not have been accepted. Do not resend it blindly.
            APIStatusError: The gateway refused the SMS.
            APIConnectionError: The SMS did not reach the gateway.
        """
        try:
            sms = as_message(receiver, message, sender, track_id)
        finally:
            del receiver, message  # keep them out of tracebacks that show locals; `sms` masks them
        payload = prepare_sms(
            sms, sender=self._options.sender, track_ids=_TRACK_IDS, normalize=normalize, validate=validate
        )
        keyed = None if idempotency_key is None else self._keyed(idempotency_key, sms, payload, timeout)
        return (await send_all(self._pipeline, SEND, Batch.of([sms], [payload]), keyed=keyed, timeout=timeout))[0]

    async def send_many(
        self,
        messages: Iterable[SmsMessage],
        *,
        normalize: bool = True,
        validate: bool = True,
        timeout: float | None = None,
    ) -> list[SentMessage]:
        """Send messages in one request (`POST /sms/send`); return the results in the order of the messages.

        The gateway accepts or refuses all of them together. Use `send_bulk` for more than a few hundred messages, or
        for an outcome per message.

        Args:
            messages: The messages. An empty iterable sends no request.
            normalize: Send mobile numbers in the form `09…`; if False, send the given spelling.
            validate: Require Iranian mobile numbers; if False, accept any receiver.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: A field is invalid; nothing was sent.
            ConfigurationError: No sender is given or configured; nothing was sent.
            UnknownOutcomeError: Some messages may or may not have been accepted: see its `messages` and `accepted`.
            APIStatusError: The gateway refused all messages.
            APIConnectionError: No message reached the gateway.
        """
        given = Sealed(messages)
        del messages  # tools that show the locals of a traceback walk lists
        batch = prepare_all(given, self._preparer(normalize=normalize, validate=validate))
        return await send_all(self._pipeline, SEND, batch, timeout=timeout) if batch.messages else []

    @overload
    async def send_bulk(
        self,
        messages: Messages,
        *,
        batch_size: int = DEFAULT_BATCH_SIZE,
        concurrency: int = DEFAULT_CONCURRENCY,
        stop_on_error: bool = False,
        on_progress: OnProgress | None = None,
        normalize: bool = True,
        validate: bool = True,
        dedupe: Dedupe | None = None,
        opt_out: OptOut | None = None,
        before_send: BeforeSend | None = None,
        footer: str | None = None,
        sending_hours: SendingHours | None = None,
        timeout: float | None = None,
    ) -> BulkReport: ...

    @overload
    async def send_bulk(
        self,
        receivers: Receivers,
        message: str,
        /,
        *,
        sender: str | None = None,
        batch_size: int = DEFAULT_BATCH_SIZE,
        concurrency: int = DEFAULT_CONCURRENCY,
        stop_on_error: bool = False,
        on_progress: OnProgress | None = None,
        normalize: bool = True,
        validate: bool = True,
        dedupe: Dedupe | None = None,
        opt_out: OptOut | None = None,
        before_send: BeforeSend | None = None,
        footer: str | None = None,
        sending_hours: SendingHours | None = None,
        timeout: float | None = None,
    ) -> BulkReport: ...

    async def send_bulk(
        self,
        messages: Messages | Receivers,
        message: str | None = None,
        *,
        sender: str | None = None,
        batch_size: int = DEFAULT_BATCH_SIZE,
        concurrency: int = DEFAULT_CONCURRENCY,
        stop_on_error: bool = False,
        on_progress: OnProgress | None = None,
        normalize: bool = True,
        validate: bool = True,
        dedupe: Dedupe | None = None,
        opt_out: OptOut | None = None,
        before_send: BeforeSend | None = None,
        footer: str | None = None,
        sending_hours: SendingHours | None = None,
        timeout: float | None = None,
    ) -> BulkReport:
        """Send any number of messages in concurrent requests; return the outcome of each (`POST /sms/send`).

        A refused message does not affect the others. A message whose outcome is unknown is not sent again. An error
        that concerns all messages (401, 402, 403, a gateway that cannot be reached) stops the run; the rest is not
        attempted.

        If this call is ended early (a cancellation, a time-out, Ctrl-C, an exception of `on_progress`), requests that
        have begun to leave are finished first; then the counts are logged at WARNING, and `report_from(error)` returns
        the report of all messages that were read. What must outlive the process belongs into a database: see
        `before_send`.

        Args:
            messages: The messages: any iterable, plain or async; or, with `message`, the receivers of one text: mobile
                numbers in any common format. All results are kept in memory; `bulk` keeps none.
            message: The text, if it is the same for all receivers: `send_bulk(numbers, "text")` makes no object a
                message. Nor does `messages_from`, for a template.
            sender: The line, if all receivers get one text; the client's if None. A message has its own.
            batch_size: The maximum number of messages per request.
            concurrency: The maximum number of requests in flight; the client's `max_connections` limits it too.
            stop_on_error: Leave the rest unattempted after a message that was not accepted.
            on_progress: Called with a `BulkProgress` after every request; a plain function.
            normalize: Send mobile numbers in the form `09…`; if False, send the given spelling.
            validate: Reject receivers that are not Iranian mobiles; if False, accept any receiver.
            dedupe: Suppress duplicates within this run: `receiver` sends one message per number, `receiver_and_text`
                sends the same text once per number. A suppressed message is `REJECTED` with a `SuppressedError`, which
                does not stop the run.
            opt_out: Suppress messages to numbers that opted out: an `OptOutList`, the path of a file, numbers, or a
                function (plain or async) that is called with each number.
            before_send: An async function that is awaited with the `OutgoingMessage`s of each request after every wait
                and before the request leaves, for example to record them in a database. If it raises, they are not
                attempted and the run stops with a `BeforeSendError`. It is called once for a message: not again when
                its request is repeated or divided because the gateway refused it as a whole (413, 422, 429) or no
                connection was made.
            footer: A line below every text that does not end with it already, such as `لغو۱۱` below advertising. The
                results have the texts with it.
            sending_hours: The hours in which requests leave, such as `SendingHours("08:00", "21:00", "Asia/Tehran")`;
                outside them the send waits. None means any hour.
            timeout: Seconds for each attempt of a request; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent. (An invalid message is a result, not an error.)
            BulkSourceError: The iterable raised; `report` holds the outcomes of the messages it had yielded.
        """
        given = Sealed(messages)
        total = len(messages) if isinstance(messages, Sized) else None
        text = seal(message)
        del messages, message  # tools that show the locals of a traceback walk lists
        options = BulkOptions(
            batch_size=batch_size,
            concurrency=concurrency,
            stop_on_error=stop_on_error,
            normalize=normalize,
            validate=validate,
            dedupe=dedupe,
            opt_out=opt_out,
            before_send=before_send,
            sending_hours=sending_hours,
        )
        del opt_out  # tools that show the locals of a traceback walk lists
        if on_progress is not None and (not callable(on_progress) or is_async(on_progress)):
            raise InvalidInputError("on_progress", rule="expected a plain function", got=shape_of(on_progress))
        run = self.bulk_with(
            with_footer(messages_of_call(given, text, sender), footer_of(footer)), options, timeout=timeout
        )
        return await collect(run, total, on_progress)

    @overload
    def bulk(
        self,
        messages: Messages,
        *,
        batch_size: int = DEFAULT_BATCH_SIZE,
        concurrency: int = DEFAULT_CONCURRENCY,
        ordered: bool = False,
        stop_on_error: bool = False,
        normalize: bool = True,
        validate: bool = True,
        dedupe: Dedupe | None = None,
        opt_out: OptOut | None = None,
        before_send: BeforeSend | None = None,
        footer: str | None = None,
        sending_hours: SendingHours | None = None,
        timeout: float | None = None,
    ) -> BulkRun: ...

    @overload
    def bulk(
        self,
        receivers: Receivers,
        message: str,
        /,
        *,
        sender: str | None = None,
        batch_size: int = DEFAULT_BATCH_SIZE,
        concurrency: int = DEFAULT_CONCURRENCY,
        ordered: bool = False,
        stop_on_error: bool = False,
        normalize: bool = True,
        validate: bool = True,
        dedupe: Dedupe | None = None,
        opt_out: OptOut | None = None,
        before_send: BeforeSend | None = None,
        footer: str | None = None,
        sending_hours: SendingHours | None = None,
        timeout: float | None = None,
    ) -> BulkRun: ...

    def bulk(
        self,
        messages: Messages | Receivers,
        message: str | None = None,
        *,
        sender: str | None = None,
        batch_size: int = DEFAULT_BATCH_SIZE,
        concurrency: int = DEFAULT_CONCURRENCY,
        ordered: bool = False,
        stop_on_error: bool = False,
        normalize: bool = True,
        validate: bool = True,
        dedupe: Dedupe | None = None,
        opt_out: OptOut | None = None,
        before_send: BeforeSend | None = None,
        footer: str | None = None,
        sending_hours: SendingHours | None = None,
        timeout: float | None = None,
    ) -> BulkRun:
        """Send any number of messages in constant memory, and yield the results meanwhile (`POST /sms/send`).

        Use it as `async with client.sms.bulk(messages) as results: async for result in results: ...`.

        Args:
            messages: The messages: any iterable, plain or async; it may be infinite. Or, with `message`, the receivers of
                one text: mobile numbers in any common format.
            message: The text, if it is the same for all receivers, as in `send_bulk`.
            sender: The line, if all receivers get one text; the client's if None. A message has its own.
            batch_size: The maximum number of messages per request.
            concurrency: The maximum number of requests in flight; the client's `max_connections` limits it too.
            ordered: Yield the results in the order of the messages instead of the order of completion.
            stop_on_error: Leave the rest unattempted after a message that was not accepted.
            normalize: Send mobile numbers in the form `09…`; if False, send the given spelling.
            validate: Reject receivers that are not Iranian mobiles; if False, accept any receiver.
            dedupe: Suppress duplicates within this run: `receiver` sends one message per number, `receiver_and_text`
                sends the same text once per number. A suppressed message is `REJECTED` with a `SuppressedError`, which
                does not stop the run.
            opt_out: Suppress messages to numbers that opted out: an `OptOutList`, the path of a file, numbers, or a
                function (plain or async) that is called with each number.
            before_send: An async function that is awaited with the `OutgoingMessage`s of each request after every wait
                and before the request leaves, for example to record them in a database. If it raises, they are not
                attempted and the run stops with a `BeforeSendError`. It is called once for a message: not again when
                its request is repeated or divided because the gateway refused it as a whole (413, 422, 429) or no
                connection was made.
            footer: A line below every text that does not end with it already, such as `لغو۱۱` below advertising. The
                results have the texts with it.
            sending_hours: The hours in which requests leave, such as `SendingHours("08:00", "21:00", "Asia/Tehran")`;
                outside them the send waits. None means any hour.
            timeout: Seconds for each attempt of a request; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
        """
        given = Sealed(messages)
        text = seal(message)
        del messages, message  # tools that show the locals of a traceback walk lists
        options = BulkOptions(
            batch_size=batch_size,
            concurrency=concurrency,
            ordered=ordered,
            stop_on_error=stop_on_error,
            normalize=normalize,
            validate=validate,
            dedupe=dedupe,
            opt_out=opt_out,
            before_send=before_send,
            sending_hours=sending_hours,
        )
        del opt_out  # tools that show the locals of a traceback walk lists
        return self.bulk_with(
            with_footer(messages_of_call(given, text, sender), footer_of(footer)), options, timeout=timeout
        )

    @without_frames
    def bulk_with(
        self, messages: Messages | ColumnReader | ChunkSource, options: BulkOptions, *, timeout: float | None = None
    ) -> BulkRun:
        """Return the run of a bulk send with prepared options (`POST /sms/send`). `bulk` and campaigns are made of it.

        Args:
            messages: The messages: any iterable, plain or async; it may be infinite. Or a source of chunks.
            options: The options, with the hooks that only campaigns use.
            timeout: Seconds for each attempt of a request; the client's if None.

        Raises:
            InvalidInputError: `messages` or `timeout` is invalid; nothing was sent.
        """
        return make_run(
            messages,
            functools.partial(send_batch, self._pipeline, SEND, timeout=optional_timeout(timeout)),
            options,
            sender=self._options.sender,
            longest_wait=longest_delay(self._options.retry),
        )

    def batcher(
        self,
        *,
        batch_size: int = DEFAULT_BATCH_SIZE,
        linger: float = 0.005,
        concurrency: int = DEFAULT_CONCURRENCY,
        max_waiting: int = 10_000,
        timeout: float | None = None,
    ) -> Batcher:
        """Batch the messages that concurrent tasks send one by one into few requests (`POST /sms/send`).

        Use it as `async with client.sms.batcher() as batcher`, for as long as the program runs; then any task may call
        `sent = await batcher.send(receiver, text)`, whose outcome does not depend on the other messages.

        Args:
            batch_size: The maximum number of messages per request. A full batch is sent at once.
            linger: The maximum number of seconds that a message waits for its batch to fill. With 0, a batch takes the
                messages of the same tick of the event loop.
            concurrency: The maximum number of requests in flight; the client's `max_connections` limits it too.
                At the maximum, messages are queued.
            max_waiting: The maximum number of queued messages; further calls of `send` wait for space.
            timeout: Seconds for each attempt of a request; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid.
        """
        return Batcher(
            functools.partial(send_detailed, self._pipeline, SEND, timeout=optional_timeout(timeout)),
            functools.partial(prepare_sms, sender=self._options.sender, track_ids=TrackIds()),
            Batching(batch_size=batch_size, linger=linger, concurrency=concurrency, max_waiting=max_waiting),
            longest_wait=longest_delay(self._options.retry),
            guard=guard_of(self._options, timeout),
        )

    def outbox(
        self,
        *,
        batch_size: int = DEFAULT_BATCH_SIZE,
        linger: float = 0.005,
        concurrency: int = DEFAULT_CONCURRENCY,
        max_waiting: int = 10_000,
        drain_timeout: float = 10.0,
        on_outcome: OnOutcome | None = None,
        timeout: float | None = None,
    ) -> Outbox:
        """Queue messages without waiting, send them in batches, and report each outcome (`POST /sms/send`).

        Use it as `async with client.sms.outbox(on_outcome=record) as outbox`, for as long as the program runs; then any
        task may call `track_id = outbox.post(receiver, text)`, which returns at once.

        Args:
            batch_size: The maximum number of messages per request. A full batch is sent at once.
            linger: The maximum number of seconds that a message waits for its batch to fill.
            concurrency: The maximum number of requests in flight; the client's `max_connections` limits it too.
            max_waiting: The maximum number of queued messages; a post beyond it raises `OutboxFullError`.
            drain_timeout: The maximum number of seconds that leaving the block sends queued messages.
            on_outcome: Called with the `SendResult` of every posted message; a plain function that must not block. The
                `index` is the number of the post, counted from 0.
            timeout: Seconds for each attempt of a request; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid.
            ConfigurationError: `on_outcome` is not a plain function.
        """
        return Outbox(
            functools.partial(send_detailed, self._pipeline, SEND, timeout=optional_timeout(timeout)),
            functools.partial(prepare_sms, sender=self._options.sender, track_ids=TrackIds()),
            Batching(batch_size=batch_size, linger=linger, concurrency=concurrency, max_waiting=max_waiting),
            longest_wait=longest_delay(self._options.retry),
            guard=guard_of(self._options, timeout),
            drain_timeout=drain_timeout,
            on_outcome=on_outcome,
        )

    async def receive(self, from_date: DateLike, *, timeout: float | None = None) -> LegacyInbox:
        """Return received messages from the legacy endpoint (`POST /sms/receive`), whose answer is undocumented.

        `client.receives` is its replacement.

        Args:
            from_date: The first day: a date, `2024-01-31`, or `1403/01/15` with the extra `jalali`.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid.
        """
        body = SealedBytes(encode_json({"from_date": check_date(from_date, field="from_date")}))
        read = functools.partial(read_inbox, zone=self._options.timezone)
        return await self._pipeline.run(Call(operation=RECEIVE, read=read, body=body, timeout=timeout))

    def _keyed(self, key: str, sms: SmsMessage, payload: SmsPayload, timeout: float | None) -> KeyedSend:
        keys = Keys(self._options, key, timeout)
        return KeyedSend(keys.guard, keyed_sms(keys.key, sms, payload))

    def _preparer(self, *, normalize: bool, validate: bool) -> Callable[[SmsMessage], SmsPayload]:
        return functools.partial(
            prepare_sms, sender=self._options.sender, track_ids=_TRACK_IDS, normalize=normalize, validate=validate
        )


class SmsServiceWithRawResponse:
    """The methods of `client.sms`, returning a `RawResponse`: status, headers and value."""

    def __init__(self, service: SmsService) -> None:
        self.send = with_raw_response(service.send)
        self.send_many = with_raw_response(service.send_many)
        self.delivery_status = with_raw_response(service.delivery_status)
        self.receive = with_raw_response(service.receive)


publish("wikipayam_async.services", ["SmsService"], globals())
