"""Shows progress as bars on a terminal, and as plain lines now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic

from attrs import define
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from wikipayam_async.demo.run import Advance
from wikipayam_async.demo.words import ENGLISH, Words

__all__ = ["Display"]

_SECONDS_BETWEEN_LINES = 1.0


@define
class Display:
    """Shows the progress of each stage.

    Attributes:
        console: The console; not that of the report, so that the report can be piped.
        clock: A monotonic clock, in seconds.
        say: The language.
    """

    console: Console
    clock: Callable[[], float] = monotonic
    say: Words = ENGLISH

    def stage(self, title: str, total: int) -> AbstractContextManager[Advance]:
        """Show one stage.

        Args:
            title: The name of the stage.
            total: The number of steps.

        Returns:
            A context manager that gives the function to call on progress.
        """
        return self._bar(title, total) if self.console.is_terminal else self._lines(title, total)

    @contextmanager
    def _bar(self, title: str, total: int) -> Iterator[Advance]:
        columns = (
            TextColumn("[bold]{task.description:<9}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]:<30}", style="dim"),
        )
        with Progress(*columns, console=self.console, expand=True) as progress:
            task = progress.add_task(title, total=total, detail="")
            yield lambda done, detail: progress.update(task, completed=done, detail=detail)

    @contextmanager
    def _lines(self, title: str, total: int) -> Iterator[Advance]:
        due = self.clock() + _SECONDS_BETWEEN_LINES

        def advance(done: int, detail: str) -> None:
            nonlocal due
            if done == total or self.clock() >= due:
                due = self.clock() + _SECONDS_BETWEEN_LINES
                line = self.say(
                    "{title}: {done:,} of {total:,}; {detail}", title=title, done=done, total=total, detail=detail
                )
                self.console.print(line, soft_wrap=True)

        yield advance
