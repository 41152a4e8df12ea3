"""The pending messages of a journal as the chunks of a bulk send."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from tests.campaigns.doubles import messages
from wikipayam_async import AuthenticationError, SendStatus, SmsMessage
from wikipayam_async.bulk.source import ChunkSource
from wikipayam_async.campaigns import MemoryJournal, PlanBlock, SpendingLimit
from wikipayam_async.campaigns.optouts import OptOuts
from wikipayam_async.campaigns.planner import PlanOptions, make_plan
from wikipayam_async.campaigns.rules import Spending
from wikipayam_async.campaigns.source import JournalSource
from wikipayam_async.cost import Tariff
from wikipayam_async.optout import OptOutList

pytestmark = pytest.mark.anyio

OPTIONS = PlanOptions(batch_size=2, line="1000")


async def make_source(journal: MemoryJournal, **changes: Any) -> JournalSource:
    """Return a source with these parts."""
    arguments = {"opt_outs": OptOuts([], None), "spending": None, "wait": anyio.lowlevel.checkpoint, "read_ahead": 2}
    return JournalSource(journal, OPTIONS, **{**arguments, **changes})


async def planned(count: int = 5) -> MemoryJournal:
    """Return a journal with chunks of two messages."""
    journal = MemoryJournal()
    await journal.lock()
    await make_plan(journal, messages(count), OPTIONS)
    return journal


async def indexes(source: JournalSource) -> list[list[int]]:
    """Pull everything; return the indexes of each chunk, with those that were held back."""
    found: list[list[int]] = []
    while (pulled := await source.pull()) is not None:
        sent = [] if pulled.chunk is None else list(pulled.chunk.indexes)
        found.append([*sent, *(-result.index for result in pulled.results)])
    return found


async def test_chunks_come_in_order_with_the_indexes_of_the_plan() -> None:
    """Each pull is one chunk of the journal; its payloads have the plan's line and the stored track ids."""
    source = await make_source(await planned())
    assert isinstance(source, ChunkSource)
    first = await source.pull()
    assert first is not None
    assert first.chunk is not None
    payload: Any = first.chunk.batch.payloads[1]
    assert (payload.sender, payload.receiver, payload.text, payload.track_id) == ("1000", "09120000001", "سلام", "m-1")
    assert {index: flight.no for index, flight in source.flights.items()} == {0: 0, 1: 0}
    assert await indexes(source) == [[2, 3], [4]]
    assert source.remains() is None
    await source.aclose()
    assert source.end_flight([0, 1]).no == 0
    assert sorted(source.flights) == [2, 3, 4]


async def test_a_run_that_was_stopped_reads_nothing() -> None:
    """What is left stays pending in the journal."""
    source = await make_source(await planned())
    assert await source.pull(AuthenticationError("no", status_code=401)) is None


async def test_a_chunk_may_have_messages_from_several_lines() -> None:
    """Each keeps its line; that of the campaign is not repeated."""
    journal = MemoryJournal()
    await journal.lock()
    own = [SmsMessage(f"0912000000{line}", "x", sender=f"{line}000", track_id=f"t{line}") for line in (1, 2)]
    await make_plan(journal, own, OPTIONS)
    pulled = await (await make_source(journal)).pull()
    assert pulled is not None
    assert pulled.chunk is not None
    assert [message.sender for message in pulled.chunk.batch.messages] == [None, "2000"]


async def test_opt_outs_are_held_back() -> None:
    """They come as results beside the messages that are sent."""
    opted_out = OptOutList(["09120000001", "09120000002", "09120000003"])
    source = await make_source(await planned(), opt_outs=OptOuts([], opted_out))
    assert await indexes(source) == [[0, -1], [-2, -3], [4]]


async def test_what_the_journal_should_not_hold_is_rejected() -> None:
    """A row that somebody has changed is checked like any message."""
    journal = MemoryJournal()
    await journal.lock()
    rows: Any = [(0, 0, "0912", "text", None, "a", None, None), (1, 0, "09120000001", 7, None, "b", None, None)]
    await journal.add([PlanBlock(b"x", rows, [(0, 0, 1, 2)])])
    pulled = await (await make_source(journal)).pull()
    assert pulled is not None
    assert pulled.chunk is None
    assert [(one.index, one.status, one.track_id) for one in pulled.results] == [
        (0, SendStatus.REJECTED, "a"),
        (1, SendStatus.REJECTED, "b"),
    ]


async def test_a_chunk_is_divided_by_what_is_left_to_spend() -> None:
    """The first messages are sent; the rest is pending, and the source says why it ended."""
    journal = await planned()
    spending = Spending(SpendingLimit(rials=35, tariff=Tariff(persian=10)))
    source = await make_source(journal, spending=spending)
    assert await source.pull() is not None
    assert await source.pull() is not None
    assert spending.in_flight == 30
    spending.settle(30, 30)
    assert await source.pull() is None
    assert source.exhausted == "the spending limit is reached: 30 rials are spent, 5 are left"
    assert await source.pull() is None
    assert [len(chunk.messages) for chunk in await journal.pending(-1, 9)] == [2, 1, 1, 1]


async def test_money_in_flight_is_waited_for() -> None:
    """A pull waits until a flight ends, and then sees what is left."""
    spending = Spending(SpendingLimit(rials=20, tariff=Tariff(persian=10)))
    source = await make_source(await planned(), spending=spending)
    await source.pull()
    pulled: list[Any] = []

    async def pull() -> None:
        pulled.append(await source.pull())

    async with anyio.create_task_group() as group:
        group.start_soon(pull)
        await anyio.wait_all_tasks_blocked()
        assert pulled == []
        spending.settle(20, 10)
        source.end_flight([0, 1])
    assert list(pulled[0].chunk.indexes) == [2]


class Odd(MemoryJournal):
    """A journal with a chunk without messages."""

    async def pending(self, after: int, limit: int) -> Any:
        """Return it, too."""
        found = await super().pending(after, limit)
        return [type(one)(one.no, [] if one.no == 1 else one.messages) for one in found]


async def test_an_empty_chunk_is_skipped() -> None:
    """It may be left over when all its messages were requeued."""
    journal = Odd()
    await journal.lock()
    await make_plan(journal, messages(5), OPTIONS)
    assert await indexes(await make_source(journal)) == [[0, 1], [4]]


async def test_chunks_larger_than_the_run_allows_are_divided() -> None:
    """A run with a smaller batch size sends the rest of a chunk in a later request, and nothing is left out."""
    journal = await planned()
    source = await make_source(journal, most=1)
    found = await indexes(source)
    assert [len(some) for some in found] == [1] * 5
    assert sorted(index for some in found for index in some) == [0, 1, 2, 3, 4]
