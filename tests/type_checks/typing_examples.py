"""The types of public calls, as type checkers see them. mypy and pyright check this file; nothing runs it.

A line with both ignores is a mistake that both type checkers report: an ignore without an error is an error here.
"""

import csv
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, TextIO, assert_type

from wikipayam_async import (
    FINAL_STATES,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncWikipayam,
    Balance,
    Batcher,
    BulkError,
    BulkReport,
    BulkRun,
    BulkSourceError,
    BulkUnknownOutcomeError,
    DeleteResult,
    Delivery,
    DeliveryReport,
    DeliveryStatus,
    DeliveryWatch,
    HolooResult,
    InboundWorker,
    InvalidInputError,
    LegacyInbox,
    MarkReadResult,
    OtpMessage,
    Outbox,
    OutboxFullError,
    Polling,
    RateLimit,
    RateLimitError,
    ReceivedMessage,
    ReceivesPage,
    Replay,
    ResponseError,
    RetryPolicy,
    SendingHealth,
    SendResult,
    SendStatus,
    SentMessage,
    SmsMessage,
    Statistics,
    SuppressedError,
    UnknownOutcomeError,
    UnprocessableError,
    UnreadPage,
    VoiceOtp,
    WikipayamError,
    WorkerHealth,
)
from wikipayam_async.cost import (
    CostEstimate,
    CostShare,
    CostTally,
    Tariff,
    estimate,
    estimate_text,
    format_money,
)
from wikipayam_async.dates import JalaliDate, parse_day
from wikipayam_async.events import (
    Attempt,
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallOutcome,
    Event,
    EventHook,
    MessageOutcome,
    Phase,
    RetryScheduled,
)
from wikipayam_async.numbers import (
    NumberKind,
    Operator,
    PhoneNumber,
    is_mobile,
    normalize_number,
    normalize_receiver,
    parse_number,
)
from wikipayam_async.optout import OPT_OUT_WORDS, OptOutList, is_opt_out
from wikipayam_async.services import HolooService, OtpService, ReceivesService, SmsService, VoiceService
from wikipayam_async.templates import Rendering, Template, TemplatePreview, messages_from, preview, render
from wikipayam_async.text import (
    SAFE_SPELLINGS,
    Encoding,
    SmsParts,
    Spelling,
    Suggestion,
    Suggestions,
    count_parts,
    normalize_text,
    split_parts,
    suggest,
)
from wikipayam_async.types import (
    AnyMessage,
    BulkProgress,
    Connections,
    CostCheck,
    DateLike,
    HasId,
    JsonValue,
    Messages,
    RawResponse,
)


def numbers(cell: str | float, anything: object) -> None:
    """Numbers are parsed from strings and from cells of spreadsheets."""
    number = parse_number(cell, field="mobile")
    assert_type(number, PhoneNumber)
    assert_type(number.local, str)
    assert_type(number.e164, str | None)
    assert_type(number.international, str | None)
    assert_type(number.kind, NumberKind)
    assert_type(number.operator, Operator | None)
    assert_type(number.province, str | None)
    assert_type(normalize_number(cell), str)
    assert_type(normalize_number(cell, "e164", field="mobile"), str)
    assert_type(normalize_receiver("09123456789", field="mobile"), str)
    assert_type(is_mobile(anything), bool)


def texts(text: str) -> None:
    """Texts are counted, split and respelled."""
    counted = count_parts(text)
    assert_type(counted, SmsParts)
    assert_type(counted.encoding, Encoding)
    assert_type(counted.parts, int)
    assert_type(counted.characters_that_forced_unicode, AbstractSet[str])
    assert_type(split_parts(text), list[str])
    assert_type(normalize_text(text), str)
    assert_type(normalize_text(text, rules=Spelling), str)
    assert_type(normalize_text(text, rules=Spelling.QUOTES), str)
    assert_type(normalize_text(text, tariff=Tariff(persian=895), sender="3000"), str)
    assert_type(SAFE_SPELLINGS, frozenset[Spelling])
    found = suggest(text, rules=[Spelling.QUOTES], tariff=Tariff(persian=895))
    assert_type(found.saved_cost, int | None)
    assert_type(found, Suggestions)
    assert_type(found.rules, frozenset[Spelling])
    assert_type(list(found), list[Suggestion])


