"""The values of cells: what is empty, what is broken, and the text of a number that was typed as text."""

from __future__ import annotations

import re
import unicodedata
from typing import TypeAlias

import msgspec

from wikipayam_async.templates.values import BrokenValue, ShownValue

__all__ = ["Cell", "cell_of_json", "cell_of_text", "is_blank", "text_of_cell"]

Cell: TypeAlias = str | ShownValue | BrokenValue
"""A text, which is empty for an empty cell; a number, date or time; or a cell that has no value to send."""

_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Characters that are letters or symbols by their category, and have no ink."""

_AROUND = " \t\r\n\xa0\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\ufeff"
"""Spaces and marks that surround a value."""

_ABSENT = frozenset(("null", "(null)", "<null>", "[null]", "\\n", "nan", "none", "n/a", "#n/d", "undefined"))
"""What databases and programs write for a missing value, in lower case."""
_LONGEST_ABSENT = max(map(len, _ABSENT))

_LARGEST_EXACT, _LARGEST_WHOLE = 1e15, 10**30

_ERROR = re.compile(
    r"#N/A(?: N/A)?|#(?:REF|VALUE|DIV/0|NUM|NULL|SPILL|CALC|FIELD|BLOCKED|CONNECT|BUSY|UNKNOWN|EXTERNAL|PYTHON|ERROR)!"
    r"|#NAME\?|#GETTING_DATA|#{3,}|Err:[0-9]{3}",
    re.IGNORECASE,
)
"""What a spreadsheet shows for a formula that fails, or in a column that is too narrow."""

_QUOTED_NUMBER = re.compile(r"['‘’`´](?=[+(\[]?\d[\d\s.,/()\[\]+-]*$)")
"""The sign that makes a spreadsheet read a number as text; the sheet does not show it."""
_SIGNS = frozenset("='‘’`´")
_FIRST_OF_ERRORS = frozenset("#Ee")
_FORMULA_OF_TEXT = re.compile(r'="([^"]*)"')
"""A number that a program wrote into CSV for Excel, as in `="0912…"`."""


def cell_of_text(text: str) -> Cell:
    """Return the cell for a text: empty if nothing can be read in it, broken if it is an error of a spreadsheet.

    Args:
        text: The text, as the file has it.
    """
    written = text.strip(_AROUND)
    first = written[:1]
    if first in _SIGNS:
        return _without_signs(text, written)
    if first in _FIRST_OF_ERRORS and (found := _ERROR.fullmatch(written)) is not None:
        return BrokenValue(f"the error {found[0]}", found[0])
    if len(written) <= _LONGEST_ABSENT and written.lower() in _ABSENT:
        return ""
    if "\0" in text:
        return BrokenValue("a text with NUL characters", text)
    has_ink = first.isalnum() and first not in _FILLERS
    return text if has_ink or not is_blank(written) else ""


def cell_of_json(value: object) -> object:
    """Return the cell for a value of JSON.

    Args:
        value: The decoded value.
    """
    if isinstance(value, str):
        return cell_of_text(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        is_whole = value.is_integer() and abs(value) < _LARGEST_EXACT
        return ShownValue(f"{value:.0f}" if is_whole else repr(value), value)
    if isinstance(value, int):
        return value if abs(value) < _LARGEST_WHOLE else BrokenValue("a number that is too long", str(value))
    return BrokenValue("a list or an object", msgspec.json.encode(value).decode())


def text_of_cell(cell: object) -> str:
    """Return a cell as text, for an export: what the file has or the sheet shows.

    Args:
        cell: The cell.
    """
    return cell.text if isinstance(cell, ShownValue | BrokenValue) else str(cell)


def is_blank(text: str) -> bool:
    """Return whether a text has only spaces and characters that cannot be seen, such as a half-space.

    Args:
        text: The text.
    """
    return all(map(_is_invisible, text))


def _without_signs(text: str, written: str) -> str:
    formula = _FORMULA_OF_TEXT.fullmatch(written)
    if formula is not None:
        return formula[1]
    sign = _QUOTED_NUMBER.match(written)
    return text if sign is None else written[sign.end() :]


def _is_invisible(character: str) -> bool:
    return character.isspace() or character in _FILLERS or unicodedata.category(character) in {"Cc", "Cf"}
