from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import httpx
import pytest

from wikipayam_async.emulator import Emulator, EmulatorTransport, Fault, FaultKind, When

pytestmark = pytest.mark.anyio

Item = Callable[..., dict[str, Any]]
HEADERS = {"Authorization": "Bearer emulator-token"}


@pytest.fixture
async def client(emulator: Emulator) -> AsyncIterator[httpx.AsyncClient]:
    """An httpx client that the emulator answers in process."""
    transport = EmulatorTransport(emulator)
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


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.reset(), httpx.ReadError("")),
        (Fault.close(), httpx.RemoteProtocolError("Server disconnected without sending a response.")),
        (
            Fault.truncated(keep=10),
            httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body (received 10 bytes, expected 105)"
            ),
        ),
    ],
)
async def test_a_broken_connection_raises_the_exception_of_a_real_transport(
    client: httpx.AsyncClient, emulator: Emulator, sms: Item, fault: Fault, error: httpx.TransportError
) -> None:
    """A fault of the connection raises the exception of a real transport, after the message was accepted."""
    emulator.faults.arm(fault)
    with pytest.raises(type(error)) as caught:
        await client.post("/sms/send", json=[sms()])
    assert str(caught.value) == str(error)
    assert emulator.accepted == 1


@pytest.mark.parametrize("fault", [Fault.hang(when=When.BEFORE), Fault.delay(60.0), Fault.drip(60.0)])
async def test_waiting_ends_with_the_read_timeout(client: httpx.AsyncClient, emulator: Emulator, fault: Fault) -> None:
    """A response that arrives after the read timeout raises a timeout."""
    emulator.faults.arm(fault)
    with pytest.raises(httpx.ReadTimeout) as caught:
        await client.get("/user/balance", timeout=0.01)
    assert str(caught.value) == ""


@pytest.mark.parametrize("fault", [Fault.delay(0.001), Fault.drip(0.0001)])
async def test_a_slow_response_within_the_timeout_arrives(
    client: httpx.AsyncClient, emulator: Emulator, fault: Fault
) -> None:
    """A slow response within the read timeout is returned."""
    emulator.faults.arm(fault)
    response = await client.get("/user/balance", timeout=5.0)
    assert response.json()["data"]["user_name"] == "admin"


async def test_a_hanging_call_can_be_cancelled(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """Without a timeout a request hangs until it is cancelled, and the next one gets a response."""
    emulator.faults.arm(Fault.hang())
    with anyio.move_on_after(0.01) as scope:
        await client.get("/user/balance", timeout=None)
    assert scope.cancelled_caught
    assert (await client.get("/user/balance")).status_code == 200


async def test_a_bomb_is_decompressed_by_httpx(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """The content encoding is set, so httpx decompresses the body."""
    emulator.faults.arm(Fault.bomb(10_000))
    response = await client.get("/user/balance")
    assert response.content == b" " * 10_000
    assert emulator.faults.thrown == {FaultKind.BOMB: 1}