def costs(messages: list[SmsMessage]) -> None:
    """Prices are keyword-only, and amounts are whole rials."""
    tariff = Tariff(persian=895, latin=1790, lines={"3000": Tariff(persian=700)})
    assert_type(tariff, Tariff)
    assert_type(Tariff.tomans(persian="89.5", latin=Decimal(179)), Tariff)
    assert_type(tariff.price(Encoding.GSM7, "3000"), int)
    cost = estimate(messages, tariff, sender="3000")
    assert_type(cost, CostEstimate)
    assert_type(cost.cost, int)
    assert_type(cost.by_parts, Mapping[int, int])
    assert_type(cost.by_line, Mapping[str | None, CostShare])
    assert_type(cost.first_skipped, InvalidInputError | None)
    assert_type(estimate_text("hello", tariff, receivers=2), CostEstimate)
    tally = CostTally(tariff, sender="3000")
    tally.add(messages[0])
    assert_type(tally.estimate(), CostEstimate)
    assert_type(format_money(cost.cost, "toman", locale="fa"), str)
    Tariff(895, 1790)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    format_money(895, "dollar")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def templates(file: TextIO) -> None:
    """Rows are mappings of fields, such as those of a `csv.DictReader`."""
    template = Template("{name}", defaults={"name": ""})
    assert_type(template.fields, tuple[str, ...])
    assert_type(template.render({"name": 1}), str)
    assert_type(render("{name}", {"name": 1}), str)
    found = preview(template, csv.DictReader(file))
    assert_type(found, TemplatePreview)
    assert_type(found.longest, Rendering | None)
    messages = messages_from(template, csv.DictReader(file), receiver_field="mobile", track_id_field="order")
    assert_type(messages, Iterator[SmsMessage])
    messages_from(template, [], receiver="mobile")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


def opting_out(text: str) -> None:
    """An opt-out list is a mutable set of numbers."""
    assert_type(is_opt_out(text), bool)
    assert_type(is_opt_out(text, words=OPT_OUT_WORDS | {"خاموش"}, code=None), bool)
    numbers = OptOutList.read("opted-out.txt")
    assert_type(numbers, OptOutList)
    numbers.add("09123456789")
    assert_type("09123456789" in numbers, bool)
    assert_type(list(numbers), list[str])
    assert_type(OptOutList(["09123456789"]) | numbers, AbstractSet[str])


def dates(jalali: JalaliDate) -> None:
    """Days are read from strings and from date objects of either calendar."""
    assert_type(parse_day("1403/01/15", field="from_date"), date)
    assert_type(parse_day(jalali, field="from_date"), date)


