"""The events: the behaviour of the server, and how the peer sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import anyio
from anyio.abc import ByteStream
from attrs import field, frozen

from tests.peers.answers import ANSWERS, GENERIC_REFUSAL, HTML, accepted
from tests.peers.job import RECEIVER
from tests.support.raw import Handler, RawRequest, answer, reset

__all__ = ["EVENTS", "LATENCY", "MANY", "SILENCE", "Event"]

SILENCE = 320.0
"""The limit of the event `silence` in seconds. The longest default of the peers' HTTP libraries is 300."""

LATENCY = 0.05
"""The latency for concurrent sends, in seconds."""

MANY = 20

_PIECES = 40
_PIECE_DELAY = 0.2

Respond = Callable[[str, RawRequest, ByteStream], Awaitable[object]]


@frozen
class Event:
    """An event.

    Attributes:
        name: The name.
        respond: Called by the server after it has read a whole request.
        receiver: The receiver's number.
        sends: The number of sends.
        mode: The mode of sending; see `Job`.
        timeout: The peer's time-out in seconds, if it has such a setting.
        limit: When the send is cancelled, in seconds.
        only_async: Whether the event is only for peers with an asynchronous interface.
        refuses_connections: Whether the port refuses connections.
    """

    name: str
    respond: Respond = field(repr=False)
    receiver: str = "09123456789"
    sends: int = 1
    mode: str = "one by one"
    timeout: float | None = None
    limit: float = 20.0
    only_async: bool = False
    refuses_connections: bool = False

    def handler(self, peer: str) -> Handler:
        """Return the request handler for a peer."""
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


async def _hang(peer: str, request: RawRequest, stream: ByteStream) -> object:
    await anyio.sleep_forever()
    return False


async def _send_slowly(peer: str, request: RawRequest, stream: ByteStream) -> object:
    """Send the head at once, and the body in forty pieces, one every 0.2 seconds."""
    head, _, body = accepted(peer, request).partition(b"\r\n\r\n")
    await stream.send(head + b"\r\n\r\n")
    size = -(-len(body) // _PIECES)
    for begin in range(0, len(body), size):
        await anyio.sleep(_PIECE_DELAY)
        await stream.send(body[begin : begin + size])
    return True


def _with_status(status: int, body: object) -> Respond:
    media = "text/html" if isinstance(body, str) else "application/json"

    async def respond(peer: str, request: RawRequest, stream: ByteStream) -> object:
        return answer(body, status, {"Content-Type": media})

    return respond


async def _refuse(peer: str, request: RawRequest, stream: ByteStream) -> object:
    return answer(ANSWERS[peer].refused, 401)


async def _unknown_status(peer: str, request: RawRequest, stream: ByteStream) -> object:
    return answer(ANSWERS[peer].unknown)


_ALL = [
    Event("accepted", _accept),
    Event("a number in Persian digits", _accept, receiver=RECEIVER),
    Event("connection refused", _accept, refuses_connections=True),
    Event("disconnected", _close),
    Event("reset", _reset),
    Event("500", _with_status(500, {"message": "Server Error"})),
    Event("502", _with_status(502, HTML)),
    Event("503", _with_status(503, HTML)),
    Event("401", _with_status(401, GENERIC_REFUSAL)),
    Event("401 in its own envelope", _refuse),
    Event("200 and HTML", _with_status(200, HTML)),
    Event("unknown status", _unknown_status),
    Event("time-out", _hang, timeout=1.0, limit=15.0),
    Event("slow body", _send_slowly, timeout=1.0, limit=15.0),
    Event("five sends", _accept, sends=5),
    Event("twenty at once", _accept_slowly, sends=MANY, mode="at once", only_async=True),
    Event("trio", _accept, mode="trio", only_async=True),
    Event("silence", _hang, limit=SILENCE),
]

EVENTS = {event.name: event for event in _ALL}
