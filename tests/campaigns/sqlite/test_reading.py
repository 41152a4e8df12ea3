"""The statements that read a campaign; what they must return is in the contract (test_contract.py)."""

from __future__ import annotations

import sqlite3

from wikipayam_async.campaigns import Counts
from wikipayam_async.campaigns.sqlite.reading import read_counts
from wikipayam_async.campaigns.sqlite.schema import SCHEMA


def test_counts_come_from_the_chunks() -> None:
    """A status of a million messages reads some thousand rows, and not the messages."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    connection.execute(
        "INSERT INTO chunk VALUES (0, 0, 9, 10, 'done', 1, 'a', 7, 2, 1), (1, 10, 19, 9, 'pending', 0, NULL, 0, 0, 0)"
    )
    connection.execute("INSERT INTO meta VALUES ('held', '3')")
    assert read_counts(connection) == Counts(pending=9, accepted=7, rejected=5, unknown=1)
    connection.close()
