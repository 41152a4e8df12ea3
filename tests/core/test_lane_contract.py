"""What every kind of lane does alike: asyncio's own on its loop and on uvloop, anyio's on asyncio and on trio."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar, cast

import anyio
import msgspec
import pytest
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.core.test_http1 import outgoing
from tests.support.effort import LONG, across, long_or_short
from tests.support.net import UVLOOP, client_tls, server_tls
from tests.support.raw import RawRequest, answer, closed_port, raw_server, read_request, reset, shrink_receive_buffer
from wikipayam_async import Phase
from wikipayam_async.core.asyncio_wire import AsyncioLane
from wikipayam_async.core.fault import ExchangeFault
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.wire import Lane

pytestmark = pytest.mark.anyio

LANES = [(AsyncioLane, "asyncio"), (AsyncioLane, UVLOOP), (Lane, "asyncio"), (Lane, "trio")]
LARGE = b"x" * 8_000_000
OK = answer("{}")

AnyLane: TypeAlias = AsyncioLane | Lane
L = TypeVar("L", bound="AsyncioLane | Lane")
Serve: TypeAlias = Callable[["Peer"], Awaitable[None]]


def on_every_lane_with(names: Iterable[str]) -> pytest.MarkDecorator:
    """Parametrize a test with names and lanes, and with TLS or not: in the long form with both, otherwise by turns."""
    rows = [
        (name, *lane, tls)
        for place, (name, lane) in enumerate(itertools.product(names, LANES))
        for tls in (False, True)
        if LONG or tls is bool((place // len(LANES) + place) % 2)
    ]
    return pytest.mark.parametrize(("name", "lane_class", "anyio_backend", "tls"), rows)


on_every_lane = pytest.mark.parametrize(("lane_class", "anyio_backend"), LANES)


class Peer:
    """The gateway's side of a connection."""

    def __init__(self, stream: ByteStream) -> None:
        self.stream = stream
        self.send = stream.send

    async def request(self) -> bytes:
        """Read one request, and return its body."""
        reader = BufferedByteReceiveStream(self.stream)
        request: RawRequest = await read_request(reader)
        return request.body

    async def stay(self) -> None:
        """Keep the connection open."""
        await anyio.sleep_forever()


@asynccontextmanager
async def lane_to(serve: Serve, lane_class: type[L], *, tls: bool = False) -> AsyncIterator[L]:
    """Yield a lane whose other end is served by a script."""
    accepted = anyio.Event()

    async def run(stream: ByteStream) -> None:
        accepted.set()
        await serve(Peer(stream))

    async with raw_server(run, tls=server_tls() if tls else None) as url:
        host, port = url.rpartition("/")[2].split(":")
        lane = cast("L", await lane_class.open(host, int(port), client_tls() if tls else None))
        await accepted.wait()
        try:
            yield lane
        finally:
            await lane.aclose()


def started(timeout: float = 20.0, *, protected: bool = True) -> AttemptProgress:
    """Return the progress of an attempt whose time-out runs."""
    progress, now = AttemptProgress(protected=protected), anyio.current_time()
    progress.begin(now, now + timeout)
    return progress


async def outcome_of(lane: AnyLane, progress: AttemptProgress, **request: Any) -> object:
    """Return the status and body of an exchange, or the fault's kind and whether the request was handed over."""
    try:
        got = await lane.exchange(msgspec.structs.replace(outgoing(**request), max_answer_bytes=100), progress)
    except ExchangeFault as fault:
        return str(fault.kind), fault.handed_over
    return got.status, bytes(got.body)


def reply(*pieces: bytes, then: Callable[[Peer], Awaitable[object]] = Peer.stay) -> Serve:
    """Return a script that reads a request, sends an answer in pieces, and goes on."""

    async def serve(peer: Peer) -> None:
        await peer.request()
        for piece in pieces:
            await peer.send(piece)
            await anyio.sleep(0.001)
        await then(peer)

    return serve


