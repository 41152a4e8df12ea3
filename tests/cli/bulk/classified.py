"""Rows, their outcomes in earlier runs, and screening rules."""

from __future__ import annotations

from wikipayam_async.bulk.screening import Dedupe
from wikipayam_async.cli.bulk.classifier import (
    ScreeningRules,
)
from wikipayam_async.cli.bulk.columns import ColumnMapping
from wikipayam_async.cli.bulk.outcomes import RowOutcomes
from wikipayam_async.cli.bulk.record import RowRecord
from wikipayam_async.cli.bulk.tables import TableRow
from wikipayam_async.optout import OptOutList
from wikipayam_async.outcomes import SendStatus

A, B = "09120000001", "09120000002"


MAPPING = ColumnMapping(receiver="r", text_column="t", sender="1")


def rows(*cells: tuple[str, str]) -> list[TableRow]:
    """Make the rows of a table, from row 2 on."""
    return [TableRow(number, {"r": receiver, "t": text}) for number, (receiver, text) in enumerate(cells, start=2)]


def known(*statuses: SendStatus | None) -> RowOutcomes:
    """Make the outcomes of earlier runs for the rows from row 2 on; None skips a row."""
    outcomes = RowOutcomes()
    for row, status in enumerate(statuses, start=2):
        if status is not None:
            outcomes.apply(RowRecord(row=row, status=status))
    return outcomes


def rules(dedupe: Dedupe | None = None, *opted_out: str) -> ScreeningRules:
    """Make screening rules."""
    return ScreeningRules(dedupe=dedupe, opt_out=OptOutList(opted_out) if opted_out else None)
