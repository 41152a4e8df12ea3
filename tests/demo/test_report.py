import io
import re
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from rich.console import Console

from wikipayam_async import (
    APIStatusError,
    AuthenticationError,
    BulkReport,
    SendResult,
    SendStatus,
    ServerError,
    UnknownOutcomeError,
)
from wikipayam_async.demo.audit import compare
from wikipayam_async.demo.report import Findings, print_report
from wikipayam_async.demo.run import RequestCounter, RunReport


@pytest.fixture
def findings(audited: Callable[..., dict[str, Any]]) -> Findings:
    """The data of a run that agrees with the ledger."""
    ours = audited()
    run = RunReport(
        bulk=BulkReport(ours["results"]),
        deliveries={"UNDELIVERED": 1, "DELIVERED": 1},
        pending=0,
        balance_before=ours["balance_before"],
        balance_after=ours["balance_after"],
        seconds=0.5,
        requests=RequestCounter(),
    )
    return Findings(run=run, faults={"502 after accepting": 7}, audit=compare(**ours))


def printed(findings: Findings) -> list[str]:
    """Return the lines of a report, with single spaces."""
    written = io.StringIO()
    print_report(Console(file=written, width=100), findings)
    return [re.sub(r"\s+", " ", line).strip() for line in written.getvalue().splitlines()]


def test_agreement_is_reported(findings: Findings) -> None:
    """Every check is listed with the expected and the found value, and the conclusion comes last."""
    lines = printed(findings)
    start = lines.index("The gateway's ledger")
    assert lines[start + 4 :] == [
        "messages with one outcome each 5 5 ok",
        "reported accepted, and in the ledger 2 2 ok",
        "doubled: accepted more than once 0 0 ok",
        "lost: reported accepted, not in ledger 0 0 ok",
        "unreported: in ledger, not in report 0 0 ok",
        "altered: another receiver or text 0 0 ok",
        "IRR charged, and taken from balance 3,600 3,600 ok",
        "messages in the ledger 2 to 4 3",
        "unknown, and accepted 1",
        "unknown, and not accepted 1",
        "",
        "The ledger agrees with the report: nothing doubled, nothing lost, nothing unreported.",
    ]


def test_a_disagreement_is_reported(findings: Findings, audited: Callable[..., dict[str, Any]]) -> None:
    """The failed check is marked, and the conclusion lists the disagreement."""
    lines = printed(attrs.evolve(findings, audit=compare(**audited(inputs=6))))
    assert "messages with one outcome each 6 5 WRONG" in lines
    assert lines[-2:] == ["The ledger DISAGREES with the report:", "- 1 without exactly one outcome: number 5"]


def test_outcomes_are_counted_with_their_reasons(findings: Findings, result: Callable[..., SendResult]) -> None:
    """Each outcome has its count, and each reason its own line."""
    refused, stopped = APIStatusError("x", status_code=400), AuthenticationError("x", status_code=401)
    results = [
        result(0),
        result(1, SendStatus.REJECTED, error=refused, receiver="09120000001"),
        result(2, SendStatus.NOT_ATTEMPTED, error=stopped),
        result(3, SendStatus.NOT_ATTEMPTED, error=stopped),
    ]
    lines = printed(attrs.evolve(findings, run=attrs.evolve(findings.run, bulk=BulkReport(results))))
    assert lines[4:9] == [
        "accepted 1",
        "rejected 1 answered 400 (0912*****01)",
        "unknown 0",
        "not attempted 2 answered 401",
        "total 4",
    ]
    assert not any(line.startswith("Unknown:") for line in lines)


def test_unknown_messages_are_listed(findings: Findings, result: Callable[..., SendResult]) -> None:
    """Up to twelve track ids are listed, with the number that the ledger has."""
    error = UnknownOutcomeError("x")
    error.__cause__ = ServerError("x", status_code=502)
    results = [result(index, SendStatus.UNKNOWN, error=error) for index in range(0, 30, 2)]
    lines = printed(attrs.evolve(findings, run=attrs.evolve(findings.run, bulk=BulkReport(results))))
    start = lines.index("Unknown: these may have been accepted, so the client never resends them")
    text = " ".join(lines[start + 4 : lines.index("", start + 4)])
    assert text.startswith("answered 502 15 1 accepted T-0, T-2, T-4")
    assert " 14 not " in text
    assert text.endswith("T-22, and 3 more")


def test_statistics_and_faults_are_side_by_side(findings: Findings) -> None:
    """Speed, requests, deliveries and balance are on the left, faults on the right."""
    lines = printed(findings)
    assert "messages a second 10 502 after accepting 7" in lines
    assert "delivery: DELIVERED 1" in lines
    assert "balance after, IRR 6,400" in lines
    assert "messages a second 10 none 0" in printed(attrs.evolve(findings, faults={}))
