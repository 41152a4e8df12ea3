"""Cancel an operation at a given suspension point, on asyncio or trio, in several ways."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import ContextVar
from typing import Any

import anyio
import trio
from attrs import define, field
from sniffio import current_async_library

__all__ = ["BACKENDS_AND_WAYS", "WAYS", "Canceller"]

WAYS: dict[str, dict[int, str]] = {
    "scope": {0: "scope"},
    "scope at resumption": {0: "scope late"},
    "native": {0: "native"},
    "native at resumption": {0: "native late"},
    "native twice": {0: "native", 1: "native"},
    "native thrice": {0: "native", 1: "native", 2: "native late"},
    "native and later again": {0: "native", 2: "native"},
    "scope, then native": {0: "scope", 1: "native"},
    "native, then scope": {0: "native", 1: "scope"},
    "every task": {0: "all"},
}
"""The cancellations of each way, by their distance in suspension points from the first.

`scope` cancels an `anyio.CancelScope` and `native` calls `Task.cancel`; with `late` the task is about to resume. `all`
cancels every task of the operation, as the end of `asyncio.run` does, except tasks that have not started, since anyio
would warn about them.
"""

_STEPPED: ContextVar[Canceller] = ContextVar("_STEPPED")


BACKENDS_AND_WAYS = [("asyncio", way) for way in WAYS] + [
    ("trio", way) for way in WAYS if "native" not in way and way != "every task"
]
"""Every event loop with every way to cancel that it has."""


@define(eq=False)
class Canceller:
    """Runs an operation and cancels it at chosen suspension points; those of its child tasks count too.

    Attributes:
        cancellations: What to cancel at which suspension point.
        points: How many suspension points were reached.
        fired: Whether the operation reached the first cancellation.
        began: Whether the operation started.
        result: What the operation returned.
        error: What it raised, including a cancellation.
    """

    cancellations: dict[int, str]
    points: int = 0
    fired: bool = False
    began: bool = False
    result: object = None
    error: BaseException | None = None
    scope: anyio.CancelScope = field(factory=anyio.CancelScope)
    _tasks: list[asyncio.Task[Any]] = field(factory=list)
    _started: set[asyncio.Task[Any] | None] = field(factory=set)

    @classmethod
    def at(cls, point: int, way: str) -> Canceller:
        """Return one that cancels first at a suspension point, counted from 0."""
        return cls({point + offset: kind for offset, kind in WAYS[way].items()})

    async def run(self, operation: Callable[[], Awaitable[object]]) -> None:
        """Run the operation in its own task until it ends."""
        if current_async_library() == "trio":
            await self._run_on_trio(operation)
        else:
            await self._run_on_asyncio(operation)

    async def _body(self, operation: Callable[[], Awaitable[object]]) -> None:
        self.began = True
        with self.scope:
            try:
                self.result = await operation()
            except BaseException as error:
                self.error = error
                raise

    def _next(self) -> str:
        cancellation = self.cancellations.get(self.points, "")
        self.points += 1
        self.fired = self.fired or bool(cancellation)
        return cancellation

    async def _run_on_trio(self, operation: Callable[[], Awaitable[object]]) -> None:
        canceller = self

        class Steps(trio.abc.Instrument):
            def after_task_step(self, task: trio.lowlevel.Task) -> None:
                if task.context.get(_STEPPED) is canceller and task.coro.cr_frame is not None:
                    cancellation = canceller._next()
                    if cancellation == "scope":
                        canceller.scope.cancel()
                    elif cancellation:
                        late.add(task)

            def before_task_step(self, task: trio.lowlevel.Task) -> None:
                if task in late:
                    late.discard(task)
                    canceller.scope.cancel()

        async def task() -> None:
            _STEPPED.set(canceller)
            await canceller._body(operation)

        late: set[trio.lowlevel.Task] = set()
        steps = Steps()
        trio.lowlevel.add_instrument(steps)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(task)
        except BaseExceptionGroup as group:
            if group.exceptions != (self.error,):
                raise
        finally:
            trio.lowlevel.remove_instrument(steps)

    async def _run_on_asyncio(self, operation: Callable[[], Awaitable[object]]) -> None:
        loop = asyncio.get_running_loop()

        def make(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
            canceller = _STEPPED.get(None)
            task = asyncio.Task(coro if canceller is None else canceller._follow(coro), loop=loop, **options)
            if canceller is not None:
                canceller._tasks.append(task)
            return task

        loop.set_task_factory(make)
        token = _STEPPED.set(self)
        try:
            task = asyncio.create_task(self._body(operation))
        finally:
            _STEPPED.reset(token)
        try:
            await asyncio.wait([task])
        finally:
            loop.set_task_factory(None)
        if task.cancelled():
            self.error = self.error or asyncio.CancelledError()
        elif (error := task.exception()) is not None and error is not self.error:
            raise error

    async def _follow(self, coro: Coroutine[Any, Any, Any]) -> Any:
        return await _Steps(coro, self._suspended)

    def _suspended(self, future: asyncio.Future[Any] | None) -> None:
        """Cancel what is due at this suspension point; the current task is about to wait for the future or to yield."""
        cancellation = self._next()
        self._started.add(asyncio.current_task())
        if not cancellation:
            return
        host = self._tasks[0]
        kind, _, late = cancellation.partition(" ")
        cancels = [self.scope.cancel] if kind == "scope" else [host.cancel]
        if kind == "all":
            cancels = [one.cancel for one in self._tasks if one in self._started]
        if not late:
            for cancel in cancels:
                cancel()
        elif future is None:
            asyncio.get_running_loop().call_soon(cancels[0])
        else:
            future.add_done_callback(lambda _: (cancels[0](), None)[1])


class _Steps:
    """Drives a coroutine and calls back at each of its suspension points."""

    def __init__(self, coro: Coroutine[Any, Any, Any], suspended: Callable[[Any], None]) -> None:
        self._coro = coro
        self._suspended = suspended

    def __await__(self) -> Generator[Any, Any, Any]:
        step: Callable[[], Any] = functools.partial(self._coro.send, None)
        while True:
            try:
                awaited = step()
            except StopIteration as end:
                return end.value
            self._suspended(awaited)
            try:
                value = yield awaited
            except GeneratorExit:
                self._coro.close()
                raise
            except BaseException as error:  # noqa: BLE001 - every exception is passed on to the coroutine
                step = functools.partial(self._coro.throw, error)
            else:
                step = functools.partial(self._coro.send, value)
