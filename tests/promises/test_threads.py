"""One client in many threads, each with an event loop of its own: nothing hangs, and the limits hold for all together."""

from __future__ import annotations

import itertools
import os
import threading
import time
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx
import pytest

from tests.faults.threaded_gateway import threaded_gateway
from tests.support.net import RECEIVER, TOKEN
from wikipayam_async import AsyncWikipayam, ClosedError, ConfigurationError, RateLimit, SendStatus
from wikipayam_async.core.loops import MUTEX
from wikipayam_async.emulator import Emulator
from wikipayam_async.testing import emulator_client

BACKENDS = ("asyncio", "trio")


def in_threads(*runs: Callable[[], object], within: float = 30) -> None:
    """Run functions at once, each in a thread of its own; fail if one raises or does not end in time."""
    failures: list[BaseException] = []

    def guarded(run: Callable[[], object]) -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=[run], daemon=True) for run in runs]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + within
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    assert [thread.name for thread in threads if thread.is_alive()] == []
    assert failures == []


def looped(function: Callable[[], Awaitable[object]], backend: str) -> Callable[[], object]:
    """Return a function that runs an async one in an event loop of its own."""
    return lambda: anyio.run(function, backend=backend)


@pytest.mark.parametrize(
    ("limit", "backends"),
    [
        (RateLimit(requests_per_second=100, messages_per_second=100, burst_seconds=0), ("asyncio",)),
        (RateLimit(requests_per_second=100, messages_per_second=100, burst_seconds=0), BACKENDS),
        (RateLimit(requests_per_second=100, burst_seconds=0), BACKENDS),
        (RateLimit(messages_per_second=100, burst_seconds=0.05), BACKENDS),
    ],
)
def test_a_rate_limit_holds_for_all_threads_together(limit: RateLimit, backends: tuple[str, ...]) -> None:
    """Eight threads that send at once all come to an end, and the requests are as far apart as those of one thread."""
    sent: list[float] = []
    with threaded_gateway(0.0) as gateway:
        client = AsyncWikipayam(TOKEN, sender="1", base_url=gateway.url, rate_limit=limit)

        async def send_five() -> None:
            for _ in range(5):
                await client.sms.send(RECEIVER, "t")
                sent.append(time.monotonic())
            await client.balance()

        started = time.monotonic()
        in_threads(
            *(looped(send_five, backend) for _, backend in zip(range(8), itertools.cycle(backends), strict=False))
        )
        took = time.monotonic() - started
    assert (len(sent), len(gateway.ledger.accepted), gateway.ledger.doubled) == (40, 40, [])
    calls = 48 if limit.requests_per_second else 40
    assert (calls - 1) / 100 - limit.burst_seconds <= took
    for first, second in zip(sorted(sent), sorted(sent)[20:], strict=False):  # any 21 sends
        assert second - first >= 20 / 100 - limit.burst_seconds - 0.08


@pytest.mark.parametrize("others", BACKENDS)
def test_a_cancelled_wait_leaves_no_gap_for_other_threads(others: str) -> None:
    """A call that is cancelled while it waits for the limit does not hold up a call of another event loop."""
    emulator = Emulator()
    client = emulator_client(emulator, rate_limit=RateLimit(requests_per_second=1, burst_seconds=0))
    waiting = threading.Event()

    async def give_up() -> None:
        await client.balance()
        waiting.set()
        with anyio.move_on_after(0.2):
            await client.balance()

    async def call() -> None:
        await anyio.to_thread.run_sync(waiting.wait)
        await client.balance()

    started = time.monotonic()
    in_threads(looped(give_up, "asyncio"), looped(call, others))
    assert 1 <= time.monotonic() - started < 2


@pytest.mark.parametrize("pair", [*itertools.product(BACKENDS, BACKENDS)])
def test_a_429_pauses_the_calls_of_every_thread(pair: tuple[str, str]) -> None:
    """The delay that the gateway asked one event loop for is kept in another, whose clock differs."""
    client = emulator_client(Emulator())
    closed, waited = threading.Event(), []

    async def close() -> None:
        client._shared.gate.close(anyio.current_time(), 0.5)
        closed.set()
        await client.balance()

    async def wait() -> None:
        await anyio.to_thread.run_sync(closed.wait)
        started = time.monotonic()
        await client.balance()
        waited.append(time.monotonic() - started)

    in_threads(looped(close, pair[0]), looped(wait, pair[1]))
    assert [seconds > 0.4 for seconds in waited] == [True]


