"""P5 for micro-batching: every task hears exactly what became of its own message, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream, TaskGroup
from anyio.lowlevel import checkpoint

from tests.support.ledger_gateway import LedgerGateway, check_outcomes, pool_of, quiet
from tests.support.net import RECEIVER, EventRecorder, connected, on_virtual_time
from tests.support.raw import RawRequest, answer, raw_gateway, reset
from tests.support.secrets import NUMBER, TEXT, client_for, leaks, locals_of, shown_of
from wikipayam_async import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncWikipayam,
    AuthenticationError,
    ConfigurationError,
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
FOR_EVER = 86_400.0
"""Seconds to linger where a batch is to leave for another reason."""


class Tasks:
    """Sends a message in a task of its own, and notes what it is told.

    Attributes:
        told: By track id: the gateway's word, or the error.
        scopes: By track id: cancels the task.
    """

    def __init__(self, group: TaskGroup) -> None:
        self._group = group
        self.told: dict[str, SentMessage | WikipayamError] = {}
        self.scopes: dict[str, anyio.CancelScope] = {}

    def send(self, batcher: Batcher, *names: str) -> None:
        """Start a task for each track id."""
        for name in names:
            self._group.start_soon(self._send, batcher, name)

    async def _send(self, batcher: Batcher, name: str) -> None:
        with anyio.CancelScope() as scope:
            self.scopes[name] = scope
            try:
                self.told[name] = await batcher.send(RECEIVER, f"text of {name}", track_id=name)
            except WikipayamError as error:
                self.told[name] = error

    def of(self, kind: type[object]) -> set[str]:
        """Return the track ids of those that were told such a thing."""
        return {name for name, one in self.told.items() if isinstance(one, kind)}


@asynccontextmanager
async def tasks() -> AsyncIterator[Tasks]:
    """Give tasks, and wait for them at the end."""
    async with anyio.create_task_group() as group:
        yield Tasks(group)


def names(count: int, prefix: str = "m") -> list[str]:
    """Make so many track ids."""
    return [f"{prefix}{number}" for number in range(count)]


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, which it will soon."""
    with anyio.fail_after(10):
        while not holds():  # noqa: ASYNC110 - a server's count has no event
            await anyio.sleep(0.001)


async def test_a_thousand_tasks_are_few_requests() -> None:
    """A thousand sends at once are ten requests, and everyone has the answer to his own message."""
    books = LedgerGateway(lambda: anyio.sleep(0.02))
    async with raw_gateway(books) as gateway, connected(gateway.url) as (client, _, ear):
        async with client.sms.batcher() as batcher, tasks() as senders:
            senders.send(batcher, *names(1000))
        check_outcomes(ear, books)
    assert len(gateway.requests) == 10
    assert {name: one.track_id for name, one in senders.told.items() if isinstance(one, SentMessage)} == {
        name: name for name in names(1000)
    }
    assert (len(books.accepted), books.doubled) == (1000, [])


@pytest.mark.parametrize("kind", ["reset", "close", "time-out", "502", "unreadable"])
async def test_a_lost_answer_is_unknown_for_each_of_its_batch_alone(kind: str) -> None:
    """Everyone whose message was in the request hears of his own; nothing is sent again, and the next batch goes out."""
    books = LedgerGateway()
    lost = True

    async def handler(request: RawRequest, stream: ByteStream) -> object:
        nonlocal lost
        answered = await books(request, stream)
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
        connected(gateway.url, timeout=0.2 if kind == "time-out" else 10.0) as (client, _, ear),
        client.sms.batcher(max_size=5, linger=FOR_EVER) as batcher,
        tasks() as senders,
    ):
        senders.send(batcher, *names(5))
        await until(lambda: len(senders.told) == 5)
        senders.send(batcher, *names(5, "n"))
    assert (senders.of(UnknownOutcomeError), senders.of(SentMessage)) == (set(names(5)), set(names(5, "n")))
    assert (len(gateway.requests), books.doubled) == (2, [])
    for name in names(5):
        error = senders.told[name]
        assert isinstance(error, UnknownOutcomeError)
        assert (error.track_ids, [one.track_id for one in error.messages]) == ((name,), [name])  # type: ignore[attr-defined]
        assert error.__cause__ is not None
        assert len(error.attempts) == 1
    assert Counter(outcome.status for outcome in ear.outcomes) == {UNKNOWN: 5, ACCEPTED: 5}


