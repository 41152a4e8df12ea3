"""The fault matrix: the result of every kind of call under every fault, compared with a literal table."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.faults.matrix.cells import Observation, observe_all
from tests.faults.matrix.expected import DELAYS, EITHER, Row, rows
from tests.faults.matrix.faults import ENVIRONMENTS, FAULTS
from tests.faults.matrix.reuse import race
from tests.support.effort import long_or_short
from tests.support.figures import record
from tests.support.net import UVLOOP

pytestmark = [
    pytest.mark.anyio,
    # httpx leaves its generators to the garbage collector when an exchange through a proxy fails.
    pytest.mark.filterwarnings("ignore:Async generator 'http:ResourceWarning"),
]

TABLE = rows()
RACES = long_or_short(300, 60)


@pytest.fixture(scope="module")
def measured() -> Iterator[dict[str, dict[str, Row]]]:
    """Collect the measured rows by event loop and fault; record those of an event loop once they are complete."""
    tables: dict[str, dict[str, Row]] = defaultdict(dict)
    yield tables
    for backend, table in tables.items():
        if table.keys() == TABLE.keys():
            record(
                f"matrix.{backend}",
                [{"fault": name, "group": table[name].group, **table[name].cells} for name in TABLE],
            )


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Silence anyio's log of failed handshakes, which some faults cause."""
    caplog.set_level(logging.CRITICAL, "anyio.streams.tls")


def check_row(row: Row, seen: dict[str, Observation]) -> dict[str, str]:
    """Assert that the observations agree with a row, and return its cells for the record."""
    found = {kind: str(one) for kind, one in seen.items()}
    cells = {
        kind: cell if EITHER in cell and found[kind] in cell.split(EITHER) else found[kind]
        for kind, cell in row.cells.items()
    }
    assert cells == row.cells
    assert {kind: one.broken for kind, one in seen.items()} == dict.fromkeys(seen, ())
    delays = DELAYS.get(row.fault, {})
    assert {kind: seen[kind].delays for kind in delays} == {
        kind: pytest.approx(expected, rel=0.05) for kind, expected in delays.items()
    }
    return cells


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_has_the_result_of_the_table(
    fault: str, anyio_backend: str, measured: dict[str, dict[str, Row]]
) -> None:
    """Exception, requests, accepted messages and outcome are those of the table, and nothing is sent twice."""
    row = TABLE[fault]
    cells = check_row(row, await observe_all(FAULTS[fault], list(row.cells), concurrently=True))
    measured[anyio_backend][fault] = Row(fault, row.group, cells)


@pytest.mark.parametrize("anyio_backend", [UVLOOP], ids=["uvloop"])
@pytest.mark.parametrize("fault", long_or_short(list(FAULTS), list(FAULTS)[5:50:3]))
async def test_a_fault_on_uvloop_has_the_result_of_the_table(fault: str) -> None:
    """The event loop changes nothing: in the short form, some of those are tried that a loop could handle differently."""
    check_row(TABLE[fault], await observe_all(FAULTS[fault], list(TABLE[fault].cells), concurrently=True))


@pytest.mark.parametrize("fault", ENVIRONMENTS)
async def test_the_environment_changes_nothing(
    fault: str, anyio_backend: str, measured: dict[str, dict[str, Row]]
) -> None:
    """Proxies, passwords and certificates that the environment names are not used."""
    row = TABLE[fault]
    cells = check_row(row, await observe_all(ENVIRONMENTS[fault], list(row.cells), concurrently=False))
    measured[anyio_backend][fault] = Row(fault, row.group, cells)


def test_the_table_has_a_row_for_every_fault() -> None:
    """The table has exactly one row for every fault, in the same order."""
    assert list(TABLE) == [*FAULTS, *ENVIRONMENTS]


def test_every_expected_delay_belongs_to_a_cell() -> None:
    """Every expected delay names a fault and a kind of call in the table."""
    assert [name for name, delays in DELAYS.items() if not delays.keys() <= TABLE[name].cells.keys()] == []


async def test_a_connection_that_closes_while_it_is_reused_sends_nothing_twice(anyio_backend: str) -> None:
    """A send on a connection that closes is accepted at most once and never reported as failed when accepted."""
    ends = await race(RACES, seed=20)
    assert ends.total() == RACES
    not_accepted = ("UnknownOutcomeError, accepted 0", "APIConnectionError, accepted 0")
    figures = {
        "sends": RACES,
        "accepted once, reported as accepted": ends["ok, accepted 1"],
        "accepted once, reported as unknown": ends["UnknownOutcomeError, accepted 1"],
        "not accepted, reported as unknown or not attempted": sum(ends[end] for end in not_accepted),
    }
    figures["other results"] = 2 * RACES - sum(figures.values())
    assert figures["other results"] == 0
    record(f"reuse.{anyio_backend}", figures)
