from __future__ import annotations

import io
import sys

import pytest

from tests.cli.conftest import Run


def test_parts_are_counted(run: Run) -> None:
    """The encoding, the parts, their text and the cost are shown."""
    ended = run("parts", "سلام" * 20, "--price-persian", "895", "--receivers", "1000", "--split")
    lines = ended.err.splitlines()
    assert lines[0] == "2 parts in ucs2: 80 units, 54 left"
    assert lines[1:3] == ["1: " + ("سلام" * 20)[:67], "2: " + ("سلام" * 20)[67:]]
    assert lines[3] == "to 1,000 receivers: 1,790,000 rials (179,000 tomans)"


def test_parts_as_json(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON has the same fields; a Latin price alone applies to both alphabets."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("it’s\n"))
    found = run("parts", "-", "--price-latin", "10", "--json", "--split").json
    assert (found["encoding"], found["parts"], found["units"]) == ("ucs2", 1, 4)
    assert found["characters_that_forced_unicode"] == ["’"]
    assert (found["cost"], found["receivers"], found["split"]) == (10, 1, ["it’s"])
    assert found["suggestions"]["parts"] == 1


def test_cheaper_replacements_are_suggested(run: Run) -> None:
    """Replacements that save parts are named; without a price there is no cost."""
    ended = run("parts", "it’s " * 20)
    assert ended.code == 0
    assert "with the quotes replacements it takes 1 part in gsm7" in ended.err
    assert "rial" not in ended.err


def test_a_negative_price_is_a_usage_error(run: Run) -> None:
    """Prices are whole rials, at least 0."""
    assert run("parts", "x", "--price-persian", "-1").code == 2


def test_numbers_are_described(run: Run) -> None:
    """The kind and the forms of a number are shown; the error for an invalid number does not quote it."""
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
