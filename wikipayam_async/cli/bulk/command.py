"""`wikipayam bulk` and `wikipayam results`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from wikipayam_async.cli.bulk.options import BulkCommandOptions
from wikipayam_async.cli.bulk.run import BulkCommand
from wikipayam_async.cli.bulk.status import show_results
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import OutputOptions, guarded
from wikipayam_async.cli.settings import read_settings
from wikipayam_async.outcomes import SendStatus

__all__ = ["bulk", "results"]


def bulk(
    file: Path,
    *,
    options: BulkCommandOptions = BulkCommandOptions(),
) -> Exit:
    """Send a message for each row of a file: CSV, XLSX or JSON Lines.

    The whole file is checked before anything is sent. The outcome of each row is written to a results file as it is
    known: after an interruption, even a power cut, --resume sends the remaining rows, and sends nothing twice.

    Args:
        file: The file: .csv, .tsv, .txt, .xlsx, .xlsm, .xls, .ods, .jsonl or .ndjson.
        options: The options.
    """
    out = Output(json=options.connection.json)
    return guarded(out, lambda: BulkCommand(file, options, out, read_settings(options.connection.env_file)).run())


def results(
    file: Path,
    *,
    status: Literal["accepted", "rejected", "unknown", "not_attempted"] | None = None,
    csv: Path | None = None,
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Show the outcomes of a bulk send, from its results file. No request is made.

    Args:
        file: The results file.
        status: List the rows with this outcome; `not_attempted` lists only rows that a run has reached.
        csv: Write the rows to this new file, for a spreadsheet; all rows if no outcome is given.
        output: How to show the outcomes.
    """
    out = Output(json=output.json)
    return guarded(out, lambda: show_results(out, file, None if status is None else SendStatus(status), csv))
