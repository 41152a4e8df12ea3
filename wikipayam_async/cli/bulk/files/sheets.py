"""What the readers of workbooks have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from xml.etree.ElementTree import Element

from attrs import field, frozen

from wikipayam_async.cli.bulk.files.table import RawRow
from wikipayam_async.templates.values import BrokenValue

__all__ = [
    "FORMULA_WITHOUT_VALUE",
    "HAS_PASSWORD",
    "OpenSheet",
    "RefusedWorkbookError",
    "SheetName",
    "Workbook",
    "attribute_of",
    "local_name",
]

FORMULA_WITHOUT_VALUE = BrokenValue(
    "a formula without a value: open the file in the spreadsheet program, and save it again"
)
HAS_PASSWORD = "has a password: remove it in the spreadsheet program, and save the file again"  # noqa: S105 - a text


class RefusedWorkbookError(Exception):
    """A workbook cannot be read; the text says why."""


@frozen
class SheetName:
    """A sheet of a workbook.

    Attributes:
        name: Its name.
        is_visible: Whether the spreadsheet program shows it.
    """

    name: str
    is_visible: bool = True


@frozen
class OpenSheet:
    """A sheet that is read.

    Attributes:
        rows: Its rows, read on demand.
        hidden_columns: The indexes of its hidden columns, complete after the first row.
    """

    rows: Iterator[RawRow]
    hidden_columns: AbstractSet[int] = field(factory=set)


@frozen
class Workbook:
    """An open workbook.

    Attributes:
        sheets: Its sheets.
        open: Opens the sheet of a name.
    """

    sheets: tuple[SheetName, ...]
    open: Callable[[str], OpenSheet]


@lru_cache(maxsize=1024)
def local_name(tag: str) -> str:
    """Return the name of an element without its namespace, of which each format has several.

    Args:
        tag: The tag.
    """
    return tag[tag.rfind("}") + 1 :]


def attribute_of(element: Element, name: str) -> str | None:
    """Return an attribute in any namespace.

    Args:
        element: The element.
        name: The name of the attribute without its namespace.
    """
    return next((value for key, value in element.attrib.items() if local_name(key) == name), None)
