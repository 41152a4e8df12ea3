"""The header of a table: the row that it is in, the names of the columns, and the names that columns usually have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from attrs import frozen

from wikipayam_async.cli.bulk.files.cells import Cell, is_blank
from wikipayam_async.numbers import is_mobile
from wikipayam_async.templates.values import BrokenValue, ShownValue
from wikipayam_async.text.names import comparable_name

__all__ = [
    "RECEIVERS",
    "TEXTS",
    "Header",
    "find_header",
    "is_empty_cell",
    "is_receiver_name",
    "label_columns",
    "named_like",
]


def _known(names: str) -> frozenset[str]:
    return frozenset(comparable_name(name) for name in names.split("|"))


RECEIVERS = (
    _known(
        "receiver|receivers|recipient|recipients|receiver number|recipient number|mobile|mobiles|mobile number|mobile no"
        "|mobile phone|mobile phone number|mobile num|cell|cell phone|cell number|cell phone number|msisdn|gsm"
        "|گیرنده|شماره گیرنده|گیرندگان|موبایل|شماره موبایل|شماره‌ی موبایل|تلفن موبایل|شماره تلفن موبایل|همراه|شماره همراه"
        "|شماره‌ی همراه|تلفن همراه|شماره تلفن همراه|شماره‌ی تلفن همراه|گوشی|شماره گوشی|شماره‌ی گوشی|موبایل گیرنده"
    ),
    _known(
        "phone|phones|phone number|phone no|phone num|tel|tel no|telephone|telephone number|number|to|contact number"
        "|contact|شماره|شماره‌ها|شماره تلفن|شماره‌ی تلفن|تلفن|شماره تماس|شماره‌ی تماس|تلفن تماس"
    ),
)
"""The usual names of the column of the receivers, those that only a mobile has first, as `comparable_name` returns them."""

TEXTS = (_known("message|text|note|sms|sms text|message text|body|متن|پیام|پیامک|متن پیام|متن پیامک|متن اس ام اس"),)
"""The usual names of the column of the texts."""


@frozen
class Header:
    """The columns of a table.

    Attributes:
        labels: What each column is called in the rows; unique.
        columns: The labels of the columns that have a name.
        repeated: The names that more than one column has, as `comparable_name` returns them.
    """

    labels: tuple[str, ...]
    columns: tuple[str, ...]
    repeated: frozenset[str]


def find_header(rows: Sequence[Sequence[Cell]]) -> int:
    """Return the index of the row that has the names of the columns.

    It is the first row, unless that is a title: then it is the first row that names a column of receivers, has no number,
    and has more cells than each row above it.

    Args:
        rows: The first rows that are not empty.
    """
    most = 0
    for index, cells in enumerate(rows):
        filled = [cell for cell in cells if not is_empty_cell(cell)]
        if len(filled) > most and _names_receivers(filled):
            return index
        most = max(most, len(filled))
    return 0


def label_columns(cells: Sequence[Cell]) -> Header:
    """Return the columns for the cells of the header.

    A column without a name is called `column 3`, and the second one of a name `name (2)`.

    Args:
        cells: The cells.
    """
    names = ["" if is_empty_cell(cell) else " ".join(_text(cell).split()) for cell in cells]
    names = ["" if is_blank(name) else name for name in names]
    taken = set(names)
    seen: Counter[str] = Counter()
    labels: list[str] = []
    for place, name in enumerate(names, start=1):
        seen[name] += 1
        label = name if name and seen[name] == 1 else _free(f"{name} ({{}})" if name else "column {}", place, taken)
        labels.append(label)
        taken.add(label)
    columns = tuple(label for label, name in zip(labels, names, strict=True) if name)
    repeated = frozenset(comparable_name(name) for name, count in seen.items() if name and count > 1)
    return Header(tuple(labels), columns, repeated)


def named_like(columns: Iterable[str], name: str) -> list[str]:
    """Return the columns that people read as a name.

    Args:
        columns: The names of the columns.
        name: The name.
    """
    wanted = comparable_name(name)
    return [column for column in columns if comparable_name(column) == wanted]


def is_empty_cell(cell: object) -> bool:
    """Return whether a cell has nothing in it. An error is something.

    Args:
        cell: The cell.
    """
    return cell == "" or (isinstance(cell, ShownValue) and not cell.text)


def is_receiver_name(name: str) -> bool:
    """Return whether a column of receivers is usually called so.

    Args:
        name: The name.
    """
    plain = comparable_name(name)
    return any(plain in names for names in RECEIVERS)


def _names_receivers(cells: Sequence[Cell]) -> bool:
    texts = [cell for cell in cells if isinstance(cell, str)]
    return len(texts) == len(cells) and any(map(is_receiver_name, texts)) and not any(map(is_mobile, texts))


def _text(cell: Cell) -> str:
    if isinstance(cell, BrokenValue):
        return ""
    return cell.text if isinstance(cell, ShownValue) else cell


def _free(pattern: str, place: int, taken: set[str]) -> str:
    number = place if pattern.startswith("column") else 2
    while (label := pattern.format(number)) in taken:
        number += 1
    return label
