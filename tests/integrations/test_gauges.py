from __future__ import annotations

import gc

import anyio
import pytest
from anyio.abc import ByteStream

from tests.integrations.telemetry import Telemetry
from tests.support.net import BALANCE, connected
from tests.support.raw import RawRequest, raw_gateway
from tests.support.secrets import NUMBER, TEXT, accept
from wikipayam_async import (
    AsyncWikipayam,
    InvalidInputError,
)


@pytest.mark.anyio
async def test_queues_are_observed(telemetry: Telemetry) -> None:
    """The queues of batchers are summed, whichever hook observes them."""

    async def handle(request: RawRequest, _stream: ByteStream) -> object:
        return accept(request)

    async with (
        raw_gateway(handle) as gateway,
        connected(gateway.url) as (client, _, _),
        client.sms.batcher(linger=30) as first,
        client.sms.batcher(linger=30) as second,
    ):
        telemetry.hook.observe(first, client)
        telemetry.make_hook().observe(second, first)
        async with anyio.create_task_group() as group:
            for batcher in (first, first, second):
                group.start_soon(batcher.send, NUMBER, TEXT)
            while first.waiting + second.waiting < 3:
                await anyio.lowlevel.checkpoint()
            full = telemetry.points["wikipayam.client.queue"]
            await first.flush()
            await second.flush()
        empty = telemetry.points["wikipayam.client.queue"]
    assert (full, empty) == ([({"wikipayam.queue.name": "batcher"}, 3)], [({"wikipayam.queue.name": "batcher"}, 0)])


@pytest.mark.anyio
async def test_clients_that_share_connections_count_as_one(telemetry: Telemetry) -> None:
    """Connections to one gateway are summed over clients; a caller's own pool is not counted."""

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        return BALANCE

    async with (
        raw_gateway(handle) as gateway,
        connected(gateway.url) as (one, _, _),
        connected(gateway.url) as (other, _, _),
        connected(gateway.url, "pool") as (pooled, _, _),
    ):
        sibling = one.with_options(timeout=3)
        telemetry.hook.observe(one, sibling, other, pooled)
        for client in (sibling, other, pooled):
            await client.balance()
        states = [
            (attributes["wikipayam.connection.state"], count)
            for attributes, count in telemetry.points["wikipayam.client.connections"]
        ]
    assert states == [("in_use", 0), ("idle", 2)]


def test_what_is_observed_is_not_kept_alive(telemetry: Telemetry) -> None:
    """A collected client is no longer reported."""
    client = AsyncWikipayam("token")
    telemetry.hook.observe(client)
    assert len(telemetry.points["wikipayam.client.waiting"]) == 1
    del client
    gc.collect()
    assert telemetry.points.get("wikipayam.client.waiting", []) == []


def test_only_clients_and_queues_can_be_observed(telemetry: Telemetry) -> None:
    """Anything else raises at once, not when the metrics are read."""
    with pytest.raises(InvalidInputError, match=r"observed: expected a client, or a queue .*; got a number"):
        telemetry.hook.observe(7)  # type: ignore[arg-type] # meant
