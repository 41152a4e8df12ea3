"""`wikipayam bulk`."""

from __future__ import annotations

from pathlib import Path

from wikipayam_async.cli.bulk.options import BulkCommandOptions
from wikipayam_async.cli.bulk.run import BulkCommand
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import guarded
from wikipayam_async.cli.settings import read_settings

__all__ = ["bulk"]


def bulk(
    file: Path,
    *,
    options: BulkCommandOptions = BulkCommandOptions(),
) -> Exit:
    """Send a message for each row of a file: CSV, XLSX or JSON Lines.

    The whole file is checked and stored in FILE.campaign before anything is sent. Nothing is sent twice: after an
    interruption, even a power cut, the same command, or `wikipayam campaign run FILE.campaign`, sends what is left.

    Args:
        file: The file: .csv, .tsv, .txt, .xlsx, .xlsm, .xls, .ods, .jsonl or .ndjson.
        options: The options.
    """
    out = Output(json=options.connection.json)
    return guarded(out, lambda: BulkCommand(file, options, out, read_settings(options.connection.env_file)).run())
