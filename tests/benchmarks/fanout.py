"""A number of sends, spread over a number of tasks of the event loop's own kind."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from tests.benchmarks.contenders.road import Backend, Single
from tests.benchmarks.job import CAP

__all__ = ["Tally", "run", "spread"]


class Tally:
    """What became of the sends.

    Attributes:
        done: How many succeeded.
        failed: How many did not, by the name of their exception.
        capped: Whether the rest was given up when the time was over.
    """

    def __init__(self) -> None:
        self.done = 0
        self.failed: Counter[str] = Counter()
        self.capped = False

    @property
    def note(self) -> str:
        """What is to be known of them; nothing if all succeeded."""
        words = [f"{count:,} {name}" for name, count in self.failed.items()]
        words += [f"broken off after {CAP:.0f} s"] if self.capped else []
        return ", ".join([f"{self.done:,} done", *words]) if words else ""


async def _work(send: Single, numbers: Iterator[int], tally: Tally) -> None:
    for number in numbers:
        try:
            await send(number)
        except Exception as error:  # noqa: BLE001 - a contender may fail as it likes; it is counted
            tally.failed[type(error).__name__] += 1
        else:
            tally.done += 1


async def spread(send: Single, sends: int, tasks: int, backend: Backend) -> Tally:
    """Send so many, each task taking the next, until all are sent or the time is over."""
    tally = Tally()
    numbers = iter(range(sends))
    if backend == "trio":
        await _spread_on_trio(send, numbers, tasks, tally)
    else:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CAP):
                await asyncio.gather(*(_work(send, numbers, tally) for _ in range(tasks)))
    tally.capped = tally.done + tally.failed.total() < sends
    return tally


async def _spread_on_trio(send: Single, numbers: Iterator[int], tasks: int, tally: Tally) -> None:
    import trio  # noqa: PLC0415 - only where it is measured

    with trio.move_on_after(CAP):
        async with trio.open_nursery() as nursery:
            for _ in range(tasks):
                nursery.start_soon(_work, send, numbers, tally)


def run(main: Callable[[], Coroutine[Any, Any, Any]], backend: Backend) -> Any:
    """Run something on an event loop of its own, made as a user would make it."""
    if backend == "trio":
        import trio  # noqa: PLC0415 - only where it is measured

        return trio.run(main)
    return asyncio.run(main())
