"""The audit of the records."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.audit import Records, read_journal


def failures(records: Records) -> list[str]:
    """Return the claims that do not hold."""
    return [check.claim for check in records.checks() if not check.holds]


def test_consistent_records() -> None:
    """If every notice has one outcome and the ledger matches, all claims hold."""
    outcomes = [("A", "accepted"), ("B", "unknown"), ("C", "unknown"), ("D", "not_attempted"), ("E", "rejected")]
    records = Records(
        answered=["A", "B", "C", "D"], unanswered=1, posted=list("ABCDE"), outcomes=outcomes, ledger=["A", "B"]
    )
    assert failures(records) == []
    assert {str(check)[:6] for check in records.checks()} == {"ok    "}


@pytest.mark.parametrize(
    ("records", "claim"),
    [
        (Records(answered=["A"], unanswered=0), "every order answered 202 is in the journal"),
        (Records(answered=["A"], unanswered=0, posted=["A"]), "every posted notice has an outcome"),
        (
            Records(answered=["A"], unanswered=0, posted=["A"], outcomes=[("A", "rejected"), ("A", "rejected")]),
            "every outcome belongs to a posted notice, and no notice has two",
        ),
        (
            Records(answered=["A"], unanswered=0, posted=["A"], outcomes=[("A", "accepted")]),
            "nothing lost: every accepted notice is in the ledger",
        ),
        (
            Records(answered=["A"], unanswered=0, posted=["A"], outcomes=[("A", "accepted")], ledger=["A", "A"]),
            "nothing twice: the ledger has each track id once",
        ),
        (
            Records(answered=["A"], unanswered=0, posted=["A"], outcomes=[("A", "not_attempted")], ledger=["A"]),
            "every notice in the ledger is accepted or unknown",
        ),
        (
            Records(answered=[], unanswered=0, posted=["A"], outcomes=[("A", "unknown")]),
            "every posted notice belongs to an order, answered or unanswered",
        ),
    ],
)
def test_inconsistent_records(records: Records, claim: str) -> None:
    """Each kind of inconsistency fails its own claim, and the line names a track id."""
    assert failures(records) == [claim]
    assert f"FAILED {claim}: not for 1, for example A" in map(str, records.checks())


def test_a_journal_is_read_as_it_is_written(tmp_path: Path) -> None:
    """Posted notices and outcomes are read separately; withdrawn notices and empty lines are left out."""
    lines = [
        '{"track_id": "A", "status": "posted"}',
        '{"track_id": "B", "status": "posted"}',
        '{"track_id": "B", "status": "withdrawn", "id": null}',
        "",
        '{"track_id": "A", "status": "accepted", "id": "69e5"}',
    ]
    (tmp_path / "journal").write_text("\n".join(lines), encoding="utf-8")
    assert read_journal(tmp_path / "journal") == (["A"], [("A", "accepted")])
