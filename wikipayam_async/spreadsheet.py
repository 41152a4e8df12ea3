"""Escapes cells for spreadsheets, which would run the text of an SMS as a formula."""

from __future__ import annotations

__all__ = ["escape_formula"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def escape_formula(cell: str) -> str:
    """Return a cell with a leading apostrophe if a spreadsheet would read it as a formula.

    Args:
        cell: The text of the cell.
    """
    return "'" + cell if cell.startswith(_FORMULA) else cell
