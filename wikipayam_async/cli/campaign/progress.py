"""The progress of a run: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import TypeAlias

from wikipayam_async.campaigns.models import CampaignProgress, CampaignStatus
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.speech import spoken

__all__ = ["Show", "progress"]

Show: TypeAlias = Callable[[CampaignProgress], None]

_SECONDS_BETWEEN_LINES = 10.0


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
        speed = _Speed(start, monotonic)
        task = bar.add_task("", total=start.total, completed=start.done, detail="", speed="")

        def show(now: CampaignProgress) -> None:
            bar.update(
                task,
                completed=now.done,
                detail=spoken(now.reason or _detail(now), out.language),
                speed=speed.rate_text(now),
            )

        yield show


@contextmanager
def _lines(out: Output, start: CampaignProgress, clock: Callable[[], float]) -> Iterator[Show]:
    speed = _Speed(start, clock)
    due = clock() + _SECONDS_BETWEEN_LINES
    waits_for: str | None = None

    def show(now: CampaignProgress) -> None:
        nonlocal due, waits_for
        if now.status is CampaignStatus.RUNNING and now.reason != waits_for:
            waits_for = now.reason
            if waits_for is not None:
                out.say(waits_for)
        if clock() >= due:
            due = clock() + _SECONDS_BETWEEN_LINES
            rate, left = speed.rate_text(now), speed.remaining_text(now)
            out.say(f"{now.done:,} of {now.total:,}: {_detail(now)}; {rate}{left}")

    yield show


class _Speed:
    """The number of messages processed per second since it was created."""

    def __init__(self, start: CampaignProgress, clock: Callable[[], float]) -> None:
        self._done_before = start.done
        self._started = clock()
        self._clock = clock

    def rate_text(self, now: CampaignProgress) -> str:
        return f"{self._rate(now):,.0f} a second"

    def remaining_text(self, now: CampaignProgress) -> str:
        rate = self._rate(now)
        if not rate:
            return ""
        minutes, seconds = divmod(round((now.total - now.done) / rate), 60)
        return f", about {minutes}:{seconds:02} left"

    def _rate(self, now: CampaignProgress) -> float:
        return (now.done - self._done_before) / max(self._clock() - self._started, 1e-3)


def _detail(now: CampaignProgress) -> str:
    counts = {
        "accepted": now.accepted,
        "rejected": now.rejected,
        "unknown": now.unknown,
        "left": now.pending + now.sending,
    }
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
