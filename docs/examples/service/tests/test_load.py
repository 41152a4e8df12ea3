"""The exit code of the load script."""

from __future__ import annotations

import pytest

import load
from loadtest.audit import Records
from loadtest.users import UserResults


def run_with(*ledger: str) -> load.Run:
    """Return a run in which one order was accepted and its notice reported as accepted."""
    records = Records(answered=["A"], unanswered=0, posted=["A"], outcomes=[("A", "accepted")], ledger=list(ledger))
    return load.Run(UserResults(logged_in=1, track_ids=["A"], seconds=[0.1]), records, requests=1, shutdown=0.1)


@pytest.mark.parametrize(("ledger", "orders", "code"), [(["A"], 1, 0), ([], 1, 1), (["A", "A"], 1, 1), (["A"], 2, 1)])
def test_the_exit_code_is_1_if_the_records_disagree(
    monkeypatch: pytest.MonkeyPatch, ledger: list[str], orders: int, code: int
) -> None:
    """It is 1 if a notice was lost or sent twice, or if an order was not answered although the shop was not stopped."""
    monkeypatch.setattr(load, "run", lambda *_: run_with(*ledger))
    assert load.main(["--users", "1", "--orders", str(orders)]) == code
