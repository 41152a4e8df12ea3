from __future__ import annotations

import io
import re

from tests.cli.conftest import Terminal
from wikipayam_async.campaigns import CampaignProgress, CampaignStatus
from wikipayam_async.cli.campaign.dashboard import Snapshot, WorkerRow, dashboard
from wikipayam_async.cli.output import Output

RUNNING = CampaignStatus.RUNNING
WORKERS = (
    WorkerRow(name="a:1", messages=1200, rate=50.4, alive=True),
    WorkerRow(name="b:2\x1b", messages=7, rate=0.0, alive=True, note="the gateway cannot be reached"),
    WorkerRow(name="c:3", messages=0, rate=0.0, alive=False),
)


def running(accepted: int) -> CampaignProgress:
    """Return the progress of a campaign of 2,000 messages."""
    return CampaignProgress(RUNNING, 2000, 2000 - accepted, accepted=accepted)


def test_without_a_terminal_changes_are_told_at_once_and_counts_every_ten_seconds() -> None:
    """A campaign that has ended has no more counts; silent workers are not counted."""
    now, err = 0.0, io.StringIO()
    paused = CampaignProgress(CampaignStatus.PAUSED, 2000, 1000, accepted=1000, reason="the token is refused")
    done = CampaignProgress(CampaignStatus.COMPLETED, 2000, accepted=2000)
    with dashboard(Output(stdout=io.StringIO(), stderr=err), lambda: now) as board:
        for now, progress in ((0.0, running(0)), (5.0, running(500)), (10.0, running(1000)), (11.0, paused)):  # noqa: B007
            board.show(Snapshot({"eid": progress}, WORKERS))
        now = 30.0
        board.show(Snapshot({"eid": done}))
    assert err.getvalue().splitlines() == [
        "eid: running",
        "eid: 1,000 of 2,000: 1,000 accepted, 1,000 left; 100 a second, about 0:10 left; 2 workers",
        "eid: paused: the token is refused",
        "eid: completed",
    ]


def test_a_terminal_shows_tables() -> None:
    """Of the campaigns and of their workers; control characters do not reach the terminal."""
    now, err = 0.0, Terminal()
    with dashboard(Output(stdout=io.StringIO(), stderr=err), lambda: now) as board:
        board.show(Snapshot({"eid": running(0), "nowruz": running(1)}))
        board.say("the gateway\x1b cannot be reached")
        now = 10.0
        board.show(Snapshot({"eid": running(1000)}, WORKERS))
    first, _, last = re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", err.getvalue()).partition("no workers")
    assert "the gateway\\x1b cannot be reached\n" in last
    assert [line.split()[0] for line in first.splitlines() if line.strip()] == ["campaign", "eid", "nowruz"]
    shown = " ".join(last.replace("\r", "").split())
    assert "eid running ━━━━━━━━━━╺━━━━━━━━━ 1,000 of 2,000: 1,000 accepted, 1,000 left" in shown
    assert "100 a second, about 0:10 left" in shown
    assert "a:1 1,200 50 works b:2\\x1b 7 0 the gateway cannot be reached c:3 0 0 is silent; it may have died" in shown


def test_json_output_shows_no_tables() -> None:
    """Not even on a terminal."""
    err = Terminal()
    with dashboard(Output(json=True, stdout=io.StringIO(), stderr=err), lambda: 0.0) as board:
        board.show(Snapshot({"eid": running(0)}))
    assert err.getvalue() == ""
