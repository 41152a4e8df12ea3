import asyncio
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from wikipayam_async.emulator import Emulator, Fault, ServedEmulator, When, serve
from wikipayam_async.emulator.server import uvicorn_server

HEADERS = {"Authorization": "Bearer emulator-token"}
GET = b"GET /api/v1/user/balance HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer emulator-token\r\n\r\n"
ITEM = b'[{"sender":"10002000","receiver":"09123456789","message":"hi","track_id":"T"}]'
POST = (
    b"POST /api/v1/sms/send HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer emulator-token\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ITEM)
)


@pytest.fixture
def served(emulator: Emulator) -> Iterator[ServedEmulator]:
    """The emulator on a port of its own."""
    with serve(emulator) as served:
        yield served


@pytest.fixture
def wire(served: ServedEmulator) -> Iterator[socket.socket]:
    """A bare connection to the emulator."""
    with closing(socket.create_connection((served.host, served.port), timeout=10)) as wire:
        yield wire


def read_all(wire: socket.socket) -> bytes:
    """Read until the other side closes."""
    return b"".join(iter(lambda: wire.recv(65_536), b""))


def read_answer(wire: socket.socket) -> bytes:
    """Read one answer, which may come in any number of pieces."""
    received = b""
    while not received.endswith(b"}}"):
        piece = wire.recv(65_536)
        assert piece, "the connection ended before the answer did"
        received += piece
    return received


