"""The arithmetic of the page about scale."""

from __future__ import annotations

import pytest

from tests.benchmarks.scale import Costs, Load, accounts_table, loads_table, roads_table

COSTS = Costs(cpu=5.0, up=200.0, down=100.0)


def test_a_load_is_divided_into_requests_lanes_and_cores() -> None:
    """A million messages in 50 seconds are 20,000 a second, which all else follows from."""
    load = Load("burst", 1_000_000, 50)
    assert (load.rate, load.requests(100)) == (20_000, 200)
    assert (load.lanes(100, 0.05), load.lanes(100, 1.0), load.lanes(1, 0.05)) == (10, 200, 1000)
    assert load.cores(COSTS) == pytest.approx(0.1)
    assert load.megabits(COSTS.up) == pytest.approx(32.0)


@pytest.mark.parametrize(
    ("messages", "lanes", "processes"), [(1, 1, 1), (2000, 1, 1), (100_000, 50, 1), (100_001, 51, 2)]
)
def test_parts_of_a_lane_and_of_a_process_are_whole_ones(messages: int, lanes: int, processes: int) -> None:
    """What is exactly full needs no further one."""
    load = Load("one second", messages, 1)
    assert (load.lanes(100, 0.05), load.processes(COSTS)) == (lanes, processes)


def test_the_table_of_loads_shows_100_million_messages() -> None:
    """In a day they are 1,160 a second, and take six thousandths of a core at 5 µs each."""
    day = loads_table(COSTS).splitlines()[2]
    assert [cell.strip() for cell in day.strip("|").split("|")] == [
        "24 hours", "1,160", "11.6", "1", "12", "0.00579", "1", "1.85 / 0.926",
    ]  # fmt: skip


def test_the_table_of_roads_shows_what_a_batch_saves() -> None:
    """The same costs a message, sent alone, need a lane for each of many more requests."""
    rows = roads_table([("bulk", 100, COSTS), ("alone", 1, COSTS)]).splitlines()[2:]
    assert [[cell.strip() for cell in row.strip("|").split("|")] for row in rows] == [
        ["bulk", "5", "0.00579", "1", "200 / 100", "30"],
        ["alone", "5", "0.00579", "58", "200 / 100", "30"],
    ]


def test_the_table_of_accounts_shows_the_days_that_a_rate_takes() -> None:
    """At 100 a second, 100 million take more than eleven days."""
    assert [cell.strip() for cell in accounts_table().splitlines()[2].strip("|").split("|")] == ["100", "11.6", "8.64"]