async def close(_: Peer) -> None:
    """Close the connection."""


async def reset_it(peer: Peer) -> None:
    """Reset the connection."""
    await reset(peer.stream)


async def half_close(peer: Peer) -> None:
    """Say that no more will come, and keep reading."""
    await peer.stream.send_eof()
    await peer.stay()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
DONE, READ, SENT = Phase.ANSWERED, Phase.READING, Phase.SENT
LOST, LATE, BAD = ("disconnected", True), ("timeout", True), ("unreadable", True)
CASES: dict[str, tuple[Serve, object, Phase, bool]] = {
    "answer": (reply(OK), (200, b"{}"), DONE, True),
    "answer in single bytes": (reply(*(bytes([byte]) for byte in OK)), (200, b"{}"), DONE, True),
    "interim answers first": (reply(b"HTTP/1.1 100 C\r\n\r\n", b"HTTP/1.1 103 E\r\n\r\n" + OK), (200, b"{}"), DONE, True),
    "chunked": (
        reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\n}\r\n0\r\n\r\n"),
        *((200, b"{}"), DONE, True),
    ),
    "error status": (reply(answer("no", 503)), (503, b"no"), DONE, True),
    "answer, then closed": (reply(OK, then=close), (200, b"{}"), DONE, True),
    "no length, closed": (reply(b"HTTP/1.1 200 OK\r\n\r\n{}", then=close), (200, b"{}"), DONE, False),
    "no length, half-closed": (reply(b"HTTP/1.1 200 OK\r\n\r\n{}", then=half_close), (200, b"{}"), DONE, False),
    "no length, reset": (reply(b"HTTP/1.1 200 OK\r\n\r\n{}", then=reset_it), LOST, READ, False),
    "not kept alive": (reply(answer("{}", headers={"Connection": "close"})), (200, b"{}"), DONE, False),
    "bytes after the answer": (reply(OK + b"HTTP/1.1 2"), (200, b"{}"), DONE, False),
    "compressed": (reply(answer("{}", headers={"Content-Encoding": "gzip"})), BAD, READ, False),
    "not HTTP": (reply(b"SSH-2.0-x\r\n"), BAD, READ, False),
    "another protocol": (reply(b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"), BAD, READ, False),
    "endless head": (reply(*[b"HTTP/1.1 200 OK\r\nA: " + b"a" * 40_000] * 2), ("too_large", True), READ, False),
    "too large": (reply(answer("x" * 101)), ("too_large", True), READ, False),
    "closed": (reply(then=close), LOST, SENT, False),
    "half-closed": (reply(then=half_close), LOST, SENT, False),
    "reset": (reply(then=reset_it), LOST, SENT, False),
    "closed in the answer": (reply(HEAD + b"{", then=close), LOST, READ, False),
    "reset in the answer": (reply(HEAD + b"{", then=reset_it), LOST, READ, False),
    "no answer": (reply(), LATE, SENT, False),
    "half an answer": (reply(HEAD + b"{"), LATE, READ, False),
}  # fmt: skip


@on_every_lane_with(CASES)
async def test_an_exchange_ends_as_the_gateway_ends_it(name: str, lane_class: type[AnyLane], tls: bool) -> None:
    """Answer or fault, phase, and whether the lane may be used again are the same on every lane."""
    serve, expected, phase, clean = CASES[name]
    tls = tls and "half-close" not in name  # TLS has none here
    progress = started(0.4 if expected == LATE else 20.0)
    async with lane_to(serve, lane_class, tls=tls) as lane:
        end = await outcome_of(lane, progress, method="POST", body=b"[]")
        assert (end, progress.phase) == (expected, phase)
        assert lane.clean or not clean
        assert clean or not lane.is_usable(0.0, 5.0)


@pytest.mark.parametrize("tls", [False, True])
@on_every_lane
async def test_a_lane_carries_one_exchange_after_another(lane_class: type[AnyLane], tls: bool) -> None:
    """Nothing of an exchange is left for the next, and a lane expires."""

    async def serve(peer: Peer) -> None:
        for number in range(3):
            body = await peer.request()
            await peer.send(answer(body + str(number).encode()))
        await peer.stay()

    async with lane_to(serve, lane_class, tls=tls) as lane:
        assert (lane.clean, lane.idle_since) == (True, 0.0)
        for number in range(3):
            got = await outcome_of(lane, started(), method="POST", body=b"n")
            assert got == (200, f"n{number}".encode())
            lane.idle_since = 100.0
            assert lane.is_usable(102.0, 2.0)
        assert not lane.is_usable(103.0, 2.0)


@on_every_lane
async def test_an_answer_to_head_ends_with_its_head(lane_class: type[AnyLane]) -> None:
    """The body that its length announces is not waited for."""
    async with lane_to(reply(HEAD), lane_class) as lane:
        assert await outcome_of(lane, started(), method="HEAD") == (200, b"")
        assert not lane.clean


@pytest.mark.parametrize("way", [close, half_close, reset_it, lambda peer: peer.send(b"?")])
@on_every_lane
async def test_an_idle_lane_that_ends_or_has_bytes_is_not_used(lane_class: type[AnyLane], way: Serve) -> None:
    """A request on it could be taken for sent, or get the answer to another."""
    ended = anyio.Event()

    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await go_on.wait()
        try:
            await way(peer)
        finally:
            ended.set()
        if way is not close:
            await peer.stay()

    go_on = anyio.Event()
    async with lane_to(serve, lane_class) as lane:
        await outcome_of(lane, started())
        assert lane.is_usable(0.0, 1e9)
        go_on.set()
        with anyio.move_on_after(0.02):
            await ended.wait()
        await anyio.sleep(0.01)
        assert not lane.is_usable(0.0, 1e9)


def early(data: bytes, *, then: Callable[[Peer], Awaitable[object]]) -> Serve:
    """Return a script that sends bytes, or a half-close, when the first bytes of a request arrive, and goes on."""

    async def serve(peer: Peer) -> None:
        await peer.stream.receive(1)
        await (peer.send(data) if data else peer.stream.send_eof())
        await anyio.sleep(0.01)
        await then(peer)

    return serve


async def drain(peer: Peer) -> None:
    """Read the rest of the request, and keep the connection open."""
    while True:
        await peer.stream.receive(1_000_000)


async def more_nonsense(peer: Peer) -> None:
    """Send something that is not HTTP, then read the rest of the request."""
    await peer.send(b"?" * 50)
    await drain(peer)


async def reset_in_the_request(peer: Peer) -> None:
    """Reset the connection while the request arrives."""
    shrink_receive_buffer(peer.stream)
    await peer.stream.receive(1)
    await reset(peer.stream)


async def no_reading(peer: Peer) -> None:
    """Read next to nothing."""
    shrink_receive_buffer(peer.stream)
    await peer.stream.receive(1)  # until then, anyio reads all that comes
    await peer.stay()


WHILE_SENDING: dict[str, tuple[Serve, object, Phase]] = {
    "early answer": (early(answer("no", 413), then=drain), (413, b"no"), DONE),
    "early answer, reset": (early(answer("no", 413), then=reset_it), ("disconnected", False), Phase.SENDING),
    "early nonsense": (early(b"?" * 50, then=more_nonsense), BAD, READ),
    "early end": (early(b"", then=drain), LOST, SENT),
    "early end, reset": (early(b"", then=reset_it), ("disconnected", False), Phase.SENDING),
    "reset": (reset_in_the_request, ("disconnected", False), Phase.SENDING),
    "not read": (no_reading, LATE, Phase.SENDING),
}


@on_every_lane_with([name for name in WHILE_SENDING if "end" not in name])
async def test_a_request_was_handed_over_once_the_socket_took_its_last_byte(
    name: str, lane_class: type[AnyLane], tls: bool
) -> None:
    """Not before, however much TLS has taken, and whatever arrives meanwhile."""
    await check_sending(name, lane_class, tls=tls)


@pytest.mark.parametrize("name", ["early end", "early end, reset"])
@on_every_lane
async def test_a_half_close_does_not_stop_a_request(name: str, lane_class: type[AnyLane]) -> None:
    """What is left of it is sent; that no answer can come counts afterwards."""
    await check_sending(name, lane_class, tls=False)


async def check_sending(name: str, lane_class: type[AnyLane], *, tls: bool) -> None:
    """Make an exchange of a large request, and compare its end."""
    serve, expected, phase = WHILE_SENDING[name]
    progress = started(1.5 if expected == LATE else 20.0)
    async with lane_to(serve, lane_class, tls=tls) as lane:
        found = await outcome_of(lane, progress, method="POST", body=LARGE)
    assert (found, progress.phase) == (expected, phase)


DETAILS: dict[str, tuple[Serve, str]] = {
    "closed": (CASES["closed"][0], "the connection was closed without an answer"),
    "reset": (CASES["reset"][0], "the connection was reset"),
    "no answer": (CASES["no answer"][0], "no complete answer within the time-out"),
    "reset while sending": (WHILE_SENDING["reset"][0], "the connection broke while sending"),
}


@pytest.mark.parametrize("name", DETAILS)
@on_every_lane
async def test_a_fault_says_what_happened(name: str, lane_class: type[AnyLane]) -> None:
    """In the same words on every lane."""
    serve, detail = DETAILS[name]
    async with lane_to(serve, lane_class) as lane:
        with pytest.raises(ExchangeFault) as caught:
            await lane.exchange(
                outgoing("POST", body=LARGE if "sending" in name else b"[]"),
                started(0.2 if name == "no answer" else 20.0),
            )
    assert caught.value.detail == detail


class Gate:
    """A gateway that answers, or takes a large request, only when it is told to."""

    def __init__(self, *, slow: bool) -> None:
        self.slow = slow
        self.arrived, self.go_on = anyio.Event(), anyio.Event()

    async def serve(self, peer: Peer) -> None:
        """Serve one request."""
        if self.slow:
            await peer.stream.receive(1)
        else:
            await peer.request()
        self.arrived.set()
        await self.go_on.wait()
        if self.slow:
            left = len(LARGE)
            while left > 0:
                left -= len(await peer.stream.receive(1_000_000))
        await peer.send(OK)
        await peer.stay()


@pytest.mark.parametrize("protected", [True, False])
@across("slow, tls, lane_class, anyio_backend", [False, True], [False, True], LANES)
async def test_a_cancelled_scope_waits_for_the_answer_of_a_send(
    lane_class: type[AnyLane], slow: bool, tls: bool, protected: bool
) -> None:
    """A read ends at once, and its lane is not used again."""
    gate, progress = Gate(slow=slow), started(20.0, protected=protected)
    found: list[object] = []
    async with lane_to(gate.serve, lane_class, tls=tls) as lane, anyio.create_task_group() as group:

        async def exchange() -> None:
            found.append(await outcome_of(lane, progress, method="POST", body=LARGE if slow else b"[]"))

        group.start_soon(exchange)
        await gate.arrived.wait()
        group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await anyio.sleep(0.02)
            assert found == []
            gate.go_on.set()
    assert found == ([(200, b"{}")] if protected else [])
    assert lane.clean is False


@pytest.mark.parametrize("times", long_or_short([1, 2, 3], [2]))
@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("protected", [True, False])
@pytest.mark.parametrize(("lane_class", "anyio_backend"), [row for row in LANES if row[1] != "trio"])
async def test_a_cancelled_task_waits_for_the_answer_of_a_send(
    lane_class: type[AnyLane], slow: bool, tls: bool, protected: bool, times: int
) -> None:
    """However often it is cancelled; the cancellation is kept to be raised afterwards."""
    gate, progress = Gate(slow=slow), started(20.0, protected=protected)
    async with lane_to(gate.serve, lane_class, tls=tls) as lane:
        request = {"method": "POST", "body": LARGE if slow else b"[]"}
        task = asyncio.ensure_future(outcome_of(lane, progress, **request))
        await gate.arrived.wait()
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0.001)
        assert task.done() is not protected
        gate.go_on.set()
        if protected:
            assert await task == (200, b"{}")
            assert isinstance(progress.cancellation, asyncio.CancelledError)
        else:
            assert task.cancelled()
            assert progress.cancellation is None


