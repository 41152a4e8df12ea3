"""What is peculiar to asyncio's own lane; what it shares with the other is in `test_lane_contract`."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
import warnings
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from tests.core.test_lane_contract import Gate, Peer, lane_to, outcome_of, reply, started
from tests.support.net import UVLOOP
from tests.support.raw import answer, raw_server
from wikipayam_async import Phase
from wikipayam_async.core.asyncio_wire import AsyncioLane
from wikipayam_async.core.progress import AttemptProgress

pytestmark = pytest.mark.anyio

LOOPS = ["asyncio", UVLOOP]
on_both_loops = pytest.mark.parametrize("anyio_backend", LOOPS)
OK = answer("{}")


@pytest.mark.parametrize("protected", [True, False])
@pytest.mark.parametrize("anyio_backend", LOOPS)
async def test_a_task_cancelled_as_its_answer_arrives_has_it(protected: bool) -> None:
    """The cancellation of a send is kept beside the answer; a read is cancelled."""
    gate, progress = Gate(slow=False), started(protected=protected)
    async with lane_to(gate.serve, AsyncioLane) as lane:
        task = asyncio.ensure_future(outcome_of(lane, progress))
        await gate.arrived.wait()
        gate.go_on.set()
        while progress.phase is not Phase.READING:  # noqa: ASYNC110 - step by step, to cancel in the step of the answer
            await asyncio.sleep(0)
        task.cancel()
        if protected:
            assert await task == (200, b"{}")
            assert isinstance(progress.cancellation, asyncio.CancelledError)
        else:
            with pytest.raises(asyncio.CancelledError):
                await task


@on_both_loops
async def test_a_cancelled_scope_is_told_once() -> None:
    """While the answer of a send is waited for, anyio does not cancel the task in every turn of the event loop."""
    deferred: list[BaseException] = []

    class Progress(AttemptProgress):
        def defer(self, cancellation: BaseException) -> bool:
            deferred.append(cancellation)
            return super().defer(cancellation)

    gate, progress = Gate(slow=False), Progress(protected=True)
    progress.begin(anyio.current_time(), anyio.current_time() + 20)
    async with lane_to(gate.serve, AsyncioLane) as lane, anyio.create_task_group() as group:
        group.start_soon(outcome_of, lane, progress)
        await gate.arrived.wait()
        group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            for _ in range(5):
                await asyncio.sleep(0)
            gate.go_on.set()
    assert (len(deferred), progress.phase) == (1, Phase.ANSWERED)


@on_both_loops
async def test_bytes_before_the_first_request_end_the_connection() -> None:
    """They could be taken for its answer, so it does not leave."""

    async def serve(peer: Peer) -> None:
        await peer.send(OK)
        await peer.stay()

    async with lane_to(serve, AsyncioLane) as lane:
        await anyio.sleep(0.01)
        progress = started()
        assert await outcome_of(lane, progress) == ("disconnected", False)
        assert progress.phase is Phase.SENDING


@on_both_loops
async def test_a_lane_that_nobody_closed_is_closed_with_a_warning() -> None:
    """As a socket is: the event loop, which reads it, would keep it for ever."""
    closed = anyio.Event()

    async def run(stream: ByteStream) -> None:
        with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await stream.receive()
        closed.set()

    async with raw_server(run) as url:
        lane = [await AsyncioLane.open("127.0.0.1", int(url.rpartition(":")[2]), None)]
        with pytest.warns(ResourceWarning, match=r"unclosed .*AsyncioLane") as warned:
            lane.clear()
        assert [type(one.source) for one in warned] == [AsyncioLane]
        gc.collect()
        with anyio.fail_after(20):
            await closed.wait()


@on_both_loops
async def test_a_loop_that_ends_meanwhile_closes_the_lane_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread may close it between the look at it and the call."""

    class Ending:
        def is_closed(self) -> bool:
            return False

        def call_soon_threadsafe(self, *_: object) -> None:
            raise RuntimeError

    raised: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", raised.append)
    async with raw_server(lambda stream: Peer(stream).stay()) as url:
        lane = [await AsyncioLane.open("127.0.0.1", int(url.rpartition(":")[2]), None)]
        connection: Any = lane[0]._connection
        monkeypatch.setattr(connection, "loop", Ending())
        with pytest.warns(ResourceWarning, match="unclosed"):
            lane.clear()
        connection.abort()
    assert raised == []


def test_a_lane_of_a_loop_that_has_ended_is_dropped_in_silence() -> None:
    """There is nothing left to close it with; its transport warns for itself."""
    left: list[AsyncioLane] = []

    async def main() -> None:
        async with lane_to(reply(OK), AsyncioLane) as lane:
            left.append(lane)

    asyncio.run(main())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        left.clear()
        gc.collect()


@on_both_loops
async def test_a_stall_of_the_loop_does_not_lose_the_answer() -> None:
    """What goes on arriving after the time-out extends the exchange by a tenth of a second at most."""

    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await peer.send(b"1\r\n \r\n")
            await anyio.sleep(0.004)

    async with lane_to(serve, AsyncioLane) as lane:
        progress = started(0.05)
        began = time.monotonic()
        assert await outcome_of(lane, progress) == ("timeout", True)
        assert (progress.phase, time.monotonic() - began >= 0.14) == (Phase.READING, True)


@on_both_loops
async def test_an_answer_that_comes_within_the_last_look_counts() -> None:
    """Bytes that arrive within milliseconds of the time-out cannot be told from those that a stall held back."""

    async def serve(peer: Peer) -> None:
        await peer.request()
        await go_on.wait()
        await peer.send(OK)
        await peer.stay()

    go_on = anyio.Event()
    async with lane_to(serve, AsyncioLane) as lane, anyio.create_task_group() as group:

        async def answer_late() -> None:
            exchange: Any = None
            while exchange is None or exchange._looks == 0:
                await asyncio.sleep(0.0005)
                exchange = lane._connection.exchange
            go_on.set()

        group.start_soon(answer_late)
        assert await outcome_of(lane, started(0.05)) == (200, b"{}")


@pytest.mark.parametrize(("received", "times"), [(b"", [0.01, 0.02]), (b"H", [0.01, 0.1])])
@on_both_loops
async def test_the_end_of_the_time_is_looked_at_twice_more(received: bytes, times: list[float]) -> None:
    """The second look finds what a stall during the first held back; bytes of an answer have a tenth of a second in all."""
    progress = started()
    async with lane_to(reply(), AsyncioLane) as lane, anyio.create_task_group() as group:

        async def exchange_late() -> None:
            assert await outcome_of(lane, progress) == ("timeout", True)

        group.start_soon(exchange_late)
        while progress.phase is not Phase.SENT:  # noqa: ASYNC110 - the phase has no event
            await asyncio.sleep(0)
        exchange: Any = lane._connection.exchange
        end = progress.deadline
        assert exchange.look_at(end - 1) == end
        found = [exchange.look_at(end)]
        if received:
            exchange.receive(received)
        while found[-1] is not None:
            found.append(exchange.look_at(found[-1] + 1e-6))
        assert [None if at is None else round(at - end, 3) for at in found] == [*times, None]
