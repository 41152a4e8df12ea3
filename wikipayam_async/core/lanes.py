"""The lanes: single connections, each used by one exchange at a time, on a last-in-first-out stack."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio
from anyio.lowlevel import EventLoopToken, current_token
from attrs import frozen

from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.options import Origin
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.outcomes import Phase

__all__ = ["Connections", "LaneLike", "Lanes", "timed_out"]


@frozen(kw_only=True)
class Connections:
    """How a client's connections are used at a moment.

    Attributes:
        in_use: Connections with a request on them, those that are being made included.
        idle: Connections kept for later. One that has expired counts until somebody would use it.
        waiting: Requests that wait for a connection, because `max_connections` are in use.
    """

    in_use: int
    idle: int
    waiting: int


class LaneLike(Protocol):
    """One connection.

    Attributes:
        clean: Whether its last exchange ended so that another may follow.
        idle_since: When that was.
    """

    clean: bool
    idle_since: float

    def is_usable(self, now: float, idle_expiry: float) -> bool:
        """Tell whether another exchange may begin."""
        ...

    async def exchange(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Send one request and read its answer; raises `ExchangeFault` if it breaks off."""
        ...

    async def aclose(self) -> None:
        """Close the connection at once."""
        ...


class _LoopPool:
    """The places and the idle lanes of one event loop: a connection belongs to the loop that made it."""

    __slots__ = ("idle", "places", "token")

    def __init__(self, token: EventLoopToken, places: int) -> None:
        self.token = token
        self.places = anyio.Semaphore(places, fast_acquire=True)
        self.idle: list[tuple[Origin, LaneLike]] = []


class Lanes:
    """A stack of lanes behind a semaphore.

    The last one used is the first used again, so that warm connections stay warm and the others expire. A lane is
    checked for its end or for stray bytes before it is used again, and thrown away if its exchange did not end cleanly:
    a cancelled or failed exchange can therefore harm no other.

    Args:
        open_lane: Makes a connection; raises `ExchangeFault` if it cannot.
        max_lanes: The most lanes. Further exchanges wait for one, in the order they came.
        idle_expiry: Seconds after which an idle lane is not used again. Stale connections are where failures come from
            that leave open whether a message was accepted.
    """

    def __init__(
        self, open_lane: Callable[[Origin], Awaitable[LaneLike]], *, max_lanes: int, idle_expiry: float
    ) -> None:
        if isinstance(max_lanes, bool) or not isinstance(max_lanes, int) or max_lanes < 1:
            raise ConfigurationError("max_connections: expected a whole number of at least 1")
        self._open_lane = open_lane
        self._max_lanes = max_lanes
        self._idle_expiry = idle_expiry
        self._pool: _LoopPool | None = None
        self._closed = False

    @property
    def connections(self) -> Connections:
        """How the lanes are used now."""
        pool = self._pool
        if pool is None:
            return Connections(in_use=0, idle=0, waiting=0)
        return Connections(
            in_use=self._max_lanes - pool.places.value,
            idle=len(pool.idle),
            waiting=pool.places.statistics().tasks_waiting,
        )

    async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Wait for a lane, then carry out one attempt within its time-out; the wait does not count.

        Raises:
            ExchangeFault: It broke off.
        """
        pool = self._settle_in()
        await pool.places.acquire()
        try:
            if self._closed:
                raise ConfigurationError("the client is closed")
            now = anyio.current_time()
            with anyio.CancelScope(deadline=now + outgoing.timeout) as scope:
                progress.begin(scope, now)
                return await self._exchange(pool, outgoing, progress)
        finally:
            pool.places.release()
        raise timed_out(progress)

    async def aclose(self) -> None:
        """Close the idle lanes; those in use are closed when their exchange ends."""
        self._closed = True
        pool = self._pool
        if pool is None or pool.token != current_token():
            return
        cancellation: BaseException | None = None
        while pool.idle:
            _, lane = pool.idle.pop()
            try:
                with anyio.CancelScope(shield=True):
                    await lane.aclose()
            except anyio.get_cancelled_exc_class() as error:
                cancellation = error  # from outside anyio, and the other lanes are closed all the same
        if cancellation is not None:
            raise cancellation

    def _settle_in(self) -> _LoopPool:
        """Return the pool of this event loop. In a new one it is a fresh one; who is still in the old one keeps that."""
        token = current_token()
        pool = self._pool
        if pool is None or pool.token != token:
            pool = self._pool = _LoopPool(token, self._max_lanes)
        return pool

    async def _exchange(self, pool: _LoopPool, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        lane = await self._take(pool, outgoing.origin, progress.started or 0.0)
        try:
            answer = await lane.exchange(outgoing, progress)
        except BaseException:
            await lane.aclose()
            raise
        progress.ended = lane.idle_since = anyio.current_time()
        if lane.clean and not self._closed:
            pool.idle.append((outgoing.origin, lane))
            return answer
        try:
            with anyio.CancelScope(shield=True):
                await lane.aclose()
        except anyio.get_cancelled_exc_class() as cancellation:
            if not progress.puts_off(cancellation):  # the answer is there, and is not to be lost over the closing
                raise
        return answer

    async def _take(self, pool: _LoopPool, origin: Origin, now: float) -> LaneLike:
        while pool.idle:
            home, lane = pool.idle.pop()
            if home == origin and lane.is_usable(now, self._idle_expiry):
                return lane
            await lane.aclose()
        return await self._open_lane(origin)


def timed_out(progress: AttemptProgress) -> ExchangeFault:
    """Say how far an exchange got that ran into its time-out."""
    connecting = progress.phase in {Phase.WAITING, Phase.CONNECTING}
    detail = "no connection within the time-out" if connecting else "no complete answer within the time-out"
    return ExchangeFault(ExchangeFaultKind.TIMEOUT, detail, handed_over=not connecting)
