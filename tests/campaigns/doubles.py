"""Test doubles and helpers for campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from anyio.lowlevel import checkpoint

from wikipayam_async import SmsMessage
from wikipayam_async.campaigns import Campaign, CampaignResult, JournalError, MemoryJournal, StoredOutcome
from wikipayam_async.campaigns.memory import MemoryStore

__all__ = ["FullJournal", "WallClock", "all_results", "messages"]


def messages(count: int, text: str = "سلام", **fields: Any) -> list[SmsMessage]:
    """Make messages with track ids, to different numbers."""
    return [SmsMessage(f"0912{index:07d}", text, track_id=f"m-{index}", **fields) for index in range(count)]


async def all_results(campaign: Campaign, **filters: Any) -> list[CampaignResult]:
    """Return the results of a campaign as a list."""
    return [result async for result in campaign.results(**filters)]


class WallClock:
    """A time of day that a sleep moves forward at once.

    Attributes:
        slept: The seconds that each sleep asked for, in order.
    """

    def __init__(self, start: datetime = datetime(2026, 3, 21, 8, 30, tzinfo=UTC)) -> None:
        self._now = start
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Return the time."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Move the clock forward."""
        self.slept.append(seconds)
        self._now += timedelta(seconds=seconds)
        await checkpoint()


class FullJournal(MemoryJournal):
    """A journal whose disk is full: writes of intents or of outcomes fail.

    Attributes:
        claims_left: The claims that still succeed.
        settles_failing: The number of next writes of outcomes that fail.
    """

    def __init__(self, *, claims_left: int = 1000, settles_failing: int = 0, store: MemoryStore | None = None) -> None:
        super().__init__("full", store=store)
        self.claims_left = claims_left
        self.settles_failing = settles_failing

    async def claim(self, no: int, token: str) -> bool:
        """Claim a chunk while there is room."""
        if not self.claims_left:
            raise JournalError("full: database or disk is full")
        self.claims_left -= 1
        return await super().claim(no, token)

    async def settle(self, no: int, token: str, outcomes: Sequence[StoredOutcome]) -> bool:
        """Record outcomes, unless the disk is full."""
        if self.settles_failing:
            self.settles_failing -= 1
            raise JournalError("full: database or disk is full")
        return await super().settle(no, token, outcomes)