@on_every_lane
async def test_a_request_whose_time_has_passed_does_not_leave(lane_class: type[AnyLane]) -> None:
    """The fault says that it was not handed over, and a deadline of the caller is the caller's."""
    gate = Gate(slow=False)
    async with lane_to(gate.serve, lane_class) as lane:
        progress = started(0.01)
        time.sleep(0.02)  # noqa: ASYNC251 - the stall
        await anyio.sleep(0.001)  # uvloop's clock stands still until the event loop goes on
        assert await outcome_of(lane, progress) == ("timeout", False)
        with anyio.move_on_after(0.01) as scope:
            time.sleep(0.02)  # noqa: ASYNC251 - the stall
            scope.deadline = anyio.current_time()
            await outcome_of(lane, started())
        assert (scope.cancelled_caught, gate.arrived.is_set()) == (True, False)


FAILURES: dict[str, tuple[Serve, str]] = {
    "closed": (close, "connect"),
    "reset": (reset_it, "connect"),
    "plain HTTP": (lambda peer: peer.send(OK), "connect"),
}


@pytest.mark.parametrize("name", FAILURES)
@on_every_lane
async def test_a_failed_handshake_is_a_failed_connection(name: str, lane_class: type[AnyLane]) -> None:
    """Nothing was sent."""
    serve, kind = FAILURES[name]

    async def run(stream: ByteStream) -> None:
        await stream.receive(1)
        await serve(Peer(stream))

    async with raw_server(run) as url:
        with pytest.raises(ExchangeFault) as caught:
            await lane_class.open("localhost", int(url.rpartition(":")[2]), client_tls())
    assert (str(caught.value.kind), caught.value.handed_over) == (kind, False)


