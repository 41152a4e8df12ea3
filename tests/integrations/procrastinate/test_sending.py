"""Outcomes that come late, or twice."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from tests.campaigns.shared_place import SharedPlace
from wikipayam_async import SendStatus
from wikipayam_async.campaigns import Counts, Decision, Resolution, StoredOutcome

pytestmark = pytest.mark.anyio

OUTCOMES = [
    *(StoredOutcome(index, f"m-{index}", SendStatus.ACCEPTED, f"id-{index}") for index in range(8)),
    *(StoredOutcome(index, f"m-{index}", SendStatus.NOT_ATTEMPTED) for index in (8, 9)),
]


async def test_outcomes_are_recorded_once_however_often_they_come(place: SharedPlace) -> None:
    """As after a commit without an answer: what was moved to a chunk of its own stays there, also once it is sent."""
    await place.plan(10)
    async with aclosing(place.journal()) as journal:
        await journal.lock()
        await journal.claim(0, "token")
        for _ in range(3):
            assert await journal.settle(0, "token", OUTCOMES)
            assert await journal.counts() == Counts(pending=2, accepted=8)
        assert [chunk.no for chunk in await journal.pending(-1, 10)] == [1]
        await journal.claim(1, "other")
        assert await journal.settle(0, "token", OUTCOMES)
        assert await journal.counts() == Counts(sending=2, accepted=8)


async def test_a_late_answer_to_a_decision_is_entered_once(place: SharedPlace) -> None:
    """However often it comes."""
    await place.plan(10)
    async with aclosing(place.journal()) as journal:
        await journal.lock()
        await journal.claim(0, "token")
        unknown = [StoredOutcome(index, f"m-{index}", SendStatus.UNKNOWN, None, "timeout", "") for index in range(10)]
        await journal.settle(0, "token", unknown)
        decided = Resolution(Decision.REQUEUED, ["m-0"], ["n-0"], "panel", datetime.now(UTC), 10)
        assert list(await journal.resolve(decided)) == []
        for _ in range(2):
            assert await journal.settle(0, "token", OUTCOMES)
        assert [entry.decision for entry in await journal.audit(0, 10)] == [Decision.REQUEUED, Decision.LATE_ANSWER]
        assert await journal.counts() == Counts(pending=3, accepted=7)


async def test_what_a_living_process_sends_is_not_recovered(place: SharedPlace) -> None:
    """Only the owner's death makes it unknown; its late answer still counts."""
    await place.plan(10)
    async with aclosing(place.journal()) as owner, aclosing(place.journal()) as other:
        await owner.lock()
        await other.lock()
        await owner.claim(0, "token")
        assert await other.recover() == 0
        await owner.database.leave()
        assert await other.recover() == 10
        assert await other.counts() == Counts(unknown=10)
        assert await owner.settle(0, "token", OUTCOMES)
        assert await other.counts() == Counts(pending=2, accepted=8)
