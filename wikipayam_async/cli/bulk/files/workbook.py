"""Reads workbooks: XLSX, XLS and ODS, by their content."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from attrs import evolve

from wikipayam_async.cli.bulk.errors import InputFileError
from wikipayam_async.cli.bulk.files.headers import named_like
from wikipayam_async.cli.bulk.files.ods import read_ods
from wikipayam_async.cli.bulk.files.sheets import HAS_PASSWORD, RefusedWorkbookError, Workbook
from wikipayam_async.cli.bulk.files.table import FileOptions, RawRow, Table, make_table
from wikipayam_async.cli.bulk.files.xls import read_xls
from wikipayam_async.cli.bulk.files.xlsx import read_xlsx
from wikipayam_async.errors import WikipayamError

__all__ = ["MARKUP", "is_markup", "is_workbook", "open_workbook"]

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MANIFEST = "meta-inf/manifest.xml"
_DAMAGED = "is damaged, or no workbook: open it in the spreadsheet program, and save it again as .xlsx"
_BINARY = "is a binary workbook (.xlsb): open it in the spreadsheet program, and save it again as .xlsx"
MARKUP = "is a web page or XML, not a table: open it in the spreadsheet program, and save it again as .xlsx"
_TEXT = "is a text, not a workbook: give it a name that ends in .csv"
_READERS: dict[str, Callable[[BinaryIO], Workbook]] = {"xl/workbook.xml": read_xlsx, "content.xml": read_ods}
_NUL = 0
_MARKUP_BYTES = 16


def is_workbook(head: bytes) -> bool:
    """Return whether a file begins like a workbook.

    Args:
        head: Its first bytes.
    """
    return head.startswith((_ZIP, _OLE))


def is_markup(head: bytes) -> bool:
    """Return whether a file begins like a web page or XML, which some programs name like a table.

    Args:
        head: Its first bytes.
    """
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:_MARKUP_BYTES].lower()
    return start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<head"))


def open_workbook(path: Path, options: FileOptions, source: BinaryIO) -> Table:
    """Return the table of a sheet.

    Args:
        path: The file, for error texts.
        options: Which sheet to read, and how.
        source: The open file.

    Raises:
        InputFileError: The file is no workbook, has a password or is damaged, or it has no such sheet. It may be raised
            while the rows are read.
    """
    content = source.read()
    with _refusing(path):
        book = _reader_of(content)(io.BytesIO(content))
        name = _choose(path, options, book)
        sheet = book.open(name)
        others = {one.name: one.is_visible or options.include_hidden for one in book.sheets if one.name != name}
        table = make_table(_guarded(path, sheet.rows), options, f"sheet {name!r}", sheet.hidden_columns)
        table.hidden.sheets = tuple(one for one, is_visible in others.items() if not is_visible)
        return evolve(table, other_sheets=tuple(one for one, is_visible in others.items() if is_visible))


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except WikipayamError:
        raise
    except RefusedWorkbookError as error:
        raise InputFileError(f"{path}: {error}") from None
    except Exception:  # noqa: BLE001 - a damaged file makes a parser raise anything
        raise InputFileError(f"{path}: {_DAMAGED}") from None


def _guarded(path: Path, rows: Iterator[RawRow]) -> Iterator[RawRow]:
    with _refusing(path):
        yield from rows


def _reader_of(content: bytes) -> Callable[[BinaryIO], Workbook]:
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            raise RefusedWorkbookError(HAS_PASSWORD)
        return read_xls
    if not content:
        raise RefusedWorkbookError("is empty")
    if not content.startswith(_ZIP):
        raise RefusedWorkbookError(_what_else(content))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = {name.replace("\\", "/").lower() for name in archive.namelist()}
        if _MANIFEST in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise RefusedWorkbookError(HAS_PASSWORD)
    if "xl/workbook.bin" in names:
        raise RefusedWorkbookError(_BINARY)
    found = [reader for name, reader in _READERS.items() if name in names]
    if not found:
        raise RefusedWorkbookError("is an archive, not a workbook")
    return found[0]


def _what_else(content: bytes) -> str:
    head = content[:4096]
    if _NUL in head:
        return _DAMAGED
    return MARKUP if is_markup(head) else _TEXT


def _choose(path: Path, options: FileOptions, book: Workbook) -> str:
    names = [one.name for one in book.sheets]
    if not names:
        raise InputFileError(f"{path}: has no sheet with cells")
    if options.sheet is None:
        shown = [one.name for one in book.sheets if one.is_visible]
        return (*shown, *names)[0]
    found = [name for name in names if name == options.sheet] or named_like(names, options.sheet)
    if len(found) != 1:
        raise InputFileError(f"--sheet: no sheet has this name; the sheets are {', '.join(names)}")
    return found[0]
