"""Accounted-for, with a batcher: every task gets the outcome of its own message, whatever happens to the others."""

from __future__ import annotations

import asyncio
import random
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream, TaskGroup
from anyio.lowlevel import checkpoint

from tests.bulk.doubles import FOREVER, RECEIVER, names, send_tasks
from tests.support.ledger_gateway import LedgerGateway, check_outcomes, pool_of, quiet
from tests.support.net import EventRecorder, connected, on_virtual_time
from tests.support.raw import RawRequest, answer, raw_gateway, reset
from tests.support.secrets import NUMBER, TEXT, client_for, leaks, locals_of, shown_of
from wikipayam_async import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncWikipayam,
    AuthenticationError,
    ClosedError,
    RetryPolicy,
    SendStatus,
    SentMessage,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.batching.batcher import Batcher
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault, When

pytestmark = pytest.mark.anyio

ACCEPTED, REJECTED = SendStatus.ACCEPTED, SendStatus.REJECTED
UNKNOWN, NOT_ATTEMPTED = SendStatus.UNKNOWN, SendStatus.NOT_ATTEMPTED
BOTH = pytest.mark.parametrize("backend", ["asyncio", "trio"])


async def until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    with anyio.fail_after(10):
        while not holds():  # noqa: ASYNC110 - a server's count has no event
            await anyio.sleep(0.001)


async def test_a_thousand_tasks_are_few_requests() -> None:
    """A thousand sends make ten requests, and each gets the answer to its own message."""
    ledger = LedgerGateway(lambda: anyio.sleep(0.02))
    async with raw_gateway(ledger) as gateway, connected(gateway.url) as (client, _, events):
        async with client.sms.batcher() as batcher, send_tasks(batcher) as senders:
            senders.send(*names(1000))
        check_outcomes(events, ledger)
    assert len(gateway.requests) == 10
    assert {name: one.track_id for name, one in senders.outcomes.items() if isinstance(one, SentMessage)} == {
        name: name for name in names(1000)
    }
    assert (len(ledger.accepted), ledger.doubled) == (1000, [])


@pytest.mark.parametrize("kind", ["reset", "close", "time-out", "502", "unreadable"])
async def test_a_lost_answer(kind: str) -> None:
    """Each message of the request is unknown, with an error of its own; nothing is sent again, and the next batch is sent."""
    ledger = LedgerGateway()
    lost = True

    async def handler(request: RawRequest, stream: ByteStream) -> object:
        nonlocal lost
        answered = await ledger(request, stream)
        if not lost:
            return answered
        lost = False
        if kind == "reset":
            await reset(stream)
        elif kind == "time-out":
            await anyio.sleep_forever()
        return answer("", 502) if kind == "502" else answer("{") if kind == "unreadable" else False

    async with (
        raw_gateway(handler) as gateway,
        connected(gateway.url, timeout=0.2 if kind == "time-out" else 10.0) as (client, _, events),
        client.sms.batcher(batch_size=5, linger=FOREVER) as batcher,
        send_tasks(batcher) as senders,
    ):
        senders.send(*names(5))
        await until(lambda: len(senders.outcomes) == 5)
        senders.send(*names(5, "n"))
    assert (senders.of(UnknownOutcomeError), senders.of(SentMessage)) == (set(names(5)), set(names(5, "n")))
    assert (len(gateway.requests), ledger.doubled) == (2, [])
    for name in names(5):
        error = senders.outcomes[name]
        assert isinstance(error, UnknownOutcomeError)
        assert (error.track_ids, [one.track_id for one in error.messages]) == ((name,), [name])
        assert error.__cause__ is not None
        assert len(error.attempts) == 1
    assert Counter(outcome.status for outcome in events.outcomes) == {UNKNOWN: 5, ACCEPTED: 5}


async def test_a_422_for_one_message() -> None:
    """The message that the 422 names is refused, and the others are sent."""
    ledger = LedgerGateway()

    async def handler(request: RawRequest, stream: ByteStream) -> object:
        bad = [position for position, one in enumerate(request.json) if one["track_id"] == "bad"]
        if bad:
            return answer({"message": "No.", "errors": {f"{bad[0]}.receiver": ["Not on this line."]}}, 422)
        return await ledger(request, stream)

    async with (
        raw_gateway(handler) as gateway,
        connected(gateway.url) as (client, _, _),
        client.sms.batcher(linger=0.002) as batcher,
        send_tasks(batcher) as senders,
    ):
        senders.send(*names(3), "bad", *names(3, "n"))
    assert senders.of(UnprocessableError) == {"bad"}
    assert senders.of(SentMessage) == set(ledger.accepted) == {*names(3), *names(3, "n")}
    assert len(gateway.requests) == 2


