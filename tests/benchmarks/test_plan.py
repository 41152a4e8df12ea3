"""A run measures everything in every round, in an order that favours nobody."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import cast

from attrs import field, frozen

from tests.benchmarks.contenders import registry as known
from tests.benchmarks.job import Job, Outcome
from tests.benchmarks.measured import Cell, Record
from tests.benchmarks.plan import FULL, QUICK, Bench, Entry, Profile, in_shuffled_order
from tests.benchmarks.processes import Gateway, Workers
from tests.benchmarks.sections import SECTIONS, SINGLE_CASES

PORTS = {f"{scheme} {latency}": 1 for scheme in ("http", "https") for latency in (0, 20, 50)}


@frozen
class Answers:
    """Workers that measure nothing, and answer as they are told."""

    answer: Callable[[Job], list[Outcome]]
    jobs: list[Job] = field(factory=list)

    def measure(self, job: Job, *, fresh: bool = False) -> list[Outcome]:
        """Note the job, and answer."""
        self.jobs.append(job)
        return self.answer(job)


def bench(answers: Answers, profile: Profile = QUICK) -> Bench:
    """Make a run with such workers."""
    return Bench(Gateway(PORTS, ""), cast("Workers", answers), profile)


def entries(*cells: tuple[str, str]) -> list[Entry]:
    """Make something to measure for each case and contender."""
    return [Entry(Cell("s", case, name), Job(kind="single", contender=name)) for case, name in cells]


def test_cases_stay_together_and_all_else_is_shuffled() -> None:
    """The contenders of one case are measured one right after the other."""
    several = entries(*((case, name) for case in "abc" for name in "xyz"))
    orders = [in_shuffled_order(several, random.Random(seed)) for seed in range(20)]
    assert all(sorted(map(repr, order)) == sorted(map(repr, several)) for order in orders)
    assert all([entry.cell.case for entry in order[start : start + 3]].count(order[start].cell.case) == 3
               for order in orders for start in (0, 3, 6))  # fmt: skip
    assert len({order[0].cell for order in orders}) > 4


def test_every_round_measures_everything() -> None:
    """Each measurement is kept with its round."""
    answers = Answers(lambda job: [Outcome(figures={"cpu": 1.0})])
    run = bench(answers)
    run.play(entries(("a", "x"), ("a", "y")), rounds=3)
    assert sorted((record.cell.contender, record.turn) for record in run.records) == [
        ("x", 0), ("x", 1), ("x", 2), ("y", 0), ("y", 1), ("y", 2),
    ]  # fmt: skip


def test_what_was_broken_off_is_not_tried_again() -> None:
    """Its one measurement is kept with the remark."""
    run = bench(Answers(lambda job: [Outcome(note="slow" if job.contender == "x" else "")]))
    run.play(entries(("a", "x"), ("a", "y")), rounds=2)
    assert [record for record in run.records if record.cell.contender == "x"] == [
        Record(Cell("s", "a", "x"), 0, {}, "slow", [])
    ]
    assert len(run.records) == 3


def test_a_job_of_several_rounds_is_as_many_measurements() -> None:
    """They are numbered on."""
    run = bench(Answers(lambda job: [Outcome(), Outcome()]))
    run.play(entries(("a", "x")), rounds=2)
    assert [record.turn for record in run.records] == [0, 1, 2, 3]


def test_a_full_run_of_single_sends_leaves_out_only_what_cannot_be_told_apart() -> None:
    """A client for each call is not run beyond 50 tasks, nor where it waits for the gateway; all else is."""
    answers = Answers(lambda job: [Outcome()])
    run = bench(answers, FULL)
    SECTIONS["single"](run)
    cells = {record.cell for record in run.records}
    assert len(run.records) == len(answers.jobs) == 5 * len(cells)
    assert len(cells) == len(SINGLE_CASES) * len(known.SINGLE) - 4
    assert all(job.messages >= job.tasks for job in answers.jobs if job.contender != known.PER_CALL)


def test_a_quick_run_does_not_wait_for_those_that_collapse() -> None:
    """Plain httpx is measured at no more than 50 tasks."""
    answers = Answers(lambda job: [Outcome()])
    SECTIONS["single"](bench(answers))
    assert max(job.tasks for job in answers.jobs if job.contender in known.SLOW) == 50
    assert max(job.tasks for job in answers.jobs if job.contender not in known.SLOW) == 5000
