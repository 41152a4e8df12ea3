"""`wikipayam bulk` and `wikipayam results`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from wikipayam_async.cli.bulk.job import Job, Order
from wikipayam_async.cli.bulk.options import (
    BooksOptions,
    CareOptions,
    FileOptions,
    HoldingOptions,
    PaceOptions,
    TextOptions,
)
from wikipayam_async.cli.bulk.status import tell_results
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import Connection, Form, guarded
from wikipayam_async.cli.settings import read_settings
from wikipayam_async.outcomes import SendStatus

__all__ = ["bulk", "results"]


def bulk(
    file: Path,
    *,
    reading: FileOptions = FileOptions(),
    texts: TextOptions = TextOptions(),
    holding: HoldingOptions = HoldingOptions(),
    care: CareOptions = CareOptions(),
    pace: PaceOptions = PaceOptions(),
    books: BooksOptions = BooksOptions(),
    connection: Connection = Connection(),
) -> Exit:
    """Send what a file lists: CSV, XLSX or JSON Lines.

    The whole file is looked through before anything is sent. What became of each row is written to a results file as it
    goes: after an interruption, even a power cut, --resume goes on with the rest, and sends nothing twice.

    Args:
        file: The file: .csv, .tsv, .txt, .xlsx, .xlsm, .jsonl or .ndjson.
        reading: How it is read.
        texts: What the columns and the texts are.
        holding: What is held back.
        care: What is asked before.
        pace: How fast to go.
        books: Where it is written down.
        connection: How to reach the gateway.
    """
    out = Output(json=connection.json)
    order = Order(
        file=file,
        reading=reading,
        texts=texts,
        holding=holding,
        care=care,
        pace=pace,
        books=books,
        connection=connection,
    )
    return guarded(out, lambda: Job(order, out, read_settings(connection.env_file)).run())


def results(
    file: Path,
    *,
    status: Literal["accepted", "rejected", "unknown", "not_attempted"] | None = None,
    csv: Path | None = None,
    form: Form = Form(),
) -> Exit:
    """Show what became of a bulk send, from its results file. Nothing is asked of the gateway.

    Args:
        file: The results file.
        status: List the rows of this outcome; `not_attempted` lists those that a run had begun to see to.
        csv: Write the rows to this new file, for a spreadsheet; all of them if no outcome is named.
        form: How to tell it.
    """
    out = Output(json=form.json)
    return guarded(out, lambda: tell_results(out, file, None if status is None else SendStatus(status), csv))