async def test_failures_affect_later_batches_in_no_way() -> None:
    """A 401 and an unreachable gateway fail the messages of their batch; later ones are sent."""
    ledger = LedgerGateway()
    refused = True

    async def handler(request: RawRequest, stream: ByteStream) -> object:
        return answer({"message": "Unauthenticated."}, 401) if refused else await ledger(request, stream)

    async with (
        raw_gateway(handler) as gateway,
        connected(gateway.url) as (client, _, _),
        client.sms.batcher(batch_size=2, linger=0) as batcher,
    ):
        for _ in range(5):
            with pytest.raises(AuthenticationError):
                await batcher.send(RECEIVER, "text")
        refused = False
        assert (await batcher.send(RECEIVER, "text", track_id="T")).track_id == "T"

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with connected(f"http://127.0.0.1:{unused.getsockname()[1]}") as (client, times, events):
            async with client.sms.batcher(batch_size=2, linger=0) as batcher, send_tasks(batcher) as senders:
                senders.send(*names(10))
            assert senders.of(APIConnectionError) == set(names(10))
            assert not senders.of(APITimeoutError)
            assert {outcome.status for outcome in events.outcomes} == {NOT_ATTEMPTED}
            assert times.slept
    assert set(ledger.accepted) == {"T"}


async def test_429_delays_the_batcher() -> None:
    """All messages wait for `Retry-After`, and are then sent; no task gets an error."""
    ledger = LedgerGateway()
    throttled = True

    async def handler(request: RawRequest, stream: ByteStream) -> object:
        nonlocal throttled
        if throttled:
            throttled = False
            return answer({"message": "Too many."}, 429, {"Retry-After": "7"})
        return await ledger(request, stream)

    async with (
        raw_gateway(handler) as gateway,
        connected(gateway.url) as (client, times, _),
        client.sms.batcher(batch_size=5, linger=0) as batcher,
        send_tasks(batcher) as senders,
    ):
        senders.send(*names(5))
    assert senders.of(SentMessage) == set(ledger.accepted) == set(names(5))
    assert (sum(times.slept) >= 7, len(gateway.requests)) == (True, 2)


async def test_cancelling_a_task() -> None:
    """A queued message is not sent, and has no outcome; one in flight is sent, and `on_event` gets its outcome."""
    release = anyio.Event()
    ledger = LedgerGateway(release.wait)
    async with (
        raw_gateway(ledger) as gateway,
        connected(gateway.url) as (client, _, events),
        client.sms.batcher(batch_size=3, linger=FOREVER, concurrency=1) as batcher,
        send_tasks(batcher) as senders,
    ):
        senders.send(*names(3))
        await until(lambda: len(gateway.requests) == 1)
        senders.send(*names(2, "n"))
        await until(lambda: batcher.waiting == 2)
        senders.scopes["m1"].cancel()
        senders.scopes["n1"].cancel()
        await until(lambda: senders.scopes["m1"].cancelled_caught and senders.scopes["n1"].cancelled_caught)
        assert (batcher.in_flight, batcher.waiting) == (3, 1)
        release.set()
        await until(lambda: len(senders.outcomes) == 2)
        await batcher.flush()
    assert senders.of(SentMessage) == {"m0", "m2", "n0"}
    assert set(ledger.accepted) == {"m0", "m1", "m2", "n0"}
    check_outcomes(events, ledger)


