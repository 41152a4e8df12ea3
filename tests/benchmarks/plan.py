"""Run jobs: every case in every round, in shuffled order."""

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
    """The size of a run.

    Attributes:
        name: `full` or `quick`.
        rounds: The number of rounds.
        more_rounds: That of the sections which compare CPU, whose goals are close.
        share: The fraction of a full run's messages to send.
        million: The number of messages of the memory section.
    """

    name: str
    rounds: int
    more_rounds: int
    share: float
    million: int

    @property
    def is_full(self) -> bool:
        """Whether the figures are for the page."""
        return self == FULL

    def scaled(self, messages: int, minimum: int = 1) -> int:
        """Return this profile's share of a full run's messages."""
        return max(round(messages * self.share), minimum)


FULL = Profile("full", rounds=3, more_rounds=5, share=1.0, million=1_000_000)
QUICK = Profile("quick", rounds=1, more_rounds=1, share=0.1, million=50_000)
PROFILES = {profile.name: profile for profile in (FULL, QUICK)}


@frozen
class Entry:
    """A job to run in every round.

    Attributes:
        cell: The implementation and the case.
        job: The job.
        fresh: Whether to run it in a new process.
    """

    cell: Cell
    job: Job
    fresh: bool = False


@attrs.define
class Bench:
    """A run of the suite, with the measurements so far."""

    gateway: Gateway
    workers: Workers
    profile: Profile
    records: list[Record] = field(factory=list)
    _rng: random.Random = field(factory=lambda: random.Random(20002010))

    def run(self, entries: Sequence[Entry], rounds: int | None = None) -> None:
        """Run every job in every round; one that failed or was stopped is not repeated."""
        failed: set[Cell] = set()
        for turn in range(rounds or self.profile.rounds):
            begun = time.perf_counter()
            for entry in in_shuffled_order(entries, self._rng):
                if entry.cell not in failed and not self._measure(entry, turn):
                    failed.add(entry.cell)
            self.log(f"{entries[0].cell.section}: round {turn + 1}, {time.perf_counter() - begun:.0f} s")

    def _measure(self, entry: Entry, turn: int) -> bool:
        measurements = self.workers.measure(entry.job, fresh=entry.fresh)
        for place, measurement in enumerate(measurements):
            number = turn * len(measurements) + place
            self.records.append(Record(entry.cell, number, measurement.figures, measurement.note, measurement.curve))
            if measurement.note:
                cell = entry.cell
                self.log(f"{cell.section}, {cell.case}, {cell.implementation}: {measurement.note}")
        return not any(measurement.note for measurement in measurements)

    def log(self, text: str) -> None:
        """Print progress to the standard error."""
        print(text, file=sys.stderr, flush=True)


def in_shuffled_order(entries: Iterable[Entry], rng: random.Random) -> list[Entry]:
    """Shuffle the cases, and the entries within each case."""
    by_case: dict[str, list[Entry]] = {}
    for entry in entries:
        by_case.setdefault(entry.cell.case, []).append(entry)
    cases = list(by_case.values())
    rng.shuffle(cases)
    for case in cases:
        rng.shuffle(case)
    return [entry for case in cases for entry in case]
