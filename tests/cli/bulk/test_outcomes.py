from __future__ import annotations

from typing import Any

from tests.cli.bulk.results_files import (
    ACCEPTED,
    HEADER,
    NOT_ATTEMPTED,
    PATH,
    REJECTED,
    UNKNOWN,
    new_file,
    outcomes,
    row_record,
    write,
)
from wikipayam_async.cli.bulk.outcomes import RowOutcome, read_results


def test_the_last_record_of_a_row_counts() -> None:
    """A row claimed after its last outcome is unknown; otherwise its last outcome counts."""
    claim = {"line": "claimed", "run": "w1", "rows": [[2, 9]]}
    rows: list[dict[str, Any]] = [
        {"line": "row", "row": 2, "status": "accepted"},
        {"line": "row", "row": 3, "status": "rejected", "reason": "no"},
        {"line": "row", "row": 4, "status": "rejected", "reason": "duplicate"},
        {"line": "row", "row": 5, "status": "unknown", "reason": "duplicate"},
        {"line": "row", "row": 6, "status": "not_attempted"},
        {"line": "row", "row": 7, "status": "not_attempted"},
        {"line": "claimed", "run": "w2", "rows": [[7, 7]]},
        {"line": "row", "row": 8, "status": "rejected"},
        {"line": "claimed", "run": "w2", "rows": [[8, 8]]},
        {"line": "row", "row": 8, "status": "accepted"},
    ]
    write(HEADER, claim, *rows)
    assert outcomes(*range(1, 11)) == [
        RowOutcome.NONE, RowOutcome.ACCEPTED, RowOutcome.REJECTED, RowOutcome.HELD_BACK, RowOutcome.UNKNOWN, RowOutcome.NOT_ATTEMPTED, RowOutcome.UNKNOWN,
        RowOutcome.ACCEPTED, RowOutcome.UNKNOWN, RowOutcome.NONE,
    ]  # fmt: skip
    found = read_results(PATH).outcomes
    assert found.counts(20) == {ACCEPTED: 2, REJECTED: 2, UNKNOWN: 3, NOT_ATTEMPTED: 13}
    assert found.counts(0) == {ACCEPTED: 2, REJECTED: 2, UNKNOWN: 3, NOT_ATTEMPTED: 1}
    assert found.held_back == 1
    assert [row for row in range(1, 11) if found.may_be_sent(row)] == [1, 6, 10]
    assert [row for row in range(1, 11) if found.may_have_been_sent(row)] == [2, 5, 7, 8, 9]


def test_claimed_rows_are_not_unknown_during_a_run() -> None:
    """During a run its claims count as not attempted; after a run that ended without outcomes, as unknown."""
    with new_file() as results:
        results.claim([2, 3], [])
        results.record([row_record(2, ACCEPTED)])
        assert results.outcomes[3] is RowOutcome.CLAIMED
        assert results.outcomes.live_counts(5) == {ACCEPTED: 1, REJECTED: 0, UNKNOWN: 0, NOT_ATTEMPTED: 4}
        results.outcomes.end_run()
        assert outcomes(2, 3) == [RowOutcome.ACCEPTED, RowOutcome.UNKNOWN]
        assert results.outcomes.live_counts(5) == {ACCEPTED: 1, REJECTED: 0, UNKNOWN: 1, NOT_ATTEMPTED: 3}
