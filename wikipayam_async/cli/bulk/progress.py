"""How a run gets on: a line that moves on a terminal, a plain line now and then anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from time import monotonic

from wikipayam_async.cli.output import Output
from wikipayam_async.outcomes import SendStatus

__all__ = ["Counts", "Show", "progress"]

Counts = Callable[[], Mapping[SendStatus, int]]
Show = Callable[[], None]

_SECONDS_A_LINE = 10.0


def progress(out: Output, counts: Counts, clock: Callable[[], float] = monotonic) -> AbstractContextManager[Show]:
    """Show how a run gets on, for the length of a `with` block.

    Args:
        out: Where.
        counts: Returns how many rows there are of each outcome now.
        clock: Seconds that only rise.

    Returns:
        A context that gives what is to be called on progress.
    """
    return _moving(out, counts) if out.is_live else _plain(out, counts, clock)


@contextmanager
def _moving(out: Output, counts: Counts) -> Iterator[Show]:
    from rich.progress import (  # noqa: PLC0415 - only a terminal needs it
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out.console) as shown:
        pace = _Speed(counts(), monotonic)
        task = shown.add_task("", total=sum(counts().values()), completed=pace.first, detail="", speed="")

        def show() -> None:
            now = counts()
            shown.update(task, completed=_done(now), detail=_detail(now), speed=pace.tell(now))

        yield show
        show()


@contextmanager
def _plain(out: Output, counts: Counts, clock: Callable[[], float]) -> Iterator[Show]:
    pace = _Speed(counts(), clock)
    due = clock() + _SECONDS_A_LINE

    def show() -> None:
        nonlocal due
        if clock() >= due:
            due = clock() + _SECONDS_A_LINE
            now = counts()
            out.say(f"{_done(now):,} of {sum(now.values()):,}: {_detail(now)}; {pace.tell(now)}{pace.rest(now)}")

    yield show


class _Speed:
    """How fast rows are seen to, since it was made."""

    def __init__(self, counts: Mapping[SendStatus, int], clock: Callable[[], float]) -> None:
        self.first = _done(counts)
        self._began = clock()
        self._clock = clock

    def tell(self, counts: Mapping[SendStatus, int]) -> str:
        return f"{self._rate(counts):,.0f} a second"

    def rest(self, counts: Mapping[SendStatus, int]) -> str:
        rate = self._rate(counts)
        left = counts[SendStatus.NOT_ATTEMPTED]
        if not rate:
            return ""
        minutes, seconds = divmod(round(left / rate), 60)
        return f", about {minutes}:{seconds:02} left"

    def _rate(self, counts: Mapping[SendStatus, int]) -> float:
        return (_done(counts) - self.first) / max(self._clock() - self._began, 1e-3)


def _done(counts: Mapping[SendStatus, int]) -> int:
    return sum(counts.values()) - counts[SendStatus.NOT_ATTEMPTED]


def _detail(counts: Mapping[SendStatus, int]) -> str:
    return ", ".join(f"{count:,} {status.value.replace('_', ' ')}" for status, count in counts.items() if count)
