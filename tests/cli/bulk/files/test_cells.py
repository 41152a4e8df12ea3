from __future__ import annotations

import pytest

from wikipayam_async.cli.bulk.files.cells import cell_of_json, cell_of_text, is_blank, text_of_cell
from wikipayam_async.templates.values import BrokenValue, ShownValue

ERRORS = [
    "#N/A",
    "#REF!",
    "#VALUE!",
    "#DIV/0!",
    "#NAME?",
    "#NUM!",
    "#NULL!",
    "#SPILL!",
    "#ERROR!",
    "#####",
    "Err:502",
    "#n/a",
]
EMPTY = [
    "", " ", "\u200c", "\u200b", "\u00a0", "\u200f", "\u200e", "\ufeff", "\u00ad", "\u2060", "\x1a", "\u3164", " \u200c\t", "NULL",
    "null", "(null)", "Null", "\\N", "NaN", "None", "N/A", "undefined", " NULL ", "<NULL>",
]  # fmt: skip


@pytest.mark.parametrize("text", ERRORS)
def test_an_error_of_a_spreadsheet_is_no_value(text: str) -> None:
    """The reason names it: it is no personal data."""
    assert cell_of_text(text) == BrokenValue(f"the error {text}")
    assert cell_of_text(f"\u200f {text} ") == cell_of_text(text)


@pytest.mark.parametrize("text", EMPTY)
def test_what_nobody_can_read_is_empty(text: str) -> None:
    """So is what databases and programs write for a missing value."""
    assert cell_of_text(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "علی",
        " علی ",
        "می\u200cخواهم",
        "Nulla",
        "Erika",
        "#1",
        "#SALE",
        "-",
        "+",
        "=1+1",
        "'تست'",
        "'",
        "=",
        '="a',
        "0",
        "❤",
    ],
)
def test_other_texts_are_unchanged(text: str) -> None:
    """Their spaces and half-spaces, too."""
    assert cell_of_text(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'09123456789", "09123456789"),
        ("’0912 345 6789", "0912 345 6789"),
        ("'۰۹۱۲۳۴۵۶۷۸۹", "۰۹۱۲۳۴۵۶۷۸۹"),
        (" '+989123456789", "+989123456789"),
        ("'00007", "00007"),
        ('="09123456789"', "09123456789"),
        ('="علی"', "علی"),
        ('=""', ""),
    ],
)
def test_the_signs_that_make_a_number_a_text_are_left_out(text: str, value: str) -> None:
    """A spreadsheet does not show them either."""
    assert cell_of_text(text) == value


def test_a_text_with_nul_is_broken() -> None:
    """It comes from another encoding or a damaged file."""
    assert cell_of_text("a\0b") == BrokenValue("a text with NUL characters")


def test_values_of_json() -> None:
    """Fractions and booleans have the text that the file has; lists and objects are no values."""
    values: list[object] = [
        "a",
        " \u200c",
        "#N/A",
        None,
        True,
        False,
        9123456789,
        9123456789.0,
        1.5,
        1e20,
        10**30,
        [1],
        {},
    ]
    assert [cell_of_json(value) for value in values] == [
        "a", "", BrokenValue("the error #N/A"), "", "true", "false", 9123456789, ShownValue("9123456789", 9123456789.0),
        ShownValue("1.5", 1.5), ShownValue("1e+20", 1e20), BrokenValue("a number that is too long"), *[BrokenValue("a list or an object")] * 2,
    ]  # fmt: skip


def test_the_text_of_a_cell_for_an_export() -> None:
    """A broken cell has none."""
    assert [text_of_cell(cell) for cell in ("a", 5, ShownValue("00007", 7), BrokenValue("x"))] == [
        "a",
        "5",
        "00007",
        "",
    ]


def test_a_blank_text_has_no_ink() -> None:
    """An empty one has none either."""
    assert [is_blank(text) for text in ("", " \u200c", "\u200ca")] == [True, True, False]
