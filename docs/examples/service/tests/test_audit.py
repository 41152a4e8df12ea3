"""The comparison of the books finds what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from crowd.audit import Books, read_journal


def failures(books: Books) -> list[str]:
    """Return the claims that do not hold."""
    return [check.claim for check in books.checks() if not check.holds]


def test_books_that_agree() -> None:
    """Whatever became of the notices, it is told once, and the gateway has what it should have."""
    outcomes = [("A", "accepted"), ("B", "unknown"), ("C", "unknown"), ("D", "not_attempted"), ("E", "rejected")]
    books = Books(answered=["A", "B", "C", "D"], broken=1, posted=list("ABCDE"), outcomes=outcomes, ledger=["A", "B"])
    assert failures(books) == []
    assert {str(check)[:6] for check in books.checks()} == {"ok    "}


@pytest.mark.parametrize(
    ("books", "claim"),
    [
        (Books(answered=["A"], broken=0), "every order that was answered 202 was promised"),
        (Books(answered=["A"], broken=0, posted=["A"]), "every promise has an outcome"),
        (
            Books(answered=["A"], broken=0, posted=["A"], outcomes=[("A", "rejected"), ("A", "rejected")]),
            "no promise has two",
        ),
        (
            Books(answered=["A"], broken=0, posted=["A"], outcomes=[("A", "accepted")]),
            "nothing lost: what counts as accepted is in the ledger",
        ),
        (
            Books(answered=["A"], broken=0, posted=["A"], outcomes=[("A", "accepted")], ledger=["A", "A"]),
            "nothing twice: the ledger has each track id once",
        ),
        (
            Books(answered=["A"], broken=0, posted=["A"], outcomes=[("A", "not_attempted")], ledger=["A"]),
            "the ledger has nothing but accepted and unknown",
        ),
        (
            Books(answered=[], broken=0, posted=["A"], outcomes=[("A", "unknown")]),
            "orders without an answer explain the promises nobody heard of",
        ),
    ],
)
def test_books_that_do_not_agree(books: Books, claim: str) -> None:
    """Each kind of disagreement has its line, and it names a track id."""
    assert failures(books) == [claim]
    assert f"FAILED {claim}: not for 1, as A" in map(str, books.checks())


def test_a_journal_is_read_as_it_is_written(tmp_path: Path) -> None:
    """Promises and outcomes are told apart."""
    lines = ['{"track_id": "A", "what": "posted"}', '{"track_id": "A", "what": "accepted", "id": "69e5"}']
    (tmp_path / "journal").write_text("\n".join(lines), encoding="utf-8")
    assert read_journal(tmp_path / "journal") == (["A"], [("A", "accepted")])