def clients() -> None:
    """A client is made from keyword arguments; `with_options` keeps the class."""

    class Shop(AsyncWikipayam):
        """A client of a program's own."""

    assert_type(Shop("token").with_options(token="other", timeout=2), Shop)
    client = AsyncWikipayam(
        sender="10002000",
        retry=RetryPolicy(max_attempts=5, initial_delay=0.2, max_delay=2, max_retry_after=30),
        rate_limit=RateLimit(requests_per_second=10, messages_per_second=100, burst_seconds=1),
    )
    assert_type(client, AsyncWikipayam)
    assert_type(client.base_url, str)
    assert_type(client.on_event, EventHook | None)
    assert_type(client.connections, Connections | None)
    assert_type(client.sms, SmsService)
    assert_type(client.receives, ReceivesService)
    assert_type(client.otp, OtpService)
    assert_type(client.voice, VoiceService)
    assert_type(client.holoo, HolooService)
    AsyncWikipayam(retry=5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    AsyncWikipayam(rate_limit=10)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    AsyncWikipayam(api_key="token")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    AsyncWikipayam("token", "10002000")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    RetryPolicy(5)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    RateLimit(10)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    client.sms = client.sms  # pyright: ignore[reportAttributeAccessIssue]


async def calls_of_the_client(client: AsyncWikipayam, tariff: Tariff, messages: Messages) -> None:
    """The client's own calls; `request` returns what it is asked to build."""
    async with client as entered:
        assert_type(entered, AsyncWikipayam)
    balance = await client.balance(timeout=2)
    assert_type(balance, Balance)
    assert_type(balance.balance, int)
    assert_type(balance.user_id, int | None)
    check = await client.estimate(messages, tariff, sender="3000", normalize=False, validate=False, timeout=2)
    assert_type(check, CostCheck)
    assert_type(check.cost, int)
    assert_type(check.parts, int)
    assert_type(check.shortfall, int | None)
    assert_type(check.affordable, bool | None)
    assert_type(check.balance, Balance | None)
    assert_type(await client.request("GET", "user/balance"), JsonValue)
    assert_type(await client.request("GET", "user/balance", cast_to=None), JsonValue)
    assert_type(await client.request("GET", "user/balance", cast_to=Balance, params={"a": 1}, timeout=2), Balance)
    assert_type(await client.request("POST", "new", cast_to=list[Balance], json={}, replay="send"), list[Balance])
    assert_type(await client.request("PUT", "new", json={}, replay=Replay.IDEMPOTENT), JsonValue)
    assert_type(await client.aclose(), None)
    await client.balance(2)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await client.request("GET", "new", replay="twice")  # type: ignore[call-overload] # pyright: ignore[reportArgumentType]


async def sends(client: AsyncWikipayam, message: SmsMessage) -> None:
    """One SMS is a receiver and a text, or a message."""
    sent = await client.sms.send("09123456789", "text", sender="3000", track_id="a", normalize=False, timeout=2)
    assert_type(sent, SentMessage)
    assert_type(sent.id, str)
    assert_type(sent.receiver, str | None)
    assert_type(sent.extra, Mapping[str, Any])
    assert_type(await client.sms.send(message, validate=False, timeout=2), SentMessage)
    assert_type(await client.sms.send_many([message], normalize=False, validate=False, timeout=2), list[SentMessage])
    await client.sms.send("09123456789", "text", "3000")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    await client.sms.send("09123456789", "text", to="3000")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    await client.sms.send("09123456789")  # type: ignore[call-overload] # pyright: ignore[reportArgumentType]
    await client.sms.send(message, track_id="a")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    await client.sms.send_many(["09123456789"])  # type: ignore[list-item] # pyright: ignore[reportArgumentType]


async def bulk_sends(client: AsyncWikipayam, messages: AsyncIterator[SmsMessage], numbers: OptOutList) -> None:
    """A bulk send returns a report, or yields its results meanwhile."""

    def show(progress: BulkProgress) -> None:
        assert_type(progress.done, int)
        assert_type(progress.total, int | None)
        assert_type(progress.counts, Mapping[SendStatus, int])

    report = await client.sms.send_bulk(
        messages,
        batch_size=100,
        concurrency=8,
        stop_on_error=True,
        on_progress=show,
        normalize=False,
        validate=False,
        dedupe="receiver",
        opt_out=numbers,
        timeout=2,
    )
    assert_type(report, BulkReport)
    assert_type(len(report), int)
    assert_type(list(report), list[SendResult])
    assert_type(report.results, Sequence[SendResult])
    assert_type(report.accepted, list[SendResult])
    assert_type(report.accepted_ids, list[str])
    assert_type(report.counts, Mapping[SendStatus, int])
    assert_type(report.summary(), str)
    async with client.sms.bulk(messages, ordered=True, dedupe="receiver_and_text", opt_out="numbers.txt") as results:
        assert_type(results, BulkRun)
        async for result in results:
            assert_type(result, SendResult)
            assert_type(result.ok, bool)
            assert_type(result.index, int)
            assert_type(result.status, SendStatus)
            assert_type(result.id, str | None)
            assert_type(result.error, WikipayamError | None)
            assert_type(result.track_id, str | None)
        assert_type(results.stopped_by, WikipayamError | None)
    await client.sms.send_bulk(messages, 100)  # type: ignore[call-overload] # pyright: ignore[reportArgumentType]
    await client.sms.send_bulk(messages, on_error="stop")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    await client.sms.send_bulk(messages, dedupe="text")  # type: ignore[call-overload] # pyright: ignore[reportArgumentType]
    await client.sms.send_bulk(["09123456789"])  # type: ignore[list-item] # pyright: ignore[reportArgumentType]
    await client.sms.send_bulk(messages, "text")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    report = await client.sms.send_bulk(["09123456789"], "text", sender="10002000")
    with client.sms.bulk(messages):  # type: ignore[attr-defined] # pyright: ignore[reportGeneralTypeIssues]
        pass
    for _ in client.sms.bulk(messages):  # type: ignore[attr-defined] # pyright: ignore[reportGeneralTypeIssues]
        pass


async def queues(client: AsyncWikipayam, message: SmsMessage) -> None:
    """A batcher's `send` waits for the outcome; an outbox's `post` returns the track id."""

    def record(result: SendResult) -> None:
        assert_type(result.status, SendStatus)

    async def record_later(result: SendResult) -> None:
        assert_type(result.status, SendStatus)

    async with client.sms.batcher(batch_size=100, linger=0, concurrency=8, max_waiting=10, timeout=2) as batcher:
        assert_type(batcher, Batcher)
        assert_type(await batcher.send("09123456789", "text", sender="3000", track_id="a"), SentMessage)
        assert_type(await batcher.send(message, normalize=False, validate=False), SentMessage)
        assert_type(await batcher.flush(), None)
        assert_type(await batcher.aclose(2), list[SendResult])
        assert_type(batcher.unsent, list[SendResult])
        assert_type((batcher.waiting, batcher.in_flight), tuple[int, int])
        assert_type((batcher.health, batcher.healthy), tuple[SendingHealth, bool])
        await batcher.send("09123456789")  # type: ignore[call-overload] # pyright: ignore[reportArgumentType]
    async with client.sms.outbox(batch_size=100, drain_timeout=5, on_outcome=record, timeout=2) as outbox:
        assert_type(outbox, Outbox)
        assert_type(outbox.post("09123456789", "text", sender="3000", track_id="a"), str)
        assert_type(outbox.post(message, normalize=False, validate=False), str)
        assert_type(await outbox.flush(), None)
        assert_type(await outbox.aclose(), list[SendResult])
        assert_type(outbox.unsent, list[SendResult])
        assert_type(outbox.counts, Mapping[SendStatus, int])
        assert_type((outbox.health, outbox.healthy), tuple[SendingHealth, bool])
        outbox.post(message, track_id="a")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    client.sms.outbox(on_outcome=record_later)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    client.sms.batcher(max_size=10)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    with client.sms.batcher():  # type: ignore[attr-defined] # pyright: ignore[reportGeneralTypeIssues]
        pass
    await client.sms.outbox()  # type: ignore[misc] # pyright: ignore[reportGeneralTypeIssues]


async def deliveries(client: AsyncWikipayam, report: BulkReport, sent: SentMessage, result: SendResult) -> None:
    """Ids are strings, or results of other calls."""
    found = await client.sms.delivery_status([sent, result, "6651a5"], timeout=2)
    assert_type(found, DeliveryReport)
    assert_type(await client.sms.delivery_status(sent), DeliveryReport)
    assert_type(await client.sms.delivery_status("6651a5"), DeliveryReport)
    assert_type(await client.sms.delivery_status(report), DeliveryReport)
    assert_type(found[sent], Delivery)
    assert_type(found.get("6651a5"), Delivery | None)
    assert_type(list(found), list[Delivery])
    assert_type(found.delivered, tuple[Delivery, ...])
    assert_type(found.failed, tuple[Delivery, ...])
    assert_type(found.pending, tuple[str, ...])
    assert_type(found.complete, bool)
    assert_type(found[sent].status, DeliveryStatus)
    assert_type(found[sent].status.final, bool)
    polling = Polling(initial_interval=1, growth=2, max_interval=10, jitter=0)
    waited = await client.sms.wait_for_delivery(
        report.accepted_ids, timeout=60, final_states=FINAL_STATES, polling=polling
    )
    assert_type(waited, DeliveryReport)
    watch = client.sms.watch_delivery(report, timeout=60, final_states={"SENT"}, polling=polling)
    assert_type(watch, DeliveryWatch)
    async for delivery in watch:
        assert_type(delivery, Delivery)
    assert_type(watch.report, DeliveryReport)
    await client.sms.delivery_status(6651)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await client.sms.wait_for_delivery(sent, 60)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    for _ in watch:  # type: ignore[attr-defined] # pyright: ignore[reportGeneralTypeIssues]
        pass


async def received(client: AsyncWikipayam, day: DateLike) -> None:
    """Pages are iterated like lists, and iterators are async generators."""
    page = await client.receives.list(
        limit=10, offset=0, status="unread", sender="a", from_date=day, search="a", sort_by="sender", sort_order="asc"
    )
    assert_type(page, ReceivesPage)
    assert_type(list(page), list[ReceivedMessage])
    assert_type(page.has_next_page, bool)
    assert_type(page.pagination.total, int | None)
    unread = await client.receives.unread(limit=10, from_date=day, to_date=day, timeout=2)
    assert_type(unread, UnreadPage)
    assert_type(unread.total_unread, int | None)
    assert_type(await client.receives.unread_count(timeout=2), int)
    assert_type(client.receives.iter(status="read", page_size=10), AsyncGenerator[ReceivedMessage, None])
    assert_type(client.receives.iter_unread(sender="a"), AsyncGenerator[ReceivedMessage, None])
    async for message in client.receives.iter():
        assert_type(message, ReceivedMessage)
        assert_type(message.received_at, datetime | None)
    assert_type(await client.receives.get(page.receives[0], timeout=2), ReceivedMessage)
    assert_type(await client.receives.statistics(day, day, timeout=2), Statistics)
    assert_type(await client.receives.mark_read(page), MarkReadResult)
    assert_type(await client.receives.mark_read(["6651a5"], timeout=2), MarkReadResult)
    assert_type(await client.receives.mark_all_read(timeout=2), MarkReadResult)
    assert_type(await client.receives.delete("6651a5", timeout=2), DeleteResult)
    assert_type(await client.receives.delete_all_read(timeout=2), DeleteResult)
    assert_type(await client.receives.delete_all_unread(timeout=2), DeleteResult)
    assert_type(await client.receives.delete_older_than(30, timeout=2), DeleteResult)
    inbox = await client.sms.receive(day, timeout=2)
    assert_type(inbox, LegacyInbox)
    assert_type(list(inbox), list[ReceivedMessage])
    await client.receives.list(10)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await client.receives.list(status="new")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await client.receives.iter()  # type: ignore[misc] # pyright: ignore[reportGeneralTypeIssues]
    for _ in client.receives.iter():  # type: ignore[attr-defined] # pyright: ignore[reportGeneralTypeIssues]
        pass
    for _ in client.receives.list():  # type: ignore[attr-defined] # pyright: ignore[reportGeneralTypeIssues]
        pass


async def consumers(client: AsyncWikipayam) -> None:
    """Handlers are plain or async functions of a received message."""

    def handle(message: ReceivedMessage) -> None:
        assert_type(message.message, str)

    async def handle_later(message: ReceivedMessage) -> None:
        assert_type(message.message, str)

    async def failed(message: ReceivedMessage, error: Exception) -> None:
        assert_type((message, error), tuple[ReceivedMessage, Exception])

    assert_type(await client.receives.consume(handle, poll_interval=1, concurrency=2, timeout=2), None)
    await client.receives.consume(handle_later, on_error=failed, sender="a")
    async with client.receives.worker(handle_later, on_error=failed, stop_timeout=5, name="orders") as worker:
        assert_type(worker, InboundWorker)
        assert_type(worker.health, WorkerHealth)
        assert_type(worker.healthy, bool)
        assert_type(await worker.aclose(), None)
    assert_type(await client.receives.worker(handle).run(), None)
    await client.receives.consume(failed)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await client.receives.worker(handle)  # type: ignore[misc] # pyright: ignore[reportGeneralTypeIssues]


async def codes(client: AsyncWikipayam) -> None:
    """Codes by SMS and by call, and the Holoo endpoint."""
    assert_type(await client.otp.send("09123456789", "1234", otp_pattern_id=13, track_id="a", timeout=2), SentMessage)
    assert_type(await client.otp.send_many([OtpMessage("09123456789", "1234")], timeout=2), list[SentMessage])
    voice = await client.voice.send("09123456789", "1234", track_id="a", normalize=False, validate=False, timeout=2)
    assert_type(voice, VoiceOtp)
    assert_type(voice.id, str)
    result = await client.holoo.send("09123456789", "text", sender="3000", username="shop", timeout=2)
    assert_type(result, HolooResult)
    assert_type(result.id, str)
    assert_type(result.data, JsonValue)
    assert_type(await client.holoo.send_via_url("09123456789", "text"), HolooResult)
    assert_type(await client.holoo.send_get("09123456789", "text"), HolooResult)
    await client.otp.send("09123456789", "1234", 13)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await client.otp.send("09123456789", 1234)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await client.otp.send_many([SmsMessage("09123456789")])  # type: ignore[list-item] # pyright: ignore[reportArgumentType]
    await client.holoo.send(to="09123456789", message="text")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


async def raw_responses(client: AsyncWikipayam, tariff: Tariff, message: SmsMessage) -> None:
    """A raw response has the value of the same call."""
    raw = client.with_raw_response
    response = await raw.balance(timeout=2)
    assert_type(response, RawResponse[Balance])
    assert_type(response.status_code, int | None)
    assert_type(response.headers, Mapping[str, str])
    assert_type(response.value, Balance)
    assert_type(await raw.estimate([message], tariff), RawResponse[CostCheck])
    assert_type(await client.sms.with_raw_response.send_many([message]), RawResponse[list[SentMessage]])
    assert_type(await raw.sms.delivery_status("6651a5"), RawResponse[DeliveryReport])
    assert_type(await raw.sms.receive("2024-01-31"), RawResponse[LegacyInbox])
    assert_type(await client.receives.with_raw_response.list(limit=10), RawResponse[ReceivesPage])
    assert_type(await raw.receives.unread(), RawResponse[UnreadPage])
    assert_type(await raw.receives.unread_count(), RawResponse[int])
    assert_type(await raw.receives.statistics(), RawResponse[Statistics])
    assert_type(await raw.receives.get("6651a5"), RawResponse[ReceivedMessage])
    assert_type(await raw.receives.mark_read("6651a5"), RawResponse[MarkReadResult])
    assert_type(await raw.receives.mark_all_read(), RawResponse[MarkReadResult])
    assert_type(await raw.receives.delete("6651a5"), RawResponse[DeleteResult])
    assert_type(await raw.receives.delete_all_read(), RawResponse[DeleteResult])
    assert_type(await raw.receives.delete_all_unread(), RawResponse[DeleteResult])
    assert_type(await raw.receives.delete_older_than(30), RawResponse[DeleteResult])
    assert_type(await client.otp.with_raw_response.send("09123456789", "1234"), RawResponse[SentMessage])
    assert_type(await raw.otp.send_many([OtpMessage("09123456789", "1234")]), RawResponse[list[SentMessage]])
    assert_type(await client.voice.with_raw_response.send("09123456789", "1234"), RawResponse[VoiceOtp])
    assert_type(await client.holoo.with_raw_response.send("09123456789", "text"), RawResponse[HolooResult])
    assert_type(await raw.holoo.send_via_url("09123456789", "text"), RawResponse[HolooResult])
    await raw.balance(2)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    raw.sms.bulk([message])  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]


