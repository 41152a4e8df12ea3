from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import httpx
import pytest

from wikipayam_async.emulator import Action, Emulator, EmulatorTransport, Fault, Latency, Request, parse_latency, serve
from wikipayam_async.emulator.faults.latency import DelaySource, parse_duration

Ask = Callable[..., Request]

HEADERS = {"Authorization": "Bearer emulator-token"}
VERY_LONG = 1e6


@pytest.mark.parametrize(
    ("text", "latency"),
    [
        ("0.05", Latency(0.05)),
        (".5", Latency(0.5)),
        ("20ms", Latency(0.02)),
        ("2s", Latency(2.0)),
        ("50ms-200ms", Latency(0.05, 0.2)),
        (" 0.1 - 1.5s ", Latency(0.1, 1.5)),
        ("0", Latency(0, 0)),
    ],
)
def test_a_latency_is_a_time_or_a_range(text: str, latency: Latency) -> None:
    """Times are in seconds or milliseconds, and a hyphen separates the ends of a range."""
    assert parse_latency(text) == latency


@pytest.mark.parametrize("text", ["", "fast", "1m", "-1", "20 ms", "1-", "nan", "inf", "1e3"])
def test_an_invalid_time_is_refused(text: str) -> None:
    """The error shows both formats of a time."""
    with pytest.raises(ValueError) as caught:
        parse_latency(text)
    assert "is not a duration; write seconds (0.05 or 0.05s) or milliseconds (50ms)" in str(caught.value)


def test_a_range_must_ascend() -> None:
    """The unit of the second time does not apply to the first, and the error says so."""
    with pytest.raises(ValueError) as caught:
        parse_latency("50-200ms")
    assert str(caught.value) == ("'50-200ms' is not a range: the second time is shorter; each time has its own unit")


@pytest.mark.parametrize(("shortest", "longest"), [(-1.0, 1.0), (2.0, 1.0), (0.0, float("inf"))])
def test_a_latency_is_validated(shortest: float, longest: float) -> None:
    """Negative times, infinite times and descending ranges are refused."""
    with pytest.raises(ValueError) as caught:
        Latency(shortest, longest)
    assert str(caught.value) == "expected finite times from 0, the shorter one first"


def test_a_duration_is_converted_to_seconds() -> None:
    """Milliseconds are converted to seconds."""
    assert [parse_duration(text) for text in ("1.5", "1.5s", "1500ms")] == [1.5, 1.5, 1.5]


def test_random_delays_follow_the_range_and_the_seed() -> None:
    """The same seed gives the same delays, spread over the whole range; another seed gives others."""
    runs = [
        [source.take() for _ in range(500)] for source in (DelaySource(seed, Latency(0.1, 0.3)) for seed in (1, 1, 2))
    ]
    assert runs[0] == runs[1] != runs[2]
    assert (min(runs[0]) < 0.11, max(runs[0]) > 0.29) == (True, True)
    assert all(0.1 <= seconds < 0.3 for seconds in runs[0])


def test_a_latency_applies_to_every_response(ask: Ask) -> None:
    """Faults and broken connections are delayed too, and the time of a delay fault is added."""
    emulator = Emulator(latency=Latency(2.0))
    emulator.faults.script([None, Fault.status(502), Fault.reset(), Fault.delay(3.0)])
    exchanges = [emulator.exchange(ask("GET /user/balance")) for _ in range(4)]
    assert [(exchange.action, exchange.delay) for exchange in exchanges] == [
        (Action.RESPOND, 2.0),
        (Action.RESPOND, 2.0),
        (Action.RESET, 2.0),
        (Action.RESPOND, 5.0),
    ]


def test_a_latency_may_be_set_at_any_time(ask: Ask) -> None:
    """A new latency applies from the next request on."""
    emulator = Emulator()
    before = emulator.exchange(ask("GET /user/balance")).delay
    emulator.latency = Latency(1.0)
    assert (before, emulator.exchange(ask("GET /user/balance")).delay, emulator.latency) == (0.0, 1.0, Latency(1.0))


@pytest.fixture(params=["transport", "asgi", "port"])
async def client(request: pytest.FixtureRequest, emulator: Emulator) -> AsyncIterator[httpx.AsyncClient]:
    """An httpx client that uses the transport, ASGI or a port."""
    options: Any = {"headers": HEADERS, "trust_env": False}
    if request.param == "port":
        with serve(emulator) as served:
            async with httpx.AsyncClient(base_url=f"{served.url}/api/v1", **options) as client:
                yield client
        return
    transport = EmulatorTransport(emulator) if request.param == "transport" else httpx.ASGITransport(emulator.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://emulator/api/v1", **options) as client:
        yield client


@pytest.mark.anyio
async def test_a_response_is_delayed_by_the_latency(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """In process, over ASGI and on a port the response is delayed and unchanged."""
    emulator.latency = Latency(0.02)
    started = anyio.current_time()
    response = await client.get("/user/balance", timeout=30)
    assert response.json()["data"]["balance"] == 3_435_993_800
    assert anyio.current_time() - started >= 0.02


@pytest.mark.anyio
async def test_a_delayed_request_can_be_cancelled(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """The request is processed at once, and the emulator answers other requests meanwhile."""
    emulator.latency = Latency(VERY_LONG)
    item = {"sender": "10002000", "receiver": "09123456789", "message": "x", "track_id": "T"}
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: client.post("/sms/send", json=[item], timeout=None))
        with anyio.fail_after(30):
            while not emulator.accepted:  # noqa: ASYNC110 - another thread accepts
                await anyio.sleep(0.001)
        tasks.cancel_scope.cancel()
    emulator.latency = Latency(0)
    assert (await client.get("/user/balance", timeout=30)).json()["data"]["balance"] == 3_435_992_600


@pytest.mark.parametrize("way", ["transport", "port"])
@pytest.mark.anyio
async def test_a_broken_connection_is_delayed_by_the_latency(way: str, emulator: Emulator) -> None:
    """A reset occurs no earlier than a response would."""
    emulator.latency = Latency(0.02)
    emulator.faults.arm(Fault.reset())
    with serve(emulator) as served:
        transport = EmulatorTransport(emulator) if way == "transport" else httpx.AsyncHTTPTransport()
        async with httpx.AsyncClient(transport=transport, base_url=served.url) as client:
            started = anyio.current_time()
            with pytest.raises(httpx.ReadError):
                await client.get("/api/v1/user/balance", headers=HEADERS)
    assert anyio.current_time() - started >= 0.02
