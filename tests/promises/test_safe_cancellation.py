"""The safe-cancellation promise: a cancelled send is finished first, and its outcome is reported."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from tests.support.net import BALANCE, RECEIVER, TOKEN, TRANSPORT_KINDS, connected, server_tls, tunnel
from tests.support.raw import RawGateway, RawRequest, accept_all, raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    CallOutcome,
    SendStatus,
    SentMessage,
)
from wikipayam_async.core.httpx_transport import LaneTransport
from wikipayam_async.errors import ClosedError

pytestmark = pytest.mark.anyio

on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])


class Slow:
    """Accepts every request after a delay.

    Attributes:
        received: Set when a request was read.
        release: Awaited before the answer; set from the start if there is a delay.
        delay: Seconds before the answer.
        closing: Whether the answer closes the connection.
    """

    def __init__(self, delay: float = 0.0, *, closing: bool = False) -> None:
        self.received = anyio.Event()
        self.release = anyio.Event()
        self.closing = closing
        self.delay = delay
        if delay:
            self.release.set()

    async def __call__(self, request: RawRequest, stream: ByteStream) -> object:
        """Answer after the delay."""
        self.received.set()
        await self.release.wait()
        await anyio.sleep(self.delay)
        whole = accept_all(request) if request.method == "POST" else BALANCE
        if self.closing:
            whole = whole.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        await stream.send(whole)
        return not self.closing


async def send(client: AsyncWikipayam) -> SentMessage:
    """Send the message that these tests send."""
    return await client.sms.send(RECEIVER, "text", track_id="t-1")


async def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    with anyio.fail_after(30):
        while not condition():  # noqa: ASYNC110 - the count has no event
            await anyio.sleep(0.002)


@pytest.mark.parametrize("via", TRANSPORT_KINDS)
class TestEveryTransport:
    """A send in flight is finished and its outcome reported before the cancellation is delivered."""

    async def test_a_send_that_is_cancelled_in_flight_is_finished_first(self, via: str) -> None:
        """The true outcome and the id are reported, then the cancellation is delivered, and the client goes on."""
        slow = Slow()
        async with raw_gateway(slow) as gateway, connected(gateway.url, via) as (client, _, recorder):
            async with anyio.create_task_group() as group:
                group.start_soon(send, client)
                await slow.received.wait()
                group.cancel_scope.cancel()
                slow.release.set()
            assert group.cancel_scope.cancelled_caught
            assert [(end.outcome, len(end.attempts)) for end in recorder.finished] == [(CallOutcome.SUCCEEDED, 1)]
            assert [(outcome.track_id, outcome.status, outcome.id) for outcome in recorder.outcomes] == [
                ("t-1", SendStatus.ACCEPTED, "0" * 24)
            ]
            await send(client)
        assert (len(gateway.requests), gateway.opened) == (2, 1)

    async def test_a_send_in_a_cancelled_scope_sends_nothing(self, via: str) -> None:
        """A cancellation that came before the call holds, although a connection is open and free."""
        async with raw_gateway(Slow(0.001)) as gateway, connected(gateway.url, via) as (client, _, recorder):
            await send(client)
            with anyio.CancelScope() as scope:
                scope.cancel()
                await send(client)
            assert scope.cancelled_caught
            assert [outcome.status for outcome in recorder.outcomes] == [SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED]
        assert len(gateway.requests) == 1

    @pytest.mark.parametrize("delay", [0, 0.001, 0.004, 0.012])
    async def test_a_cancelled_send_has_one_true_outcome(self, via: str, delay: float) -> None:
        """A message that reached the gateway is never reported as not attempted, and none is sent twice."""
        async with raw_gateway(Slow(0.01)) as gateway, connected(gateway.url, via) as (client, _, recorder):
            for _ in range(3):
                seen = len(gateway.requests)
                with anyio.move_on_after(delay):
                    await send(client)
                reached = len(gateway.requests) - seen
                assert reached <= 1
                assert recorder.outcomes[-1].status is (SendStatus.ACCEPTED if reached else SendStatus.NOT_ATTEMPTED)
            assert len(recorder.outcomes) == 3
            await client.balance()

    @on_asyncio
    @pytest.mark.parametrize("way", ["wait_for", "timeout", "cancel", "cancel twice"])
    async def test_a_send_is_finished_before_an_asyncio_cancellation(self, via: str, way: str) -> None:
        """`asyncio.wait_for`, `asyncio.timeout` and `Task.cancel`, once or twice, take effect after the send."""
        slow = Slow()
        async with raw_gateway(slow) as gateway, connected(gateway.url, via) as (client, _, recorder):

            async def run() -> object:
                if way == "wait_for":
                    return await asyncio.wait_for(send(client), 0.03)
                if way == "timeout":
                    async with asyncio.timeout(0.03):
                        return await send(client)
                return await send(client)

            task = asyncio.ensure_future(run())
            await slow.received.wait()
            if way.startswith("cancel"):
                for _ in way.split():
                    task.cancel()
                    await asyncio.sleep(0.005)
            else:
                await asyncio.sleep(0.04)
            assert not task.done()
            slow.release.set()
            with pytest.raises(asyncio.CancelledError if way.startswith("cancel") else TimeoutError):
                await task
            assert [(outcome.status, outcome.id) for outcome in recorder.outcomes] == [(SendStatus.ACCEPTED, "0" * 24)]
            assert (await send(client)).id == "0" * 24
        assert (len(gateway.requests), gateway.opened) == (2, 1)

    async def test_a_cancelled_send_without_an_answer_ends_at_its_time_out(self, via: str) -> None:
        """The cancellation is delayed by no more than `timeout`; the outcome is then unknown."""
        slow = Slow()
        async with (
            raw_gateway(slow) as gateway,
            connected(gateway.url, via, timeout=0.2) as (client, _, recorder),
            anyio.create_task_group() as group,
        ):
            group.start_soon(send, client)
            await slow.received.wait()
            group.cancel_scope.cancel()
        assert (len(gateway.requests), group.cancel_scope.cancelled_caught) == (1, True)
        assert [end.outcome for end in recorder.finished] == [CallOutcome.UNKNOWN]
        assert recorder.outcomes[0].status is SendStatus.UNKNOWN


class TestSafeCancellation:
    """What a cancellation leaves behind."""

    @on_asyncio
    @pytest.mark.parametrize("tls", [False, True])
    @pytest.mark.parametrize("warm", [False, True])
    async def test_a_send_is_finished_before_a_pending_cancellation(self, tls: bool, warm: bool) -> None:
        """A cancellation that is pending when the request is written does not lose the outcome."""
        async with (
            raw_gateway(Slow(0.01), tls=server_tls() if tls else None) as gateway,
            connected(gateway.url) as (client, _, recorder),
        ):
            if warm:
                await client.balance()

            async def run() -> None:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
                await send(client)

            task = asyncio.ensure_future(run())
            with pytest.raises(asyncio.CancelledError):
                await task
            expected = (SendStatus.ACCEPTED, "0" * 24) if warm else (SendStatus.NOT_ATTEMPTED, None)
            assert [(outcome.status, outcome.id) for outcome in recorder.outcomes] == [expected]
            assert len(gateway.requests) == (2 if warm else 0)
            await client.balance()
        assert gateway.opened == (1 if warm or tls else 2)

    @on_asyncio
    @pytest.mark.parametrize("closing", [False, True])
    async def test_a_cancellation_in_any_step_of_a_send_leaves_a_true_outcome(self, closing: bool) -> None:
        """After a cancellation at any step of the event loop, what reached the gateway is reported as accepted."""
        async with (
            raw_gateway(Slow(0.001, closing=closing)) as gateway,
            connected(gateway.url) as (client, _, recorder),
        ):
            steps, done = 0, False
            while not done:
                seen, steps = len(gateway.requests), steps + 1
                task = asyncio.ensure_future(send(client))
                for _ in range(steps):
                    await asyncio.sleep(0)
                done = task.done() or steps == 400
                task.cancel()
                await asyncio.wait([task])
                reached = len(gateway.requests) - seen
                expected = SendStatus.ACCEPTED if reached else SendStatus.NOT_ATTEMPTED
                assert (steps, len(recorder.outcomes), recorder.outcomes[-1].status) == (steps, steps, expected)
        assert {outcome.status for outcome in recorder.outcomes} == {SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED}

    async def test_a_send_through_a_tunnel_is_finished_first(self) -> None:
        """A send through a proxy is finished before the cancellation is delivered."""
        slow = Slow()
        async with (
            raw_gateway(slow, tls=server_tls()) as gateway,
            raw_gateway(tunnel(gateway.port)) as proxy,
            connected(gateway.url, proxy=proxy.url) as (client, _, recorder),
        ):
            async with anyio.create_task_group() as group:
                group.start_soon(send, client)
                await slow.received.wait()
                group.cancel_scope.cancel()
                slow.release.set()
            assert [(outcome.status, outcome.id) for outcome in recorder.outcomes] == [(SendStatus.ACCEPTED, "0" * 24)]
            with anyio.move_on_after(0.02):
                slow.release = anyio.Event()
                await client.balance()
            slow.release.set()
            await send(client)
        assert [end.outcome for end in recorder.finished] == [
            CallOutcome.SUCCEEDED,
            CallOutcome.CANCELLED,
            CallOutcome.SUCCEEDED,
        ]

    @on_asyncio
    async def test_a_send_through_a_tunnel_survives_asyncios_cancellation(self) -> None:
        """`Task.cancel` does not reach the task that performs a send through a proxy."""
        slow = Slow()
        async with (
            raw_gateway(slow, tls=server_tls()) as gateway,
            raw_gateway(tunnel(gateway.port)) as proxy,
            connected(gateway.url, proxy=proxy.url) as (client, _, recorder),
        ):
            task = asyncio.ensure_future(send(client))
            await slow.received.wait()
            task.cancel()
            await asyncio.sleep(0.005)
            task.cancel()
            slow.release.set()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert [(outcome.status, outcome.id) for outcome in recorder.outcomes] == [(SendStatus.ACCEPTED, "0" * 24)]

    @on_asyncio
    async def test_a_cancellation_and_the_time_out_together_leave_the_outcome_unknown(self) -> None:
        """At the time-out the outcome is reported as unknown, then the delayed cancellation is delivered."""
        slow = Slow()
        async with raw_gateway(slow) as gateway, connected(gateway.url, timeout=0.2) as (client, _, recorder):
            task = asyncio.ensure_future(send(client))
            await slow.received.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (len(gateway.requests), [outcome.status for outcome in recorder.outcomes]) == (1, [SendStatus.UNKNOWN])

    async def test_a_cancelled_read_closes_its_lane(self) -> None:
        """A cancelled read ends at once, and its connection is closed."""
        slow = Slow()
        async with raw_gateway(slow) as gateway, connected(gateway.url) as (client, _, recorder):
            async with anyio.create_task_group() as group:
                group.start_soon(client.balance)
                await slow.received.wait()
                group.cancel_scope.cancel()
            slow.release.set()
            await wait_for(lambda: gateway.open_now == 0)
            await client.balance()
        assert (gateway.opened, [end.outcome for end in recorder.finished]) == (
            2,
            [CallOutcome.CANCELLED, CallOutcome.SUCCEEDED],
        )

    async def test_a_send_that_waits_for_its_turn_is_cancelled_at_once(self) -> None:
        """A send that waits for a lane is cancelled at once, and its message is not attempted."""
        slow = Slow()
        async with (
            raw_gateway(slow) as gateway,
            connected(gateway.url, max_connections=1) as (client, _, recorder),
            anyio.create_task_group() as group,
        ):
            group.start_soon(client.balance)
            await slow.received.wait()
            with anyio.move_on_after(0.02) as scope:
                await send(client)
            slow.release.set()
        assert (scope.cancelled_caught, len(gateway.requests)) == (True, 1)
        assert [outcome.status for outcome in recorder.outcomes] == [SendStatus.NOT_ATTEMPTED]

    async def test_two_thousand_tasks_half_of_them_cancelled(self) -> None:
        """After 1,000 cancellations no send is lost, and the client works within its connection limit."""
        rng = random.Random(3)

        async def handle(request: RawRequest, _: ByteStream) -> object:
            await anyio.sleep(rng.uniform(0.01, 0.02))
            return accept_all(request) if request.method == "POST" else BALANCE

        async with raw_gateway(handle) as gateway, connected(gateway.url, timeout=60) as (client, _, recorder):

            async def call(number: int, cancelled_after: float) -> None:
                with anyio.move_on_after(cancelled_after):
                    if number % 4:
                        await client.sms.send(RECEIVER, "text", track_id=f"t-{number}")
                    else:
                        await client.balance()

            async with anyio.create_task_group() as group:
                for number in range(2000):
                    group.start_soon(call, number, rng.uniform(0, 1.5) if number % 2 else 60)
            outcomes = {outcome.track_id: outcome.status for outcome in recorder.outcomes}
            assert len(recorder.finished) == 2000
            assert len(recorder.outcomes) == len(outcomes) == 1500
            seen = [one["track_id"] for request in gateway.requests if request.method == "POST" for one in request.json]
            assert len(seen) == len(set(seen))
            accepted = {track_id for track_id, status in outcomes.items() if status is SendStatus.ACCEPTED}
            assert accepted == set(seen)
            assert set(outcomes.values()) == {SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED}
            assert gateway.peak <= 20
            for _ in range(100):
                assert (await client.balance()).balance == 7
            assert gateway.open_now <= 20

    async def test_waiting_for_a_lane_does_not_count_against_the_time_out(self) -> None:
        """Five calls of 40 ms over one connection succeed with a time-out of 100 ms each."""
        async with (
            raw_gateway(Slow(0.04)) as gateway,
            connected(gateway.url, max_connections=1, timeout=0.1) as (client, _, recorder),
            anyio.create_task_group() as group,
        ):
            for _ in range(5):
                group.start_soon(send, client)
        assert [end.outcome for end in recorder.finished] == [CallOutcome.SUCCEEDED] * 5
        assert (len(gateway.requests), gateway.peak) == (5, 1)


async def _close_idle(stream: ByteStream) -> None:
    await stream.aclose()


async def _close_half(stream: ByteStream) -> None:
    await stream.send_eof()


async def _send_stray_bytes(stream: ByteStream) -> None:
    await stream.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")


class TestLaneReuse:
    """When a connection is reused and when it is not."""

    @pytest.mark.parametrize("tls", [False, True])
    async def test_a_lane_is_reused(self, tls: bool) -> None:
        """Consecutive calls share one connection."""
        async with (
            raw_gateway(Slow(0.001), tls=server_tls() if tls else None) as gateway,
            connected(gateway.url) as (client, *_),
        ):
            for _ in range(5):
                await send(client)
        assert (gateway.opened, len(gateway.requests)) == (1, 5)

    @pytest.mark.parametrize("tls", [False, True])
    @pytest.mark.parametrize("spoil", [_close_idle, _close_half, _send_stray_bytes])
    async def test_a_stale_lane_is_never_reused(
        self, tls: bool, spoil: Callable[[ByteStream], Awaitable[None]]
    ) -> None:
        """A connection that the gateway closed, half-closed or wrote to while it was idle is discarded."""
        if tls and spoil is _close_half:
            spoil = _close_idle  # TLS cannot be half-closed
        streams: list[ByteStream] = []

        async def handle(request: RawRequest, stream: ByteStream) -> object:
            streams.append(stream)
            return accept_all(request)

        async with (
            raw_gateway(handle, tls=server_tls() if tls else None) as gateway,
            connected(gateway.url) as (client, _, recorder),
        ):
            await send(client)
            await anyio.sleep(0.005)
            await spoil(streams[0])
            await anyio.sleep(0.01)
            await send(client)
        assert (gateway.opened, len(gateway.requests)) == (2, 2)
        assert [len(end.attempts) for end in recorder.finished] == [1, 1]

    async def test_bytes_after_an_answer_are_never_read_as_the_next_answer(self) -> None:
        """A lane is discarded when a forged answer follows an answer that fills the read buffer exactly."""

        async def handle(request: RawRequest, stream: ByteStream) -> object:
            true = BALANCE.replace(b"\r\n\r\n", b"\r\nX-Filler: \r\n\r\n")
            filler = b"x" * (65_536 - len(true))
            true = true.replace(b"X-Filler: ", b"X-Filler: " + filler)
            assert len(true) == 65_536
            await stream.send(true + BALANCE.replace(b"7", b"6"))
            return True

        async with raw_gateway(handle) as gateway, connected(gateway.url) as (client, *_):
            assert [(await client.balance()).balance for _ in range(3)] == [7, 7, 7]
        assert gateway.opened == 3

    async def test_an_idle_lane_expires(self) -> None:
        """A lane that was idle for longer than `idle_expiry` is not reused."""
        async with (
            raw_gateway(Slow(0.001)) as gateway,
            connected(gateway.url, "custom", transport=LaneTransport(idle_expiry=0.02)) as (client, *_),
        ):
            await client.balance()
            await client.balance()
            await anyio.sleep(0.04)
            await client.balance()
        assert gateway.opened == 2

    async def test_an_answer_may_close_the_connection(self) -> None:
        """After `Connection: close` the next call opens a new connection."""
        async with raw_gateway(Slow(0.001, closing=True)) as gateway, connected(gateway.url) as (client, _, recorder):
            await send(client)
            await send(client)
        assert (gateway.opened, [len(end.attempts) for end in recorder.finished]) == (2, [1, 1])

    async def test_max_connections_is_never_exceeded(self) -> None:
        """With `max_connections=3`, thirty concurrent calls use three connections."""
        async with (
            raw_gateway(Slow(0.005)) as gateway,
            connected(gateway.url, max_connections=3) as (client, _, recorder),
            anyio.create_task_group() as group,
        ):
            for _ in range(30):
                group.start_soon(client.balance)
        assert (len(recorder.finished), gateway.opened, gateway.peak) == (30, 3, 3)

    async def test_closing_lets_calls_finish_and_refuses_later_ones(self) -> None:
        """`aclose` returns at once, calls in flight finish, and calls without a lane are refused."""
        slow = Slow()
        refused: list[str] = []
        async with raw_gateway(slow) as gateway, connected(gateway.url, max_connections=1) as (client, _, recorder):

            async def send_refused() -> None:
                try:
                    await send(client)
                except ClosedError as error:
                    refused.append(str(error))

            async with anyio.create_task_group() as group:
                group.start_soon(send, client)
                await slow.received.wait()
                group.start_soon(send_refused)
                await anyio.wait_all_tasks_blocked()
                await client.aclose()
                await client.aclose()
                slow.release.set()
            await send_refused()
            await wait_for(lambda: gateway.open_now == 0)
        assert refused == ["the client is closed; nothing was sent"] * 2
        assert [outcome.status for outcome in recorder.outcomes] == [SendStatus.ACCEPTED] + [
            SendStatus.NOT_ATTEMPTED
        ] * 2
        assert len(gateway.requests) == 1

    async def test_the_callers_http_client_is_left_open_and_a_closed_one_refused(self) -> None:
        """An `http_client=` stays open when the client closes; a `transport=` is closed with it."""
        async with raw_gateway(Slow(0.001)) as gateway, httpx.AsyncClient(trust_env=False) as http:
            async with AsyncWikipayam(TOKEN, sender="1", base_url=gateway.url, http_client=http) as client:
                await client.balance()
            assert not http.is_closed
            await http.aclose()
            with pytest.raises(ClosedError, match="the HTTP client is closed"):
                await client.balance()
            other = AsyncWikipayam(TOKEN, base_url=gateway.url, transport=httpx.AsyncHTTPTransport())
            async with other:
                await other.balance()
            with pytest.raises(ClosedError, match="closed"):
                await other.balance()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_client_works_in_one_event_loop_after_another(backend: str) -> None:
    """In a new event loop a client opens new connections, and it can be closed in any."""
    gateways: list[RawGateway] = []
    clients: list[AsyncWikipayam] = []

    async def use() -> int:
        async with raw_gateway(Slow(0.001)) as gateway:
            gateways.append(gateway)
            if not clients:
                clients.append(AsyncWikipayam(TOKEN, base_url=gateway.url))
            client = clients[0]
            options: Any = client._options
            object.__setattr__(options, "origin", type(options.origin).parse(gateway.url))
            return (await client.balance()).balance

    async def close() -> None:
        await clients[0].aclose()
        with pytest.raises(ClosedError):
            await clients[0].balance()

    assert [anyio.run(use, backend=backend) for _ in range(2)] == [7, 7]
    assert [gateway.opened for gateway in gateways] == [1, 1]
    anyio.run(close, backend=backend)
    clients.clear()
    gc.collect()


async def test_a_lane_transport_serves_two_clients() -> None:
    """Two clients with one `LaneTransport` share its lanes."""
    transport = LaneTransport(max_connections=1)
    async with raw_gateway(Slow(0.001)) as gateway:
        first = AsyncWikipayam(TOKEN, base_url=gateway.url, transport=transport)
        second = AsyncWikipayam(TOKEN, base_url=gateway.url, transport=transport)
        await first.balance()
        await second.balance()
        await first.aclose()
        await second.aclose()
    assert gateway.opened == 1
