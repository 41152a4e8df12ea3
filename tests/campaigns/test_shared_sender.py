"""One chunk of a campaign that several processes send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from tests.campaigns.shared_place import SharedPlace, no_gateway
from wikipayam_async import APIConnectionError, InsufficientBalanceError, RateLimit, SendStatus
from wikipayam_async.campaigns import Counts, JournalError, SendingHours, SpendingLimit, StopRequest
from wikipayam_async.campaigns.facts import read_facts
from wikipayam_async.campaigns.optouts import OptOuts
from wikipayam_async.campaigns.shared import Claim, ClaimStatus
from wikipayam_async.campaigns.shared_sender import ChunkEnd, SharedSender
from wikipayam_async.campaigns.terms import RunTerms
from wikipayam_async.cost import Tariff
from wikipayam_async.emulator import Fault
from wikipayam_async.optout import OptOutList

pytestmark = pytest.mark.anyio
SEND = "POST /sms/send"
TARIFF = Tariff(persian=100)


@pytest.fixture
def place(database_url: str) -> SharedPlace:
    """A gateway, and a database."""
    return SharedPlace(database_url)


@asynccontextmanager
async def sending(
    place: SharedPlace, terms: RunTerms | None = None, opt_out: OptOutList | None = None, spent: int = 0, **options: Any
) -> AsyncIterator[SharedSender]:
    """Yield a sender of an active run."""
    terms = terms or RunTerms()
    journal = place.journal()
    try:
        await journal.lock()
        await journal.start_run(terms.dump(), after=0, queue=None, priority=0, spent=spent)
        await journal.join_run()
        facts = read_facts("eid", await journal.read_facts())
        assert facts is not None
        number = (await journal.run_state()).number
        settings = {"turns": anyio.Lock(), "sleep": anyio.sleep, **options}
        yield SharedSender(journal, place.client, facts, terms, number, OptOuts([], opt_out), **settings)
    finally:
        await journal.aclose()


async def test_a_chunk_is_sent_once(place: SharedPlace) -> None:
    """Whoever comes later finds it taken."""
    await place.plan(20)
    async with sending(place) as sender:
        first = await sender.send(0)
        again = await sender.send(0)
        counts = await sender.journal.counts()
    assert (first.end, first.counts[SendStatus.ACCEPTED], again.end) == (ChunkEnd.SENT, 10, ChunkEnd.TAKEN)
    assert counts == Counts(pending=10, accepted=10)


async def test_a_chunk_that_changed_since_it_was_read_is_not_sent(place: SharedPlace) -> None:
    """Another process may have divided it: its other messages are in a chunk of their own."""
    await place.plan(20)
    async with sending(place) as sender:
        chunk = await sender.journal.chunk(0)
        await sender.journal.split(0, 4)
        assert (await sender.send(0, chunk)).end is ChunkEnd.TAKEN
        assert (await sender.send(0)).counts[SendStatus.ACCEPTED] == 4
    assert place.emulator.accepted == 4


async def test_a_run_that_was_stopped_claims_nothing(place: SharedPlace) -> None:
    """Neither before its turn nor after it."""
    await place.plan(20)

    async def stop(_: float) -> None:
        await sender.journal.stop_run(None, StopRequest.PAUSE, "paused")

    rate = RateLimit(messages_per_second=10, burst_seconds=0)
    async with sending(place, RunTerms(rate_limit=rate), sleep=stop) as sender:
        assert (await sender.send(0)).end is ChunkEnd.SENT
        assert (await sender.send(1)).end is ChunkEnd.STOPPED
        assert (await sender.send(1)).end is ChunkEnd.STOPPED
    assert place.emulator.accepted == 10


async def test_a_process_that_stops_waits_for_no_turn(place: SharedPlace) -> None:
    """What is in flight is finished; the rest is pending."""
    await place.plan(20)
    stopped: list[bool] = []

    async def sleep(_: float) -> None:
        stopped.append(True)

    rate = RateLimit(messages_per_second=10, burst_seconds=0)
    async with sending(place, RunTerms(rate_limit=rate), sleep=sleep, stopped=lambda: bool(stopped)) as sender:
        assert (await sender.send(0)).end is ChunkEnd.SENT
        assert (await sender.send(1)).end is ChunkEnd.STOPPED
        assert (await sender.send(1)).end is ChunkEnd.STOPPED
        assert await sender.journal.counts() == Counts(pending=10, accepted=10)


async def test_outside_the_sending_hours_nothing_is_sent(place: SharedPlace) -> None:
    """The end says when they begin."""
    await place.plan(10)
    later = datetime.now(UTC) + timedelta(hours=2)
    hours = SendingHours(f"{later:%H}:00", f"{later + timedelta(hours=1):%H}:00", "UTC")
    async with sending(place, RunTerms(sending_hours=hours)) as sender:
        sent = await sender.send(0)
        assert (await sender.journal.counts()).pending == 10
    assert (sent.end, sent.opening) == (ChunkEnd.CLOSED, later.replace(minute=0, second=0, microsecond=0))


async def test_larger_chunks_are_divided(place: SharedPlace) -> None:
    """For a rate below the size of the plan; the other messages have chunks of their own."""
    await place.plan(10)
    async with sending(place, RunTerms(batch_size=4)) as sender:
        sent = [await sender.send(no) for no in (0, 1, 2)]
    assert [one.counts[SendStatus.ACCEPTED] for one in sent] == [4, 4, 2]
    assert place.emulator.requests_to(SEND) == 3


async def test_the_spending_limit_holds_to_the_message(place: SharedPlace) -> None:
    """A chunk is divided where it would exceed it; then the campaign is paused for all."""
    await place.plan(20)
    terms = RunTerms(spending_limit=SpendingLimit(rials=1300, tariff=TARIFF))
    async with sending(place, terms) as sender:
        ends = [(await sender.send(no)).end for no in (0, 1, 2)]
        facts = await sender.journal.read_facts()
        state = await sender.journal.run_state()
    assert ends == [ChunkEnd.SENT, ChunkEnd.SENT, ChunkEnd.TAKEN]
    assert (place.emulator.accepted, state.active) == (13, False)
    assert facts["reason"] == "the spending limit is reached: 1,300 rials are spent, 0 are left"


async def test_the_spending_limit_counts_the_prices_of_operators(place: SharedPlace) -> None:
    """A dearer operator's receivers use it up sooner."""
    await place.plan(20)
    dearer = Tariff(persian=100, operators={"MCI": Tariff(persian=300)})
    terms = RunTerms(spending_limit=SpendingLimit(rials=1300, tariff=dearer))
    async with sending(place, terms) as sender:
        ends = [(await sender.send(no)).end for no in (0, 1)]
        facts = await sender.journal.read_facts()
    assert (ends, place.emulator.accepted) == ([ChunkEnd.SENT, ChunkEnd.TAKEN], 4)
    assert facts["reason"] == "the spending limit is reached: 1,200 rials are spent, 100 are left"


