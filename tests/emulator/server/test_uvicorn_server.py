import asyncio
import socket

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