async def test_one_bad_message_spoils_no_other() -> None:
    """The gateway refuses a request for the sake of one message: that one is refused, the others go out."""
    books = LedgerGateway()

    async def handler(request: RawRequest, stream: ByteStream) -> object:
        bad = [place for place, one in enumerate(request.json) if one["track_id"] == "bad"]
        if bad:
            return answer({"message": "No.", "errors": {f"{bad[0]}.receiver": ["Not on this line."]}}, 422)
        return await books(request, stream)

    async with (
        raw_gateway(handler) as gateway,
        connected(gateway.url) as (client, _, _),
        client.sms.batcher(linger=0.002) as batcher,
        tasks() as senders,
    ):
        senders.send(batcher, *names(3), "bad", *names(3, "n"))
    assert senders.of(UnprocessableError) == {"bad"}
    assert senders.of(SentMessage) == set(books.accepted) == {*names(3), *names(3, "n")}
    assert len(gateway.requests) == 2


async def test_a_wrong_token_and_a_gateway_that_is_away_pass() -> None:
    """Both cost the messages of their time; what is sent after the trouble is over goes out."""
    books = LedgerGateway()
    refused = True

    async def handler(request: RawRequest, stream: ByteStream) -> object:
        return answer({"message": "Unauthenticated."}, 401) if refused else await books(request, stream)

    async with (
        raw_gateway(handler) as gateway,
        connected(gateway.url) as (client, _, _),
        client.sms.batcher(max_size=2, linger=0) as batcher,
    ):
        for _ in range(5):
            with pytest.raises(AuthenticationError):
                await batcher.send(RECEIVER, "text")
        refused = False
        assert (await batcher.send(RECEIVER, "text", track_id="T")).track_id == "T"

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with connected(f"http://127.0.0.1:{unused.getsockname()[1]}") as (client, times, ear):
            async with client.sms.batcher(max_size=2, linger=0) as batcher, tasks() as senders:
                senders.send(batcher, *names(10))
            assert senders.of(APIConnectionError) == set(names(10))
            assert not senders.of(APITimeoutError)
            assert {outcome.status for outcome in ear.outcomes} == {NOT_ATTEMPTED}
            assert times.slept
    assert set(books.accepted) == {"T"}


async def test_a_pause_that_the_gateway_asks_for_is_kept() -> None:
    """After a 429 everything waits for the time that it names, and then goes out; nobody hears of it."""
    books = LedgerGateway()
    throttled = True

    async def handler(request: RawRequest, stream: ByteStream) -> object:
        nonlocal throttled
        if throttled:
            throttled = False
            return answer({"message": "Too many."}, 429, {"Retry-After": "7"})
        return await books(request, stream)

    async with (
        raw_gateway(handler) as gateway,
        connected(gateway.url) as (client, times, _),
        client.sms.batcher(max_size=5, linger=0) as batcher,
        tasks() as senders,
    ):
        senders.send(batcher, *names(5))
    assert senders.of(SentMessage) == set(books.accepted) == set(names(5))
    assert (sum(times.slept) >= 7, len(gateway.requests)) == (True, 2)


async def test_who_gives_up_on_a_message_that_waits_stops_it() -> None:
    """It never reaches the gateway, and nothing is told of it; one in flight goes on, and `on_event` is told."""
    release = anyio.Event()
    books = LedgerGateway(release.wait)
    async with (
        raw_gateway(books) as gateway,
        connected(gateway.url) as (client, _, ear),
        client.sms.batcher(max_size=3, linger=FOR_EVER, concurrency=1) as batcher,
        tasks() as senders,
    ):
        senders.send(batcher, *names(3))
        await until(lambda: len(gateway.requests) == 1)
        senders.send(batcher, *names(2, "n"))
        await until(lambda: batcher.waiting == 2)
        senders.scopes["m1"].cancel()
        senders.scopes["n1"].cancel()
        await until(lambda: senders.scopes["m1"].cancelled_caught and senders.scopes["n1"].cancelled_caught)
        assert (batcher.in_flight, batcher.waiting) == (3, 1)
        release.set()
        await until(lambda: len(senders.told) == 2)
        await batcher.flush()
    assert senders.of(SentMessage) == {"m0", "m2", "n0"}
    assert set(books.accepted) == {"m0", "m1", "m2", "n0"}
    check_outcomes(ear, books)


