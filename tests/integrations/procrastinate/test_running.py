"""Claims and turns within a run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.campaigns.shared_place import SharedPlace
from wikipayam_async import RateLimit
from wikipayam_async.campaigns import StopRequest
from wikipayam_async.campaigns.shared import ClaimStatus
from wikipayam_async.integrations.procrastinate import PostgresJournal, running

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def running_journal(place: SharedPlace) -> AsyncIterator[PostgresJournal]:
    """Yield the journal of a campaign with an active run of the number 1."""
    await place.plan(20)
    journal = place.journal()
    try:
        await journal.lock()
        await journal.start_run("{}", after=0, queue=None, priority=0, spent=0)
        yield journal
    finally:
        await journal.aclose()


async def claim(journal: PostgresJournal, no: int, token: str = "t", **options: Any) -> ClaimStatus:
    """Claim a chunk of ten."""
    settings: dict[str, Any] = {"run": 1, "count": 10, "cost": 100, "limit": None, **options}
    return (await journal.claim_in_run(no, token, **settings)).status


async def test_a_claim_needs_an_active_run_of_its_number(place: SharedPlace) -> None:
    """A chunk that is pending, and of the size that was read; the same claim again is the same."""
    async with running_journal(place) as journal:
        assert await claim(journal, 0, run=2) is ClaimStatus.STOPPED
        assert await claim(journal, 0, count=9) is ClaimStatus.TAKEN
        assert await claim(journal, 9) is ClaimStatus.TAKEN
        assert await claim(journal, 0) is ClaimStatus.CLAIMED
        assert await claim(journal, 0) is ClaimStatus.CLAIMED
        assert await claim(journal, 0, "other") is ClaimStatus.TAKEN
        assert await journal.stop_run(2, StopRequest.PAUSE, "paused") is False
        assert await journal.stop_run(1, StopRequest.PAUSE, "paused") is True
        assert await claim(journal, 1) is ClaimStatus.STOPPED
        await journal.purge()
        with pytest.raises(Exception, match="not open for writing"):
            await claim(journal, 1)


async def test_a_claim_that_was_lost_to_another_costs_nothing(
    place: SharedPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the change of the chunk."""
    async with running_journal(place) as journal:
        monkeypatch.setattr(running, "_OF_THE_RUN", " AND false")
        assert await claim(journal, 0, limit=1000) is ClaimStatus.TAKEN
        assert await claim(journal, 0) is ClaimStatus.TAKEN
        monkeypatch.undo()
        answer = await journal.claim_in_run(0, "t", run=1, count=10, cost=100, limit=1000)
        assert (answer.status, answer.spent) == (ClaimStatus.CLAIMED, 100)
        answer = await journal.claim_in_run(1, "t", run=1, count=10, cost=901, limit=1000)
        assert (answer.status, answer.spent, answer.sending) == (ClaimStatus.LIMIT, 100, True)


async def test_turns_are_spaced_by_the_rate(place: SharedPlace) -> None:
    """Those of a burst at once; without a rate, all; without a run, none."""
    async with running_journal(place) as journal:
        rate = RateLimit(messages_per_second=1, burst_seconds=20)
        delays = [(await journal.turn("7", rate, 10)).delay for _ in range(4)]
        even = [
            (await journal.turn("8", RateLimit(requests_per_second=0.1, burst_seconds=0), 5)).delay for _ in range(3)
        ]
        free = (await journal.turn("9", None, 10)).delay
        await journal.stop_run(None, StopRequest.PAUSE, "paused")
        stopped = await journal.turn("7", rate, 10)
    assert delays[:2] == [0, 0]
    assert 5 < delays[2] <= 10
    assert 15 < delays[3] <= 20
    assert (even[0], even[1] <= 10 < even[2] <= 20) == (0, True)
    assert (free, stopped.active, stopped.delay) == (0, False, 0)


async def test_a_run_ends_once_nothing_is_left(place: SharedPlace) -> None:
    """And what it waits for is noted only while it is active."""
    async with running_journal(place) as journal:
        await journal.show("waiting")
        assert (await journal.read_facts())["reason"] == "waiting"
        assert await journal.complete_run() is False
        for no in (0, 1):
            await journal.claim(no, "t")
            await journal.settle(no, "t", [])
        assert await journal.complete_run() is True
        assert await journal.complete_run() is False
        await journal.show("waiting")
        assert (await journal.read_facts())["reason"] == ""
