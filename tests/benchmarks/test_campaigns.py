"""The probe of campaigns."""

from __future__ import annotations

from datetime import date

import pytest

from tests.benchmarks import payload, probes
from tests.benchmarks.campaigns import Builder, plan_and_resume
from tests.benchmarks.implementations import registry
from tests.benchmarks.job import Job
from tests.benchmarks.machine import disk_folder, facts


def job(port: int, messages: int, way: str = registry.CAMPAIGN) -> Job:
    """Return a job for the gateway."""
    return Job(
        kind="planning",
        implementation=way,
        url=f"http://127.0.0.1:{port}",
        statistics_port=port,
        messages=messages,
        connections=8,
    )


@pytest.mark.parametrize("count", [1, 999, 1000, 2001])
def test_messages_are_built_while_they_are_read(count: int) -> None:
    """Every message is yielded once, in order, and the time of building is counted."""
    builder = Builder()
    messages = list(builder.messages(count))
    assert [one.receiver for one in messages] == [payload.receiver(number) for number in range(count)]
    assert builder.seconds > 0


def test_nothing_is_built_before_it_is_read() -> None:
    """A generator that nobody has read costs nothing."""
    builder = Builder()
    builder.messages(1_000_000)
    assert (builder.seconds, builder.cpu) == (0.0, 0.0)


def test_the_journal_is_on_a_disk() -> None:
    """The folder exists, and the page names its file system."""
    assert disk_folder().is_dir()
    assert {"Disk of the campaigns", "Load average before the run"} < set(facts(date(2026, 1, 2)))


def test_a_campaign_is_planned_looked_at_and_resumed(port: int) -> None:
    """The probe checks that a crash left 800 messages in flight and that resuming made them unknown."""
    (measurement,) = plan_and_resume(job(port, 2001))
    figures = measurement.figures
    assert measurement.note == ""
    assert set(figures) >= {"rate", "cpu", "start", "top", "growth", "size", "status", "resume"}
    assert min(figures[name] for name in ("rate", "cpu", "size", "status", "resume")) > 0


def test_a_run_sends_what_bulk_sends(port: int) -> None:
    """Only the messages of the run are counted, in as many requests, not those of the plan or of the warm-up."""
    ways = (registry.SDK_STREAM, registry.CAMPAIGN)
    figures = [probes.bulk(job(port, 2000, way))[0].figures for way in ways]
    assert [(one["done"], one["requests"]) for one in figures] == [(2000.0, 20.0), (2000.0, 20.0)]
