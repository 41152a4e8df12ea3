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
    """A clock that goes on by 1.5 ms whenever it is read."""
    times: Iterator[float] = (tick * 0.0015 for tick in count())
    return lambda: next(times)


async def test_a_request_is_a_line(emulator: Emulator) -> None:
    """Method, path, status and milliseconds are shown, and no text, number, id, query or token."""
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


async def test_a_request_without_an_answer_is_a_line_too(emulator: Emulator) -> None:
    """It is written when the caller gives up, with a hyphen for the status."""
    lines: list[str] = []
    emulator.faults.arm(Fault.hang())
    app = with_log(emulator.app, lines.append, clock=ticks())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://emulator") as client:
        with anyio.move_on_after(0.01):
            await client.get("/api/v1/user/balance", headers=HEADERS)
    assert lines == ["GET /user/balance - 1.5 ms\n"]


async def test_what_is_no_request_is_no_line(emulator: Emulator) -> None:
    """The lifespan goes by unseen."""
    lines: list[str] = []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> dict[str, str]:
        return next(messages)

    async def send(message: object) -> None:
        pass

    await with_log(emulator.app, lines.append)({"type": "lifespan"}, receive, send)
    assert lines == []
