from __future__ import annotations

import io
import re

from tests.cli.bulk.results_files import ACCEPTED, NOT_ATTEMPTED, REJECTED, UNKNOWN
from tests.cli.conftest import Terminal
from wikipayam_async.cli.bulk.progress import progress
from wikipayam_async.cli.output import Output


def test_without_a_terminal_a_line_is_written_every_ten_seconds() -> None:
    """The line shows the counts, the speed of this run, and the remaining time."""
    counts = {ACCEPTED: 100, REJECTED: 0, UNKNOWN: 0, NOT_ATTEMPTED: 1900}
    now = 0.0
    err = io.StringIO()
    with progress(Output(stdout=io.StringIO(), stderr=err), lambda: counts, lambda: now) as show:
        for now, accepted in ((9.9, 100), (10.0, 100), (15.0, 700), (20.0, 1100)):  # noqa: B007
            counts |= {ACCEPTED: accepted, UNKNOWN: 10, NOT_ATTEMPTED: 1990 - accepted}
            show()
    assert err.getvalue().splitlines() == [
        "110 of 2,000: 100 accepted, 10 unknown, 1,890 not attempted; 1 a second, about 31:30 left",
        "1,110 of 2,000: 1,100 accepted, 10 unknown, 890 not attempted; 50 a second, about 0:18 left",
    ]


def test_a_stalled_run_shows_no_remaining_time() -> None:
    """At a speed of 0 the remaining time is unknown."""
    counts = {ACCEPTED: 0, REJECTED: 0, UNKNOWN: 0, NOT_ATTEMPTED: 5}
    times = iter((0.0, 0.0, 11.0, 11.0, 11.0, 11.0))
    err = io.StringIO()
    with progress(Output(stdout=io.StringIO(), stderr=err), lambda: counts, lambda: next(times)) as show:
        show()
    assert err.getvalue() == "0 of 5: 5 not attempted; 0 a second\n"


def test_json_output_shows_no_progress() -> None:
    """With --json there is no progress, not even on a terminal."""
    err = Terminal()
    times = iter((0.0, 0.0, 11.0, 11.0, 11.0, 11.0))
    counts = {ACCEPTED: 0, REJECTED: 0, UNKNOWN: 0, NOT_ATTEMPTED: 5}
    with progress(Output(json=True, stdout=io.StringIO(), stderr=err), lambda: counts, lambda: next(times)) as show:
        show()
    assert err.getvalue() == ""


def test_a_terminal_shows_a_bar() -> None:
    """The last state of the bar stays visible."""
    counts = {ACCEPTED: 0, REJECTED: 0, UNKNOWN: 0, NOT_ATTEMPTED: 4}
    err = Terminal()
    with progress(Output(stdout=io.StringIO(), stderr=err), lambda: counts):
        counts |= {ACCEPTED: 3, UNKNOWN: 1, NOT_ATTEMPTED: 0}
    assert "4/4 3 accepted, 1 unknown " in re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", err.getvalue())
