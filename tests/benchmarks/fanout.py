"""Distribute sends over concurrent tasks."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from tests.benchmarks.implementations.interface import Backend, Single
from tests.benchmarks.job import CAP

__all__ = ["Tally", "fan_out", "run"]


class Tally:
    """The results of the sends.

    Attributes:
        done: The number of successful sends.
        failed: The number of failed sends by exception name.
        capped: Whether the time limit was reached.
    """

    def __init__(self) -> None:
        self.done = 0
        self.failed: Counter[str] = Counter()
        self.capped = False

    @property
    def note(self) -> str:
        """A remark on failures and the time limit; empty if all sends succeeded."""
        words = [f"{count:,} {name}" for name, count in self.failed.items()]
        words += [f"stopped after {CAP:.0f} s"] if self.capped else []
        return ", ".join([f"{self.done:,} done", *words]) if words else ""


async def _work(send: Single, numbers: Iterator[int], tally: Tally) -> None:
    for number in numbers:
        try:
            await send(number)
        except Exception as error:  # noqa: BLE001 - any failure of a peer is counted
            tally.failed[type(error).__name__] += 1
        else:
            tally.done += 1


async def fan_out(send: Single, sends: int, tasks: int, backend: Backend) -> Tally:
    """Send messages from concurrent tasks, each taking the next, until all are sent or the time limit is reached."""
    tally = Tally()
    numbers = iter(range(sends))
    if backend == "trio":
        await _fan_out_on_trio(send, numbers, tasks, tally)
    else:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CAP):
                await asyncio.gather(*(_work(send, numbers, tally) for _ in range(tasks)))
    tally.capped = tally.done + tally.failed.total() < sends
    return tally


async def _fan_out_on_trio(send: Single, numbers: Iterator[int], tasks: int, tally: Tally) -> None:
    import trio  # noqa: PLC0415 - only if it is measured

    with trio.move_on_after(CAP):
        async with trio.open_nursery() as nursery:
            for _ in range(tasks):
                nursery.start_soon(_work, send, numbers, tally)


def run(main: Callable[[], Coroutine[Any, Any, Any]], backend: Backend) -> Any:
    """Run a coroutine on a new event loop, created the usual way."""
    if backend == "trio":
        import trio  # noqa: PLC0415 - only if it is measured

        return trio.run(main)
    return asyncio.run(main())