@pytest.mark.parametrize("how", ["exception", "cancellation", "deadline"])
async def test_leaving_the_block_early(how: str) -> None:
    """The request in flight is finished; the other messages are not sent, and their tasks get an error."""
    release = anyio.Event()
    ledger = LedgerGateway(release.wait)
    left: list[str | None] = []
    async with (
        raw_gateway(ledger) as gateway,
        connected(gateway.url, max_connections=1) as (client, _, events),
        send_tasks(
            batcher := client.sms.batcher(batch_size=3, linger=FOREVER, concurrency=2, max_waiting=4)
        ) as senders,
    ):

        async def run() -> None:
            async with batcher:
                senders.send(*names(12))
                await until(lambda: len(gateway.requests) == 1 and batcher.in_flight == 6)
                senders.group.start_soon(open_soon)
                if how == "exception":
                    raise LookupError
                if how == "cancellation":
                    scope.cancel()
                    await anyio.sleep_forever()
                left.extend(result.track_id for result in await batcher.aclose(0))

        async def open_soon() -> None:
            await anyio.sleep(0.05)
            release.set()

        with anyio.CancelScope() as scope, suppress(LookupError):
            await run()
        await until(lambda: len(senders.outcomes) == 12)
    assert len(gateway.requests) == 1
    assert senders.of(SentMessage) == set(ledger.accepted)
    assert len(ledger.accepted) == 3
    assert senders.of(ClosedError) == set(names(12)) - set(ledger.accepted)
    if how == "deadline":
        assert sorted(map(str, left)) == sorted(set(names(12)) - set(ledger.accepted))
    check_outcomes(events, ledger)


class RandomSends:
    """Tasks that send one message after the other, and cancel some of their sends.

    Attributes:
        outcomes: The outcome of each message, by track id, without the cancelled ones.
        ids: The ids of the accepted messages.
        sent: All track ids.
    """

    def __init__(self, batcher: Batcher, seed: int) -> None:
        self._batcher = batcher
        self._random = random.Random(seed)
        self.outcomes: dict[str, SendStatus] = {}
        self.ids: dict[str, str] = {}
        self.sent: list[str] = []

    async def run(self, tasks: int, messages: int) -> None:
        """Run tasks that send `messages` messages each."""
        async with anyio.create_task_group() as group:
            for task in range(tasks):
                group.start_soon(self._send_some, f"m{task}", messages)

    async def _send_some(self, prefix: str, messages: int) -> None:
        for number in range(messages):
            for _ in range(self._random.randrange(3)):
                await checkpoint()
            cancel_after = self._random.choice((None, None, self._random.randrange(60)))
            async with anyio.create_task_group() as group:
                if cancel_after is not None:
                    group.start_soon(self._cancel, cancel_after, group)
                await self._send(f"{prefix}-{number}")
                group.cancel_scope.cancel()

    @staticmethod
    async def _cancel(steps: int, group: TaskGroup) -> None:
        for _ in range(steps):
            await checkpoint()
        group.cancel_scope.cancel()

    async def _send(self, name: str) -> None:
        self.sent.append(name)
        try:
            sent = await self._batcher.send(RECEIVER, name, track_id=name)
        except UnknownOutcomeError as error:
            self.outcomes[name] = UNKNOWN if error.track_ids == (name,) else REJECTED
        except (APIConnectionError, ClosedError):
            self.outcomes[name] = NOT_ATTEMPTED
        except WikipayamError:
            self.outcomes[name] = REJECTED
        else:
            self.outcomes[name] = ACCEPTED
            self.ids[name] = sent.id

    def check(self, emulator: Emulator, events: EventRecorder) -> None:
        """Compare the outcomes with the gateway's ledger."""
        ledger = {entry.message: entry.id for entry in emulator.ledger}
        assert len(emulator.ledger) == len(ledger)
        assert {name: ledger.get(name) for name in self.ids} == self.ids
        reported = {str(outcome.track_id): outcome.status for outcome in events.outcomes}
        outcomes = {name: reported.get(name, NOT_ATTEMPTED) for name in self.sent} | self.outcomes
        assert ledger.keys() <= {name for name, outcome in outcomes.items() if outcome in {ACCEPTED, UNKNOWN}}
        assert {name for name, outcome in outcomes.items() if outcome is ACCEPTED} <= ledger.keys()
        assert {
            name for name in self.outcomes if name not in reported and self.outcomes[name] is not NOT_ATTEMPTED
        } == set()


ODDS = {
    Fault.status(422, json={"message": "No.", "errors": {"0.receiver": ["Bad."], "2.receiver": ["Bad."]}}): 0.06,
    Fault.status(400): 0.04,
    Fault.status(401): 0.04,
    Fault.status(413): 0.06,
    Fault.status(429, retry_after=1): 0.06,
    Fault.status(503, when=When.AFTER): 0.05,
    Fault.status(503, when=When.BEFORE): 0.05,
    Fault.reset(when=When.AFTER): 0.05,
    Fault.close(when=When.BEFORE): 0.05,
    Fault.missing_items(0, 1): 0.06,
    Fault.reordered_items(): 0.06,
    Fault.null_track_ids(): 0.04,
    Fault.truncated(): 0.04,
}


