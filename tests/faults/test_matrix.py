"""The fault matrix: what every kind of call comes to under every fault, held against a literal table."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.faults.matrix.cells import Observation, observe_all
from tests.faults.matrix.expected import EITHER, PAUSES, Row, rows
from tests.faults.matrix.faults import ENVIRONMENTS, FAULTS
from tests.faults.matrix.reuse import race
from tests.support.figures import record

pytestmark = [
    pytest.mark.anyio,
    # httpx leaves its generators to the garbage collector when an exchange through a proxy breaks off.
    pytest.mark.filterwarnings("ignore:Async generator 'http:ResourceWarning"),
]

TABLE = rows()
TRIES = 300


@pytest.fixture(scope="module")
def measured() -> Iterator[dict[str, dict[str, Row]]]:
    """Keep the rows that were measured, by event loop and fault; recorded if there is one for every fault."""
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
    """Leave out anyio's word on handshakes that fail, which is the point of some faults."""
    caplog.set_level(logging.CRITICAL, "anyio.streams.tls")


def hold_against(row: Row, seen: dict[str, Observation]) -> dict[str, str]:
    """Assert what a row says, and return the cells as they are to be recorded."""
    found = {kind: str(one) for kind, one in seen.items()}
    cells = {
        kind: cell if EITHER in cell and found[kind] in cell.split(EITHER) else found[kind]
        for kind, cell in row.cells.items()
    }
    assert cells == row.cells
    assert {kind: one.broken for kind, one in seen.items()} == dict.fromkeys(seen, ())
    pauses = PAUSES.get(row.fault, {})
    assert {kind: seen[kind].pauses for kind in pauses} == {
        kind: pytest.approx(expected, rel=0.05) for kind, expected in pauses.items()
    }
    return cells


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_comes_to_what_the_table_says(
    fault: str, anyio_backend: str, measured: dict[str, dict[str, Row]]
) -> None:
    """Exception, requests seen, messages accepted and outcome are those of the table, and nothing is sent twice."""
    row = TABLE[fault]
    cells = hold_against(row, await observe_all(FAULTS[fault], list(row.cells), at_once=True))
    measured[anyio_backend][fault] = Row(fault, row.group, cells)


@pytest.mark.parametrize("fault", ENVIRONMENTS)
async def test_the_environment_changes_nothing(
    fault: str, anyio_backend: str, measured: dict[str, dict[str, Row]]
) -> None:
    """Proxies, passwords and certificates that the environment names play no part."""
    row = TABLE[fault]
    cells = hold_against(row, await observe_all(ENVIRONMENTS[fault], list(row.cells), at_once=False))
    measured[anyio_backend][fault] = Row(fault, row.group, cells)


def test_the_table_has_a_row_for_every_fault() -> None:
    """No fault is left out of the table, and no row is left untested."""
    assert list(TABLE) == [*FAULTS, *ENVIRONMENTS]


def test_the_pauses_are_those_of_cells_that_exist() -> None:
    """No expectation of a pause is skipped because its fault has another name."""
    assert [name for name, pauses in PAUSES.items() if not pauses.keys() <= TABLE[name].cells.keys()] == []


async def test_a_connection_that_closes_at_the_moment_of_reuse_sends_nothing_twice(anyio_backend: str) -> None:
    """Whoever is first, the client or the end of the connection: accepted at most once, and never called a failure."""
    ends = await race(TRIES, seed=20)
    assert ends.total() == TRIES
    not_taken = ("UnknownOutcomeError, accepted 0", "APIConnectionError, accepted 0")
    figures = {
        "tries": TRIES,
        "accepted once, and told as accepted": ends["ok, accepted 1"],
        "accepted once, and told as unknown": ends["UnknownOutcomeError, accepted 1"],
        "not accepted, and told as unknown or as not attempted": sum(ends[end] for end in not_taken),
    }
    figures["anything else"] = 2 * TRIES - sum(figures.values())
    assert figures["anything else"] == 0
    record(f"reuse.{anyio_backend}", figures)
