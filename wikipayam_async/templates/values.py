"""Values of spreadsheets: what a sheet shows for a value, and cells without a value."""

from __future__ import annotations

from attrs import field, frozen

from wikipayam_async.redact.masks import mask_text

__all__ = ["BrokenValue", "ShownValue"]


@frozen
class ShownValue:
    """A number, date or time of a spreadsheet.

    Attributes:
        text: What the sheet shows.
        value: The value behind it.
    """

    text: str = field(repr=mask_text)
    value: object = field(repr=False)


@frozen
class BrokenValue:
    """A cell that has no value that could be sent.

    Attributes:
        reason: What it has, as in `a formula without a value`.
        text: What the file has there, for an export.
    """

    reason: str
    text: str = field(default="", repr=False, eq=False)
