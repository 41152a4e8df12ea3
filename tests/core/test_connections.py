"""How a client's connections are used, as the client tells it."""

from __future__ import annotations

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from tests.support.net import BALANCE, connected
from tests.support.raw import RawRequest, raw_gateway
from wikipayam_async import AsyncWikipayam, LaneTransport
from wikipayam_async.core.lanes import Connections

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("road", ["lanes", "lane_transport"])
async def test_connections_are_in_use_then_idle(road: str) -> None:
    """They count while their answer is awaited, and lie idle after it; closing the client leaves none."""
    arrived, go_on = anyio.Event(), anyio.Event()

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        arrived.set()
        await go_on.wait()
        return BALANCE

    async with raw_gateway(handle) as gateway, connected(gateway.url, road) as (client, _, _):
        seen = [client.connections]
        async with anyio.create_task_group() as group:
            group.start_soon(client.balance)
            await arrived.wait()
            seen.append(client.connections)
            go_on.set()
        seen.append(client.connections)
        sibling = client.with_options(timeout=1.0)
        seen.append(sibling.connections)
        await client.aclose()
        seen.append(client.connections)
    assert seen == [
        Connections(in_use=0, idle=0, waiting=0),
        Connections(in_use=1, idle=0, waiting=0),
        Connections(in_use=0, idle=1, waiting=0),
        Connections(in_use=0, idle=1, waiting=0),
        Connections(in_use=0, idle=0, waiting=0),
    ]


async def test_requests_wait_when_all_connections_are_in_use() -> None:
    """Those beyond `max_connections` are counted as waiting; an exporter may ask from a thread of its own."""
    arrived, go_on = anyio.Event(), anyio.Event()

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        arrived.set()
        await go_on.wait()
        return BALANCE

    async with (
        raw_gateway(handle) as gateway,
        connected(gateway.url, max_connections=1) as (client, _, _),
        anyio.create_task_group() as group,
    ):
        for _ in range(3):
            group.start_soon(client.balance)
        await arrived.wait()
        seen = await anyio.to_thread.run_sync(lambda: client.connections)
        go_on.set()
    assert seen == Connections(in_use=1, idle=0, waiting=2)


async def test_connections_of_a_callers_own_are_the_callers_to_count() -> None:
    """Nothing is known of a pool of httpx's; a `LaneTransport` tells by itself."""
    transport = LaneTransport()
    async with httpx.AsyncClient() as http, AsyncWikipayam("token", http_client=http) as client:
        assert client.connections is None
    async with AsyncWikipayam("token", transport=transport) as client:
        assert client.connections == transport.connections == Connections(in_use=0, idle=0, waiting=0)


async def test_a_client_tells_where_it_goes_and_who_listens() -> None:
    """A hook can be put beside the one that is there."""
    heard: list[object] = []
    async with AsyncWikipayam("token", base_url="https://sms.example.ir/", on_event=heard.append) as client:
        assert (client.base_url, client.on_event) == ("https://sms.example.ir", heard.append)
        assert client.with_options(on_event=None).on_event is None
