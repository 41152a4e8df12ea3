from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest

from tests.core.test_wire import outgoing
from wikipayam_async import ConfigurationError, Phase
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.lanes import Lanes, timeout_fault
from wikipayam_async.core.options import Origin
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import Answer, Headers, Outgoing
from wikipayam_async.redact.sealed import SealedBytes

pytestmark = pytest.mark.anyio

ANSWER = Answer(200, {}, SealedBytes(b"{}"))


class FakeLane:
    """A lane that does what a test wants."""

    def __init__(self, *, clean: bool = True, fault: ExchangeFault | None = None) -> None:
        self.clean = clean
        self.fault = fault
        self.idle_since = 0.0
        self.usable = True
        self.closed = 0

    def is_usable(self, now: float, idle_expiry: float) -> bool:
        """Say what the test said."""
        return self.usable

    async def exchange(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Answer, or raise the fault."""
        progress.hand_over()
        if self.fault is not None:
            self.clean = False
            raise self.fault
        progress.phase = Phase.ANSWERED
        return ANSWER

    async def aclose(self) -> None:
        """Count, and give way once."""
        self.closed += 1
        await anyio.sleep(0.01)


def stack(*lanes: FakeLane, max_lanes: int = 5) -> tuple[Lanes, list[Origin]]:
    """Return a stack that opens the given lanes one after the other."""
    left = list(lanes)
    opened: list[Origin] = []

    async def open_lane(origin: Origin) -> FakeLane:
        opened.append(origin)
        return left.pop(0)

    return Lanes(open_lane, max_lanes=max_lanes, idle_expiry=5.0), opened


class TestLanes:
    """Which lane carries what."""

    @pytest.mark.parametrize("bad", [0, -1, True, 2.5, "3", None])
    def test_there_is_at_least_one_lane(self, bad: Any) -> None:
        """`max_connections` is a whole number above zero."""
        with pytest.raises(ConfigurationError, match="max_connections"):
            stack(max_lanes=bad)

    async def test_the_last_lane_used_is_the_first_used_again(self) -> None:
        """Warm connections stay warm."""
        first, second = FakeLane(), FakeLane()
        lanes, opened = stack(first, second)
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(lanes.carry, outgoing(), AttemptProgress(protected=False))
        await lanes.carry(outgoing(), AttemptProgress(protected=False))
        assert len(opened) <= 2
        assert first.idle_since > 0

    async def test_a_lane_of_another_origin_is_closed(self) -> None:
        """A connection serves the host that it was made for."""
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

    async def test_a_lane_that_is_not_usable_is_closed(self) -> None:
        """The next one is taken, or made."""
        first, second = FakeLane(), FakeLane()
        lanes, _ = stack(first, second)
        await lanes.carry(outgoing(), AttemptProgress(protected=False))
        first.usable = False
        await lanes.carry(outgoing(), AttemptProgress(protected=False))
        assert (first.closed, second.closed) == (1, 0)

    async def test_a_lane_whose_exchange_failed_is_closed(self) -> None:
        """Its place is free again."""
        bad = FakeLane(fault=ExchangeFault(ExchangeFaultKind.DISCONNECTED, "x", handed_over=True))
        lanes, opened = stack(bad, FakeLane(), max_lanes=1)
        with pytest.raises(ExchangeFault):
            await lanes.carry(outgoing(), AttemptProgress(protected=False))
        assert await lanes.carry(outgoing(), AttemptProgress(protected=False)) is ANSWER
        assert (bad.closed, len(opened)) == (1, 2)

    async def test_closing_closes_the_idle_lanes(self) -> None:
        """And a stack that was never used has none."""
        lane = FakeLane()
        lanes, _ = stack(lane)
        await lanes.aclose()
        lanes, _ = stack(lane)
        await lanes.carry(outgoing(), AttemptProgress(protected=False))
        await lanes.aclose()
        assert lane.closed == 1
        with pytest.raises(ConfigurationError, match="the client is closed"):
            await lanes.carry(outgoing(), AttemptProgress(protected=False))

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_a_cancelled_closing_closes_every_lane(self) -> None:
        """`Task.cancel` in the middle is delivered when all idle lanes are closed."""
        first, second = FakeLane(), FakeLane()
        lanes, _ = stack(first, second)
        lanes._current_pool().idle += [(outgoing().origin, first), (outgoing().origin, second)]
        task = asyncio.ensure_future(lanes.aclose())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (first.closed, second.closed) == (1, 1)

    async def test_an_answer_is_not_lost_to_a_time_out_while_the_lane_closes(self) -> None:
        """The closing of a lane that cannot be used again does not count."""
        lanes, _ = stack(FakeLane(clean=False))
        short = Outgoing(**{**{f: getattr(outgoing(), f) for f in FIELDS}, "timeout": 0.005})
        assert await lanes.carry(short, AttemptProgress(protected=True)) is ANSWER

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    @pytest.mark.parametrize("protected", [True, False])
    async def test_an_answer_is_not_lost_to_a_cancellation_while_the_lane_closes(self, protected: bool) -> None:
        """Of a send, the answer comes and the cancellation is kept; a read is cancelled."""
        lane, progress = FakeLane(clean=False), AttemptProgress(protected=protected)
        lanes, _ = stack(lane)
        task = asyncio.ensure_future(lanes.carry(outgoing(), progress))
        while not lane.closed:  # noqa: ASYNC110 - step by step, so that it strikes while the lane closes
            await asyncio.sleep(0)
        task.cancel()
        if protected:
            assert await task is ANSWER
            assert isinstance(progress.cancellation, asyncio.CancelledError)
        else:
            with pytest.raises(asyncio.CancelledError):
                await task

    @pytest.mark.parametrize(
        ("phase", "handed_over"),
        [(Phase.WAITING, False), (Phase.CONNECTING, False), (Phase.SENDING, True), (Phase.READING, True)],
    )
    async def test_a_time_out_knows_how_far_it_got(self, phase: Phase, handed_over: bool) -> None:
        """Without a connection nothing was handed over."""
        progress = AttemptProgress(protected=False)
        progress.phase = phase
        fault = timeout_fault(progress)
        assert (fault.kind, fault.handed_over) == (ExchangeFaultKind.TIMEOUT, handed_over)


FIELDS = ("origin", "method", "path", "query", "secret_query", "headers", "authorization", "body", "timeout")


class TestOtherLoops:
    """A client in the hands of several event loops."""

    def test_an_exchange_ends_in_the_loop_that_it_began_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where another loop has come meanwhile, its lane and its place go back to its own, and to nobody else's."""
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

        anyio.run(one)
        pool = lanes._pool
        assert pool is not None
        assert ([lane for _, lane in pool.idle], pool.slots.value) == ([second], 1)
