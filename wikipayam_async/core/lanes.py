"""The connection pool: a last-in-first-out stack of lanes, each one connection that carries one exchange at a time."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Protocol

import anyio
from attrs import frozen

from wikipayam_async.core.loops import PerLoop, loop_clock, loop_deadline
from wikipayam_async.core.options import Origin
from wikipayam_async.core.progress import AttemptProgress, run_in_time
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.errors import ClosedError, ConfigurationError
from wikipayam_async.publish import publish

__all__ = ["Connections", "LaneLike", "Lanes"]


@frozen(kw_only=True)
class Connections:
    """A snapshot of a client's connections, those of all event loops together.

    Attributes:
        in_use: Connections with a request in flight, including those being opened.
        idle: Open connections without a request. An expired one counts until the next request discards it.
        waiting: Requests waiting for a connection because `max_connections` are in use.
    """

    in_use: int
    idle: int
    waiting: int


class LaneLike(Protocol):
    """One connection.

    Attributes:
        clean: Whether the last exchange ended in a state that allows another.
        idle_since: The time when the last exchange ended.
    """

    clean: bool
    idle_since: float

    def is_usable(self, now: float, idle_expiry: float) -> bool:
        """Return whether another exchange may start."""
        ...

    async def exchange(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Send one request and read its answer by `progress.deadline`.

        From `progress.hand_over()` on, a cancellation of a protected attempt is recorded (`progress.defer`), not raised.

        Raises:
            ExchangeFault: That failed.
        """
        ...

    async def aclose(self) -> None:
        """Close the connection at once."""
        ...


class _LoopPool:
    """The slots and idle lanes of one event loop. A connection works only in the loop that opened it."""

    __slots__ = ("caller_deadline", "clock", "idle", "slots")

    def __init__(self, slots: int) -> None:
        self.clock, self.caller_deadline = loop_clock(), loop_deadline()
        self.slots = anyio.Semaphore(slots, fast_acquire=True)
        self.idle: list[tuple[Origin, LaneLike]] = []

    async def close(self) -> None:
        """Close the idle lanes."""
        cancellation: BaseException | None = None
        while self.idle:
            _, lane = self.idle.pop()
            try:
                with anyio.CancelScope(shield=True):
                    await lane.aclose()
            except anyio.get_cancelled_exc_class() as error:
                cancellation = error  # from outside anyio: no scope shields from it, and the rest must be closed too
        if cancellation is not None:
            raise cancellation


_lent: ContextVar[tuple[_LoopPool, anyio.Semaphore] | None] = ContextVar("wikipayam_async_lent_slot", default=None)
"""The pool and the slot of the exchange that awaits this code before it starts. Without it, a hook that makes a call of
its own would wait for ever once every slot is held by such a hook."""


class Lanes:
    """A stack of lanes behind a semaphore.

    The lane used last is reused first, so that surplus connections expire. Before reuse, a lane is checked for a closed
    connection and for unread bytes. A lane whose exchange did not end cleanly is closed, so a cancelled or failed
    exchange cannot affect another.

    Args:
        open_lane: Opens a connection. Raises `ExchangeFault` if that fails.
        max_lanes: The maximum number of lanes of an event loop. Further exchanges wait in order of arrival.
        idle_expiry: Seconds after which an idle lane is not reused. A send over a stale connection can fail in a way
            that leaves its outcome unknown.
    """

    def __init__(
        self, open_lane: Callable[[Origin], Awaitable[LaneLike]], *, max_lanes: int, idle_expiry: float
    ) -> None:
        if isinstance(max_lanes, bool) or not isinstance(max_lanes, int) or max_lanes < 1:
            raise ConfigurationError("max_connections: expected a whole number of at least 1")
        self._open_lane = open_lane
        self._max_lanes = max_lanes
        self._idle_expiry = idle_expiry
        self._pools = PerLoop(functools.partial(_LoopPool, max_lanes), _LoopPool.close)
        self._closed = False

    @property
    def connections(self) -> Connections:
        """The lanes in use, idle and waited for."""
        pools = self._pools.objects
        return Connections(
            in_use=sum(self._max_lanes - pool.slots.value for pool in pools),
            idle=sum(len(pool.idle) for pool in pools),
            waiting=sum(pool.slots.statistics().tasks_waiting for pool in pools),
        )

    async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Wait for a lane, then make one attempt within its time-out. The wait does not count.

        Raises:
            ExchangeFault: The attempt failed.
        """
        pool = self._pools.find() or await self._pools.get()
        lent = _lent.get()
        slots = lent[1] if lent is not None and lent[0] is pool else pool.slots
        if progress.ready is None and slots.value:
            slots.acquire_nowait()  # of a cancellation, the lane takes notice before anything leaves
        else:
            await slots.acquire()
        try:
            if progress.ready is not None:
                await _lend_slot(pool, progress.ready)
            if self._closed:
                raise ClosedError("the client is closed; nothing was sent")
            now = pool.clock()
            progress.begin(now, now + outgoing.timeout)
            progress.caller_deadline = pool.caller_deadline
            lane = self._take_idle(pool, outgoing.origin, now) or await self._get_lane(pool, outgoing.origin, progress)
            try:
                answer = await lane.exchange(outgoing, progress)
            except BaseException:
                await _close(lane, progress)
                raise
            progress.ended = lane.idle_since = pool.clock()
            if lane.clean and not self._closed:
                pool.idle.append((outgoing.origin, lane))
            else:
                await _close(lane, progress)
            return answer
        finally:
            slots.release()

    async def aclose(self) -> None:
        """Close the idle lanes of this event loop. A lane in use is closed when its exchange ends.

        Those of another event loop are closed when it ends: only it can close them.
        """
        self._closed = True
        pool = self._pools.find()
        if pool is not None:
            await pool.close()

    def _take_idle(self, pool: _LoopPool, origin: Origin, now: float) -> LaneLike | None:
        """Return the idle lane used last, if it may be used again."""
        if pool.idle:
            lane_origin, lane = pool.idle[-1]
            if (lane_origin is origin or lane_origin == origin) and lane.is_usable(now, self._idle_expiry):
                pool.idle.pop()
                return lane
        return None

    async def _get_lane(self, pool: _LoopPool, origin: Origin, progress: AttemptProgress) -> LaneLike:
        """Close idle lanes until one may be used again; without one, open another."""
        while pool.idle:
            lane = self._take_idle(pool, origin, progress.started or 0.0)
            if lane is not None:
                return lane
            await pool.idle.pop()[1].aclose()
        return await run_in_time(functools.partial(self._open_lane, origin), progress, origin)


async def _close(lane: LaneLike, progress: AttemptProgress) -> None:
    """Close a lane after an exchange, whose answer or fault a cancellation of a send must not replace."""
    try:
        with anyio.CancelScope(shield=True):
            await lane.aclose()
    except anyio.get_cancelled_exc_class() as cancellation:
        if not progress.defer(cancellation):
            raise


async def _lend_slot(pool: _LoopPool, ready: Callable[[], Awaitable[object]]) -> None:
    """Await what an exchange with a slot awaits first, and lend it the slot meanwhile."""
    token = _lent.set((pool, anyio.Semaphore(1)))
    try:
        await ready()
    finally:
        _lent.reset(token)


publish("wikipayam_async.types", ["Connections"], globals())
