from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import httpx
import pytest

from wikipayam_async.emulator import Emulator, Fault, create_app

pytestmark = pytest.mark.anyio

Item = Callable[..., dict[str, Any]]
HEADERS = {"Authorization": "Bearer emulator-token"}


@pytest.fixture
async def client(emulator: Emulator) -> AsyncIterator[httpx.AsyncClient]:
    """An httpx client that calls the emulator over ASGI."""
    transport = httpx.ASGITransport(create_app(emulator))
    async with httpx.AsyncClient(transport=transport, base_url="http://emulator/api/v1", headers=HEADERS) as client:
        yield client


async def test_a_request_reaches_the_emulator_and_its_response_returns(
    client: httpx.AsyncClient, emulator: Emulator, sms: Item
) -> None:
    """Method, path, query, headers and body reach the emulator, and its response is returned."""
    emulator.inbound(sender="989120000000", message="سلام")
    found = await client.get("/receives", params={"search": "سلام"})
    sent = await client.post("/sms/send", json=[sms()])
    assert found.json()["data"]["pagination"]["total"] == 1
    assert (sent.status_code, sent.headers["content-length"]) == (200, str(len(sent.content)))
    assert emulator.accepted_track_ids() == ["T1"]


@pytest.mark.parametrize("fault", [Fault.delay(0.001), Fault.drip(0.0001)])
async def test_a_slow_response_arrives_complete(client: httpx.AsyncClient, emulator: Emulator, fault: Fault) -> None:
    """A delay and a drip deliver the unchanged response."""
    emulator.faults.arm(fault)
    assert (await client.get("/user/balance")).json()["data"]["balance"] == 3_435_993_800


async def test_a_fault_with_a_response_needs_no_connection_access(
    client: httpx.AsyncClient, emulator: Emulator
) -> None:
    """Status and HTML faults work on any ASGI server."""
    emulator.faults.script([Fault.status(429, retry_after=7), Fault.html(200)])
    limited, page = await client.get("/user/balance"), await client.get("/user/balance")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=UTF-8")


@pytest.mark.parametrize("fault", [Fault.reset(), Fault.close(), Fault.truncated()])
async def test_a_fault_of_the_connection_needs_connection_access(
    client: httpx.AsyncClient, emulator: Emulator, fault: Fault
) -> None:
    """On a server that does not pass its connection, the error names the alternatives."""
    emulator.faults.arm(fault)
    with pytest.raises(RuntimeError) as caught:
        await client.get("/user/balance")
    assert str(caught.value) == "this fault needs access to the connection: use serve() or EmulatorTransport"


async def test_a_hanging_call_can_be_cancelled(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """A hang lasts until the caller cancels."""
    emulator.faults.arm(Fault.hang())
    with anyio.move_on_after(0.01) as scope:
        await client.get("/user/balance")
    assert scope.cancelled_caught


class Caller:
    """A minimal ASGI server: it passes messages to the application and records those it sends."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages = list(messages)
        self.sent: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        """Return the next message, and a disconnect after the last."""
        await anyio.lowlevel.checkpoint()
        return self.messages.pop(0) if self.messages else {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Record a message."""
        self.sent.append(message)


def scope(method: str, path: str) -> dict[str, Any]:
    """Build the scope of a request."""
    headers = [(b"authorization", b"Bearer emulator-token")]
    return {"type": "http", "method": method, "path": f"/api/v1{path}", "query_string": b"", "headers": headers}


async def test_a_body_may_arrive_in_pieces(emulator: Emulator) -> None:
    """The pieces are joined before the request is processed."""
    caller = Caller(
        {"type": "http.request", "body": b'{"id": ', "more_body": True},
        {"type": "http.request", "body": b'["x"]}', "more_body": True},
        {"type": "http.request"},
    )
    await emulator.app(scope("POST", "/sms/deliver"), caller.receive, caller.send)
    assert caller.sent[1] == {"type": "http.response.body", "body": b'{"data":[]}', "more_body": False}


async def test_a_truncated_request_is_not_processed(emulator: Emulator) -> None:
    """If the caller disconnects before the body is complete, the request is not counted or answered."""
    caller = Caller({"type": "http.request", "body": b"[", "more_body": True})
    await emulator.app(scope("POST", "/sms/send"), caller.receive, caller.send)
    assert (caller.sent, emulator.requests) == ([], 0)


@pytest.mark.parametrize("fault", [Fault.delay(60.0), Fault.drip(60.0)])
async def test_a_slow_response_stops_when_the_caller_disconnects(emulator: Emulator, fault: Fault) -> None:
    """After a disconnect no body is sent."""
    emulator.faults.arm(fault)
    # A server may send an empty message before the disconnect.
    caller = Caller({"type": "http.request"}, {"type": "http.request"})
    with anyio.fail_after(5):
        await emulator.app(scope("GET", "/user/balance"), caller.receive, caller.send)
    assert [message["type"] for message in caller.sent if message["type"] == "http.response.body"] == []


async def test_the_lifespan_is_completed(emulator: Emulator) -> None:
    """Startup and shutdown are completed."""
    caller = Caller({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    await emulator.app({"type": "lifespan"}, caller.receive, caller.send)
    assert caller.sent == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]


async def test_other_scopes_are_refused(emulator: Emulator) -> None:
    """WebSockets are not supported."""
    caller = Caller()
    with pytest.raises(RuntimeError) as caught:
        await emulator.app({"type": "websocket"}, caller.receive, caller.send)
    assert str(caught.value) == "the emulator does not support the ASGI scope websocket"
