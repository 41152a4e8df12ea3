"""The load script's verdict."""

from __future__ import annotations

import pytest

import load
from crowd.audit import Books
from crowd.users import Seen


def found(*ledger: str) -> load.Run:
    """Return a run in which one order was taken and its notice counts as accepted."""
    books = Books(answered=["A"], broken=0, posted=["A"], outcomes=[("A", "accepted")], ledger=list(ledger))
    return load.Run(Seen(logged_in=1, track_ids=["A"], seconds=[0.1]), books, requests=1, stopping=0.1)


@pytest.mark.parametrize(("ledger", "orders", "code"), [(["A"], 1, 0), ([], 1, 1), (["A", "A"], 1, 1), (["A"], 2, 1)])
def test_the_exit_code_tells_whether_the_books_agree(
    monkeypatch: pytest.MonkeyPatch, ledger: list[str], orders: int, code: int
) -> None:
    """It is 1 if a notice was lost or sent twice, or if an order came to nothing while nobody ended the shop."""
    monkeypatch.setattr(load, "run", lambda *_: found(*ledger))
    assert load.main(["--users", "1", "--orders", str(orders)]) == code
