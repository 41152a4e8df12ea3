from __future__ import annotations

import io
import sys

import pytest

from tests.cli.conftest import Run


def test_parts_are_counted(run: Run) -> None:
    """The encoding, the parts, their text and the cost are shown."""
    ended = run("parts", "سلام" * 20, "--price-persian", "895", "--receivers", "1000", "--split")
    lines = ended.out.splitlines()
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
    assert "suggestions" not in found


def test_cheaper_replacements_are_suggested(run: Run) -> None:
    """Without prices, replacements are named that take the text into less than half the parts; there is no cost."""
    ended = run("parts", "it’s " * 28)
    assert ended.code == 0
    assert ended.out.splitlines()[1] == "with the quotes replacements it takes 1 part in gsm7"
    assert "rial" not in ended.out
    assert run("parts", "it’s " * 20).out.splitlines() == ["2 parts in ucs2: 100 units, 34 left"]


def test_prices_decide_about_replacements(run: Run) -> None:
    """With prices, replacements are named only if they save money, and with what they save."""
    prices = ("--price-persian", "99", "--price-latin")
    ended = run("parts", "it’s " * 20, *prices, "150")
    assert ended.out.splitlines()[1] == (
        "with the quotes replacements it takes 1 part in gsm7, which saves 48 rials per message"
    )
    found = run("parts", "it’s " * 20, *prices, "150", "--json").json
    assert found["suggestions"] == {"rules": ["quotes"], "parts": 1, "saved_cost": 48}
    assert "suggestions" not in run("parts", "it’s " * 20, *prices, "232", "--json").json


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
    assert "Tehran" in run("number", "021-88776655").out
    ended = run("number", "0912x4567")
    assert (ended.code, "0912x4567" in ended.err) == (2, False)


def test_a_footer_is_counted(run: Run) -> None:
    """The parts are those of the text with it."""
    assert run("parts", "س" * 70, "--footer", "لغو۱۱", "--json").json["parts"] == 2
    ended = run("parts", "x", "--footer", " ")
    assert (ended.code, "--footer: expected a text that is not empty" in ended.err) == (2, True)
