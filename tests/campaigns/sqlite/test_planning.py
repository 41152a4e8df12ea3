"""The statements of a plan; what they must do together is in the contract (test_contract.py)."""

from __future__ import annotations

import sqlite3

from wikipayam_async.campaigns.sqlite.planning import read_facts, write_facts
from wikipayam_async.campaigns.sqlite.schema import SCHEMA


def test_facts_without_a_total_are_those_of_no_plan() -> None:
    """The total is written last, so a plan without it was not finished."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    write_facts(connection, {"status": "planned"})
    assert read_facts(connection) == {}
    write_facts(connection, {"total": "1", "status": "running"})
    assert read_facts(connection) == {"total": "1", "status": "running"}
    connection.close()
