from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
import attrs
import httpx
import pytest

from tests.support.timeouts import TimeoutRecorder
from wikipayam_async import AsyncWikipayam, BulkReport, InvalidInputError, SendStatus, SmsMessage, SuppressedError
from wikipayam_async.bulk.options import BulkOptions, BulkProgress
from wikipayam_async.bulk.screening import Screen
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, EmulatorTransport
from wikipayam_async.optout import OptOutList

pytestmark = pytest.mark.anyio

ALI, SARA, REZA = "09121111111", "09122222222", "09123333333"


def client_of(emulator: Emulator) -> AsyncWikipayam:
    """Make a client of an emulator."""
    return AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, transport=EmulatorTransport(emulator))


def outcomes(report: BulkReport) -> list[str]:
    """Return the outcome of each message, or the reason why it was held back."""
    return [
        result.error.reason if isinstance(result.error, SuppressedError) else str(result.status)
        for result in report.results
    ]


def sent_to(emulator: Emulator) -> list[str]:
    """Return the receivers in the gateway's ledger."""
    return [message.receiver for message in emulator.ledger]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": True}, "batch_size"),
        ({"concurrency": "8"}, "concurrency"),
        ({"stop_on_error": "stop"}, "stop_on_error"),
        ({"stop_on_error": 1}, "stop_on_error"),
        ({"before_send": "hook"}, "before_send"),
        ({"after_send": 1}, "after_send"),
        ({"wait_turn": []}, "wait_turn"),
        ({"withdraw": 7}, "withdraw"),
    ],
)
def test_options_are_checked(arguments: dict[str, Any], field: str) -> None:
    """An invalid option raises before the run begins."""
    with pytest.raises(InvalidInputError) as caught:
        BulkOptions(**arguments)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [({}, type(None)), ({"dedupe": "receiver"}, Screen), ({"opt_out": []}, Screen), ({"opt_out": [ALI]}, Screen)],
)
def test_a_screen_is_made_only_if_it_may_hold_something_back(arguments: dict[str, Any], kind: type[object]) -> None:
    """One option is enough, also an empty opt-out list."""
    assert type(BulkOptions(**arguments).make_screen()) is kind


async def test_an_invalid_screening_option_raises_at_once() -> None:
    """An invalid `dedupe` or number raises when the bulk send is requested."""
    client = client_of(Emulator())
    wrong: Any = "number"
    with pytest.raises(InvalidInputError, match="dedupe"):
        client.sms.bulk([], dedupe=wrong)
    with pytest.raises(InvalidInputError):
        await client.sms.send_bulk([], opt_out=["12"])


async def test_duplicates_are_held_back() -> None:
    """The first message to a receiver is sent; the others are rejected with the reason, and not sent."""
    emulator = Emulator()
    messages = [SmsMessage(to, text) for to, text in [(ALI, "a"), (SARA, "a"), ("+989121111111", "b"), (SARA, "a")]]
    async with client_of(emulator) as client:
        by_receiver = await client.sms.send_bulk(messages, dedupe="receiver", batch_size=1, concurrency=1)
        by_text = await client.sms.send_bulk(messages, dedupe="receiver_and_text")
    assert outcomes(by_receiver) == ["accepted", "accepted", "duplicate", "duplicate"]
    assert outcomes(by_text) == ["accepted", "accepted", "accepted", "duplicate"]
    assert sent_to(emulator) == [ALI, SARA, ALI, SARA, ALI]


async def test_receivers_that_opted_out_get_no_message() -> None:
    """The opt-outs are given as a list, as numbers, as a plain function and as an async one."""
    emulator = Emulator()
    messages = [SmsMessage(ALI, "a"), SmsMessage(SARA, "a", note=None), SmsMessage("12", "bad"), SmsMessage(REZA, "a")]

    async def opted_out(number: str) -> bool:
        await anyio.lowlevel.checkpoint()
        return number == SARA

    async with client_of(emulator) as client:
        for opt_out in (OptOutList([SARA]), ["+98 912 222 2222"], lambda number: number == SARA, opted_out):
            report = await client.sms.send_bulk(messages, opt_out=opt_out)
            assert outcomes(report) == ["accepted", "opted_out", "rejected", "accepted"]
    assert set(sent_to(emulator)) == {ALI, REZA}


async def test_a_message_that_is_held_back_does_not_stop_the_run() -> None:
    """With `stop_on_error` a duplicate is not a failure."""
    messages = [SmsMessage(ALI, "a"), SmsMessage(ALI, "a"), SmsMessage(SARA, "a")]
    async with client_of(Emulator()) as client:
        report = await client.sms.send_bulk(messages, dedupe="receiver", stop_on_error=True, batch_size=1)
    assert outcomes(report) == ["accepted", "duplicate", "accepted"]
    assert [result.index for result in report.suppressed] == [1]
    report.raise_for_failures()


async def test_requests_are_filled_with_the_messages_after_those_held_back() -> None:
    """A request is full, however many messages before it were held back."""
    emulator = Emulator()
    messages = [SmsMessage(ALI, "a")] * 30 + [SmsMessage(f"0912{n:07}", "a") for n in range(9)]
    async with client_of(emulator) as client:
        report = await client.sms.send_bulk(messages, dedupe="receiver", batch_size=5)
    assert outcomes(report) == ["accepted", *["duplicate"] * 29, *["accepted"] * 9]
    assert len(emulator.ledger) == 10


