"""A gateway with a ledger of what it accepted, and checks of a client's outcomes against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anyio
from anyio.abc import ByteStream
from anyio.lowlevel import checkpoint

from tests.support.net import EventRecorder
from tests.support.raw import RawGateway, RawRequest, answer, sent_items
from wikipayam_async import AsyncWikipayam, SendStatus
from wikipayam_async.core.lanes import LaneLike, Lanes, _LoopPool
from wikipayam_async.core.options import Origin
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import Answer, Outgoing

__all__ = ["INBOX", "ConnectionGauge", "LedgerGateway", "check_outcomes", "lanes_of", "pool_of", "quiet"]

INBOX = ("m1", "m2", "m3")


class LedgerGateway:
    """Answers every endpoint and records what it accepted and what was marked as read.

    Attributes:
        accepted: How often each message was accepted, by its track id (at the Holoo endpoint, by its text).
        unread: The ids of the received messages that are not marked as read.
        drained: Set when the unread list was read twice while empty.
        delay: Awaited before every answer; by default two checkpoints.
        closing: Whether every answer closes its connection.
    """

    def __init__(self, delay: Callable[[], Awaitable[object]] | None = None, *, closing: bool = False) -> None:
        self.accepted: Counter[str] = Counter()
        self.unread: list[str] = []
        self.drained = anyio.Event()
        self.delay = delay
        self.closing = closing
        self._empty_reads = 0

    def fill_inbox(self) -> None:
        """Put the `INBOX` into the gateway, unread."""
        self.unread = list(INBOX)
        self.drained = anyio.Event()
        self._empty_reads = 0

    async def __call__(self, request: RawRequest, stream: ByteStream) -> object:
        """Record a request, and answer it after the delay."""
        data = self._record(request)
        if self.delay is None:
            await checkpoint()
            await checkpoint()
        else:
            await self.delay()
        if self.closing:
            await stream.send(answer({"data": data}, headers={"Connection": "close"}))
            return False
        return answer({"data": data})

    def _record(self, request: RawRequest) -> object:
        parts = urlsplit(request.target)
        endpoint = parts.path.removeprefix("/api/v1/")
        query = dict(parse_qsl(parts.query))
        if endpoint in {"sms/send", "otp/sms/send"}:
            self.accepted.update(str(one["track_id"]) for one in request.json)
            return sent_items(request)
        if endpoint == "voice-otp/send":
            self.accepted[str(request.json["track_id"])] += 1
            return {"id": "a" * 24, "message": "queued", "track_id": request.json["track_id"]}
        if endpoint == "service/holoo":
            self.accepted[query["message"] if request.method == "GET" else str(request.json["message"])] += 1
            return {"id": "a" * 24}
        return self._read(endpoint, request, query)

    def _read(self, endpoint: str, request: RawRequest, query: dict[str, str]) -> object:
        if endpoint == "sms/deliver":
            return [{"id": id_, "deliver_status": "DELIVERED"} for id_ in request.json["id"]]
        if endpoint == "receives/mark-read":
            ids = request.json["receive_ids"]
            self.unread = [id_ for id_ in self.unread if id_ not in ids]
            return {"marked_count": len(ids), "requested_count": len(ids)}
        if endpoint == "receives" and request.method == "DELETE":
            return {"deleted_count": 1, "requested_count": 1}
        if endpoint.startswith("receives"):
            unread = endpoint.endswith("unread")
            listed = self.unread if unread else list(INBOX)
            if unread and not listed:
                self._empty_reads += 1
                if self._empty_reads == 2:
                    self.drained.set()
            start = int(query["offset"])
            page = [{"id": id_, "message": id_} for id_ in listed[start : start + int(query["limit"])]]
            return {"receives": page, "total_unread": len(listed), "pagination": {"total": len(listed)}}
        return {"balance": 7}

    @property
    def doubled(self) -> list[str]:
        """The messages that were accepted more than once."""
        return [name for name, times in self.accepted.items() if times > 1]


def check_outcomes(recorder: EventRecorder, ledger: LedgerGateway) -> None:
    """Assert that each message has one outcome and that it agrees with the gateway's ledger."""
    reported = {outcome.track_id: outcome.status for outcome in recorder.outcomes}
    assert len(reported) == len(recorder.outcomes)
    assert {name for name, status in reported.items() if status is SendStatus.ACCEPTED} == set(ledger.accepted)
    assert set(reported.values()) <= {SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED}
    assert ledger.doubled == []


def lanes_of(client: AsyncWikipayam) -> Lanes:
    """Return the lanes of a client that uses its own."""
    carrier: object = client._carrier
    lanes: Lanes = carrier._lanes._lanes  # type: ignore[attr-defined]
    return lanes


def pool_of(client: AsyncWikipayam) -> _LoopPool:
    """Return the pool (slots and idle lanes) of a client that has used its own lanes."""
    return lanes_of(client)._pools.current()


async def quiet(gateway: RawGateway, client: AsyncWikipayam) -> tuple[int, int]:
    """Wait until only the client's idle lanes are connected to the gateway; return both counts.

    After five seconds, any further connection is a leak.
    """
    pool = pool_of(client)
    with anyio.move_on_after(5):
        while gateway.open_now != len(pool.idle):  # noqa: ASYNC110 - the count has no event
            await anyio.sleep(0.0005)
    return gateway.open_now, len(pool.idle)


class ConnectionGauge:
    """Counts a client's connections on the client's side, since the gateway learns of a close a little later.

    Attributes:
        now: How many there are, including those being opened.
        peak: How many there were at once, at most.
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
            lane: Any = _GaugedLane(await self._open_lane(origin), self)
        except BaseException:
            self.now -= 1
            raise
        opened: LaneLike = lane
        return opened


class _GaugedLane:
    def __init__(self, lane: LaneLike, gauge: ConnectionGauge) -> None:
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
