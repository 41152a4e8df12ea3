"""The progress of a run: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import TypeAlias

from wikipayam_async.campaigns.models import CampaignProgress, CampaignStatus
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.speech import spoken

__all__ = ["SECONDS_BETWEEN_LINES", "Show", "Speed", "detail_of", "progress"]

Show: TypeAlias = Callable[[CampaignProgress], None]

SECONDS_BETWEEN_LINES = 10.0
"""Where progress is no bar."""
_SECONDS_MEASURED = 60.0


def progress(
    out: Output, start: CampaignProgress, clock: Callable[[], float] = monotonic
) -> AbstractContextManager[Show]:
    """Show the progress of a run during a `with` block.

    Args:
        out: The output.
        start: How far the campaign has got before the run.
        clock: A monotonic clock, in seconds.

    Returns:
        A context manager that gives the function to call on progress.
    """
    return _bar(out, start) if out.is_live else _lines(out, start, clock)


@contextmanager
def _bar(out: Output, start: CampaignProgress) -> Iterator[Show]:
    from rich import progress as rich  # noqa: PLC0415 - only a terminal needs it

    columns = (
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.fields[detail]}"),
        rich.TextColumn("{task.fields[speed]}"),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=out.console) as bar:
        speed = Speed(start, monotonic)
        task = bar.add_task("", total=start.total, completed=start.done, detail="", speed="")

        def show(now: CampaignProgress) -> None:
            bar.update(
                task,
                completed=now.done,
                detail=spoken(now.reason or detail_of(now), out.language),
                speed=spoken(speed.rate_text(now), out.language),
            )

        yield show


@contextmanager
def _lines(out: Output, start: CampaignProgress, clock: Callable[[], float]) -> Iterator[Show]:
    speed = Speed(start, clock)
    due = clock() + SECONDS_BETWEEN_LINES
    waits_for: str | None = None

    def show(now: CampaignProgress) -> None:
        nonlocal due, waits_for
        if now.status is CampaignStatus.RUNNING and now.reason != waits_for:
            waits_for = now.reason
            if waits_for is not None:
                out.say(waits_for)
        if clock() >= due:
            due = clock() + SECONDS_BETWEEN_LINES
            rate, left = speed.rate_text(now), speed.remaining_text(now)
            out.say(f"{now.done:,} of {now.total:,}: {detail_of(now)}; {rate}{left}")

    yield show


class Speed:
    """The number of messages processed per second, of late: a pause an hour ago does not matter.

    Args:
        start: How far the campaign has got at first.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, start: CampaignProgress, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._samples = deque([(clock(), start.done)])

    def rate_text(self, now: CampaignProgress) -> str:
        """Return the speed, as in `50 a second`."""
        return f"{self._rate(now):,.0f} a second"

    def remaining_text(self, now: CampaignProgress) -> str:
        """Return the remaining time, as in `, about 0:18 left`; empty if it is unknown."""
        rate = self._rate(now)
        if not rate:
            return ""
        minutes, seconds = divmod(round((now.total - now.done) / rate), 60)
        return f", about {minutes}:{seconds:02} left"

    def _rate(self, now: CampaignProgress) -> float:
        at, samples = self._clock(), self._samples
        while len(samples) > 1 and at - samples[1][0] >= _SECONDS_MEASURED:
            samples.popleft()
        if at - samples[-1][0] >= 1:
            samples.append((at, now.done))
        started, done_before = samples[0]
        return (now.done - done_before) / max(at - started, 1e-3)


def detail_of(now: CampaignProgress) -> str:
    """Return the outcomes so far, as in `100 accepted, 10 unknown, 1,890 left`."""
    counts = {
        "accepted": now.accepted,
        "rejected": now.rejected,
        "unknown": now.unknown,
        "left": now.pending + now.sending,
    }
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