async def test_messages_before_an_exception_of_the_source_are_screened() -> None:
    """Messages that the source returned before it raised are checked like the others."""
    emulator = Emulator()

    async def source() -> AsyncIterator[SmsMessage]:
        yield SmsMessage(ALI, "a")
        yield SmsMessage(ALI, "a")
        raise LookupError

    async with client_of(emulator) as client, client.sms.bulk(source(), dedupe="receiver") as results:
        seen = [(await anext(results)).status, (await anext(results)).status]
        with pytest.raises(LookupError):
            await anext(results)
    assert (seen, sent_to(emulator)) == ([SendStatus.ACCEPTED, SendStatus.REJECTED], [ALI])


async def test_a_cancelled_opt_out_check_leaves_its_messages_unattempted() -> None:
    """They are not sent, because the answer is unknown, and each has its result."""
    emulator = Emulator()

    async def never(number: str) -> bool:
        if number == SARA:
            await anyio.sleep_forever()
        return False

    messages = [SmsMessage(ALI, "a"), SmsMessage(SARA, "a"), SmsMessage(REZA, "a")]
    async with client_of(emulator) as client, client.sms.bulk(messages, opt_out=never) as results:
        await anyio.wait_all_tasks_blocked()
    assert [(result.index, str(result.status)) for result in results.leftover] == [
        (0, "not_attempted"),
        (1, "not_attempted"),
        (2, "not_attempted"),
    ]
    assert sent_to(emulator) == []


def test_order_is_not_kept_by_default() -> None:
    """By default no result waits for another."""
    assert BulkOptions(concurrency=1).ordered is False


def test_options_are_keyword_only() -> None:
    """A positional number would be ambiguous."""
    with pytest.raises(TypeError, match="positional"):
        BulkOptions(2)  # type: ignore[call-arg]


def test_the_window() -> None:
    """The window is twice the concurrency."""
    assert (BulkOptions(concurrency=1).window, BulkOptions(concurrency=8).window) == (2, 16)


def test_progress_is_a_value() -> None:
    """Progress with the same numbers is equal and hashable, and cannot be changed."""
    counts = dict.fromkeys(SendStatus, 1)
    progress = BulkProgress(4, None, counts)
    assert (progress, hash(progress)) == (BulkProgress(4, None, dict(counts)), hash(BulkProgress(4, None, {})))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        progress.done = 5  # type: ignore[misc]


SPELLING, LANDLINE, ABROAD = "+98 912 111 1111", "02112345678", "+4930123456"


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, {0: ALI}),
        ({"normalize": False}, {0: SPELLING}),
        ({"validate": False}, {0: ALI, 1: LANDLINE, 2: ABROAD}),
        ({"normalize": False, "validate": False}, {0: SPELLING, 1: LANDLINE, 2: ABROAD}),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
async def test_normalize_and_validate(options: dict[str, Any], sent: dict[int, str], streamed: bool) -> None:
    """`validate` decides which receivers are sent to, and `normalize` how a mobile is written."""
    bodies: list[str] = []

    async def note(request: httpx.Request) -> httpx.Response:
        messages = json.loads(request.content)
        bodies.extend(message["receiver"] for message in messages)
        items = [{"id": f"{n:024}", "track_id": message["track_id"]} for n, message in enumerate(messages)]
        return httpx.Response(200, json={"data": items})

    messages = [SmsMessage(receiver, "a") for receiver in (SPELLING, LANDLINE, ABROAD)]
    async with AsyncWikipayam("t", sender="1", transport=httpx.MockTransport(note)) as client:
        if streamed:
            async with client.sms.bulk(messages, **options) as run:
                results = sorted(await run.take_all(), key=lambda result: result.index)
        else:
            results = list(await client.sms.send_bulk(messages, **options))
    assert bodies == list(sent.values())
    assert {result.index for result in results if result.ok} == set(sent)
    assert {result.status for result in results if not result.ok} <= {SendStatus.REJECTED}


async def test_timeout() -> None:
    """Each request has the `timeout` of its bulk send, or else that of the client."""
    transport = TimeoutRecorder(Emulator())
    messages = [SmsMessage(ALI, "a"), SmsMessage(SARA, "b")]
    async with AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, timeout=7.0, transport=transport) as client:
        await client.sms.send_bulk(messages, batch_size=1, timeout=2.5)
        async with client.sms.bulk(messages, timeout=3) as run:
            await run.take_all()
        await client.sms.send_bulk(messages)
    assert transport.timeouts == [2.5, 2.5, 3, 7.0]


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan"), True, "10"])
async def test_an_invalid_timeout(seconds: Any) -> None:
    """It raises before anything is sent."""
    emulator = Emulator()
    async with client_of(emulator) as client:
        with pytest.raises(InvalidInputError, match="timeout: expected a finite number of seconds above 0"):
            await client.sms.send_bulk([SmsMessage(ALI, "a")], timeout=seconds)
        with pytest.raises(InvalidInputError, match="timeout"):
            client.sms.bulk([SmsMessage(ALI, "a")], timeout=seconds)
    assert emulator.requests == 0