async def test_money_that_is_reserved_is_waited_for(place: SharedPlace) -> None:
    """Requests in flight may turn out to cost nothing."""
    await place.plan(20)
    terms = RunTerms(spending_limit=SpendingLimit(rials=1000, tariff=TARIFF))

    async def reject(_: float) -> None:
        await sender.journal.settle(0, "token", [])
        await sender.journal.release(1000, run=sender.run)

    async with sending(place, terms, sleep=reject) as sender:
        run = sender.run
        await sender.journal.claim_in_run(0, "token", run=run, count=10, cost=1000, limit=1000)
        assert (await sender.send(1)).end is ChunkEnd.SENT
    assert place.emulator.accepted == 10


async def test_what_was_refused_costs_nothing(place: SharedPlace) -> None:
    """What was reserved for it is free again; what is unknown may have been accepted."""
    await place.plan(30)
    terms = RunTerms(spending_limit=SpendingLimit(rials=2000, tariff=TARIFF))
    place.emulator.faults.script([Fault.status(400), Fault.close()], on=SEND)
    async with sending(place, terms) as sender:
        ends = [(await sender.send(no)).end for no in (0, 1, 2)]
    assert ends == [ChunkEnd.SENT] * 3
    assert place.emulator.accepted == 20


async def test_a_later_run_keeps_what_an_earlier_one_would_give_back(place: SharedPlace) -> None:
    """It counted what was in flight by its own tariff, so that the earlier run's reservation is not its own."""
    await place.plan(20)
    terms = RunTerms(spending_limit=SpendingLimit(rials=1000, tariff=TARIFF))
    async with sending(place, terms, spent=900) as sender:
        journal, first = sender.journal, sender.run
        await journal.start_run("{}", after=first, queue=None, priority=0, spent=200)
        await journal.release(500, run=first)
        kept = await journal.claim_in_run(0, "token", run=first + 1, count=10, cost=801, limit=1000)
        await journal.release(100, run=first + 1)
        freed = await journal.claim_in_run(0, "token", run=first + 1, count=10, cost=801, limit=1000)
    assert (kept.status, kept.spent) == (ClaimStatus.LIMIT, 200)
    assert (freed.status, freed.spent) == (ClaimStatus.CLAIMED, 901)