@on_every_lane
async def test_a_stalled_handshake_can_be_cancelled(lane_class: type[AnyLane]) -> None:
    """Its socket is closed."""
    closed = anyio.Event()

    async def run(stream: ByteStream) -> None:
        try:
            while True:
                await stream.receive()
        finally:
            closed.set()

    async with raw_server(run) as url:
        with anyio.move_on_after(0.2) as scope:
            await lane_class.open("localhost", int(url.rpartition(":")[2]), client_tls())
        assert scope.cancelled_caught
        with anyio.fail_after(20):
            await closed.wait()


@on_every_lane
async def test_a_certificate_of_another_host_is_refused(lane_class: type[AnyLane]) -> None:
    """The name is that of the URL, not of the certificate."""

    async def run(_: ByteStream) -> None:
        await anyio.sleep_forever()

    async with raw_server(run, tls=server_tls("other.example")) as url:
        with pytest.raises(ExchangeFault) as caught:
            await lane_class.open("localhost", int(url.rpartition(":")[2]), client_tls())
    assert (str(caught.value.kind), caught.value.handed_over) == ("certificate", False)


@on_every_lane
async def test_a_refused_connection_and_an_unknown_name_are_told_apart(lane_class: type[AnyLane]) -> None:
    """Both are faults before anything was sent."""
    details = []
    for host in ("127.0.0.1", "nowhere.invalid"):
        with pytest.raises(ExchangeFault) as caught:
            await lane_class.open(host, closed_port(), None)
        details.append(caught.value.detail.partition(":")[0].partition("(")[2] or caught.value.detail.split(":")[0])
    assert details[1] == "the gateway's name could not be resolved"
    assert details[0] != details[1]
