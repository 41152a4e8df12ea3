from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.cli.bulk.commands import CAMPAIGN, FILE, SENDS, A, B, C, write
from tests.cli.conftest import Run
from wikipayam_async import SendResult, SendStatus, SmsMessage
from wikipayam_async.campaigns import CampaignProgress, CampaignReport, CampaignStatus, JournalWriteError
from wikipayam_async.cli.campaign.causes import Causes
from wikipayam_async.cli.campaign.locations import FileLocation
from wikipayam_async.cli.campaign.report import RunSummary, show_summary
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.emulator import Emulator, Fault


def test_json_output_is_one_object(gateway: Emulator, run: Run) -> None:
    """With --json stdout holds one object, and stderr is empty without errors; held back is no failure."""
    write(f"{A},hi", f"{A},hi")
    ended = run("bulk", FILE, "--yes", "--dedupe", "receiver-and-text", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.json == {
        "campaign": CAMPAIGN, "status": "completed", "reason": None, "total": 2,
        "counts": {"accepted": 1, "rejected": 1, "unknown": 0, "sending": 0, "pending": 0},
        "held_back": 1, "unwritten": [], "exit": "ok",
        "causes": [
            {
                "status": "rejected", "cause": "duplicate", "messages": 1,
                "error": "not sent: a duplicate of an earlier message in this run",
            }
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "code", "counts"),
    [
        (Fault.status(400), 1, (2, 2, 0, 0)),
        (Fault.status(402), 1, (2, 0, 0, 2)),
        (Fault.status(403), 4, (2, 0, 0, 2)),
        (Fault.status(401), 4, (2, 0, 0, 2)),
        (Fault.reset(), 3, (2, 0, 2, 0)),
        (Fault.status(500), 3, (2, 0, 2, 0)),
        (Fault.status(429, retry_after=3600), 5, (2, 0, 0, 2)),
    ],
)
def test_the_exit_code_reports_the_outcome(
    gateway: Emulator, run: Run, fault: Fault, code: int, counts: tuple[int, ...]
) -> None:
    """Rejected is 1, unknown 3, a refused token 4, a gateway failure 5; what is no message's fault is left to send."""
    write(f"{A},hi", f"{B},hi", f"{C},hi", f"{A},ho")
    gateway.faults.script([None, fault], on=SENDS)
    ended = run("bulk", FILE, "--yes", "--batch-size", "2", "--concurrency", "1", "--json")
    found = ended.json["counts"]
    assert (ended.code, tuple(found[name] for name in ("accepted", "rejected", "unknown", "pending"))) == (code, counts)
    assert ended.json["exit"] == {1: "rejected", 3: "unknown", 4: "auth", 5: "gateway"}[code]


def test_unknown_outweighs_a_refused_token(gateway: Emulator, run: Run) -> None:
    """An unknown outcome is the most severe, and the report says how to resolve it, and how to go on."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    gateway.faults.script([Fault.reset(), Fault.status(401)], on=SENDS)
    ended = run("bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "1")
    assert ended.code == 3
    assert ended.err.splitlines()[-4:] == [
        "3 messages: 0 accepted, 0 rejected, 1 unknown, 2 left",
        f"campaign: {CAMPAIGN} (wikipayam campaign results {CAMPAIGN})",
        (
            "unknown messages may have been sent, and are not sent again. Look for them in the panel, by receiver, text and "
            "time, or by track id if it shows one "
            f"(wikipayam campaign results {CAMPAIGN} --status unknown), then record what you found: "
            f"wikipayam campaign mark-accepted {CAMPAIGN} ID... --note WHY, or for those that the panel does not show, "
            f"wikipayam campaign requeue {CAMPAIGN} ID... --note WHY"
        ),
        f"to go on: wikipayam campaign run {CAMPAIGN}",
    ]


def test_a_thousand_unknown_messages_are_one_line(gateway: Emulator, run: Run) -> None:
    """Unknown outcomes are grouped by cause, and no part of a track id is shown as if it were one."""
    write(*[f"0912{row:07},hi" for row in range(1000)])
    gateway.faults.every(Fault.reset(), 1, on=SENDS)
    ended = run("bulk", FILE, "--yes")
    assert ended.code == 3
    assert "1,000 messages unknown, disconnected: " in ended.err
    assert len(ended.err.splitlines()) < 15


def test_commands_are_quoted(gateway: Emulator, run: Run) -> None:
    """The printed command works in a shell for any file name."""
    write(f"{A},hi", name="my file.csv")
    assert "(wikipayam campaign results 'my file.csv.campaign')\n" in run("bulk", "my file.csv", "--yes").err


def test_a_gateway_that_is_gone_is_a_gateway_failure() -> None:
    """What did not reach it is left to send, and no message is to blame."""
    report = CampaignReport(
        CampaignStatus.PAUSED, 2, pending=1, accepted=1, attempted={SendStatus.ACCEPTED: 1, SendStatus.NOT_ATTEMPTED: 1}
    )
    assert (
        RunSummary(location=FileLocation(Path("c")), progress=report, causes=Causes(), report=report).code
        is Exit.GATEWAY
    )


def test_unwritten_outcomes_that_are_not_accepted_need_no_recording() -> None:
    """They are shown, without the command that records accepted ones."""
    result = SendResult(0, SmsMessage(A, "hi"), SendStatus.REJECTED, track_id="t-1")
    progress = CampaignProgress(CampaignStatus.PAUSED, 1, sending=1, reason="c: database or disk is full")
    failure = JournalWriteError("c: the outcomes could not be written", results=[result])
    err = io.StringIO()
    summary = RunSummary(location=FileLocation(Path("c")), progress=progress, causes=Causes(), failure=failure)
    show_summary(Output(stdout=io.StringIO(), stderr=err), summary)
    assert summary.code is Exit.UNKNOWN
    assert err.getvalue().splitlines()[:4] == [
        "paused: c: database or disk is full",
        "1 message: 0 accepted, 0 rejected, 0 unknown, 1 in flight, 0 left",
        "error: c: the outcomes could not be written",
        "not written: track id t-1: rejected",
    ]
    assert "shown when the disk was full" not in err.getvalue()