async def test_a_chunk_that_is_held_back_as_a_whole_is_recorded(place: SharedPlace) -> None:
    """Without a request; by one process, whichever is first."""
    await place.plan(10)
    numbers = OptOutList([f"0912{index:07d}" for index in range(10)])
    async with sending(place, opt_out=numbers) as sender:
        chunk = await sender.journal.chunk(0)
        sent = await sender.send(0)
        again = await sender.send(0, chunk)
    assert (sent.end, sent.counts[SendStatus.REJECTED]) == (ChunkEnd.SENT, 10)
    assert (again.end, place.emulator.requests_to(SEND)) == (ChunkEnd.TAKEN, 0)


async def test_a_gateway_that_cannot_be_reached_leaves_it_pending(place: SharedPlace) -> None:
    """The end carries the error."""
    await place.plan(10)
    with no_gateway():
        async with sending(place) as sender:
            sent = await sender.send(0)
            assert await sender.journal.counts() == Counts(pending=10)
    assert (sent.end, type(sent.error)) == (ChunkEnd.UNREACHED, APIConnectionError)


async def test_an_error_of_the_account_stops_the_run_for_all(place: SharedPlace) -> None:
    """An empty balance is the reason of the pause."""
    await place.plan(10)
    place.emulator.faults.arm(Fault.status(402), on=SEND)
    async with sending(place) as sender:
        sent = await sender.send(0)
        state, facts = await sender.journal.run_state(), await sender.journal.read_facts()
    assert (sent.end, type(sent.error)) == (ChunkEnd.STOPPED, InsufficientBalanceError)
    assert (state.active, facts["reason"]) == (False, str(sent.error))


async def test_a_throttled_chunk_takes_its_intent_back(place: SharedPlace) -> None:
    """Before each further wait, with the money that was reserved."""
    await place.plan(10)
    terms = RunTerms(spending_limit=SpendingLimit(rials=1000, tariff=TARIFF))
    place.emulator.faults.script([Fault.status(429, retry_after=0)] * 2, on=SEND)
    async with sending(place, terms) as sender:
        assert (await sender.send(0)).end is ChunkEnd.SENT
    assert place.emulator.accepted == 10


