from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from wikipayam_async import AsyncWikipayam, BulkReport, InvalidInputError, SendStatus, SmsMessage, SuppressedError
from wikipayam_async.bulk.options import BulkOrder
from wikipayam_async.bulk.screening import Screen
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, EmulatorTransport
from wikipayam_async.optout import OptOutList

pytestmark = pytest.mark.anyio

ALI, SARA, REZA = "09121111111", "09122222222", "09123333333"


def client_of(emulator: Emulator) -> AsyncWikipayam:
    """Make a client of an emulator."""
    return AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, transport=EmulatorTransport(emulator))


def told(report: BulkReport) -> list[str]:
    """Return the outcome of each message, or why it was held back."""
    return [
        result.error.reason if isinstance(result.error, SuppressedError) else str(result.status)
        for result in report.results
    ]


def sent_to(emulator: Emulator) -> list[str]:
    """Return who got messages, as the gateway's books say."""
    return [message.receiver for message in emulator.ledger]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": True}, "batch_size"),
        ({"concurrency": "8"}, "concurrency"),
        ({"on_error": "ignore"}, "on_error"),
        ({"on_error": []}, "on_error"),
    ],
)
def test_an_order_is_checked(given: dict[str, Any], field: str) -> None:
    """What breaks a rule is an error before anything begins."""
    with pytest.raises(InvalidInputError) as caught:
        BulkOrder(**given)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("given", "kind"),
    [({}, type(None)), ({"dedupe": "receiver"}, Screen), ({"opt_out": []}, Screen), ({"opt_out": [ALI]}, Screen)],
)
def test_there_is_a_screen_only_if_something_may_be_held_back(given: dict[str, Any], kind: type[object]) -> None:
    """One rule is enough, also a list that holds nobody yet."""
    assert type(BulkOrder(**given)._screen()) is kind


async def test_a_rule_that_cannot_be_read_is_an_error_at_once() -> None:
    """A wrong `dedupe` or a bad number in the list is told when the send is asked for."""
    client = client_of(Emulator())
    wrong: Any = "number"
    with pytest.raises(InvalidInputError, match="dedupe"):
        client.sms.bulk([], dedupe=wrong)
    with pytest.raises(InvalidInputError):
        await client.sms.send_bulk([], opt_out=["12"])


async def test_what_came_before_is_held_back() -> None:
    """The first message to a receiver goes out; the others are rejected by us, with the reason, and cost nothing."""
    emulator = Emulator()
    messages = [SmsMessage(to, text) for to, text in [(ALI, "a"), (SARA, "a"), ("+989121111111", "b"), (SARA, "a")]]
    async with client_of(emulator) as client:
        by_receiver = await client.sms.send_bulk(messages, dedupe="receiver", batch_size=1, concurrency=1)
        by_text = await client.sms.send_bulk(messages, dedupe="receiver_and_text")
    assert told(by_receiver) == ["accepted", "accepted", "duplicate", "duplicate"]
    assert told(by_text) == ["accepted", "accepted", "accepted", "duplicate"]
    assert sent_to(emulator) == [ALI, SARA, ALI, SARA, ALI]


async def test_who_opted_out_gets_nothing() -> None:
    """By a list, by numbers, by a plain function and by an async one."""
    emulator = Emulator()
    messages = [SmsMessage(ALI, "a"), SmsMessage(SARA, "a", note=None), SmsMessage("12", "bad"), SmsMessage(REZA, "a")]

    async def asked(number: str) -> bool:
        await anyio.lowlevel.checkpoint()
        return number == SARA

    async with client_of(emulator) as client:
        for opt_out in (OptOutList([SARA]), ["+98 912 222 2222"], lambda number: number == SARA, asked):
            report = await client.sms.send_bulk(messages, opt_out=opt_out)
            assert told(report) == ["accepted", "opted_out", "rejected", "accepted"]
    assert set(sent_to(emulator)) == {ALI, REZA}


async def test_what_is_held_back_stops_no_run() -> None:
    """With `on_error="stop"` a duplicate is no failure: it is what was asked for."""
    messages = [SmsMessage(ALI, "a"), SmsMessage(ALI, "a"), SmsMessage(SARA, "a")]
    async with client_of(Emulator()) as client:
        report = await client.sms.send_bulk(messages, dedupe="receiver", on_error="stop", batch_size=1)
    assert told(report) == ["accepted", "duplicate", "accepted"]
    assert [result.index for result in report.suppressed] == [1]
    report.raise_for_failures()


async def test_places_that_are_held_back_are_filled() -> None:
    """A request is as full as it may be, however many messages before it were held back."""
    emulator = Emulator()
    messages = [SmsMessage(ALI, "a")] * 30 + [SmsMessage(f"0912{n:07}", "a") for n in range(9)]
    async with client_of(emulator) as client:
        report = await client.sms.send_bulk(messages, dedupe="receiver", batch_size=5)
    assert told(report) == ["accepted", *["duplicate"] * 29, *["accepted"] * 9]
    assert len(emulator.ledger) == 10


async def test_a_source_that_raises_is_screened_to_its_end() -> None:
    """What it gave before it raised is checked like the rest."""
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


async def test_a_question_that_is_cut_off_leaves_its_messages_unattempted() -> None:
    """Nobody can say whether they may be sent, so they are not, and each has its result."""
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