def until(condition: Callable[[], bool]) -> None:
    """Wait for another thread to do something, and no longer than it takes."""
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_answers_are_not_held_back(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections have Nagle's algorithm switched off, so that head and body of an answer leave at once."""
    settings: list[int] = []
    made = uvicorn_server._BreakableProtocol.connection_made

    def connection_made(self: uvicorn_server._BreakableProtocol, transport: asyncio.Transport) -> None:
        made(self, transport)
        settings.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(uvicorn_server._BreakableProtocol, "connection_made", connection_made)
    with serve(emulator) as served:
        httpx.get(served.url + "/api/v1/user/balance", headers=HEADERS)
    assert [bool(setting) for setting in settings] == [True]


def test_a_client_is_answered_over_a_socket(served: ServedEmulator) -> None:
    """An ordinary client gets the ordinary answer, at a URL of the loopback."""
    with httpx.Client(base_url=served.url, headers=HEADERS, trust_env=False) as client:
        response = client.get("/api/v1/user/balance")
    assert response.json()["data"]["user_id"] == 1
    assert served.url == f"http://127.0.0.1:{served.port}"


def test_connections_are_kept_alive(wire: socket.socket, emulator: Emulator) -> None:
    """One connection carries one request after another."""
    for _ in range(2):
        wire.sendall(GET)
        assert read_answer(wire).startswith(b"HTTP/1.1 200 OK\r\n")
    assert emulator.requests == 2


@pytest.mark.parametrize(("when", "accepted"), [(When.BEFORE, 0), (When.AFTER, 1)])
def test_a_reset_is_a_real_reset(wire: socket.socket, emulator: Emulator, when: When, accepted: int) -> None:
    """The peer sees RST, and the ledger tells whether the message was accepted."""
    emulator.faults.arm(Fault.reset(when=when))
    wire.sendall(POST + ITEM)
    with pytest.raises(ConnectionResetError):
        wire.recv(1)
    assert emulator.accepted == accepted


@pytest.mark.parametrize(("when", "accepted"), [(When.BEFORE, 0), (When.AFTER, 1)])
def test_a_close_is_a_clean_end(wire: socket.socket, emulator: Emulator, when: When, accepted: int) -> None:
    """The peer sees the end of the stream and not a byte before it."""
    emulator.faults.arm(Fault.close(when=when))
    wire.sendall(POST + ITEM)
    assert read_all(wire) == b""
    assert emulator.accepted == accepted


def test_a_truncated_answer_ends_too_early(wire: socket.socket, emulator: Emulator) -> None:
    """More is announced than comes before the end of the stream."""
    emulator.faults.arm(Fault.truncated(keep=9))
    wire.sendall(GET)
    head, _, body = read_all(wire).partition(b"\r\n\r\n")
    assert body == b'{"data":{'
    assert b"content-length: 78" in head.lower().split(b"\r\n")


def test_a_drip_comes_byte_by_byte(wire: socket.socket, emulator: Emulator) -> None:
    """The answer is whole in the end, and takes at least all the pauses."""
    emulator.faults.arm(Fault.drip(0.001))
    began = time.monotonic()
    wire.sendall(GET)
    assert read_answer(wire).partition(b"\r\n\r\n")[2].startswith(b'{"data":{"balance":34359938')
    assert time.monotonic() - began > 0.08


def test_an_oversized_answer_is_sent_whole(served: ServedEmulator, emulator: Emulator) -> None:
    """Several megabytes go through the socket."""
    emulator.faults.arm(Fault.oversized(3_000_000))
    with httpx.Client(base_url=served.url, headers=HEADERS, trust_env=False) as client:
        assert len(client.get("/api/v1/user/balance").content) == 3_000_000


def test_a_request_that_breaks_off_is_not_accepted(served: ServedEmulator, emulator: Emulator) -> None:
    """Half of a body and then a close is no request; the server goes on."""
    with closing(socket.create_connection((served.host, served.port))) as wire:
        wire.sendall(POST + ITEM[:20])
    assert httpx.get(f"{served.url}/api/v1/user/balance", headers=HEADERS, trust_env=False).status_code == 200
    assert emulator.accepted == 0


@pytest.mark.parametrize("fault", [Fault.hang(), Fault.delay(60.0), Fault.drip(60.0)])
def test_the_end_is_prompt(emulator: Emulator, fault: Fault) -> None:
    """Neither a hanging request nor an idle connection holds the end up, and no thread is left."""
    before = set(threading.enumerate())
    emulator.faults.arm(fault)
    with ExitStack() as stack, ExitStack() as serving:
        served = serving.enter_context(serve(emulator))
        busy, idle = (stack.enter_context(socket.create_connection((served.host, served.port))) for _ in range(2))
        busy.sendall(GET)
        until(lambda: emulator.requests == 1)
        idle.sendall(GET)
        read_answer(idle)
        began = time.monotonic()
        serving.close()
        took = time.monotonic() - began
    assert took < 0.5
    assert set(threading.enumerate()) == before


def test_the_state_is_shared_between_threads(wire: socket.socket, emulator: Emulator) -> None:
    """What one thread lets in, another sees in the next answer."""
    emulator.inbound(sender="989120000000", message="x")
    wire.sendall(GET.replace(b"user/balance", b"receives/unread/count"))
    assert read_answer(wire).endswith(b'{"data":{"unread_count":1}}')


def test_an_idle_connection_is_closed_in_time(emulator: Emulator) -> None:
    """The keep-alive time is the server's to choose."""
    with serve(emulator, keep_alive=0) as served, closing(socket.create_connection((served.host, served.port))) as wire:
        wire.sendall(GET)
        assert read_all(wire).endswith(b"}}")


def test_an_address_of_the_sixth_version_is_written_in_brackets(emulator: Emulator) -> None:
    """The URL of an IPv6 address can be used as it is."""
    assert ServedEmulator(emulator, "::1", 8026).url == "http://[::1]:8026"


def test_a_missing_uvicorn_is_named(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error says how to install it."""
    monkeypatch.delitem(sys.modules, "wikipayam_async.emulator.server.uvicorn_server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ImportError) as caught, serve(emulator):
        pytest.fail("it must not get here")
    assert str(caught.value) == "serving the emulator needs uvicorn: pip install 'wikipayam_async[emulator]'"
