"""The statements of a run; what they must do together is in the contract (test_contract.py)."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from wikipayam_async import SendStatus
from wikipayam_async.campaigns import Decision, PlanBlock, Resolution, StoredOutcome
from wikipayam_async.campaigns.sqlite.planning import add_blocks
from wikipayam_async.campaigns.sqlite.reading import read_pending
from wikipayam_async.campaigns.sqlite.schema import SCHEMA
from wikipayam_async.campaigns.sqlite.sending import claim, resolve, settle


def test_requeued_messages_far_apart_do_not_share_a_chunk() -> None:
    """A chunk is read as a range, so one that spans the whole campaign would be slow to read."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    rows = [(index, index // 2, f"09{index:09d}", "x", None, f"t-{index}", None, None) for index in range(1200)]
    chunks = [(no, 2 * no, 2 * no + 1, 2) for no in range(600)]
    add_blocks(connection, [PlanBlock(b"", rows, chunks)])
    for no in range(600):
        claim(connection, no, "token")
        outcomes = [
            StoredOutcome(index, f"t-{index}", SendStatus.UNKNOWN, None, "timeout", "")
            for index in (2 * no, 2 * no + 1)
        ]
        settle(connection, no, "token", outcomes)
    wanted = [f"t-{index}" for index in range(0, 1200, 2)]
    decision = Resolution(Decision.REQUEUED, wanted, [f"n-{i}" for i in range(600)], "x", datetime.now(UTC), 5)
    assert resolve(connection, decision) == []
    found = [[message.index for message in chunk.messages] for chunk in read_pending(connection, -1, 1000)]
    assert [index for chunk in found for index in chunk] == list(range(0, 1200, 2))
    assert {len(chunk) for chunk in found} == {5}
    far = Resolution(Decision.REQUEUED, ["t-1", "t-1101"], ["a", "b"], "x", datetime.now(UTC), 5)
    assert resolve(connection, far) == []
    assert [len(chunk.messages) for chunk in read_pending(connection, -1, 1000)[-2:]] == [1, 1]
    connection.close()
