"""The arithmetic of the extrapolation."""

from __future__ import annotations

import pytest

from tests.benchmarks.scale import Costs, Load, accounts_table, loads_table, methods_table

COSTS = Costs(cpu=5.0, up=200.0, down=100.0)


def test_a_load_is_divided_into_requests_lanes_and_cores() -> None:
    """A million messages in 50 seconds are 20,000 per second; requests, lanes and cores follow from that."""
    load = Load("burst", 1_000_000, 50)
    assert (load.rate, load.requests(100)) == (20_000, 200)
    assert (load.lanes(100, 0.05), load.lanes(100, 1.0), load.lanes(1, 0.05)) == (10, 200, 1000)
    assert load.cores(COSTS) == pytest.approx(0.1)
    assert load.megabits(COSTS.up) == pytest.approx(32.0)


@pytest.mark.parametrize(
    ("messages", "lanes", "processes"), [(1, 1, 1), (2000, 1, 1), (100_000, 50, 1), (100_001, 51, 2)]
)
def test_lanes_and_processes_are_rounded_up(messages: int, lanes: int, processes: int) -> None:
    """A lane or process that is exactly full needs no other."""
    load = Load("one second", messages, 1)
    assert (load.lanes(100, 0.05), load.processes(COSTS)) == (lanes, processes)


def test_the_table_of_loads_shows_100_million_messages() -> None:
    """In a day they are 1,160 per second, and use 0.006 cores at 5 µs each."""
    day = loads_table(COSTS).splitlines()[2]
    assert [cell.strip() for cell in day.strip("|").split("|")] == [
        "24 hours", "1,160", "11.6", "1", "12", "0.00579", "1", "1.85 / 0.926",
    ]  # fmt: skip


def test_the_table_of_methods_shows_the_effect_of_batches() -> None:
    """At the same costs per message, single sends need more lanes."""
    rows = methods_table([("bulk", 100, COSTS), ("single", 1, COSTS)]).splitlines()[2:]
    assert [[cell.strip() for cell in row.strip("|").split("|")] for row in rows] == [
        ["bulk", "5", "0.00579", "1", "200 / 100", "30"],
        ["single", "5", "0.00579", "58", "200 / 100", "30"],
    ]


def test_the_table_of_accounts_shows_the_days_by_rate() -> None:
    """At 100 per second, 100 million messages take more than eleven days."""
    assert [cell.strip() for cell in accounts_table().splitlines()[2].strip("|").split("|")] == ["100", "11.6", "8.64"]
