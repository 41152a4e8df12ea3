from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from tests.core.test_http1 import outgoing
from tests.support.net import BALANCE, connected
from tests.support.raw import RawRequest, raw_gateway
from wikipayam_async import ConfigurationError, Phase
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.lanes import Connections, Lanes
from wikipayam_async.core.options import Origin
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import Answer, Headers, Outgoing
from wikipayam_async.errors import ClosedError
from wikipayam_async.redact.sealed import SealedBytes

pytestmark = pytest.mark.anyio

ANSWER = Answer(200, {}, SealedBytes(b"{}"))


class FakeLane:
    """A lane with scripted behaviour."""

    def __init__(self, *, clean: bool = True, fault: ExchangeFault | None = None) -> None:
        self.clean = clean
        self.fault = fault
        self.idle_since = 0.0
        self.usable = True
        self.closed = 0

    def is_usable(self, now: float, idle_expiry: float) -> bool:
        """Return the scripted value."""
        return self.usable

    async def exchange(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Return the answer, or raise the fault."""
        progress.hand_over()
        if self.fault is not None:
            self.clean = False
            raise self.fault
        progress.phase = Phase.ANSWERED
        return ANSWER

    async def aclose(self) -> None:
        """Count the call, and yield to the event loop once."""
        self.closed += 1
        await anyio.sleep(0.01)


def stack(*lanes: FakeLane, max_lanes: int = 5) -> tuple[Lanes, list[Origin]]:
    """Return a stack that opens the given lanes in order."""
    left = list(lanes)
    opened: list[Origin] = []

    async def open_lane(origin: Origin) -> FakeLane:
        opened.append(origin)
        return left.pop(0)

    return Lanes(open_lane, max_lanes=max_lanes, idle_expiry=5.0), opened


class TestLanes:
    """The choice of a lane."""

    @pytest.mark.parametrize("bad", [0, -1, True, 2.5, "3", None])
    def test_max_connections_is_checked(self, bad: Any) -> None:
        """It must be a whole number of at least 1."""
        with pytest.raises(ConfigurationError, match="max_connections"):
            stack(max_lanes=bad)

    async def test_the_lane_used_last_is_reused_first(self) -> None:
        """A third exchange opens no third lane."""
        first, second = FakeLane(), FakeLane()
        lanes, opened = stack(first, second)
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(lanes.carry, outgoing(), AttemptProgress(protected=False))
        await lanes.carry(outgoing(), AttemptProgress(protected=False))
        assert len(opened) <= 2
        assert first.idle_since > 0

    async def test_what_is_to_be_awaited_first_has_a_slot(self) -> None:
        """It is awaited when a slot is free, before the time-out starts, and may use the slot and other stacks."""
        lanes, opened = stack(FakeLane(), FakeLane(), max_lanes=1)
        others, _ = stack(FakeLane(), max_lanes=1)
        seen: list[tuple[int, int, float | None]] = []
        progress = AttemptProgress(protected=True)

        async def ready() -> None:
            seen.append((lanes.connections.in_use, len(opened), progress.started))
            await lanes.carry(outgoing(), AttemptProgress(protected=False))
            async with anyio.create_task_group() as group:
                group.start_soon(others.carry, outgoing(), AttemptProgress(protected=False))
                await anyio.lowlevel.checkpoint()
            seen.append((lanes.connections.in_use, len(opened), progress.started))

        progress.ready = ready
        with anyio.fail_after(5):
            assert await lanes.carry(outgoing(), progress) is ANSWER
        assert seen == [(1, 0, None), (1, 1, None)]
        assert lanes.connections == Connections(in_use=0, idle=1, waiting=0)
        assert others.connections == Connections(in_use=0, idle=1, waiting=0)

    async def test_another_stack_keeps_its_own_limit(self) -> None:
        """A lent slot counts for its own stack only."""
        lanes, _ = stack(FakeLane(), max_lanes=1)
        others, _ = stack(FakeLane(), FakeLane(), max_lanes=1)
        inner, outer = AttemptProgress(protected=False), AttemptProgress(protected=False)
        seen: list[int] = []

        async def count() -> None:
            seen.append(others.connections.in_use)

        inner.ready = count

        async def ready() -> None:
            await others.carry(outgoing(), inner)

        outer.ready = ready
        await lanes.carry(outgoing(), outer)
        assert seen == [1]

    async def test_a_slot_is_free_again_if_what_is_awaited_first_raises(self) -> None:
        """Nothing is exchanged, and the exception is unchanged."""
        lanes, opened = stack(FakeLane(), max_lanes=1)
        progress = AttemptProgress(protected=True)

        async def ready() -> None:
            raise LookupError

        progress.ready = ready
        with pytest.raises(LookupError):
            await lanes.carry(outgoing(), progress)
        assert (lanes.connections.in_use, opened, progress.phase) == (0, [], Phase.WAITING)

    async def test_a_lane_of_another_origin_is_closed(self) -> None:
        """A connection is used only for the host that it was opened for."""
        first, second = FakeLane(), FakeLane()
        lanes, opened = stack(first, second)
        await lanes.carry(outgoing(), AttemptProgress(protected=False))
        other = Outgoing(
            origin=Origin("http", "127.0.0.2", 80),
            method="GET",
            path="/",
            query="",
            secret_query=False,
            headers=Headers(()),
            authorization=None,
            body=None,
            timeout=1,
        )
        await lanes.carry(other, AttemptProgress(protected=False))
        assert ([origin.host for origin in opened], first.closed, second.closed) == (["127.0.0.1", "127.0.0.2"], 1, 0)

    async def test_an_unusable_lane_is_closed(self) -> None:
        """The next lane is taken or opened instead."""
        first, second = FakeLane(), FakeLane()
        lanes, _ = stack(first, second)
        await lanes.carry(outgoing(), AttemptProgress(protected=False))
        first.usable = False
        await lanes.carry(outgoing(), AttemptProgress(protected=False))
        assert (first.closed, second.closed) == (1, 0)

    async def test_below_an_unusable_lane_another_is_taken(self) -> None:
        """Only the lanes that cannot be used again are closed, and none is opened."""
        first, second = FakeLane(), FakeLane()
        lanes, opened = stack()
        lanes._pools.current().idle += [(outgoing().origin, first), (outgoing().origin, second)]
        second.usable = False
        await lanes.carry(outgoing(), AttemptProgress(protected=False))
        assert (first.closed, second.closed, opened) == (0, 1, [])

    async def test_a_lane_whose_exchange_failed_is_closed(self) -> None:
        """Its slot is free again."""
        bad = FakeLane(fault=ExchangeFault(ExchangeFaultKind.DISCONNECTED, "x", handed_over=True))
        lanes, opened = stack(bad, FakeLane(), max_lanes=1)
        with pytest.raises(ExchangeFault):
            await lanes.carry(outgoing(), AttemptProgress(protected=False))
        assert await lanes.carry(outgoing(), AttemptProgress(protected=False)) is ANSWER
        assert (bad.closed, len(opened)) == (1, 2)

    async def test_closing_closes_the_idle_lanes(self) -> None:
        """A stack that was never used can be closed too, and a closed one refuses exchanges."""
        lane = FakeLane()
        lanes, _ = stack(lane)
        await lanes.aclose()
        lanes, _ = stack(lane)
        await lanes.carry(outgoing(), AttemptProgress(protected=False))
        await lanes.aclose()
        assert lane.closed == 1
        with pytest.raises(ClosedError, match="the client is closed; nothing was sent"):
            await lanes.carry(outgoing(), AttemptProgress(protected=False))

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_a_cancelled_closing_closes_every_lane(self) -> None:
        """`Task.cancel` during the close is raised after all idle lanes are closed."""
        first, second = FakeLane(), FakeLane()
        lanes, _ = stack(first, second)
        lanes._pools.current().idle += [(outgoing().origin, first), (outgoing().origin, second)]
        task = asyncio.ensure_future(lanes.aclose())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (first.closed, second.closed) == (1, 1)

    async def test_an_answer_is_not_lost_to_a_time_out_while_the_lane_closes(self) -> None:
        """The time-out does not cover the close of a lane that cannot be reused."""
        lanes, _ = stack(FakeLane(clean=False))
        short = Outgoing(**{**{f: getattr(outgoing(), f) for f in FIELDS}, "timeout": 0.005})
        assert await lanes.carry(short, AttemptProgress(protected=True)) is ANSWER

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    @pytest.mark.parametrize("protected", [True, False])
    async def test_an_answer_is_not_lost_to_a_cancellation_while_the_lane_closes(self, protected: bool) -> None:
        """A send returns its answer and the cancellation is deferred; a read is cancelled."""
        lane, progress = FakeLane(clean=False), AttemptProgress(protected=protected)
        lanes, _ = stack(lane)
        task = asyncio.ensure_future(lanes.carry(outgoing(), progress))
        while not lane.closed:  # noqa: ASYNC110 - step by step, to cancel while the lane closes
            await asyncio.sleep(0)
        task.cancel()
        if protected:
            assert await task is ANSWER
            assert isinstance(progress.cancellation, asyncio.CancelledError)
        else:
            with pytest.raises(asyncio.CancelledError):
                await task


FIELDS = ("origin", "method", "path", "query", "secret_query", "headers", "authorization", "body", "timeout")


class TestOtherLoops:
    """One client in several event loops."""

    def test_an_exchange_returns_its_lane_to_its_own_loop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """If another loop used the client meanwhile, lane and slot go to the pool of the first; each closes at its end."""
        first, second = FakeLane(), FakeLane()
        lanes, _ = stack(first, second, max_lanes=1)

        async def other() -> None:
            await lanes.carry(outgoing(), AttemptProgress(protected=False))

        async def one() -> None:
            exchange = first.exchange

            async def slow(request: Outgoing, progress: AttemptProgress) -> Answer:
                await anyio.to_thread.run_sync(lambda: anyio.run(other))
                return await exchange(request, progress)

            monkeypatch.setattr(first, "exchange", slow)
            await lanes.carry(outgoing(), AttemptProgress(protected=False))
            pool = lanes._pools.current()
            assert ([lane for _, lane in pool.idle], pool.slots.value) == ([first], 1)
            assert (first.closed, second.closed) == (0, 1)

        anyio.run(one)
        assert (first.closed, second.closed) == (1, 1)


@pytest.mark.parametrize("transport", ["lanes", "lane_transport"])
async def test_connections_are_in_use_then_idle(transport: str) -> None:
    """A connection is in use while its answer is awaited, then idle; closing the client leaves none."""
    arrived, go_on = anyio.Event(), anyio.Event()

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        arrived.set()
        await go_on.wait()
        return BALANCE

    async with raw_gateway(handle) as gateway, connected(gateway.url, transport) as (client, _, _):
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
    """Requests beyond `max_connections` count as waiting, and the counts can be read from another thread."""
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
