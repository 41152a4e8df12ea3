"""Campaigns and their workers while they are sent: live tables on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen

from wikipayam_async.campaigns.models import CampaignProgress
from wikipayam_async.cli.campaign.progress import SECONDS_BETWEEN_LINES, Speed, detail_of
from wikipayam_async.cli.output import Output, counted, visible
from wikipayam_async.cli.speech import heading, spoken
from wikipayam_async.cli.wording import in_words_of_the_command_line

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

    from wikipayam_async.integrations.procrastinate.presence import WorkerInfo

__all__ = ["Dashboard", "Snapshot", "WorkerRow", "dashboard", "row_of"]


@frozen(kw_only=True)
class WorkerRow:
    """What is shown of a worker.

    Attributes:
        name: Its name.
        messages: The number of messages that it has sent since it was started.
        rate: The number of messages that it sends in a second.
        alive: Whether it was heard of lately.
        note: What keeps it from sending; None if nothing does.
    """

    name: str
    messages: int
    rate: float
    alive: bool
    note: str | None = None

    @property
    def state(self) -> str:
        """Whether it is there, and what keeps it from sending."""
        return (self.note or "works") if self.alive else "is silent; it may have died"


def row_of(worker: WorkerInfo) -> WorkerRow:
    """Return what is shown of a worker of a database."""
    return WorkerRow(
        name=f"{worker.name} ({worker.host}, process {worker.pid})",
        messages=worker.messages,
        rate=worker.rate,
        alive=worker.alive,
        note=worker.note,
    )


@frozen
class Snapshot:
    """Campaigns and workers at one time.

    Attributes:
        campaigns: How far each campaign has got, by name.
        workers: The workers.
    """

    campaigns: Mapping[str, CampaignProgress]
    workers: Sequence[WorkerRow] = field(default=())


class Dashboard(Protocol):
    """Shows campaigns and workers."""

    def show(self, now: Snapshot) -> None:
        """Show a snapshot."""
        ...

    def say(self, text: str) -> None:
        """Write a line above what is shown; not with `--json`."""
        ...


def dashboard(out: Output, clock: Callable[[], float] = monotonic) -> AbstractContextManager[Dashboard]:
    """Show campaigns and workers during a `with` block.

    Args:
        out: The output.
        clock: A monotonic clock, in seconds.
    """
    return _tables(out, clock) if out.is_live else nullcontext(_Lines(out, clock))


class _Speeds:
    """The speed of each campaign."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._speeds: dict[str, Speed] = {}

    def of(self, name: str, now: CampaignProgress) -> Speed:
        if name not in self._speeds:
            self._speeds[name] = Speed(now, self._clock)
        return self._speeds[name]


@contextmanager
def _tables(out: Output, clock: Callable[[], float]) -> Iterator[Dashboard]:
    from rich.live import Live  # noqa: PLC0415 - only a terminal needs it

    with Live(console=out.console, auto_refresh=False) as live:
        yield _Tables(live, clock, out.language)


class _Tables:
    """Live tables.

    Args:
        live: The display.
        clock: A monotonic clock, in seconds.
        language: The language of headings and sentences.
    """

    def __init__(self, live: Live, clock: Callable[[], float], language: str) -> None:
        self._live = live
        self._speeds = _Speeds(clock)
        self._language = language

    def show(self, now: Snapshot) -> None:
        self._live.update(_drawn(now, self._speeds, self._language), refresh=True)

    def say(self, text: str) -> None:
        self._live.console.print(visible(spoken(text, self._language)), soft_wrap=True)


def _drawn(now: Snapshot, speeds: _Speeds, language: str) -> Group:
    from rich.console import Group  # noqa: PLC0415 - only a terminal needs it
    from rich.progress_bar import ProgressBar  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    def table(*headings: str) -> Table:
        return Table(*(heading(one, language) for one in headings), box=None, pad_edge=False)

    campaigns = table("campaign", "", "progress", "", "speed")
    for name, progress in now.campaigns.items():
        speed = speeds.of(name, progress)
        campaigns.add_row(
            Text(visible(name)),
            Text(spoken(_state(progress), language)),
            ProgressBar(max(progress.total, 1), progress.done, width=20),
            Text(spoken(f"{progress.done:,} of {progress.total:,}: {detail_of(progress)}", language)),
            Text(spoken(speed.rate_text(progress) + speed.remaining_text(progress), language)),
        )
    workers = table("worker", "messages", "a second", "")
    for one in now.workers:
        cells = (visible(one.name), f"{one.messages:,}", f"{one.rate:,.0f}", visible(spoken(one.state, language)))
        workers.add_row(*map(Text, cells))
    return Group(campaigns, Text(), workers if now.workers else Text(spoken("no workers", language)))


class _Lines:
    """Plain lines.

    Args:
        out: The output.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, out: Output, clock: Callable[[], float]) -> None:
        self._out = out
        self._clock = clock
        self._speeds = _Speeds(clock)
        self._states: dict[str, str] = {}
        self._due = clock() + SECONDS_BETWEEN_LINES

    def show(self, now: Snapshot) -> None:
        is_due = self._clock() >= self._due
        if is_due:
            self._due = self._clock() + SECONDS_BETWEEN_LINES
        for name, progress in now.campaigns.items():
            speed, state = self._speeds.of(name, progress), _state(progress)
            if self._states.get(name) != state:
                self._states[name] = state
                self.say(f"{name}: {state}")
            if is_due and progress.pending + progress.sending:
                rate, left = speed.rate_text(progress), speed.remaining_text(progress)
                counts = f"{progress.done:,} of {progress.total:,}: {detail_of(progress)}"
                alive = counted(sum(one.alive for one in now.workers), "worker")
                self.say(f"{name}: {counts}; {rate}{left}; {alive}")

    def say(self, text: str) -> None:
        self._out.say(text)


def _state(progress: CampaignProgress) -> str:
    reason = in_words_of_the_command_line(progress.reason or "")
    return progress.status.value + (f": {reason}" if reason not in {"", progress.status.value} else "")