@pytest.mark.parametrize("how", ["exception", "cancellation", "deadline"])
async def test_what_has_not_begun_to_leave_is_not_sent(how: str) -> None:
    """A block that is left early finishes the request in flight; all others hear that they may send again."""
    release = anyio.Event()
    books = LedgerGateway(release.wait)
    left: list[str | None] = []
    async with (
        raw_gateway(books) as gateway,
        connected(gateway.url, max_connections=1) as (client, _, ear),
        tasks() as senders,
    ):

        async def run() -> None:
            async with client.sms.batcher(max_size=3, linger=FOR_EVER, concurrency=2, max_waiting=4) as batcher:
                senders.send(batcher, *names(12))
                await until(lambda: len(gateway.requests) == 1 and batcher.in_flight == 6)
                senders._group.start_soon(open_soon)
                if how == "exception":
                    raise LookupError
                if how == "cancellation":
                    scope.cancel()
                    await anyio.sleep_forever()
                left.extend(message.track_id for message in await batcher.aclose(0))

        async def open_soon() -> None:
            await anyio.sleep(0.05)
            release.set()

        with anyio.CancelScope() as scope, suppress(LookupError):
            await run()
        await until(lambda: len(senders.told) == 12)
    assert len(gateway.requests) == 1
    assert senders.of(SentMessage) == set(books.accepted)
    assert len(books.accepted) == 3
    assert senders.of(ConfigurationError) == set(names(12)) - set(books.accepted)
    if how == "deadline":
        assert sorted(map(str, left)) == sorted(set(names(12)) - set(books.accepted))
    check_outcomes(ear, books)


