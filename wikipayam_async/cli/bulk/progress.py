"""The progress of a run: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from time import monotonic

from wikipayam_async.cli.output import Output, counts_text
from wikipayam_async.outcomes import SendStatus

__all__ = ["Counts", "Show", "progress"]

Counts = Callable[[], Mapping[SendStatus, int]]
Show = Callable[[], None]

_SECONDS_BETWEEN_LINES = 10.0


def progress(out: Output, counts: Counts, clock: Callable[[], float] = monotonic) -> AbstractContextManager[Show]:
    """Show the progress of a run during a `with` block.

    Args:
        out: The output.
        counts: Returns the current number of rows of each outcome.
        clock: A monotonic clock, in seconds.

    Returns:
        A context manager that gives the function to call on progress.
    """
    return _bar(out, counts) if out.is_live else _lines(out, counts, clock)


@contextmanager
def _bar(out: Output, counts: Counts) -> Iterator[Show]:
    from rich import progress as rich  # noqa: PLC0415 - only a terminal needs it

    columns = (
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.fields[detail]}"),
        rich.TextColumn("{task.fields[speed]}"),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=out.console) as bar:
        speed = _Speed(counts(), monotonic)
        task = bar.add_task("", total=sum(counts().values()), completed=speed.done_before, detail="", speed="")

        def show() -> None:
            now = counts()
            bar.update(task, completed=_done(now), detail=_detail(now), speed=speed.rate_text(now))

        yield show
        show()


@contextmanager
def _lines(out: Output, counts: Counts, clock: Callable[[], float]) -> Iterator[Show]:
    speed = _Speed(counts(), clock)
    due = clock() + _SECONDS_BETWEEN_LINES

    def show() -> None:
        nonlocal due
        if clock() >= due:
            due = clock() + _SECONDS_BETWEEN_LINES
            now = counts()
            rate, left = speed.rate_text(now), speed.remaining_text(now)
            out.say(f"{_done(now):,} of {sum(now.values()):,}: {_detail(now)}; {rate}{left}")

    yield show


class _Speed:
    """The number of rows processed per second since it was created."""

    def __init__(self, counts: Mapping[SendStatus, int], clock: Callable[[], float]) -> None:
        self.done_before = _done(counts)
        self._started = clock()
        self._clock = clock

    def rate_text(self, counts: Mapping[SendStatus, int]) -> str:
        return f"{self._rate(counts):,.0f} a second"

    def remaining_text(self, counts: Mapping[SendStatus, int]) -> str:
        rate = self._rate(counts)
        left = counts[SendStatus.NOT_ATTEMPTED]
        if not rate:
            return ""
        minutes, seconds = divmod(round(left / rate), 60)
        return f", about {minutes}:{seconds:02} left"

    def _rate(self, counts: Mapping[SendStatus, int]) -> float:
        return (_done(counts) - self.done_before) / max(self._clock() - self._started, 1e-3)


def _done(counts: Mapping[SendStatus, int]) -> int:
    return sum(counts.values()) - counts[SendStatus.NOT_ATTEMPTED]


def _detail(counts: Mapping[SendStatus, int]) -> str:
    return counts_text({status: count for status, count in counts.items() if count})
