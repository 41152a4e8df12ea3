"""Prints the report: what the client says, what went wrong on the way, and whether the ledger agrees."""

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
    """All that there is to report.

    Attributes:
        campaign: What the client says.
        troubles: What went wrong on the way, and how often.
        audit: What the ledger says to it.
    """

    campaign: RunReport
    troubles: Mapping[str, int]
    audit: Audit


def print_report(console: Console, findings: Findings) -> None:
    """Print the report.

    Args:
        console: Where.
        findings: What is reported.
    """
    campaign, audit = findings.campaign, findings.audit
    console.print(_outcomes(campaign))
    if campaign.report.unknown:
        console.print(_unknown(campaign, audit))
    sides = Table.grid(expand=True, padding=(0, 2))
    sides.add_row(_course(campaign), _troubles(findings.troubles))
    console.print(sides)
    console.print(_ledger(campaign, audit))
    console.print(_verdict(audit), soft_wrap=False)


def _table(title: str, *columns: str, numbers: Sequence[int] = (1,)) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, expand=True, pad_edge=False)
    for place, name in enumerate(columns):
        number = place in numbers
        table.add_column(name, justify="right" if number else "left", no_wrap=number)
    return table


def _outcomes(campaign: RunReport) -> Table:
    report = campaign.report
    table = _table("What became of the messages", "Outcome", "Messages", "Why")
    table.add_row("accepted", f"{len(report.accepted):,}", "", style=_GOOD)
    for why, results in group(report.rejected).items():
        table.add_row("rejected", f"{len(results):,}", Text(f"{why} ({', '.join(examples_of(results))})"))
    unknown = len(report.unknown)
    table.add_row("unknown", f"{unknown:,}", "see below; not sent again" if unknown else "", style=_DOUBTFUL)
    for why, results in (group(report.not_attempted) or {"": []}).items():
        table.add_row("not attempted", f"{len(results):,}", Text(why))
    table.add_row("in all", f"{len(report.results):,}", "", style="bold")
    return table


def _unknown(campaign: RunReport, audit: Audit) -> Table:
    taken = frozenset(audit.unknown_taken)
    table = _table(
        "Unknown: the client cannot tell, so it sends none of them again", "Why", "Messages", "In truth", "Track ids"
    )
    for why, results in group(campaign.report.unknown).items():
        accepted = sum(result.track_id in taken for result in results)
        runs = runs_of(results)
        more = f", and {len(runs) - _MAX_RUNS_SHOWN} more" if len(runs) > _MAX_RUNS_SHOWN else ""
        truth = f"{accepted:,} accepted\n{len(results) - accepted:,} not"
        table.add_row(Text(why), f"{len(results):,}", truth, Text(", ".join(runs[:_MAX_RUNS_SHOWN]) + more))
    return table


def _course(campaign: RunReport) -> Table:
    tally = campaign.tally
    rows = {
        "messages a second": len(campaign.report.results) / campaign.seconds,
        "send requests": tally.requests["sms.send"],
        "send retries": tally.retries["sms.send"],
        "status requests": tally.requests["sms.delivery_status"],
        "status retries": tally.retries["sms.delivery_status"],
        **{f"delivery: {state}": count for state, count in sorted(campaign.deliveries.items())},
        "delivery: still open": campaign.pending,
        "balance before, IRR": campaign.balance_before,
        "balance after, IRR": campaign.balance_after,
    }
    return _counts("How it went", rows)


def _troubles(troubles: Mapping[str, int]) -> Table:
    return _counts("What went wrong on the way", troubles or {"nothing": 0})


def _counts(title: str, counts: Mapping[str, float]) -> Table:
    table = _table(title, "What", "Count")
    for name, count in counts.items():
        table.add_row(name, f"{count:,.0f}")
    return table


def _ledger(campaign: RunReport, audit: Audit) -> Table:
    report = campaign.report
    sure, open_ = len(report.accepted), len(report.unknown)
    table = _table("What the gateway's own ledger says", "Check", "Expected", "Found", "", numbers=(1, 2))
    checks: Sequence[tuple[str, int, int]] = (
        ("messages with one outcome each", audit.inputs, audit.inputs - len(audit.without_one_outcome)),
        ("reported accepted, and in the ledger", sure, audit.confirmed),
        ("doubled: accepted more than once", 0, len(audit.doubled)),
        ("lost: reported accepted, not in ledger", 0, len(audit.lost)),
        ("unreported: in ledger, not in report", 0, len(audit.unreported)),
        ("altered: another receiver or text", 0, len(audit.altered)),
        ("IRR charged, and taken from balance", audit.charged, audit.paid),
    )
    for what, expected, found in checks:
        good = expected == found
        table.add_row(what, f"{expected:,}", f"{found:,}", "ok" if good else "WRONG", style="" if good else _BAD)
    table.add_row("messages in the ledger", f"{sure:,} to {sure + open_:,}", f"{audit.in_ledger:,}", "")
    table.add_row("unknown, but in truth accepted", "", f"{len(audit.unknown_taken):,}", "", style=_DOUBTFUL)
    table.add_row("unknown, and in truth not accepted", "", f"{len(audit.unknown_not_taken):,}", "", style=_DOUBTFUL)
    return table


def _verdict(audit: Audit) -> Text:
    found = audit.disagreements
    if not found:
        return Text(
            "The ledger agrees with the report: nothing doubled, nothing lost, nothing unreported.", style=_GOOD
        )
    return Text("\n".join(["The ledger DISAGREES with the report:", *(f"- {one}" for one in found)]), style=_BAD)
