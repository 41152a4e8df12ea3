from __future__ import annotations

import io
import sys

import pytest

from tests.cli.conftest import Run


def test_parts_are_counted(run: Run) -> None:
    """A text's encoding, parts and cost are told, and where it is cut."""
    ended = run("parts", "سلام" * 20, "--price-persian", "895", "--receivers", "1000", "--split")
    lines = ended.err.splitlines()
    assert lines[0] == "2 parts in ucs2: 80 units, 54 left"
    assert lines[1:3] == ["1: " + ("سلام" * 20)[:67], "2: " + ("سلام" * 20)[67:]]
    assert lines[3] == "to 1,000 receivers: 1,790,000 rials (179,000 tomans)"


def test_parts_for_programs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program gets the same as fields; a price for Latin alone counts for both kinds of text."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("it’s\n"))
    found = run("parts", "-", "--price-latin", "10", "--json", "--split").json
    assert (found["encoding"], found["parts"], found["units"]) == ("ucs2", 1, 4)
    assert found["characters_that_forced_unicode"] == ["’"]
    assert (found["cost"], found["receivers"], found["split"]) == (10, 1, ["it’s"])
    assert found["suggestions"]["parts"] == 1


def test_a_better_spelling_is_suggested(run: Run) -> None:
    """Where another spelling takes less, it is named; a text without a price has no cost."""
    ended = run("parts", "it’s " * 20)
    assert ended.code == 0
    assert "it takes 1 in gsm7" in ended.err
    assert "rial" not in ended.err


def test_a_price_below_zero_is_a_mistake(run: Run) -> None:
    """Prices are whole rials of 0 or more."""
    assert run("parts", "x", "--price-persian", "-1").code == 2


def test_numbers_are_told(run: Run) -> None:
    """A number's kind and spellings are shown; what is no number is a mistake that does not quote it."""
    assert run("number", "+98 912 345 6789", "--json").json == {
        "local": "09123456789",
        "e164": "+989123456789",
        "international": "989123456789",
        "kind": "mobile",
        "operator": "MCI",
        "province": None,
    }
    assert "Tehran" in run("number", "021-88776655").err
    ended = run("number", "0912x4567")
    assert (ended.code, "0912x4567" in ended.err) == (2, False)
