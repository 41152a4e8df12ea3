from __future__ import annotations

import io
import re

from tests.cli.conftest import Terminal
from wikipayam_async.campaigns import CampaignProgress, CampaignStatus
from wikipayam_async.cli.campaign.progress import Speed, progress
from wikipayam_async.cli.output import Output

RUNNING = CampaignStatus.RUNNING


def test_without_a_terminal_a_line_is_written_every_ten_seconds() -> None:
    """The line shows the counts, the speed of this run, and the remaining time."""
    now = 0.0
    err = io.StringIO()
    start = CampaignProgress(RUNNING, 2000, 1900, accepted=100)
    with progress(Output(stdout=io.StringIO(), stderr=err), start, lambda: now) as show:
        for now, accepted in ((9.9, 100), (10.0, 100), (15.0, 700), (20.0, 1100)):  # noqa: B007
            show(CampaignProgress(RUNNING, 2000, 1980 - accepted, 10, accepted, 0, 10))
    assert err.getvalue().splitlines() == [
        "110 of 2,000: 100 accepted, 10 unknown, 1,890 left; 1 a second, about 31:30 left",
        "1,110 of 2,000: 1,100 accepted, 10 unknown, 890 left; 50 a second, about 0:18 left",
    ]


def test_the_speed_is_that_of_the_last_minute() -> None:
    """What was sent before a long pause does not count."""
    now = 0.0
    speed = Speed(CampaignProgress(RUNNING, 10_000, 10_000), lambda: now)
    for now, accepted in ((30.0, 3000), (3000.0, 3000), (3060.0, 3060)):  # noqa: B007
        progressed = CampaignProgress(RUNNING, 10_000, 10_000 - accepted, accepted=accepted)
        text = speed.rate_text(progressed) + speed.remaining_text(progressed)
    assert text == "1 a second, about 115:40 left"


def test_a_stalled_run_shows_no_remaining_time() -> None:
    """At a speed of 0 the remaining time is unknown."""
    times = iter((0.0, 0.0, 11.0, 11.0, 11.0, 11.0))
    err = io.StringIO()
    start = CampaignProgress(RUNNING, 5, 5)
    with progress(Output(stdout=io.StringIO(), stderr=err), start, lambda: next(times)) as show:
        show(start)
    assert err.getvalue() == "0 of 5: 5 left; 0 a second\n"


def test_what_a_run_waits_for_is_told_once() -> None:
    """The reason of a run that has ended is not: its summary tells it."""
    err = io.StringIO()
    start = CampaignProgress(RUNNING, 5, 5)
    waits = CampaignProgress(RUNNING, 5, 5, reason="waiting for the sending hours")
    with progress(Output(stdout=io.StringIO(), stderr=err), start, lambda: 0.0) as show:
        for now in (start, waits, waits, start, CampaignProgress(CampaignStatus.PAUSED, 5, 5, reason="paused")):
            show(now)
    assert err.getvalue() == "waiting for the sending hours\n"


def test_json_output_shows_no_progress() -> None:
    """With --json there is no progress, not even on a terminal."""
    err = Terminal()
    times = iter((0.0, 0.0, 11.0, 11.0, 11.0, 11.0))
    start = CampaignProgress(RUNNING, 5, 5)
    with progress(Output(json=True, stdout=io.StringIO(), stderr=err), start, lambda: next(times)) as show:
        show(start)
    assert err.getvalue() == ""


def test_a_terminal_shows_a_bar() -> None:
    """The last state of the bar stays visible."""
    err = Terminal()
    with progress(Output(stdout=io.StringIO(), stderr=err), CampaignProgress(RUNNING, 4, 4)) as show:
        show(CampaignProgress(RUNNING, 4, accepted=3, unknown=1))
    assert "4/4 3 accepted, 1 unknown " in re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", err.getvalue())