class LeftEarly(Exception):  # noqa: N818 - raised to leave a block
    """Ends a block early."""


@BOTH
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("early", [False, True])
def test_random_sends(backend: str, seed: int, early: bool) -> None:
    """With random faults and cancellations no message is sent twice, and every outcome matches the ledger."""
    emulator = Emulator()
    emulator.account.balance = 10**12
    emulator.faults.random(ODDS, seed=seed)
    events = EventRecorder()

    async def run() -> RandomSends:
        transport = EmulatorTransport(emulator)
        retry = RetryPolicy(max_attempts=2)
        async with AsyncWikipayam(
            DEFAULT_TOKEN, sender="10002000", transport=transport, retry=retry, on_event=events
        ) as client:
            on_virtual_time(client)
            async with anyio.create_task_group() as outside:
                with suppress(LeftEarly):
                    async with client.sms.batcher(
                        batch_size=8, linger=0.0005 * seed, concurrency=3, max_waiting=20
                    ) as batcher:
                        sends = RandomSends(batcher, seed)
                        if early:
                            outside.start_soon(sends.run, 60, 4)
                            while len(sends.outcomes) < 60:
                                await checkpoint()
                            raise LeftEarly
                        await sends.run(60, 4)
                assert (batcher.waiting, batcher.in_flight) == (0, 0)
        return sends

    sends = anyio.run(run, backend=backend)
    assert len(sends.sent) == 240
    assert ({ACCEPTED, NOT_ATTEMPTED} if early else {ACCEPTED, UNKNOWN, REJECTED}) <= set(sends.outcomes.values())
    assert len(sends.outcomes) < 240
    sends.check(emulator, events)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_random_task_cancels() -> None:
    """`Task.cancel` at any moment, over real sockets: every sent message is reported once, nothing leaks or hangs."""
    rng = random.Random(5)
    ledger = LedgerGateway(lambda: anyio.sleep(0.002))
    async with raw_gateway(ledger) as gateway, connected(gateway.url, max_connections=3) as (client, _, events):
        async with client.sms.batcher(batch_size=10, linger=0.001, concurrency=2) as batcher:
            for start in range(0, 600, 100):
                running = [
                    asyncio.ensure_future(batcher.send(RECEIVER, "t", track_id=f"m{number}"))
                    for number in range(start, start + 100)
                ]
                for task in rng.sample(running, 50):
                    await asyncio.sleep(rng.choice((0, 0, 0.0002)))
                    task.cancel()
                done: list[Any] = await asyncio.gather(*running, return_exceptions=True)
                for number, one in enumerate(done, start):
                    assert isinstance(one, asyncio.CancelledError) or one.track_id == f"m{number}"
            assert (await batcher.send(RECEIVER, "t", track_id="last")).track_id == "last"
        open_now, idle = await quiet(gateway, client)
        assert (open_now, pool_of(client).slots.value) == (idle, 3)
        check_outcomes(events, ledger)
    assert 300 < len(ledger.accepted) < 600


async def echo(request: RawRequest, _: ByteStream) -> object:
    """Refuse the request, and repeat all of it."""
    received = f"{request.headers} {request.body.decode()}"
    return answer({"message": received, "errors": {"0.message": [received]}}, 422)


async def disconnect(_: RawRequest, stream: ByteStream) -> object:
    """Reset the connection."""
    await reset(stream)
    return False


@pytest.mark.parametrize("handler", [echo, disconnect])
async def test_no_error_shows_a_secret(handler: Callable[..., Awaitable[object]]) -> None:
    """No error of a batcher holds a text, a number or the token."""
    errors: list[WikipayamError] = []

    async def send(batcher: Batcher, number: str) -> None:
        with pytest.raises(WikipayamError) as caught:
            await batcher.send(number, TEXT)
        errors.append(caught.value)

    async with raw_gateway(handler) as gateway, client_for(gateway.url) as client:
        async with client.sms.batcher(batch_size=2, linger=0.001) as batcher, anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(send, batcher, NUMBER)
            group.start_soon(send, batcher, NUMBER + "4")
        await send(batcher, NUMBER)
        assert leaks([repr(batcher)]) == []
    assert len(errors) == 4
    assert sum(isinstance(error, APIStatusError | UnknownOutcomeError) for error in errors) == 2
    for error in errors:
        assert (leaks(locals_of(error)), leaks(shown_of(error))) == ([], [])
