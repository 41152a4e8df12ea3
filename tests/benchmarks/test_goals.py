"""Goals are compared with the measured figures."""

from __future__ import annotations

import pytest

from tests.benchmarks.batches import batch_case
from tests.benchmarks.goals import Goal, goals, goals_table
from tests.benchmarks.implementations import registry
from tests.benchmarks.measured import Cell, Record, Results, Spread
from tests.benchmarks.sections import REFUSING

EMPTY = Results("quick", {}, [])


@pytest.mark.parametrize(
    ("sign", "found", "reached"),
    [
        ("≤", 1.0, True),
        ("≤", 1.01, False),
        ("≥", 1.0, True),
        ("≥", 0.99, False),
        ("<", 1.0, False),
        (">", 1.0, False),
        ("<", 0.9, True),
        (">", 1.1, True),
        ("=", 1.0, True),
        ("=", 2.0, False),
    ],
)
def test_the_median_decides_whether_a_goal_is_reached(sign: str, found: float, reached: bool) -> None:
    """A median equal to the bound reaches it if the sign includes equality."""
    assert Goal("x", sign, 1.0, Spread(found, 0.0, 5.0)).reached is reached


def test_a_goal_without_a_figure_is_neither_reached_nor_missed() -> None:
    """Goals of sections that were not measured are listed as not measured."""
    assert {goal.reached for goal in goals(EMPTY)} == {None}
    assert "not reached" not in goals_table(goals(EMPTY))
    assert len({goal.text for goal in goals(EMPTY)}) == len(goals(EMPTY))


def test_plain_httpx_is_represented_by_its_better_variant() -> None:
    """The goal compares with the faster of the two variants."""
    cpu = {registry.SDK: 100.0, registry.GATHER: 900.0, registry.SEMAPHORE: 500.0, registry.AIOHTTP: 125.0}
    results = Results(
        "full", {}, [Record(Cell("single", "50 tasks", name), 0, {"cpu": one}) for name, one in cpu.items()]
    )
    found = {goal.text: goal.measured.median for goal in goals(results) if goal.measured is not None}
    assert found == {
        "single sends, 50 tasks: CPU per send, relative to aiohttp + orjson": 0.8,
        "single sends, 50 tasks: CPU per send of the better plain httpx, relative to this SDK": 5.0,
    }
    row = next(line for line in goals_table(goals(results)).splitlines() if "0.800" in line)
    assert [cell.strip() for cell in row.strip("|").split("|")][1:] == ["≤ 0.600", "0.800", "**not reached**"]


def campaign(time: float, **figures: float) -> Results:
    """Return results of a campaign that takes so many times the time of `bulk()`, and of a million."""
    cells = {registry.SDK_STREAM: 2.0, registry.CAMPAIGN: 2.0 * time}
    records = [Record(Cell("campaign", "20 ms", name), 0, {"seconds": one}) for name, one in cells.items()]
    million = Record(Cell("campaign", "a million", registry.CAMPAIGN), 0, figures)
    return Results("full", {}, [*records, million])


@pytest.mark.parametrize(
    ("results", "reached"),
    [
        (campaign(1.35, rate=250_000, growth=19.9, status=99.9, resume=99.9), [True, True, True, True, True]),
        (campaign(1.36, rate=249_999, growth=20.0, status=100.0, resume=100.0), [False, False, False, False, False]),
    ],
)
def test_the_goals_of_campaigns_have_their_bounds(results: Results, reached: list[bool]) -> None:
    """The time is relative to `bulk()`; what a million costs is absolute."""
    assert [goal.reached for goal in goals(results) if goal.measured is not None] == reached


@pytest.mark.parametrize(("rate", "reached"), [(95.0, True), (94.0, False)])
def test_refusals_cost_a_twentieth_at_most(rate: float, reached: bool) -> None:
    """The throughput with 1 % of 429 is compared with the throughput without any."""
    rates = {REFUSING: rate, "50 ms": 100.0}
    records = [Record(Cell("bulk", case, registry.SDK), 0, {"rate": one}) for case, one in rates.items()]
    found = {goal.text: goal.reached for goal in goals(Results("full", {}, records)) if goal.measured is not None}
    text = "`send_bulk`, 50 ms: throughput with 1 % of 429 and `Retry-After: 0`, relative to none"
    assert found == {text: reached}


@pytest.mark.parametrize(
    ("case", "ratio", "reached"),
    [
        (batch_case(100, "inside"), 0.85, True),
        (batch_case(100, "inside"), 0.86, False),
        (batch_case(100, "before"), 0.95, True),
        (batch_case(100, "before"), 0.96, False),
        (batch_case(500, "before"), 1.1, True),
        (batch_case(1000, "before"), 1.11, False),
        (batch_case(500, "inside"), 0.85, True),
        (batch_case(1000, "inside"), 0.86, False),
    ],
)
def test_bulk_sends_have_a_bound_for_each_batch_size(case: str, ratio: float, reached: bool) -> None:
    """A larger batch may cost more beside aiohttp if its messages are built before; inside it may not."""
    cpu = {registry.AIOHTTP: 100.0, registry.SDK: 100 * ratio, registry.SDK_STREAM: 100 * ratio}
    records = [Record(Cell("batches", case, name), 0, {"cpu": one}) for name, one in cpu.items()]
    found = [goal.reached for goal in goals(Results("full", {}, records)) if goal.measured is not None]
    assert found == [reached, reached]


@pytest.mark.parametrize(("cpu", "rate", "reached"), [(55.0, 65.0, [True, True]), (56.0, 64.0, [False, False])])
def test_one_text_is_compared_with_what_is_built_by_hand(cpu: float, rate: float, reached: list[bool]) -> None:
    """Its CPU is compared with aiohttp + orjson, its throughput with the near-limit client."""
    figures = {
        registry.AIOHTTP_ONE_TEXT: {"cpu": 100.0},
        registry.NEAR_LIMIT_ONE_TEXT: {"rate": 100.0},
        registry.ONE_TEXT: {"cpu": cpu, "rate": rate},
    }
    records = [Record(Cell("batches", "one text", name), 0, one) for name, one in figures.items()]
    assert [goal.reached for goal in goals(Results("full", {}, records)) if goal.measured is not None] == reached


def test_the_memory_of_a_million_has_its_bounds() -> None:
    """`bulk()` stays flat on both event loops, and a result costs less than 500 bytes."""
    figures = {
        "bulk(), from a generator": {"growth": 19.9},
        "bulk() on trio, from a generator": {"growth": 20.0},
        "send_bulk, from a list": {"bytes": 499.0},
    }
    records = [Record(Cell("memory", "a million", method), 0, one) for method, one in figures.items()]
    found = [goal.reached for goal in goals(Results("full", {}, records)) if goal.measured is not None]
    assert found == [True, False, True]