class Storm:
    """Tasks that send one message after the other, and now and then give one up.

    Attributes:
        outcomes: What each message's task was told, by track id; given up ones are absent.
        ids: The ids of those that the gateway took.
        sent: All track ids.
    """

    def __init__(self, batcher: Batcher, seed: int) -> None:
        self._batcher = batcher
        self._chance = random.Random(seed)
        self.outcomes: dict[str, SendStatus] = {}
        self.ids: dict[str, str] = {}
        self.sent: list[str] = []

    async def blow(self, people: int, messages: int) -> None:
        """Let so many tasks send so many messages each."""
        async with anyio.create_task_group() as group:
            for person in range(people):
                group.start_soon(self._send_some, f"m{person}", messages)

    async def _send_some(self, prefix: str, messages: int) -> None:
        for number in range(messages):
            for _ in range(self._chance.randrange(3)):
                await checkpoint()
            patience = self._chance.choice((None, None, self._chance.randrange(60)))
            async with anyio.create_task_group() as group:
                if patience is not None:
                    group.start_soon(self._give_up, patience, group)
                await self._send(f"{prefix}-{number}")
                group.cancel_scope.cancel()

    @staticmethod
    async def _give_up(steps: int, group: TaskGroup) -> None:
        for _ in range(steps):
            await checkpoint()
        group.cancel_scope.cancel()

    async def _send(self, name: str) -> None:
        self.sent.append(name)
        try:
            sent = await self._batcher.send(RECEIVER, name, track_id=name)
        except UnknownOutcomeError as error:
            self.outcomes[name] = UNKNOWN if error.track_ids == (name,) else REJECTED
        except (APIConnectionError, ConfigurationError):
            self.outcomes[name] = NOT_ATTEMPTED
        except WikipayamError:
            self.outcomes[name] = REJECTED
        else:
            self.outcomes[name] = ACCEPTED
            self.ids[name] = sent.id

    def check(self, emulator: Emulator, ear: EventRecorder) -> None:
        """Hold what was told against the gateway's ledger."""
        ledger = {entry.message: entry.id for entry in emulator.ledger}
        assert len(emulator.ledger) == len(ledger)
        assert {name: ledger.get(name) for name in self.ids} == self.ids
        heard = {str(outcome.track_id): outcome.status for outcome in ear.outcomes}
        outcomes = {name: heard.get(name, NOT_ATTEMPTED) for name in self.sent} | self.outcomes
        assert ledger.keys() <= {name for name, outcome in outcomes.items() if outcome in {ACCEPTED, UNKNOWN}}
        assert {name for name, outcome in outcomes.items() if outcome is ACCEPTED} <= ledger.keys()
        assert {
            name for name in self.outcomes if name not in heard and self.outcomes[name] is not NOT_ATTEMPTED
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


class Left(Exception):  # noqa: N818 - what a block raises
    """What ends a block early."""


@BOTH
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("early", [False, True])
def test_a_storm(backend: str, seed: int, early: bool) -> None:
    """Hundreds of sends, faults and changes of mind: nothing is sent twice, and what everyone is told is true."""
    emulator = Emulator()
    emulator.account.balance = 10**12
    emulator.faults.random(ODDS, seed=seed)
    ear = EventRecorder()

    async def run() -> Storm:
        transport = EmulatorTransport(emulator)
        retry = RetryPolicy(attempts=2)
        async with AsyncWikipayam(
            DEFAULT_TOKEN, sender="10002000", transport=transport, retry=retry, on_event=ear
        ) as client:
            on_virtual_time(client)
            async with anyio.create_task_group() as outside:
                with suppress(Left):
                    async with client.sms.batcher(8, 0.0005 * seed, concurrency=3, max_waiting=20) as batcher:
                        storm = Storm(batcher, seed)
                        if early:
                            outside.start_soon(storm.blow, 60, 4)
                            while len(storm.outcomes) < 60:
                                await checkpoint()
                            raise Left
                        await storm.blow(60, 4)
                assert (batcher.waiting, batcher.in_flight) == (0, 0)
        return storm

    storm = anyio.run(run, backend=backend)
    assert len(storm.sent) == 240
    assert ({ACCEPTED, NOT_ATTEMPTED} if early else {ACCEPTED, UNKNOWN, REJECTED}) <= set(storm.outcomes.values())
    assert len(storm.outcomes) < 240
    storm.check(emulator, ear)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_storm_of_native_cancellations() -> None:
    """`Task.cancel` at any moment, over real sockets: what reached the gateway is told of once, nothing leaks or hangs."""
    chance = random.Random(5)
    books = LedgerGateway(lambda: anyio.sleep(0.002))
    async with raw_gateway(books) as gateway, connected(gateway.url, max_connections=3) as (client, _, ear):
        async with client.sms.batcher(10, 0.001, concurrency=2) as batcher:
            for start in range(0, 600, 100):
                running = [
                    asyncio.ensure_future(batcher.send(RECEIVER, "t", track_id=f"m{number}"))
                    for number in range(start, start + 100)
                ]
                for task in chance.sample(running, 50):
                    await asyncio.sleep(chance.choice((0, 0, 0.0002)))
                    task.cancel()
                done: list[Any] = await asyncio.gather(*running, return_exceptions=True)
                for number, one in enumerate(done, start):
                    assert isinstance(one, asyncio.CancelledError) or one.track_id == f"m{number}"
            assert (await batcher.send(RECEIVER, "t", track_id="last")).track_id == "last"
        open_now, idle = await quiet(gateway, client)
        assert (open_now, pool_of(client).places.value) == (idle, 3)
        check_outcomes(ear, books)
    assert 300 < len(books.accepted) < 600


async def echo(request: RawRequest, _: ByteStream) -> object:
    """Refuse, and repeat everything that was said."""
    said = f"{request.headers} {request.body.decode()}"
    return answer({"message": said, "errors": {"0.message": [said]}}, 422)


async def break_off(_: RawRequest, stream: ByteStream) -> object:
    """Reset the connection."""
    await reset(stream)
    return False


@pytest.mark.parametrize("handler", [echo, break_off])
async def test_no_error_shows_a_secret(handler: Callable[..., Awaitable[object]]) -> None:
    """Neither an outcome nor a complaint nor the end of a batcher holds a text, a number or the token."""
    errors: list[WikipayamError] = []

    async def send(batcher: Batcher, number: str) -> None:
        with pytest.raises(WikipayamError) as caught:
            await batcher.send(number, TEXT)
        errors.append(caught.value)

    async with raw_gateway(handler) as gateway, client_for(gateway.url) as client:
        async with client.sms.batcher(2, 0.001) as batcher, anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(send, batcher, NUMBER)
            group.start_soon(send, batcher, NUMBER + "4")
        await send(batcher, NUMBER)
        assert leaks([repr(batcher)]) == []
    assert len(errors) == 4
    assert sum(isinstance(error, APIStatusError | UnknownOutcomeError) for error in errors) == 2
    for error in errors:
        assert (leaks(locals_of(error)), leaks(shown_of(error))) == ([], [])
