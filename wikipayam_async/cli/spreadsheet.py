"""Cells that a spreadsheet will read: anybody can write an SMS, and a cell may be run as a formula."""

from __future__ import annotations

__all__ = ["harmless"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: str) -> str:
    """Return a cell with an apostrophe in front if a spreadsheet would take it for a formula.

    Args:
        cell: What the cell is to show.
    """
    return "'" + cell if cell.startswith(_FORMULA) else cell
