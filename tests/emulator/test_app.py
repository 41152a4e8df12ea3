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
    """An httpx client that speaks ASGI to the emulator."""
    transport = httpx.ASGITransport(create_app(emulator))
    async with httpx.AsyncClient(transport=transport, base_url="http://emulator/api/v1", headers=HEADERS) as client:
        yield client


async def test_a_call_goes_through(client: httpx.AsyncClient, emulator: Emulator, sms: Item) -> None:
    """Method, path, query, headers and body reach the emulator, and its answer comes back."""
    emulator.inbound(sender="989120000000", message="سلام")
    found = await client.get("/receives", params={"search": "سلام"})
    sent = await client.post("/sms/send", json=[sms()])
    assert found.json()["data"]["pagination"]["total"] == 1
    assert (sent.status_code, sent.headers["content-length"]) == (200, str(len(sent.content)))
    assert emulator.accepted_track_ids() == ["T1"]


@pytest.mark.parametrize("fault", [Fault.delay(0.001), Fault.drip(0.0001)])
async def test_a_slow_answer_arrives_whole(client: httpx.AsyncClient, emulator: Emulator, fault: Fault) -> None:
    """A delay and a drip end with the same answer."""
    emulator.faults.arm(fault)
    assert (await client.get("/user/balance")).json()["data"]["balance"] == 34_359_938


async def test_a_fault_with_an_answer_needs_no_connection(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """Statuses and pages work on any server."""
    emulator.faults.script([Fault.status(429, retry_after=7), Fault.html(200)])
    limited, page = await client.get("/user/balance"), await client.get("/user/balance")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=UTF-8")


@pytest.mark.parametrize("fault", [Fault.reset(), Fault.close(), Fault.truncated()])
async def test_a_fault_of_the_connection_needs_one(client: httpx.AsyncClient, emulator: Emulator, fault: Fault) -> None:
    """On a server that keeps its connections to itself such a fault says what to use."""
    emulator.faults.arm(fault)
    with pytest.raises(RuntimeError) as caught:
        await client.get("/user/balance")
    assert str(caught.value) == "this fault needs a connection to break: use serve() or EmulatorTransport"


async def test_a_hanging_call_can_be_cancelled(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """A hang lasts until the caller gives up."""
    emulator.faults.arm(Fault.hang())
    with anyio.move_on_after(0.01) as scope:
        await client.get("/user/balance")
    assert scope.cancelled_caught


class Caller:
    """An ASGI server in miniature: hands messages in and keeps those that come out."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages = list(messages)
        self.sent: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        """Hand in the next message, and tell of a disconnect after the last."""
        await anyio.lowlevel.checkpoint()
        return self.messages.pop(0) if self.messages else {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Keep a message."""
        self.sent.append(message)


def scope(method: str, path: str) -> dict[str, Any]:
    """Describe a request."""
    headers = [(b"authorization", b"Bearer emulator-token")]
    return {"type": "http", "method": method, "path": f"/api/v1{path}", "query_string": b"", "headers": headers}


async def test_a_body_may_come_in_pieces(emulator: Emulator) -> None:
    """The pieces are put together before anything is processed."""
    caller = Caller(
        {"type": "http.request", "body": b'{"id": ', "more_body": True},
        {"type": "http.request", "body": b'["x"]}', "more_body": True},
        {"type": "http.request"},
    )
    await emulator.app(scope("POST", "/sms/deliver"), caller.receive, caller.send)
    assert caller.sent[1] == {"type": "http.response.body", "body": b'{"data":[]}', "more_body": False}


async def test_a_request_that_breaks_off_is_not_processed(emulator: Emulator) -> None:
    """A caller that goes before the body is whole has not been heard."""
    caller = Caller({"type": "http.request", "body": b"[", "more_body": True})
    await emulator.app(scope("POST", "/sms/send"), caller.receive, caller.send)
    assert (caller.sent, emulator.requests) == ([], 0)


@pytest.mark.parametrize("fault", [Fault.delay(60.0), Fault.drip(60.0)])
async def test_a_slow_answer_ends_when_nobody_waits_for_it(emulator: Emulator, fault: Fault) -> None:
    """When the caller goes, so does the answer."""
    emulator.faults.arm(fault)
    # A server may hand in an empty message before it tells of the disconnect.
    caller = Caller({"type": "http.request"}, {"type": "http.request"})
    with anyio.fail_after(5):
        await emulator.app(scope("GET", "/user/balance"), caller.receive, caller.send)
    assert [message["type"] for message in caller.sent if message["type"] == "http.response.body"] == []


async def test_the_lifespan_is_answered(emulator: Emulator) -> None:
    """Startup and shutdown are completed at once."""
    caller = Caller({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    await emulator.app({"type": "lifespan"}, caller.receive, caller.send)
    assert caller.sent == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]


async def test_other_protocols_are_refused(emulator: Emulator) -> None:
    """There are no websockets here."""
    caller = Caller()
    with pytest.raises(RuntimeError) as caught:
        await emulator.app({"type": "websocket"}, caller.receive, caller.send)
    assert str(caught.value) == "the emulator speaks no websocket"
