"""How a run goes: what is measured in which round, in shuffled order, by whose process."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterable, Sequence

import attrs
from attrs import field, frozen

from tests.benchmarks.job import Job
from tests.benchmarks.measured import Cell, Record
from tests.benchmarks.processes import Gateway, Workers

__all__ = ["FULL", "PROFILES", "QUICK", "Bench", "Entry", "Profile", "in_shuffled_order"]


@frozen
class Profile:
    """How thoroughly to measure.

    Attributes:
        name: `full` or `quick`.
        rounds: How often each comparison is made.
        share: What share of the messages of a full run is sent.
        million: The messages of the runs that show the memory.
    """

    name: str
    rounds: int
    share: float
    million: int

    @property
    def is_full(self) -> bool:
        """Whether the figures are good enough for the page."""
        return self == FULL

    def some(self, messages: int, least: int = 1) -> int:
        """Return how many messages to send where a full run sends so many."""
        return max(round(messages * self.share), least)


FULL = Profile("full", rounds=5, share=1.0, million=1_000_000)
QUICK = Profile("quick", rounds=2, share=0.1, million=50_000)
PROFILES = {profile.name: profile for profile in (FULL, QUICK)}


@frozen
class Entry:
    """Something to measure in every round.

    Attributes:
        cell: Who at what.
        job: What the worker is told.
        fresh: In a process of its own.
    """

    cell: Cell
    job: Job
    fresh: bool = False


@attrs.define
class Bench:
    """A run of the suite: where it measures, how thoroughly, and what came of it so far."""

    gateway: Gateway
    workers: Workers
    profile: Profile
    records: list[Record] = field(factory=list)
    _random: random.Random = field(factory=lambda: random.Random(20002010))

    def play(self, entries: Sequence[Entry], rounds: int | None = None) -> None:
        """Measure everything in every round; what failed or was broken off once is not tried again."""
        given_up: set[Cell] = set()
        for turn in range(rounds or self.profile.rounds):
            begun = time.perf_counter()
            for entry in in_shuffled_order(entries, self._random):
                if entry.cell not in given_up and not self._measure(entry, turn):
                    given_up.add(entry.cell)
            self.say(f"{entries[0].cell.section}: round {turn + 1}, {time.perf_counter() - begun:.0f} s")

    def _measure(self, entry: Entry, turn: int) -> bool:
        outcomes = self.workers.measure(entry.job, fresh=entry.fresh)
        for place, outcome in enumerate(outcomes):
            number = turn * len(outcomes) + place
            self.records.append(Record(entry.cell, number, outcome.figures, outcome.note, outcome.curve))
            if outcome.note:
                cell = entry.cell
                self.say(f"{cell.section}, {cell.case}, {cell.contender}: {outcome.note}")
        return not any(outcome.note for outcome in outcomes)

    def say(self, text: str) -> None:
        """Tell whoever watches the run how it goes."""
        print(text, file=sys.stderr, flush=True)


def in_shuffled_order(entries: Iterable[Entry], chance: random.Random) -> list[Entry]:
    """Shuffle the cases, and within each case who goes first."""
    by_case: dict[str, list[Entry]] = {}
    for entry in entries:
        by_case.setdefault(entry.cell.case, []).append(entry)
    cases = list(by_case.values())
    chance.shuffle(cases)
    for case in cases:
        chance.shuffle(case)
    return [entry for case in cases for entry in case]
