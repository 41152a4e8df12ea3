from __future__ import annotations

import pytest

from tests.cli.conftest import Run


def test_the_demo_reports_agreement(run: Run) -> None:
    """The report of the demo goes to stderr, and whether it agrees with the ledger to stdout."""
    ended = run("demo", "--messages", "40", "--json", "--no-faults")
    assert (ended.code, ended.json) == (0, {"agrees": True})
    assert "ledger" in ended.err


def test_the_options_of_the_demo_are_passed_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """All options reach the demo, and a disagreement with the ledger ends with 1."""
    passed: list[list[str]] = []

    def main(argv: list[str]) -> int:
        passed.append(argv)
        return 1

    monkeypatch.setattr("wikipayam_async.demo.__main__.main", main)
    options = ("--concurrency", "2", "--batch-size", "3", "--seed", "4", "--messages", "5", "--no-faults", "--json")
    ended = run("demo", *options)
    assert (ended.code, ended.json) == (1, {"agrees": False})
    assert passed == [["--concurrency=2", "--batch-size=3", "--seed=4", "--language=en", "--messages=5", "--no-faults"]]
