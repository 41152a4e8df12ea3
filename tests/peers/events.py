"""The events that every peer lives through: what the server does, and how the peer is asked to send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import anyio
from anyio.abc import ByteStream
from attrs import field, frozen

from tests.peers.answers import ANSWERS, HTML, JUST_SAYS_NO, accepted
from tests.peers.job import RECEIVER
from tests.support.raw import Handler, RawRequest, answer, reset

__all__ = ["EVENTS", "LATENCY", "MANY", "SILENCE", "Event"]

SILENCE = 320.0
"""Seconds after which a peer that still waits is left alone: the longest default among their HTTP libraries is 300."""

LATENCY = 0.05
"""Seconds between a send and its answer, where many are sent."""

MANY = 20

_DRIPS = 40
_DRIP = 0.2

Respond = Callable[[str, RawRequest, ByteStream], Awaitable[object]]


@frozen
class Event:
    """An event.

    Attributes:
        name: Its name.
        respond: What the server does when it has read a whole request.
        receiver: The number that is sent to.
        sends: How many sends are made.
        way: How: see `Job`.
        timeout: What the peer's own time-out is set to, where it has such a setting.
        limit: When the caller is called back, in seconds.
        only_async: Whether it is played only to peers with an asynchronous interface.
        nobody_listens: Whether the peer is sent to a port that refuses connections.
    """

    name: str
    respond: Respond = field(repr=False)
    receiver: str = "09123456789"
    sends: int = 1
    way: str = "one by one"
    timeout: float | None = None
    limit: float = 20.0
    only_async: bool = False
    nobody_listens: bool = False

    def handler(self, peer: str) -> Handler:
        """Return what serves one peer."""
        return partial(self.respond, peer)


async def _accept(peer: str, request: RawRequest, stream: ByteStream) -> object:
    return accepted(peer, request)


async def _accept_slowly(peer: str, request: RawRequest, stream: ByteStream) -> object:
    await anyio.sleep(LATENCY)
    return accepted(peer, request)


async def _close(peer: str, request: RawRequest, stream: ByteStream) -> object:
    await stream.aclose()
    return False


async def _reset(peer: str, request: RawRequest, stream: ByteStream) -> object:
    await reset(stream)
    return False


async def _say_nothing(peer: str, request: RawRequest, stream: ByteStream) -> object:
    await anyio.sleep_forever()
    return False


async def _drip(peer: str, request: RawRequest, stream: ByteStream) -> object:
    """Give the head at once, and then the body in forty pieces, one every 0.2 seconds."""
    head, _, body = accepted(peer, request).partition(b"\r\n\r\n")
    await stream.send(head + b"\r\n\r\n")
    size = -(-len(body) // _DRIPS)
    for begin in range(0, len(body), size):
        await anyio.sleep(_DRIP)
        await stream.send(body[begin : begin + size])
    return True


def _with_status(status: int, body: object) -> Respond:
    media = "text/html" if isinstance(body, str) else "application/json"

    async def respond(peer: str, request: RawRequest, stream: ByteStream) -> object:
        return answer(body, status, {"Content-Type": media})

    return respond


async def _refuse(peer: str, request: RawRequest, stream: ByteStream) -> object:
    return answer(ANSWERS[peer].refused, 401)


async def _say_the_unknown(peer: str, request: RawRequest, stream: ByteStream) -> object:
    return answer(ANSWERS[peer].unknown)


_ALL = [
    Event("accepted", _accept),
    Event("a number as people write it", _accept, receiver=RECEIVER),
    Event("refused", _accept, nobody_listens=True),
    Event("disconnected", _close),
    Event("reset", _reset),
    Event("500", _with_status(500, {"message": "Server Error"})),
    Event("502", _with_status(502, HTML)),
    Event("503", _with_status(503, HTML)),
    Event("401", _with_status(401, JUST_SAYS_NO)),
    Event("401 in its own envelope", _refuse),
    Event("200 and HTML", _with_status(200, HTML)),
    Event("unknown status", _say_the_unknown),
    Event("too late", _say_nothing, timeout=1.0, limit=15.0),
    Event("dripped", _drip, timeout=1.0, limit=15.0),
    Event("five sends", _accept, sends=5),
    Event("twenty at once", _accept_slowly, sends=MANY, way="at once", only_async=True),
    Event("trio", _accept, way="trio", only_async=True),
    Event("silence", _say_nothing, limit=SILENCE),
]

EVENTS = {event.name: event for event in _ALL}
