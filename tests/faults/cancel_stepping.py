"""Cancelling an operation at one of its suspension points, on either event loop, in any of several ways."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import ContextVar
from typing import Any

import anyio
import pytest
import trio
from attrs import define, field
from sniffio import current_async_library

__all__ = ["WAYS", "Knife", "every_way"]

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
"""What strikes, by how many suspension points after the first. `native` is `Task.cancel`; `late` is when the task is
about to go on already; `all` cancels every task of the operation, as the end of `asyncio.run`
does; one that has not begun yet is left out, since anyio would warn of it."""

_STEPPED: ContextVar[Knife] = ContextVar("_STEPPED")


every_way = pytest.mark.parametrize(
    ("anyio_backend", "way"),
    [("asyncio", way) for way in WAYS] + [("trio", way) for way in WAYS if "native" not in way and way != "every task"],
)
"""Runs a test once for every way to cancel that an event loop knows."""


@define(eq=False)
class Knife:
    """Runs an operation and cancels it at the suspension points that `strokes` names; its child tasks' points count too.

    Attributes:
        strokes: What strikes at which suspension point.
        points: How many suspension points there were.
        struck: Whether the operation got as far as the first stroke.
        result: What the operation returned.
        error: What it raised, a cancellation included.
    """

    strokes: dict[int, str]
    points: int = 0
    struck: bool = False
    began: bool = False
    result: object = None
    error: BaseException | None = None
    scope: anyio.CancelScope = field(factory=anyio.CancelScope)
    _tasks: list[asyncio.Task[Any]] = field(factory=list)
    _begun: set[asyncio.Task[Any] | None] = field(factory=set)

    @classmethod
    def at(cls, point: int, way: str) -> Knife:
        """Make one that strikes first at a point, counted from 0."""
        return cls({point + offset: stroke for offset, stroke in WAYS[way].items()})

    async def run(self, operation: Callable[[], Awaitable[object]]) -> None:
        """Carry out the operation in a task of its own, and come back when it is over."""
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

    def _next_stroke(self) -> str:
        stroke = self.strokes.get(self.points, "")
        self.points += 1
        self.struck = self.struck or bool(stroke)
        return stroke

    async def _run_on_trio(self, operation: Callable[[], Awaitable[object]]) -> None:
        knife = self

        class Steps(trio.abc.Instrument):
            def after_task_step(self, task: trio.lowlevel.Task) -> None:
                if task.context.get(_STEPPED) is knife and task.coro.cr_frame is not None:
                    stroke = knife._next_stroke()
                    if stroke == "scope":
                        knife.scope.cancel()
                    elif stroke:
                        late.add(task)

            def before_task_step(self, task: trio.lowlevel.Task) -> None:
                if task in late:
                    late.discard(task)
                    knife.scope.cancel()

        async def task() -> None:
            _STEPPED.set(knife)
            await knife._body(operation)

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
            knife = _STEPPED.get(None)
            task = asyncio.Task(coro if knife is None else knife._follow(coro), loop=loop, **options)
            if knife is not None:
                knife._tasks.append(task)
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
        """Do what is due at this suspension point; the current task is about to wait for the future, or for a turn."""
        stroke = self._next_stroke()
        self._begun.add(asyncio.current_task())
        if not stroke:
            return
        host = self._tasks[0]
        kind, _, late = stroke.partition(" ")
        strikes = [self.scope.cancel] if kind == "scope" else [host.cancel]
        if kind == "all":
            strikes = [one.cancel for one in self._tasks if one in self._begun]
        if not late:
            for strike in strikes:
                strike()
        elif future is None:
            asyncio.get_running_loop().call_soon(strikes[0])
        else:
            future.add_done_callback(lambda _: (strikes[0](), None)[1])


class _Steps:
    """Drives a coroutine and tells of each point where it is suspended."""

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
            except BaseException as error:  # noqa: BLE001 - whatever it is goes on into the coroutine
                step = functools.partial(self._coro.throw, error)
            else:
                step = functools.partial(self._coro.send, value)
