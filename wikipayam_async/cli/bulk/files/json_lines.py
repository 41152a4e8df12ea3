"""Reads JSON Lines: an object per line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec

from wikipayam_async.cli.bulk.files.cells import cell_of_json
from wikipayam_async.cli.bulk.files.table import Table, TableRow
from wikipayam_async.errors import InvalidInputError

__all__ = ["open_json_lines"]


def open_json_lines(lines: Iterator[str]) -> Table:
    """Return the table of a file of JSON objects.

    Args:
        lines: The lines of the file.
    """
    rows = _objects(lines)
    head: list[TableRow] = []
    for row in rows:
        head.append(row)
        if row.fault is None:
            break
    columns = tuple(head[-1].values) if head else ()
    return Table(columns, is_fixed=False, detected_format="", rows=chain(head, rows))


def _objects(lines: Iterable[str]) -> Iterator[TableRow]:
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        try:
            found = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            found = None
        if isinstance(found, dict):
            yield TableRow(number, {name: cell_of_json(value) for name, value in found.items()})
        else:
            fault = InvalidInputError("line", rule="expected a JSON object", got="something else")
            yield TableRow(number, fault=fault)
