"""The lanes: single connections, each used by one exchange at a time, on a last-in-first-out stack."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio
from anyio.lowlevel import EventLoopToken, current_token

from wikipayam_async.core.events import Phase
from wikipayam_async.core.options import Origin
from wikipayam_async.core.progress import Progress
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.core.retry import Fault, FaultKind
from wikipayam_async.errors import ConfigurationError

__all__ = ["LaneLike", "Lanes", "timed_out"]


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

    async def exchange(self, outgoing: Outgoing, progress: Progress) -> Answer:
        """Send one request and read its answer; raises `Fault` if it breaks off."""
        ...

    async def aclose(self) -> None:
        """Close the connection at once."""
        ...


class Lanes:
    """A stack of lanes behind a semaphore.

    The last one used is the first used again, so that warm connections stay warm and the others expire. A lane is
    checked for its end or for stray bytes before it is used again, and thrown away if its exchange did not end cleanly:
    a cancelled or failed exchange can therefore harm no other.

    Args:
        open_lane: Makes a connection; raises `Fault` if it cannot.
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
        self._home: EventLoopToken | None = None
        self._places: anyio.Semaphore
        self._idle: list[tuple[Origin, LaneLike]]
        self._closed = False

    async def carry(self, outgoing: Outgoing, progress: Progress) -> Answer:
        """Wait for a lane, then carry out one attempt within its time-out; the wait does not count.

        Raises:
            Fault: It broke off.
        """
        self._settle_in()
        places = self._places
        await places.acquire()
        try:
            if self._closed:
                raise ConfigurationError("the client is closed")
            now = anyio.current_time()
            with anyio.CancelScope(deadline=now + outgoing.timeout) as scope:
                progress.begin(scope, now)
                return await self._exchange(outgoing, progress, now)
        finally:
            places.release()
        raise timed_out(progress)

    async def aclose(self) -> None:
        """Close the idle lanes; those in use are closed when their exchange ends."""
        self._closed = True
        if self._home is None or self._home != current_token():
            return
        cancellation: BaseException | None = None
        while self._idle:
            _, lane = self._idle.pop()
            try:
                with anyio.CancelScope(shield=True):
                    await lane.aclose()
            except anyio.get_cancelled_exc_class() as error:
                cancellation = error  # from outside anyio, and the other lanes are closed all the same
        if cancellation is not None:
            raise cancellation

    def _settle_in(self) -> None:
        """Start afresh in a new event loop: a connection belongs to the loop that made it."""
        token = current_token()
        if self._home != token:
            self._home = token
            self._places = anyio.Semaphore(self._max_lanes, fast_acquire=True)
            self._idle = []

    async def _exchange(self, outgoing: Outgoing, progress: Progress, now: float) -> Answer:
        lane = await self._take(outgoing.origin, now)
        try:
            answer = await lane.exchange(outgoing, progress)
        except BaseException:
            await lane.aclose()
            raise
        progress.ended = lane.idle_since = anyio.current_time()
        if lane.clean and not self._closed:
            self._idle.append((outgoing.origin, lane))
            return answer
        try:
            with anyio.CancelScope(shield=True):
                await lane.aclose()
        except anyio.get_cancelled_exc_class() as cancellation:
            if not progress.puts_off(cancellation):  # the answer is there, and is not to be lost over the closing
                raise
        return answer

    async def _take(self, origin: Origin, now: float) -> LaneLike:
        while self._idle:
            home, lane = self._idle.pop()
            if home == origin and lane.is_usable(now, self._idle_expiry):
                return lane
            await lane.aclose()
        return await self._open_lane(origin)


def timed_out(progress: Progress) -> Fault:
    """Say how far an exchange got that ran into its time-out."""
    connecting = progress.phase in {Phase.WAITING, Phase.CONNECTING}
    detail = "no connection within the time-out" if connecting else "no complete answer within the time-out"
    return Fault(FaultKind.TIMEOUT, detail, handed_over=not connecting)
