"""Rows of a table: their values as text, and errors that name the row and the field."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, TypeVar

from wikipayam_async.dates import JalaliDate
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.templates.formats import Format, formatted
from wikipayam_async.templates.values import BrokenValue, ShownValue

__all__ = ["EMPTY_RULE", "MISSING_RULE", "Row", "RowErrorHandler", "check_row", "each_row", "plain_columns", "value_of"]

T = TypeVar("T")

Row: TypeAlias = Mapping[str, object]
"""The values of one message, by field."""

RowErrorHandler: TypeAlias = Callable[[InvalidInputError], object]


class _RowCheck(Protocol):
    def __call__(self, row: Row, *, field: str) -> InvalidInputError | None: ...


EMPTY_RULE = "expected a value, or a default for the field"
MISSING_RULE = "expected the row to have this field"

_MOST_DIGITS = 30
_LARGEST = 10**_MOST_DIGITS
_LARGEST_FLOAT = 2.0**53
_ABSENT = object()
_FORMATTED = (float, date, JalaliDate)
"""What has a text only in a format."""
_NO_DEFAULTS: Mapping[str, str] = MappingProxyType({})


def value_of(row: Row, name: str, defaults: Mapping[str, str] = _NO_DEFAULTS, formats: tuple[Format, ...] = ()) -> str:
    """Return a value of a row as text.

    Strings are unchanged; whole numbers and `Decimal` are written out; a whole float, as in spreadsheets, is written
    without its decimal point. None, NaN, the empty string and whitespace are empty. With formats, other floats and dates
    are values, too.

    Args:
        row: The values by field.
        name: The field.
        defaults: The texts for empty fields, by name.
        formats: The formats of the text, the first one first. A default has none.

    Raises:
        InvalidInputError: The row lacks the field, or the value is empty and has no default, is of another type, or does not fit
            a format. The error names the field and does not show the value.
    """
    value = row.get(name, _ABSENT)
    if type(value) is str and value and not formats and not value.isspace():
        return value
    if value is _ABSENT:
        raise InvalidInputError(name, rule=MISSING_RULE, got=f"a row of {len(row)} other fields")
    text = _text_of(name, value, has_format=bool(formats))
    if text and not text.isspace():
        return formatted(value, text, formats, name) if formats else text
    if name not in defaults:
        raise InvalidInputError(name, rule=EMPTY_RULE, got="an empty value")
    return defaults[name]


def each_row(
    rows: Iterable[Row], make: Callable[[Row], T], on_error: RowErrorHandler | None, *, first: int = 0
) -> Iterator[tuple[int, T]]:
    """Yield the result of `make` for each row, with the row's index. Rows are read lazily.

    Args:
        rows: The rows.
        make: Returns the result of one row.
        on_error: Called with the error of an invalid row, which is then skipped. If None, the error is raised.
        first: The index of the first row.

    Raises:
        InvalidInputError: `rows` is not an iterable of mappings; or, while iterating, a `csv.DictReader` has a header
            twice, or a row is invalid. The error names its index, as in `rows[3].name`.
    """
    if not isinstance(rows, Iterable) or isinstance(rows, str | bytes | Mapping):
        raise InvalidInputError("rows", rule="expected an iterable of mappings", got=shape_of(rows))
    # In a traceback that shows locals, `enumerate` does not show the rows, unlike a list.
    if isinstance(rows, csv.DictReader):
        return _each(enumerate(_rows_of_csv(rows), first), partial(_check_csv_row, rows), make, on_error)
    return _each(enumerate(rows, first), check_row, make, on_error)


def plain_columns(rows: Sequence[Row], names: Sequence[str]) -> list[list[Any]] | None:
    """Return the values of some rows by field, if nothing in them is to be refused or converted; None otherwise.

    Args:
        rows: The rows.
        names: The fields.
    """
    if set(map(type, rows)) != {dict} or set(map(type, set[object]().union(*rows))) != {str}:
        return None
    try:
        columns = [[row[name] for row in rows] for name in names]
    except KeyError:
        return None
    return columns if all(map(_are_texts, columns)) else None


def _are_texts(values: Sequence[Any]) -> bool:
    return set(map(type, values)) == {str} and all(values) and not any(map(str.isspace, values))


def _each(
    numbered: Iterator[tuple[int, Row]],
    check: _RowCheck,
    make: Callable[[Row], T],
    on_error: RowErrorHandler | None,
) -> Iterator[tuple[int, T]]:
    valid: dict[str, None] = {}  # the names of the row before: most rows have the same, and are not checked again
    for index, row in numbered:
        failure = None
        if type(row) is not dict or row.keys() != valid.keys():
            failure = check(row, field=f"rows[{index}]")
            valid = dict.fromkeys(row) if check is check_row and failure is None else {}
        if failure is None:
            try:
                made = make(row)
            except InvalidInputError as error:
                failure = error.within(f"rows[{index}].")
            else:
                yield index, made
                del made  # it may be a text, and the traceback of the next row's error has this frame
                continue
        del row
        if on_error is None:
            raise failure from None
        on_error(failure)


def check_row(row: object, *, field: str) -> InvalidInputError | None:
    """Return the error of a row that is no mapping of names to values or has more cells than headers; None for others.

    `csv.DictReader` gives the surplus cells the key None: the cells of such a row may be in the wrong columns.
    """
    if not isinstance(row, Mapping):
        return InvalidInputError(field, rule="expected a mapping of fields to values", got=shape_of(row))
    if None in row:
        return InvalidInputError(field, rule="expected no more cells than headers", got="a row with more cells")
    if not all(isinstance(name, str) for name in row):
        return InvalidInputError(field, rule="expected strings as the names of fields", got="another name")
    return None


def _rows_of_csv(reader: csv.DictReader[str]) -> Iterator[Row]:
    """Yield the rows of a reader, unless a header occurs twice: of two such cells a row has only the second."""
    headers = [name for name in reader.fieldnames or () if name]
    if len(headers) > len(set(headers)):
        raise InvalidInputError("rows", rule="expected each header once", got="a header that occurs twice")
    yield from reader


def _check_csv_row(reader: csv.DictReader[str], row: Row, *, field: str) -> InvalidInputError | None:
    """Return the error of a row that has another number of cells than headers, or is invalid; None for others."""
    if reader.restkey in row and reader.restkey not in (reader.fieldnames or ()):
        return InvalidInputError(field, rule="expected no more cells than headers", got="a row with more cells")
    if reader.restval is None and None in row.values():
        rule = "expected as many cells as headers (DictReader(..., restval='') takes the missing ones as empty)"
        return InvalidInputError(field, rule=rule, got="a row with fewer cells")
    return check_row(row, field=field)


def _text_of(name: str, value: object, *, has_format: bool) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return str.__str__(value)  # `str()` of an enum's member may be its name
    if isinstance(value, ShownValue):
        return value.text
    if isinstance(value, BrokenValue):
        raise InvalidInputError(name, rule="expected a value", got=value.reason)
    text = _number_text(value)
    if text is None and has_format and isinstance(value, _FORMATTED):
        text = str(value)
    if text is None:
        raise InvalidInputError(name, rule="expected a string, a whole number or a Decimal", got=shape_of(value))
    return text


def _number_text(value: object) -> str | None:
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_FLOAT:
        return str(int(value))
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST:
        return str(int(value))  # `str()` of a subclass may be a name
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < _MOST_DIGITS:
        return f"{value:f}"
    return None