async def test_the_pieces_of_a_chunk_keep_its_claim(place: SharedPlace) -> None:
    """After a 413 and a 429 of a piece."""
    await place.plan(10)
    place.emulator.faults.script([Fault.status(413), None, Fault.status(429, retry_after=0)], on=SEND)
    async with sending(place) as sender:
        sent = await sender.send(0)
    assert (sent.end, sent.counts[SendStatus.ACCEPTED]) == (ChunkEnd.SENT, 10)


async def test_a_claim_that_may_have_been_made_is_taken_back(
    place: SharedPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If that fails too, before the next chunk; nothing was sent under it."""
    await place.plan(20)
    async with sending(place) as sender:
        journal: Any = sender.journal
        claim, settle = journal.claim_in_run, journal.settle

        async def lost(*arguments: Any, **options: Any) -> Any:
            await claim(*arguments, **options)
            raise JournalError("eid: the answer is lost")

        async def broken(*_: Any) -> bool:
            raise JournalError("eid: away")

        monkeypatch.setattr(journal, "claim_in_run", lost)
        monkeypatch.setattr(journal, "settle", broken)
        with pytest.raises(JournalError, match="the answer is lost"):
            await sender.send(0)
        monkeypatch.undo()
        assert (await journal.counts()).sending == 10
        assert (await sender.send(1)).end is ChunkEnd.SENT
        assert await journal.counts() == Counts(pending=10, accepted=10)
    assert settle.__name__ == "settle"


async def test_a_turn_that_cannot_be_had_is_an_error(place: SharedPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal's own; the run goes on for others."""
    await place.plan(10)
    async with sending(place) as sender:
        journal: Any = sender.journal

        async def broken(*_: Any) -> Any:
            raise JournalError("eid: away")

        monkeypatch.setattr(journal, "turn", broken)
        with pytest.raises(JournalError, match="eid: away"):
            await sender.send(0)
        assert (await journal.run_state()).active


async def test_outcomes_that_cannot_be_written_are_tried_again(
    place: SharedPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the next chunk."""
    await place.plan(20)

    async def quick(_: float) -> None:
        await anyio.lowlevel.checkpoint()

    async with sending(place, sleep=quick) as sender:
        journal: Any = sender.journal

        async def full(*_: Any) -> bool:
            raise JournalError("eid: full")

        monkeypatch.setattr(journal, "settle", full)
        with pytest.raises(JournalError, match="eid: full"):
            await sender.send(0)
        monkeypatch.undo()
        assert (await sender.send(1)).end is ChunkEnd.SENT
        assert await journal.counts() == Counts(accepted=20)


async def test_the_rate_is_that_of_the_account(place: SharedPlace) -> None:
    """Two senders of one account share it, in turns."""
    await place.plan(60)
    slept: list[float] = []

    async def note(seconds: float) -> None:
        slept.append(seconds)

    rate = RateLimit(messages_per_second=1, requests_per_second=10, burst_seconds=0)
    async with sending(place, RunTerms(rate_limit=rate), sleep=note) as sender:
        other = SharedSender(
            sender.journal,
            place.client,
            sender.facts,
            sender.terms,
            sender.run,
            sender.opt_outs,
            turns=anyio.Lock(),
            sleep=note,
        )
        for no in range(3):
            await sender.send(2 * no)
            await other.send(2 * no + 1)
    assert len(slept) == 5
    assert 20 < slept[-1] <= 50


async def test_a_chunk_that_was_taken_meanwhile_is_not_divided(place: SharedPlace) -> None:
    """And one that the money suffices for again is left whole."""
    await place.plan(20)
    terms = RunTerms(spending_limit=SpendingLimit(rials=1000, tariff=TARIFF))
    async with sending(place, terms) as sender:
        chunk = await sender.journal.chunk(0)
        assert chunk is not None
        assert await sender._afford(chunk, Claim(ClaimStatus.LIMIT, 0)) == chunk
        await sender.journal.claim(0, "token")
        assert await sender._afford(chunk, Claim(ClaimStatus.LIMIT, 500)) is None
