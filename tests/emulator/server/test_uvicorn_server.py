import asyncio
import socket
from typing import Any

import httpx
import pytest

from wikipayam_async.emulator import Emulator, serve
from wikipayam_async.emulator.server import uvicorn_server

HEADERS = {"Authorization": "Bearer emulator-token"}


def test_nagle_s_algorithm_is_off(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections have Nagle's algorithm switched off, so that head and body of a response are sent at once."""
    settings: list[int] = []
    made = uvicorn_server._BreakableProtocol.connection_made

    def connection_made(self: uvicorn_server._BreakableProtocol, transport: asyncio.Transport) -> None:
        made(self, transport)
        settings.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(uvicorn_server._BreakableProtocol, "connection_made", connection_made)
    with serve(emulator) as served:
        httpx.get(served.url + "/api/v1/user/balance", headers=HEADERS)
    assert [bool(setting) for setting in settings] == [True]


class Written:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep the bytes."""
        self.written.append(data)

    def close(self) -> None:
        """Keep that it was closed."""
        self.written.append(b"(closed)")


def test_a_response_leaves_in_one_piece() -> None:
    """What is written in a `with` block leaves at its end, or before the connection closes; anything else at once."""
    inner: Any = Written()
    transport = uvicorn_server._JoiningTransport(inner)
    with transport:
        transport.write(b"head ")
        transport.write(b"body")
        assert inner.written == []
    transport.write(b"drop")
    with transport:
        transport.write(b"last")
        transport.close()
    assert inner.written == [b"head body", b"drop", b"last", b"(closed)"]