async def raw_send(client: AsyncWikipayam, message: SmsMessage) -> None:
    """`send` and `request` with a raw response."""
    raw = client.with_raw_response
    assert_type(await raw.sms.send("09123456789", "text", track_id="a"), RawResponse[SentMessage])
    assert_type(await raw.sms.send(message), RawResponse[SentMessage])
    assert_type(await raw.request("GET", "user/balance"), RawResponse[JsonValue])
    assert_type(await raw.request("GET", "user/balance", cast_to=Balance), RawResponse[Balance])


async def forgotten_awaits(client: AsyncWikipayam, messages: list[SmsMessage]) -> None:
    """A coroutine is no result, and an async client is no plain context manager."""
    client.balance().balance  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]  # noqa: B018
    client.sms.send("09123456789", "text").id  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]  # noqa: B018
    client.sms.send_bulk(messages).accepted  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]  # noqa: B018
    len(client.sms.send_many(messages))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    with client:  # type: ignore[attr-defined] # pyright: ignore[reportGeneralTypeIssues]
        pass
    with AsyncWikipayam() as entered:  # type: ignore[attr-defined] # pyright: ignore[reportGeneralTypeIssues]
        await entered.balance()


def errors(error: WikipayamError) -> None:
    """Every error says whether the message may be sent again; each has the attributes of its kind."""
    assert_type(error.send_status, SendStatus | None)
    match error:
        case BulkUnknownOutcomeError():
            assert_type(error.report, BulkReport)
            assert_type(error.track_ids, tuple[str | None, ...])
        case BulkSourceError() | BulkError():
            assert_type(error.report, BulkReport)
        case UnknownOutcomeError():
            assert_type(error.messages, tuple[AnyMessage, ...])
            assert_type(error.track_ids, tuple[str | None, ...])
            assert_type(error.accepted, tuple[HasId, ...])
            assert_type(error.phase, Phase | None)
            assert_type(error.attempts, tuple[Attempt, ...])
        case RateLimitError() | UnprocessableError() | APIStatusError():
            assert_type(error.status_code, int)
            assert_type(error.message, str)
            assert_type(error.errors, Mapping[str, Sequence[str]])
            assert_type(error.headers, Mapping[str, str])
            assert_type(error.retry_after, float | None)
            assert_type(error.attempts, tuple[Attempt, ...])
        case APITimeoutError() | APIConnectionError():
            assert_type(error.phase, Phase | None)
            assert_type(error.attempts, tuple[Attempt, ...])
        case ResponseError():
            assert_type(error.status_code, int | None)
        case InvalidInputError():
            assert_type((error.field, error.rule, error.got), tuple[str, str, str])
        case SuppressedError():
            assert_type(error.reason, Literal["duplicate", "opted_out", "opt_out_unknown"])
        case OutboxFullError():
            assert_type(error.retry_after, float)
        case _:
            error.status_code  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]  # noqa: B018


def events(event: Event) -> str:
    """A `match` over the four events is exhaustive."""
    match event:
        case AttemptStarted(call_id=call_id, operation=operation, number=number):
            assert_type((call_id, operation, number), tuple[str, str, int])
            return operation
        case AttemptFinished(phase=phase, elapsed=elapsed, status_code=status_code, failure=failure):
            assert_type((phase, elapsed), tuple[Phase, float])
            assert_type((status_code, failure), tuple[int | None, str | None])
            return phase
        case RetryScheduled(delay=delay, failure=reason):
            assert_type((delay, reason), tuple[float, str])
            return reason
        case CallFinished(outcome=outcome, attempts=attempts, messages=messages, headers=headers):
            assert_type((outcome, attempts), tuple[CallOutcome, tuple[Attempt, ...]])
            assert_type(messages, tuple[MessageOutcome, ...])
            assert_type(headers, Mapping[str, str])
            return outcome


def event_hooks() -> None:
    """A hook is a plain function of any event."""

    def hook(event: Event) -> None:
        assert_type(event.call_id, str)

    async def hook_later(event: Event) -> None:
        assert_type(event.call_id, str)

    AsyncWikipayam(on_event=hook)
    AsyncWikipayam(on_event=hook_later)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
