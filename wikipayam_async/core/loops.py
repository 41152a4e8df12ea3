"""State that belongs to one event loop: what is made for each, closed when it ends, and refused in another."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar
from weakref import WeakSet

import anyio
from anyio.lowlevel import EventLoopToken, RunVar, current_token

from wikipayam_async.core.asyncio_loop import asyncio_loop
from wikipayam_async.errors import ClosedError

__all__ = [
    "MUTEX",
    "LoopOwner",
    "PerLoop",
    "current_time",
    "loop_clock",
    "loop_deadline",
    "loop_offset",
    "process_time",
    "runs_asyncio",
]

T = TypeVar("T")

MUTEX = threading.Lock()
"""Guards the state that clients share between threads: rate limits, the pause after a 429, the retry budget.

It is one lock for all, held for microseconds: a fork waits for it, so that no child process starts with it locked.
"""

with suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(before=MUTEX.acquire, after_in_parent=MUTEX.release, after_in_child=MUTEX.release)

_SAME_CLOCK = 0.1
"""Seconds by which a loop's clock may differ from the process's and be taken for the same: some loops cache the time."""


def loop_offset() -> float:
    """Return the seconds to add to the clock of the running event loop to get the clock that all loops share.

    asyncio's clock is the process's; each run of trio has one of its own. Without a running event loop it is 0.
    """
    try:
        return _offset.get()
    except LookupError:
        offset = time.monotonic() - current_time()
        offset = 0.0 if abs(offset) < _SAME_CLOCK else offset
        _offset.set(offset)
        return offset
    except anyio.NoEventLoopError:
        return 0.0


def process_time() -> float:
    """Return the time on the clock that the event loops of this process share."""
    return current_time() + loop_offset()


def current_time() -> float:
    """Return the time of the running event loop, as `anyio.current_time`, which costs more on asyncio."""
    loop = asyncio_loop()
    return anyio.current_time() if loop is None else loop.time()


def loop_clock() -> Callable[[], float]:
    """Return the clock of the running event loop, to be read many times without looking for the loop."""
    loop = asyncio_loop()
    return anyio.current_time if loop is None else loop.time


def loop_deadline() -> Callable[[], float]:
    """Return `anyio.current_effective_deadline` of the running event loop, to be read many times, as `loop_clock`."""
    return current_token().backend_class.current_effective_deadline


def _loop_key() -> object:
    """Return what stands for the running event loop: of asyncio's kind, the loop itself."""
    loop = asyncio_loop()
    return current_token().native_token if loop is None else loop


def runs_asyncio() -> bool:
    """Return whether the running event loop is one of asyncio's kind, such as uvloop's; otherwise it is trio's."""
    return _backend_of(current_token()) == "asyncio"


class PerLoop(Generic[T]):
    """One object for each event loop that uses this, forgotten when its loop ends.

    Args:
        make: Makes the object of the running event loop.
        close: Closes it when its event loop ends, while the loop still runs.
    """

    __slots__ = ("__weakref__", "_close", "_make", "_objects")

    def __init__(self, make: Callable[[], T], close: Callable[[T], Awaitable[None]] | None = None) -> None:
        self._make = make
        self._close = close
        self._objects: dict[object, T] = {}

    @property
    def objects(self) -> list[T]:
        """The objects of all event loops."""
        return list(self._objects.values())

    def current(self) -> T:
        """Return the object of the running event loop; make it on first use."""
        loop = _loop_key()
        found = self._objects.get(loop)
        if found is None:
            for other in list(self._objects):
                if _has_ended(other):
                    self._objects.pop(other, None)
            found = self._objects[loop] = self._make()
        return found

    def find(self) -> T | None:
        """Return the object of the running event loop; None before its first use."""
        return self._objects.get(_loop_key())

    async def get(self) -> T:
        """Return the object of the running event loop, as `current`, and close it when the loop ends."""
        found = self.find()
        if found is None:
            found = self.current()
            await _watch_end(self)
        return found

    async def end(self) -> None:
        """Forget the object of the running event loop, which ends, and close it."""
        found = self._objects.pop(_loop_key(), None)
        if found is not None and self._close is not None:
            await self._close(found)


def _has_ended(loop: object) -> bool:
    """Return whether an event loop is known to have ended without a notice, as an asyncio loop may."""
    is_closed: Callable[[], bool] = getattr(loop, "is_closed", lambda: False)
    return is_closed()


async def _watch_end(watching: PerLoop[T]) -> None:
    watched = _watched.get(None)
    if watched is None:
        group: WeakSet[PerLoop[object]] = WeakSet()
        watched = group, _wait_for_end(group)
        _watched.set(watched)
        await anext(watched[1])
    watched[0].add(watching)  # type: ignore[arg-type]


async def _wait_for_end(watched: WeakSet[PerLoop[object]]) -> AsyncGenerator[None, None]:
    """Wait for the end of the running event loop: it closes its asynchronous generators last, when no task is left."""
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):  # trio cancels its generators
            for each in list(watched):
                await each.end()


_offset: RunVar[float] = RunVar("wikipayam_async_offset")
_watched: RunVar[tuple[WeakSet[PerLoop[object]], AsyncGenerator[None, None]]] = RunVar("wikipayam_async_watched")


class LoopOwner:
    """The event loop that an object belongs to.

    Args:
        owner: The kind of the object, for errors: such as `outbox`.
        advice: What to do instead of using it in another event loop.
    """

    __slots__ = ("_advice", "_name", "_owner", "_token")

    def __init__(self, owner: str, advice: str) -> None:
        self._owner = owner
        self._advice = advice
        self._name = ""
        self._token: EventLoopToken | None = None

    def enter(self) -> None:
        """Make the running event loop the owner."""
        self._token = current_token()
        self._name = _name_of(self._token)

    def check(self, what: str) -> None:
        """Check that the running event loop is the owner, if there is one.

        Args:
            what: What fails otherwise, such as `sms.send: not sent`.

        Raises:
            ClosedError: It is another event loop, or this thread runs none.
        """
        if self._token is None:
            return
        try:
            here = current_token()
        except anyio.NoEventLoopError:
            name = f"no event loop (thread {threading.current_thread().name!r})"
        else:
            if here == self._token:
                return
            name = _name_of(here)
        raise ClosedError(f"{what}: the {self._owner} belongs to {self._name}, and this is {name}; {self._advice}")


def _backend_of(token: EventLoopToken) -> str:
    return token.backend_class.__module__.rpartition("._")[2]


def _name_of(token: EventLoopToken) -> str:
    return f"the {_backend_of(token)} event loop of thread {threading.current_thread().name!r}"
