from collections.abc import Callable, Iterator
from itertools import count

import anyio
import httpx
import pytest

from wikipayam_async.emulator import Emulator, Fault
from wikipayam_async.emulator.server.request_log import with_log

pytestmark = pytest.mark.anyio

HEADERS = {"Authorization": "Bearer emulator-token"}


def ticks() -> Callable[[], float]:
    """Return a clock that advances by 1.5 ms with every reading."""
    times: Iterator[float] = (tick * 0.0015 for tick in count())
    return lambda: next(times)


async def test_a_request_is_logged(emulator: Emulator) -> None:
    """A line has method, path, status and milliseconds, and no text, number, id, query or token."""
    lines: list[str] = []
    app = with_log(emulator.app, lines.append, clock=ticks())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://emulator", headers=HEADERS) as client:
        await client.get("/api/v1/user/balance")
        await client.get("/api/v1/receives/0123456789ab", params={"sender": "09123456789"})
        await client.get("/api/v1/service/holoo", params={"password": "secret", "to": "09123456789"})
        await client.get("/09123456789/secret")
        await client.request("BREW", "/api/v1/user/balance")
    assert lines == [
        "GET /user/balance 200 1.5 ms\n",
        "GET /receives/{id} 404 1.5 ms\n",
        "GET /service/holoo 401 1.5 ms\n",
        "GET (unknown path) 404 1.5 ms\n",
        "(unknown method) /user/balance 405 1.5 ms\n",
    ]


async def test_a_request_without_a_response_is_logged(emulator: Emulator) -> None:
    """The line is written when the caller cancels, with a hyphen for the status."""
    lines: list[str] = []
    emulator.faults.arm(Fault.hang())
    app = with_log(emulator.app, lines.append, clock=ticks())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://emulator") as client:
        with anyio.move_on_after(0.01):
            await client.get("/api/v1/user/balance", headers=HEADERS)
    assert lines == ["GET /user/balance - 1.5 ms\n"]


async def test_only_requests_are_logged(emulator: Emulator) -> None:
    """The lifespan is not logged."""
    lines: list[str] = []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> dict[str, str]:
        return next(messages)

    async def send(message: object) -> None:
        pass

    await with_log(emulator.app, lines.append)({"type": "lifespan"}, receive, send)
    assert lines == []
