import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from wikipayam_async.emulator import Emulator, Fault, ServedEmulator, When, serve

HEADERS = {"Authorization": "Bearer emulator-token"}
GET = b"GET /api/v1/user/balance HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer emulator-token\r\n\r\n"
ITEM = b'[{"sender":"10002000","receiver":"09123456789","message":"hi","track_id":"T"}]'
POST = (
    b"POST /api/v1/sms/send HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer emulator-token\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ITEM)
)


@pytest.fixture
def served(emulator: Emulator) -> Iterator[ServedEmulator]:
    """The emulator on a free port."""
    with serve(emulator) as served:
        yield served


@pytest.fixture
def wire(served: ServedEmulator) -> Iterator[socket.socket]:
    """A socket connected to the emulator."""
    with closing(socket.create_connection((served.host, served.port), timeout=10)) as wire:
        yield wire


def read_all(wire: socket.socket) -> bytes:
    """Read until the peer closes the connection."""
    return b"".join(iter(lambda: wire.recv(65_536), b""))


def read_response(wire: socket.socket) -> bytes:
    """Read one response, which may arrive in any number of pieces."""
    received = b""
    while not received.endswith(b"}}"):
        piece = wire.recv(65_536)
        assert piece, "the connection ended before the response"
        received += piece
    return received


def until(condition: Callable[[], bool]) -> None:
    """Wait until another thread has made a condition true."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_client_gets_a_response_over_a_socket(served: ServedEmulator) -> None:
    """An ordinary client gets the usual response, at a loopback URL."""
    with httpx.Client(base_url=served.url, headers=HEADERS, trust_env=False) as client:
        response = client.get("/api/v1/user/balance")
    assert response.json()["data"]["user_id"] == 1
    assert served.url == f"http://127.0.0.1:{served.port}"


def test_connections_are_reused(wire: socket.socket, emulator: Emulator) -> None:
    """One connection serves several requests."""
    for _ in range(2):
        wire.sendall(GET)
        assert read_response(wire).startswith(b"HTTP/1.1 200 OK\r\n")
    assert emulator.requests == 2


@pytest.mark.parametrize(("when", "accepted"), [(When.BEFORE, 0), (When.AFTER, 1)])
def test_a_reset_sends_rst(wire: socket.socket, emulator: Emulator, when: When, accepted: int) -> None:
    """The peer receives RST, before or after the message is accepted."""
    emulator.faults.arm(Fault.reset(when=when))
    wire.sendall(POST + ITEM)
    with pytest.raises(ConnectionResetError):
        wire.recv(1)
    assert emulator.accepted == accepted


@pytest.mark.parametrize(("when", "accepted"), [(When.BEFORE, 0), (When.AFTER, 1)])
def test_a_close_sends_fin(wire: socket.socket, emulator: Emulator, when: When, accepted: int) -> None:
    """The peer receives the end of the stream without a byte before it."""
    emulator.faults.arm(Fault.close(when=when))
    wire.sendall(POST + ITEM)
    assert read_all(wire) == b""
    assert emulator.accepted == accepted


def test_a_truncated_response_ends_early(wire: socket.socket, emulator: Emulator) -> None:
    """The stream ends before the announced length."""
    emulator.faults.arm(Fault.truncated(keep=9))
    wire.sendall(GET)
    head, _, body = read_all(wire).partition(b"\r\n\r\n")
    assert body == b'{"data":{'
    assert b"content-length: 80" in head.lower().split(b"\r\n")


def test_a_drip_arrives_byte_by_byte(wire: socket.socket, emulator: Emulator) -> None:
    """The response is complete, and takes at least as long as all pauses together."""
    emulator.faults.arm(Fault.drip(0.001))
    started = time.monotonic()
    wire.sendall(GET)
    assert read_response(wire).partition(b"\r\n\r\n")[2].startswith(b'{"data":{"balance":3435993800')
    assert time.monotonic() - started > 0.08


def test_an_oversized_response_is_sent_completely(served: ServedEmulator, emulator: Emulator) -> None:
    """A response of 3 MB is sent through the socket."""
    emulator.faults.arm(Fault.oversized(3_000_000))
    with httpx.Client(base_url=served.url, headers=HEADERS, trust_env=False) as client:
        assert len(client.get("/api/v1/user/balance").content) == 3_000_000


def test_a_truncated_request_is_not_accepted(served: ServedEmulator, emulator: Emulator) -> None:
    """A request whose body is cut off is not processed, and the server continues."""
    with closing(socket.create_connection((served.host, served.port))) as wire:
        wire.sendall(POST + ITEM[:20])
    assert httpx.get(f"{served.url}/api/v1/user/balance", headers=HEADERS, trust_env=False).status_code == 200
    assert emulator.accepted == 0


@pytest.mark.parametrize("fault", [Fault.hang(), Fault.delay(60.0), Fault.drip(60.0)])
def test_stopping_is_immediate(emulator: Emulator, fault: Fault) -> None:
    """Hanging requests and idle connections do not delay the stop, and no thread is left."""
    before = set(threading.enumerate())
    emulator.faults.arm(fault)
    with ExitStack() as stack, ExitStack() as serving:
        served = serving.enter_context(serve(emulator))
        busy, idle = (stack.enter_context(socket.create_connection((served.host, served.port))) for _ in range(2))
        busy.sendall(GET)
        until(lambda: emulator.requests == 1)
        idle.sendall(GET)
        read_response(idle)
        started = time.monotonic()
        serving.close()
        took = time.monotonic() - started
    assert took < 30
    assert set(threading.enumerate()) == before


def test_the_state_is_shared_between_threads(wire: socket.socket, emulator: Emulator) -> None:
    """A message added in one thread is in the next response of the server's thread."""
    emulator.inbound(sender="989120000000", message="x")
    wire.sendall(GET.replace(b"user/balance", b"receives/unread/count"))
    assert read_response(wire).endswith(b'{"data":{"unread_count":1}}')


def test_an_idle_connection_is_closed(emulator: Emulator) -> None:
    """An idle connection is closed after `keep_alive` seconds."""
    with serve(emulator, keep_alive=0) as served, closing(socket.create_connection((served.host, served.port))) as wire:
        wire.sendall(GET)
        assert read_all(wire).endswith(b"}}")


def test_an_ipv6_address_is_in_brackets(emulator: Emulator) -> None:
    """The URL of an IPv6 address has the address in brackets."""
    assert ServedEmulator(emulator, "::1", 8026).url == "http://[::1]:8026"


def test_a_missing_uvicorn_is_named(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uvicorn the error names the extra to install."""
    monkeypatch.delitem(sys.modules, "wikipayam_async.emulator.server.uvicorn_server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ImportError) as caught, serve(emulator):
        pytest.fail("it must not get here")
    assert str(caught.value) == "serving the emulator needs uvicorn: pip install 'wikipayam_async[emulator]'"
