"""A gateway that keeps a ledger of what it accepted, and the questions that hold a client's word against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anyio
from anyio.abc import ByteStream
from anyio.lowlevel import checkpoint

from tests.support.net import Ear
from tests.support.raw import RawGateway, RawRequest, answer, sent_items
from wikipayam_async import AsyncWikipayam, SendStatus
from wikipayam_async.core.lanes import LaneLike, Lanes, _LoopPool
from wikipayam_async.core.options import Origin
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import Answer, Outgoing

__all__ = ["INBOX", "Books", "Gauge", "check_outcomes", "lanes_of", "quiet", "pool_of"]

INBOX = ("m1", "m2", "m3")


class Books:
    """Answers every endpoint, and writes down what it accepted and what was marked.

    Attributes:
        accepted: How often each message was accepted, by its track id (by its text on Holoo's road).
        unread: The ids of the received messages that are not marked as read.
        drained: Set when the inbox was looked at twice after everything was marked.
        pause: Answers wait for it; by default for two turns of the event loop.
        closing: Whether every answer ends its connection.
    """

    def __init__(self, pause: Callable[[], Awaitable[object]] | None = None, *, closing: bool = False) -> None:
        self.accepted: Counter[str] = Counter()
        self.unread: list[str] = []
        self.drained = anyio.Event()
        self.pause = pause
        self.closing = closing
        self._empty_looks = 0

    def fill(self) -> None:
        """Let messages come in, all of them unread."""
        self.unread = list(INBOX)
        self.drained = anyio.Event()
        self._empty_looks = 0

    async def __call__(self, request: RawRequest, stream: ByteStream) -> object:
        """Write down a request, and answer after the pause."""
        data = self._take(request)
        if self.pause is None:
            await checkpoint()
            await checkpoint()
        else:
            await self.pause()
        if self.closing:
            await stream.send(answer({"data": data}, headers={"Connection": "close"}))
            return False
        return answer({"data": data})

    def _take(self, request: RawRequest) -> object:
        parts = urlsplit(request.target)
        road = parts.path.removeprefix("/api/v1/")
        query = dict(parse_qsl(parts.query))
        if road in {"sms/send", "otp/sms/send"}:
            self.accepted.update(str(one["track_id"]) for one in request.json)
            return sent_items(request)
        if road == "voice-otp/send":
            self.accepted[str(request.json["track_id"])] += 1
            return {"id": "a" * 24, "message": "queued", "track_id": request.json["track_id"]}
        if road == "service/holoo":
            self.accepted[query["message"] if request.method == "GET" else str(request.json["message"])] += 1
            return {"id": "a" * 24}
        return self._look(road, request, query)

    def _look(self, road: str, request: RawRequest, query: dict[str, str]) -> object:
        if road == "sms/deliver":
            return [{"id": id_, "deliver_status": "DELIVERED"} for id_ in request.json["id"]]
        if road == "receives/mark-read":
            ids = request.json["receive_ids"]
            self.unread = [id_ for id_ in self.unread if id_ not in ids]
            return {"marked_count": len(ids), "requested_count": len(ids)}
        if road == "receives" and request.method == "DELETE":
            return {"deleted_count": 1, "requested_count": 1}
        if road.startswith("receives"):
            unread = road.endswith("unread")
            listed = self.unread if unread else list(INBOX)
            if unread and not listed:
                self._empty_looks += 1
                if self._empty_looks == 2:
                    self.drained.set()
            start = int(query["offset"])
            page = [{"id": id_, "message": id_} for id_ in listed[start : start + int(query["limit"])]]
            return {"receives": page, "total_unread": len(listed), "pagination": {"total": len(listed)}}
        return {"balance": 7}

    @property
    def doubled(self) -> list[str]:
        """The messages that were accepted more than once."""
        return [name for name, times in self.accepted.items() if times > 1]


def check_outcomes(ear: Ear, books: Books) -> None:
    """See that what was told of the messages is what the gateway's books say, once for each."""
    told = {outcome.track_id: outcome.status for outcome in ear.outcomes}
    assert len(told) == len(ear.outcomes)
    assert {name for name, status in told.items() if status is SendStatus.ACCEPTED} == set(books.accepted)
    assert set(told.values()) <= {SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED}
    assert books.doubled == []


def lanes_of(client: AsyncWikipayam) -> Lanes:
    """Return the lanes of a client that has its own."""
    carrier: object = client._carrier
    lanes: Lanes = carrier._transport._lanes  # type: ignore[attr-defined]
    return lanes


def pool_of(client: AsyncWikipayam) -> _LoopPool:
    """Return the places and idle lanes of a client that has its own, and has used them."""
    pool = lanes_of(client)._pool
    assert pool is not None
    return pool


async def quiet(gateway: RawGateway, client: AsyncWikipayam) -> tuple[int, int]:
    """Wait until the gateway has no connection but the client's idle lanes; return both counts.

    Whatever remains beyond them after five seconds was leaked.
    """
    pool = pool_of(client)
    with anyio.move_on_after(5):
        while gateway.open_now != len(pool.idle):  # noqa: ASYNC110 - a server's count has no event
            await anyio.sleep(0.0005)
    return gateway.open_now, len(pool.idle)


class Gauge:
    """Counts the connections a client has, on its own side: the gateway hears a little late that one was closed.

    Attributes:
        now: How many there are, those that are being made included.
        peak: How many there were at most.
    """

    def __init__(self, client: AsyncWikipayam) -> None:
        lanes = lanes_of(client)
        self._open_lane = lanes._open_lane
        lanes._open_lane = self._open
        self.now = 0
        self.peak = 0

    async def _open(self, origin: Origin) -> LaneLike:
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            lane: Any = _Gauged(await self._open_lane(origin), self)
        except BaseException:
            self.now -= 1
            raise
        opened: LaneLike = lane
        return opened


class _Gauged:
    def __init__(self, lane: LaneLike, gauge: Gauge) -> None:
        self._lane = lane
        self._gauge = gauge
        self._closed = False
        self.idle_since = 0.0

    @property
    def clean(self) -> bool:
        return self._lane.clean

    @clean.setter
    def clean(self, value: bool) -> None:
        self._lane.clean = value

    def is_usable(self, now: float, idle_expiry: float) -> bool:
        self._lane.idle_since = self.idle_since
        return self._lane.is_usable(now, idle_expiry)

    async def exchange(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        return await self._lane.exchange(outgoing, progress)

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            self._gauge.now -= 1
        await self._lane.aclose()
