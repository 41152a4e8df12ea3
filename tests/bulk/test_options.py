from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from wikipayam_async import AsyncWikipayam, BulkReport, InvalidInputError, SendStatus, SmsMessage, SuppressedError
from wikipayam_async.bulk.options import BulkOptions
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
