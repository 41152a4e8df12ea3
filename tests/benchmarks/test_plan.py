"""Running jobs in rounds, in shuffled order."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import cast

import pytest
from attrs import field, frozen

from tests.benchmarks.batches import BUILT, PUBLISHED, SIZES, batch_case, compared
from tests.benchmarks.implementations import registry
from tests.benchmarks.job import Job, Measurement
from tests.benchmarks.measured import Cell, Record
from tests.benchmarks.network import NETWORK_BULK, NETWORK_CASES, NETWORK_SINGLE
from tests.benchmarks.plan import FULL, QUICK, Bench, Entry, Profile, in_shuffled_order
from tests.benchmarks.processes import Gateway, Workers
from tests.benchmarks.sections import CAMPAIGN_WAYS, QUICK_SECTIONS, SECTIONS, SINGLE_CASES

PORTS = (
    {f"{scheme} {latency}": 1 for scheme in ("http", "https") for latency in (0, 20, 50)}
    | {"refusing": 2}
    | {f"network {latency}": 3 for latency in (20, 50, 200)}
)


@frozen
class FakeWorkers:
    """Workers that return prepared measurements."""

    answer: Callable[[Job], list[Measurement]]
    jobs: list[Job] = field(factory=list)

    def measure(self, job: Job, *, fresh: bool = False) -> list[Measurement]:
        """Record the job, and return its measurements."""
        self.jobs.append(job)
        return self.answer(job)


def bench(workers: FakeWorkers, profile: Profile = QUICK) -> Bench:
    """Return a run with fake workers."""
    return Bench(Gateway(PORTS, ""), cast("Workers", workers), profile)


def entries(*cells: tuple[str, str]) -> list[Entry]:
    """Return an entry for each case and implementation."""
    return [Entry(Cell("s", case, name), Job(kind="single", implementation=name)) for case, name in cells]


def test_cases_stay_together_and_the_rest_is_shuffled() -> None:
    """The implementations of a case are measured one after the other, in random order."""
    several = entries(*((case, name) for case in "abc" for name in "xyz"))
    orders = [in_shuffled_order(several, random.Random(seed)) for seed in range(20)]
    assert all(sorted(map(repr, order)) == sorted(map(repr, several)) for order in orders)
    assert all([entry.cell.case for entry in order[start : start + 3]].count(order[start].cell.case) == 3
               for order in orders for start in (0, 3, 6))  # fmt: skip
    assert len({order[0].cell for order in orders}) > 4


def test_every_round_measures_everything() -> None:
    """Each measurement is recorded with its round."""
    workers = FakeWorkers(lambda job: [Measurement(figures={"cpu": 1.0})])
    run = bench(workers)
    run.run(entries(("a", "x"), ("a", "y")), rounds=3)
    assert sorted((record.cell.implementation, record.turn) for record in run.records) == [
        ("x", 0), ("x", 1), ("x", 2), ("y", 0), ("y", 1), ("y", 2),
    ]  # fmt: skip


def test_a_stopped_job_is_not_repeated() -> None:
    """Its one measurement is recorded with its note."""
    run = bench(FakeWorkers(lambda job: [Measurement(note="slow" if job.implementation == "x" else "")]))
    run.run(entries(("a", "x"), ("a", "y")), rounds=2)
    assert [record for record in run.records if record.cell.implementation == "x"] == [
        Record(Cell("s", "a", "x"), 0, {}, "slow", [])
    ]
    assert len(run.records) == 3


def test_the_measurements_of_a_job_are_numbered_as_rounds() -> None:
    """A job that returns several measurements adds as many rounds."""
    run = bench(FakeWorkers(lambda job: [Measurement(), Measurement()]))
    run.run(entries(("a", "x")), rounds=2)
    assert [record.turn for record in run.records] == [0, 1, 2, 3]


def test_a_full_run_of_single_sends_skips_only_slow_cases_of_one_client_per_call() -> None:
    """A client per call and two pools are not run with more than 50 tasks; everything else is run."""
    workers = FakeWorkers(lambda job: [Measurement()])
    run = bench(workers, FULL)
    SECTIONS["single"](run)
    cells = {record.cell for record in run.records}
    assert len(run.records) == len(workers.jobs) == FULL.more_rounds * len(cells)
    assert len(cells) == len(SINGLE_CASES) * len(registry.SINGLE) - 6
    assert all(job.messages >= job.tasks for job in workers.jobs if job.implementation != registry.PER_CALL)


def test_a_quick_run_has_at_most_50_tasks() -> None:
    """More of them take long on a busy machine."""
    workers = FakeWorkers(lambda job: [Measurement()])
    SECTIONS["single"](bench(workers))
    assert max(job.tasks for job in workers.jobs) == 50
    assert {job.implementation for job in workers.jobs} == set(registry.SINGLE)


def test_a_campaign_and_bulk_send_the_same_in_every_round() -> None:
    """Both send as many messages, over as many connections, to the same gateway; each round measures both."""
    workers = FakeWorkers(lambda job: [Measurement()])
    run = bench(workers, FULL)
    SECTIONS["campaign"](run)
    for latency in (20, 50):
        records = [record for record in run.records if record.cell.case == f"{latency} ms"]
        assert sorted((record.cell.implementation, record.turn) for record in records) == [
            (way, turn) for way in sorted(CAMPAIGN_WAYS) for turn in range(FULL.rounds)
        ]
    jobs = {(job.messages, job.connections) for job in workers.jobs if job.kind == "bulk"}
    assert jobs == {(80_000, 8), (64_000, 8)}


@pytest.mark.parametrize(("profile", "messages"), [(FULL, 1_000_000), (QUICK, 100_000)])
def test_a_million_messages_are_planned(profile: Profile, messages: int) -> None:
    """A quick run plans a tenth of them."""
    workers = FakeWorkers(lambda job: [Measurement()])
    SECTIONS["campaign"](bench(workers, profile))
    planned = [job.messages for job in workers.jobs if job.kind == "planning"]
    assert planned == [messages] * profile.rounds


def test_messages_are_built_before_and_inside_in_every_batch_size() -> None:
    """Each case has the near-limit client and aiohttp beside both methods of the SDK; the published one has all."""
    workers = FakeWorkers(lambda job: [Measurement()])
    run = bench(workers, FULL)
    SECTIONS["batches"](run)
    found = {record.cell.case: run_of(run, record.cell.case) for record in run.records}
    assert {case: set(names) for case, names in found.items()} == {
        batch_case(size, built): set(compared(batch_case(size, built))) for size in SIZES for built in BUILT
    } | {case: set(names) for case, names in registry.COLUMNS.items()}
    assert found[PUBLISHED].count(registry.SDK) == FULL.more_rounds
    by_size = {(job.batch, job.built) for job in workers.jobs if job.implementation == registry.SDK}
    assert by_size == {(size, built) for size in SIZES for built in BUILT}
    columns = {(job.batch, job.built) for job in workers.jobs if job.implementation == registry.ONE_TEXT}
    assert columns == {(100, "inside")}


def run_of(run: Bench, case: str) -> list[str]:
    """Return the implementations measured in a case, once a round."""
    return [record.cell.implementation for record in run.records if record.cell.case == case]


def test_networks_fail_some_requests_over_tls() -> None:
    """All jobs go to the ports with jitter and failures, and know the share of failures."""
    workers = FakeWorkers(lambda job: [Measurement()])
    run = bench(workers)
    SECTIONS["network"](run)
    assert {job.url for job in workers.jobs} == {"https://127.0.0.1:3"}
    assert {job.failing for job in workers.jobs} == {0.01}
    assert len(workers.jobs) == len(NETWORK_CASES) * (len(NETWORK_SINGLE) + len(NETWORK_BULK))
    singles = [job for job in workers.jobs if job.kind == "burst"]
    assert {(job.tasks, job.connections) for job in singles} == {(100, 100)}
    assert min(job.messages for job in singles) >= 400


def test_a_quick_run_measures_sections_that_exist() -> None:
    """They are the ones whose figures change most often."""
    assert set(QUICK_SECTIONS) < set(SECTIONS)
