"""A few kills of a campaign's process; `python -m tests.faults.chaos --kills 30 --messages 20000` is the long experiment."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.faults.chaos import Chaos, audit, chaos
from wikipayam_async import SendStatus


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_killed_campaign_sends_nothing_twice_and_loses_nothing(tmp_path: Path, backend: str) -> None:
    """After three SIGKILLs under faults, the journal agrees with the gateway, and each kill made few messages unknown."""
    settings = Chaos(kills=3, messages=1500, batch_size=25, backend=backend, seed=3, latency=0.05)
    figures = chaos(settings, tmp_path)
    assert (figures["doubled"], figures["accepted_but_neither_accepted_nor_unknown"]) == (0, 0)
    assert figures["accepted_in_the_journal_alone"] == 0
    assert figures["most_unknown_after_one_crash"] <= settings.exposed
    assert figures["unknown_by_crashes"] <= figures["kills"] * settings.exposed
    assert (figures["kills"], figures["not_attempted"]) == (3, 0)


def test_a_crash_makes_nothing_unknown_that_waited_for_the_rate_limit(tmp_path: Path) -> None:
    """Three of four workers wait for their turn; only what the fourth has sent is in flight."""
    settings = Chaos(kills=2, messages=300, batch_size=25, rate=150, faults=False, latency=0.05)
    figures = chaos(settings, tmp_path)
    assert (figures["doubled"], figures["accepted_but_neither_accepted_nor_unknown"]) == (0, 0)
    assert figures["most_unknown_after_one_crash"] <= 2 * settings.batch_size
    assert figures["unknown_by_crashes"] + figures["accepted"] == 300


def test_the_comparison_notices_every_kind_of_failure() -> None:
    """A doubled message, a lost one, and one that only the journal knows."""
    outcomes = {
        "doubled": (SendStatus.ACCEPTED, None),
        "lost": (SendStatus.REJECTED, "422"),
        "phantom": (SendStatus.ACCEPTED, None),
        "unknown": (SendStatus.UNKNOWN, "timeout"),
    }
    assert audit(outcomes, Counter({"doubled": 2, "lost": 1, "unknown": 1})) == {
        "doubled": 1,
        "accepted_but_neither_accepted_nor_unknown": 1,
        "accepted_in_the_journal_alone": 1,
    }
