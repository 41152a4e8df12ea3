"""Prints the report: the outcomes, the faults, and whether the ledger agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wikipayam_async import SendResult
from wikipayam_async.demo.audit import Audit
from wikipayam_async.demo.reasons import examples_of, group, runs_of
from wikipayam_async.demo.run import RunReport
from wikipayam_async.demo.words import ENGLISH, Words

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


def print_report(console: Console, findings: Findings, say: Words = ENGLISH) -> None:
    """Print the report.

    Args:
        console: The console.
        findings: The data.
        say: The language.
    """
    run, audit = findings.run, findings.audit
    console.print(_outcomes(run, say))
    if run.bulk.unknown:
        console.print(_unknown(run, audit, say))
    sides = Table.grid(expand=True, padding=(0, 2))
    faults = {say(name): count for name, count in (findings.faults or {"none": 0}).items()}
    sides.add_row(_statistics(run, say), _counts("Faults", faults, say))
    console.print(sides)
    console.print(_ledger(run, audit, say))
    console.print(_conclusion(audit, say), soft_wrap=False)


def _table(say: Words, title: str, *columns: str, numbers: Sequence[int] = (1,)) -> Table:
    table = Table(
        title=Text(say(title), style="bold"), title_justify="left", box=SIMPLE_HEAD, expand=True, pad_edge=False
    )
    for index, name in enumerate(columns):
        number = index in numbers
        table.add_column(f"{say.mark}{say(name)}", justify="right" if number else "left", no_wrap=number)
    return table


def _add(table: Table, say: Words, *cells: str, style: str = "") -> None:
    table.add_row(*(Text(f"{say.mark}{cell}") for cell in cells), style=style)


def _outcomes(run: RunReport, say: Words) -> Table:
    report = run.bulk
    table = _table(say, "Outcomes", "Outcome", "Messages", "Why")
    _add(table, say, say("accepted"), f"{len(report.accepted):,}", "", style=_GOOD)
    for why, results in group(report.rejected, say).items():
        reason = say("{why} ({examples})", why=why, examples=", ".join(examples_of(results, say)))
        _add(table, say, say("rejected"), f"{len(results):,}", reason)
    unknown = len(report.unknown)
    below = say("see below; not sent again") if unknown else ""
    _add(table, say, say("unknown"), f"{unknown:,}", below, style=_DOUBTFUL)
    for why, results in (group(report.not_attempted, say) or {"": []}).items():
        _add(table, say, say("not attempted"), f"{len(results):,}", why)
    _add(table, say, say("total"), f"{len(report.results):,}", "", style="bold")
    return table


def _unknown(run: RunReport, audit: Audit, say: Words) -> Table:
    taken = frozenset(audit.unknown_taken)
    table = _table(
        say,
        "Unknown: these may have been accepted, so the client never resends them",
        "Why",
        "Messages",
        "In ledger",
        "Track ids",
    )
    for why, results in group(run.bulk.unknown, say).items():
        accepted = sum(result.track_id in taken for result in results)
        lines = (say("{count:,} accepted", count=accepted), say("{count:,} not", count=len(results) - accepted))
        in_ledger = f"\n{say.mark}".join(lines)
        _add(table, say, why, f"{len(results):,}", in_ledger, _track_ids(results, say))
    return table


def _track_ids(results: Sequence[SendResult], say: Words) -> str:
    runs = runs_of(results)
    shown, more = ", ".join(runs[:_MAX_RUNS_SHOWN]), len(runs) - _MAX_RUNS_SHOWN
    return say("{runs}, and {more} more", runs=shown, more=more) if more > 0 else shown


def _statistics(run: RunReport, say: Words) -> Table:
    counter = run.requests
    deliveries = [*sorted(run.deliveries.items()), ("pending", run.pending)]
    rows = {
        say("messages a second"): len(run.bulk.results) / run.seconds,
        say("send requests"): counter.requests["sms.send"],
        say("send retries"): counter.retries["sms.send"],
        say("status requests"): counter.requests["sms.delivery_status"],
        say("status retries"): counter.retries["sms.delivery_status"],
        **{say("delivery: {state}", state=say(state)): count for state, count in deliveries},
        say("balance before, IRR"): run.balance_before,
        say("balance after, IRR"): run.balance_after,
    }
    return _counts("Statistics", rows, say)


def _counts(title: str, counts: Mapping[str, float], say: Words) -> Table:
    table = _table(say, title, "What", "Count")
    for name, count in counts.items():
        _add(table, say, name, f"{count:,.0f}")
    return table


def _ledger(run: RunReport, audit: Audit, say: Words) -> Table:
    report = run.bulk
    accepted, unknown = len(report.accepted), len(report.unknown)
    table = _table(say, "The gateway's ledger", "Check", "Expected", "Found", "", numbers=(1, 2))
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
        verdict, style = ("ok", "") if agrees else ("WRONG", _BAD)
        _add(table, say, say(what), f"{expected:,}", f"{found:,}", say(verdict), style=style)
    allowed = say("{least:,} to {most:,}", least=accepted, most=accepted + unknown)
    _add(table, say, say("messages in the ledger"), allowed, f"{audit.in_ledger:,}", "")
    _add(table, say, say("unknown, and accepted"), "", f"{len(audit.unknown_taken):,}", "", style=_DOUBTFUL)
    _add(table, say, say("unknown, and not accepted"), "", f"{len(audit.unknown_not_taken):,}", "", style=_DOUBTFUL)
    return table


def _conclusion(audit: Audit, say: Words) -> Text:
    found = audit.disagreements
    if not found:
        agrees = "The ledger agrees with the report: nothing doubled, nothing lost, nothing unreported."
        return Text(say(agrees), style=_GOOD)
    return Text("\n".join([say("The ledger DISAGREES with the report:"), *(f"- {one}" for one in found)]), style=_BAD)
