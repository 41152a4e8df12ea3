from __future__ import annotations

from wikipayam_async.cli.bulk.files.builtin_formats import BUILTIN_FORMATS
from wikipayam_async.cli.bulk.files.shown import show_number
from wikipayam_async.templates.values import ShownValue


def test_every_builtin_format_shows_a_number() -> None:
    """Only fractions and exponents in threes are not supported."""
    shown = {number: show_number(1234.5, code) for number, code in BUILTIN_FORMATS.items()}
    assert [number for number, cell in shown.items() if not isinstance(cell, ShownValue)] == [12, 13, 48]
    texts = {number: cell.text for number, cell in shown.items() if isinstance(cell, ShownValue)}
    assert [texts[number] for number in (0, 1, 3, 4, 9, 11, 14, 22, 37, 41, 44, 46)] == [
        "1234.5", "1235", "1,235", "1,234.50", "123450%", "1.23E+03", "1903-05-18", "1903-05-18 12:00", "1,235", "1,235",
        "$1,234.50", "29628:00:00",
    ]  # fmt: skip