def test_the_retry_budget_loses_no_token_between_threads() -> None:
    """Twenty retries are allowed in all, however many threads ask for them at once."""
    budget = emulator_client(Emulator())._shared.budget
    taken: list[bool] = []
    in_threads(*[lambda: taken.extend(budget.take() for _ in range(10))] * 8)
    assert (sum(taken), len(taken), budget.tokens) == (20, 80, 0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_connections_are_closed_with_their_event_loop(backend: str) -> None:
    """A client that stays open for other threads keeps no connection of an event loop that has ended."""
    with threaded_gateway(0.0) as gateway:
        client = AsyncWikipayam(TOKEN, sender="1", base_url=gateway.url)
        seen: list[object] = []

        async def call() -> None:
            await client.balance()
            seen.append(client.connections)

        in_threads(looped(call, backend), looped(call, backend))
        assert client.connections is not None
        assert (client.connections.idle, client.connections.in_use) == (0, 0)
        deadline = time.monotonic() + 30
        while gateway.gateway.open_now and time.monotonic() < deadline:
            time.sleep(0.001)
        assert (gateway.gateway.opened, gateway.gateway.open_now) == (2, 0)


async def awaited(call: Callable[[], Any]) -> None:
    """Call a function and await its result; `post` raises before."""
    await call()


ELSEWHERE = (
    r"belongs to the asyncio event loop of thread 'MainThread', and this is the trio event loop of thread 'Thread"
)


@pytest.mark.parametrize("kind", ["batcher", "outbox", "worker"])
def test_an_object_of_one_event_loop_is_refused_in_another(kind: str) -> None:
    """A batcher, an outbox and a worker name both event loops; nothing is sent, and the owner goes on."""
    emulator = Emulator()
    client = emulator_client(emulator)
    errors: list[ClosedError] = []

    async def attempt(*calls: Callable[[], object]) -> None:
        for call in calls:
            with pytest.raises(ClosedError, match=ELSEWHERE) as caught:
                await awaited(call)
            errors.append(caught.value)

    async def own() -> None:
        if kind == "batcher":
            async with client.sms.batcher() as batcher:
                calls = (lambda: batcher.send(RECEIVER, "t"), batcher.flush, batcher.aclose)
                await anyio.to_thread.run_sync(lambda: in_threads(lambda: anyio.run(attempt, *calls, backend="trio")))
                await batcher.send(RECEIVER, "own")
        elif kind == "outbox":
            async with client.sms.outbox() as outbox:
                others = (lambda: outbox.post(RECEIVER, "t"), outbox.flush, outbox.aclose)
                await anyio.to_thread.run_sync(lambda: in_threads(lambda: anyio.run(attempt, *others, backend="trio")))
                outbox.post(RECEIVER, "own")
        else:
            async with client.receives.worker(lambda _: None) as worker:
                await anyio.to_thread.run_sync(
                    lambda: in_threads(lambda: anyio.run(attempt, worker.aclose, backend="trio"))
                )

    anyio.run(own)
    assert {error.send_status for error in errors} == {SendStatus.NOT_ATTEMPTED}
    assert (len(errors), emulator.accepted) == ((1, 0) if kind == "worker" else (3, 1))


def test_an_object_of_an_event_loop_is_refused_without_one() -> None:
    """A plain thread gets the same error, with the call to write instead."""
    client = emulator_client(Emulator())

    async def own() -> None:
        async with client.sms.outbox() as outbox:
            with pytest.raises(ClosedError, match=r"and this is no event loop .*anyio\.from_thread\.run_sync\(outbox"):
                await anyio.to_thread.run_sync(outbox.post, RECEIVER, "t")

    anyio.run(own)


def test_ids_are_unique_across_threads() -> None:
    """Threads that start at once share no track id and no call id."""
    emulator = Emulator()
    ids: list[str] = []
    client = emulator_client(emulator, on_event=lambda event: ids.append(event.call_id))

    async def send() -> None:
        for _ in range(20):
            await client.sms.send(RECEIVER, "t")

    in_threads(*[looped(send, "asyncio")] * 4)
    assert (len({sms.track_id for sms in emulator.ledger}), len(set(ids))) == (80, 80)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_fork_waits_for_the_shared_state() -> None:
    """A child process never starts with the lock held that guards rate limits and the retry budget."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with MUTEX:
            held.set()
            release.wait(10)

    def fork() -> int:
        child = os.fork()
        if not child:
            os._exit(7 if not MUTEX.locked() else 8)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    threading.Timer(0.1, release.set).start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of threads beside a fork
        assert fork() == 7
    holder.join()


@pytest.mark.parametrize("kind", ["http_client", "transport"])
def test_an_http_client_of_the_callers_own_serves_one_event_loop_at_a_time(kind: str) -> None:
    """While one event loop uses it, a send of another is refused before it leaves; afterwards it may use it."""
    arrived, go_on = threading.Event(), threading.Event()

    async def answer(_: httpx.Request) -> httpx.Response:
        arrived.set()
        await anyio.to_thread.run_sync(go_on.wait)
        return httpx.Response(200, json={"data": {"balance": 7}})

    mock = httpx.MockTransport(answer)
    given: dict[str, Any] = (
        {"http_client": httpx.AsyncClient(transport=mock)} if kind == "http_client" else {kind: mock}
    )
    client = AsyncWikipayam(TOKEN, sender="1", **given)
    balances: list[int] = []

    async def ask() -> None:
        balances.append((await client.balance()).balance)

    async def send() -> None:
        await anyio.to_thread.run_sync(arrived.wait)
        try:
            with pytest.raises(ConfigurationError, match="in use in another event loop") as caught:
                await client.sms.send(RECEIVER, "t")
        finally:
            go_on.set()
        assert caught.value.send_status is SendStatus.NOT_ATTEMPTED

    in_threads(looped(ask, "asyncio"), looped(send, "trio"))
    in_threads(looped(ask, "trio"))
    assert balances == [7, 7]
