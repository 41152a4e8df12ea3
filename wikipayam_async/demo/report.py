"""Prints the report: the outcomes, the faults, and whether the ledger agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wikipayam_async.demo.audit import Audit
from wikipayam_async.demo.reasons import examples_of, group, runs_of
from wikipayam_async.demo.run import RunReport

__all__ = ["Findings", "print_report"]

_MAX_RUNS_SHOWN = 12
_GOOD, _DOUBTFUL, _BAD = "green", "yellow", "bold red"


@frozen(kw_only=True)
class Findings:
    """The data of the report.

    Attributes:
        run: The report of the run.
        faults: The number of times that each fault struck.
        audit: The comparison with the ledger.
    """

    run: RunReport
    faults: Mapping[str, int]
    audit: Audit


def print_report(console: Console, findings: Findings) -> None:
    """Print the report.

    Args:
        console: The console.
        findings: The data.
    """
    run, audit = findings.run, findings.audit
    console.print(_outcomes(run))
    if run.bulk.unknown:
        console.print(_unknown(run, audit))
    sides = Table.grid(expand=True, padding=(0, 2))
    sides.add_row(_statistics(run), _counts("Faults", findings.faults or {"none": 0}))
    console.print(sides)
    console.print(_ledger(run, audit))
    console.print(_conclusion(audit), soft_wrap=False)


def _table(title: str, *columns: str, numbers: Sequence[int] = (1,)) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, expand=True, pad_edge=False)
    for index, name in enumerate(columns):
        number = index in numbers
        table.add_column(name, justify="right" if number else "left", no_wrap=number)
    return table


def _outcomes(run: RunReport) -> Table:
    report = run.bulk
    table = _table("Outcomes", "Outcome", "Messages", "Why")
    table.add_row("accepted", f"{len(report.accepted):,}", "", style=_GOOD)
    for why, results in group(report.rejected).items():
        table.add_row("rejected", f"{len(results):,}", Text(f"{why} ({', '.join(examples_of(results))})"))
    unknown = len(report.unknown)
    table.add_row("unknown", f"{unknown:,}", "see below; not sent again" if unknown else "", style=_DOUBTFUL)
    for why, results in (group(report.not_attempted) or {"": []}).items():
        table.add_row("not attempted", f"{len(results):,}", Text(why))
    table.add_row("total", f"{len(report.results):,}", "", style="bold")
    return table


def _unknown(run: RunReport, audit: Audit) -> Table:
    taken = frozenset(audit.unknown_taken)
    table = _table(
        "Unknown: these may have been accepted, so the client never resends them",
        "Why",
        "Messages",
        "In ledger",
        "Track ids",
    )
    for why, results in group(run.bulk.unknown).items():
        accepted = sum(result.track_id in taken for result in results)
        runs = runs_of(results)
        more = f", and {len(runs) - _MAX_RUNS_SHOWN} more" if len(runs) > _MAX_RUNS_SHOWN else ""
        in_ledger = f"{accepted:,} accepted\n{len(results) - accepted:,} not"
        table.add_row(Text(why), f"{len(results):,}", in_ledger, Text(", ".join(runs[:_MAX_RUNS_SHOWN]) + more))
    return table


def _statistics(run: RunReport) -> Table:
    counter = run.requests
    rows = {
        "messages a second": len(run.bulk.results) / run.seconds,
        "send requests": counter.requests["sms.send"],
        "send retries": counter.retries["sms.send"],
        "status requests": counter.requests["sms.delivery_status"],
        "status retries": counter.retries["sms.delivery_status"],
        **{f"delivery: {state}": count for state, count in sorted(run.deliveries.items())},
        "delivery: pending": run.pending,
        "balance before, IRR": run.balance_before,
        "balance after, IRR": run.balance_after,
    }
    return _counts("Statistics", rows)


def _counts(title: str, counts: Mapping[str, float]) -> Table:
    table = _table(title, "What", "Count")
    for name, count in counts.items():
        table.add_row(name, f"{count:,.0f}")
    return table


def _ledger(run: RunReport, audit: Audit) -> Table:
    report = run.bulk
    accepted, unknown = len(report.accepted), len(report.unknown)
    table = _table("The gateway's ledger", "Check", "Expected", "Found", "", numbers=(1, 2))
    checks: Sequence[tuple[str, int, int]] = (
        ("messages with one outcome each", audit.inputs, audit.inputs - len(audit.without_one_outcome)),
        ("reported accepted, and in the ledger", accepted, audit.confirmed),
        ("doubled: accepted more than once", 0, len(audit.doubled)),
        ("lost: reported accepted, not in ledger", 0, len(audit.lost)),
        ("unreported: in ledger, not in report", 0, len(audit.unreported)),
        ("altered: another receiver or text", 0, len(audit.altered)),
        ("IRR charged, and taken from balance", audit.charged, audit.paid),
    )
    for what, expected, found in checks:
        agrees = expected == found
        table.add_row(what, f"{expected:,}", f"{found:,}", "ok" if agrees else "WRONG", style="" if agrees else _BAD)
    table.add_row("messages in the ledger", f"{accepted:,} to {accepted + unknown:,}", f"{audit.in_ledger:,}", "")
    table.add_row("unknown, and accepted", "", f"{len(audit.unknown_taken):,}", "", style=_DOUBTFUL)
    table.add_row("unknown, and not accepted", "", f"{len(audit.unknown_not_taken):,}", "", style=_DOUBTFUL)
    return table


def _conclusion(audit: Audit) -> Text:
    found = audit.disagreements
    if not found:
        return Text(
            "The ledger agrees with the report: nothing doubled, nothing lost, nothing unreported.", style=_GOOD
        )
    return Text("\n".join(["The ledger DISAGREES with the report:", *(f"- {one}" for one in found)]), style=_BAD)
