"""Idempotency keys over a real socket: a message under a key is sent once, whoever asks again."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest
from anyio.abc import ByteStream

from tests.support.raw import RawGateway, RawRequest, answer, raw_gateway, sent_items
from wikipayam_async import (
    AsyncWikipayam,
    ClosedError,
    ConfigurationError,
    InsufficientBalanceError,
    InvalidInputError,
    RateLimitError,
    RetryPolicy,
    SendStatus,
    SentMessage,
    UnknownOutcomeError,
    UnprocessableError,
    report_from,
)
from wikipayam_async.idempotency import (
    IdempotencyConflictError,
    IdempotencyStoreError,
    InFlightError,
    MemoryIdempotencyStore,
    SQLiteIdempotencyStore,
)

pytestmark = pytest.mark.anyio

RECEIVER, TEXT = "09123456789", "your order was shipped"
KEY = "order-42:shipped"

SINGLE_SENDS: dict[str, Callable[..., Awaitable[Any]]] = {
    "sms": lambda client, receiver=RECEIVER, text=TEXT, **o: client.sms.send(receiver, text, **o),
    "otp": lambda client, receiver=RECEIVER, text="1234", **o: client.otp.send(receiver, text, otp_pattern_id=13, **o),
    "voice": lambda client, receiver=RECEIVER, text="1234", **o: client.voice.send(receiver, text, **o),
    "holoo": lambda client, receiver=RECEIVER, text=TEXT, **o: client.holoo.send(receiver, text, username="u", **o),
    "holoo_url": lambda client, receiver=RECEIVER, text=TEXT, **o: client.holoo.send_via_url(
        receiver, text, username="u", **o
    ),
}

every_send = pytest.mark.parametrize("kind", SINGLE_SENDS)


class Script:
    """A gateway that answers each send in turn as told, and with an acceptance afterwards.

    Attributes:
        steps: What is done with the next sends: bytes are the answer, None closes the connection without one.
        received: Set when a send was read.
        release: Awaited before each answer.
    """

    def __init__(self, *steps: bytes | None) -> None:
        self.steps = list(steps)
        self.received = anyio.Event()
        self.release = anyio.Event()
        self.release.set()

    async def __call__(self, request: RawRequest, stream: ByteStream) -> object:
        """Answer one send."""
        self.received.set()
        await self.release.wait()
        if self.steps:
            step = self.steps.pop(0)
            return False if step is None else step
        if "sms/send" in request.target:
            extra = {} if "otp" in request.target else {"text_sent": TEXT}
            return answer({"data": [{**item, **extra} for item in sent_items(request)]})
        where = {"receiver": "+98 912 345 6789"} if "voice" in request.target else {"to": RECEIVER, "echo": TEXT}
        return answer({"data": {"id": "a" * 24, **where}})


def client_of(gateway: RawGateway, store: Any, **options: Any) -> AsyncWikipayam:
    """Make a client with a store."""
    options = {"retry": RetryPolicy(initial_delay=0.0), "sender": "10002000", **options}
    return AsyncWikipayam("token-5f3a9c", base_url=gateway.url, idempotency=store, **options)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A store of each kind."""
    return MemoryIdempotencyStore() if request.param == "memory" else SQLiteIdempotencyStore(tmp_path / "sent.db")


@every_send
async def test_a_message_is_sent_once(kind: str, store: Any) -> None:
    """The second call returns what the first returned, and makes no request."""
    send = SINGLE_SENDS[kind]
    async with raw_gateway(Script()) as gateway, client_of(gateway, store) as client:
        first = await send(client, idempotency_key=KEY)
        again = await send(client, idempotency_key=KEY)
        assert len(gateway.requests) == 1
        other = await send(client, idempotency_key="order-43:shipped")
        assert len(gateway.requests) == 2
    if kind == "voice":  # the gateway names the number in a spelling of its own, which is not kept
        again, first = attrs.evolve(again, extra={}), attrs.evolve(first, extra={})
    assert again == first
    assert (type(other), other.id) == (type(first), first.id)


@every_send
async def test_another_client_knows_too(kind: str, tmp_path: Path) -> None:
    """After a restart, with another line and another token, the stored answer is returned."""
    send, path = SINGLE_SENDS[kind], tmp_path / "sent.db"
    async with raw_gateway(Script()) as gateway:
        async with client_of(gateway, SQLiteIdempotencyStore(path)) as client:
            first = await send(client, idempotency_key=KEY)
        async with client_of(gateway, SQLiteIdempotencyStore(path)) as client:
            again = await send(client.with_options(sender="3000", token="another"), idempotency_key=KEY)
        assert len(gateway.requests) == 1
    assert again.id == first.id


@every_send
async def test_nothing_personal_is_stored(kind: str, tmp_path: Path) -> None:
    """Neither the receiver, in any spelling, nor the text, nor the token is in the file."""
    send, path = SINGLE_SENDS[kind], tmp_path / "sent.db"
    refused = answer(
        {"message": f"{TEXT if kind in {'sms', 'holoo', 'holoo_url'} else '1234'} to {RECEIVER} was refused"}, 422
    )
    async with (
        raw_gateway(Script(None, refused)) as gateway,
        client_of(gateway, SQLiteIdempotencyStore(path)) as client,
    ):
        for key, error in (("k-unknown", UnknownOutcomeError), ("k-refused", UnprocessableError)):
            with pytest.raises(error):
                await send(client, idempotency_key=key)
        await send(client, idempotency_key="k-sent")
        content = b"".join(file.read_bytes() for file in path.parent.iterdir())
    digits = "".join(str(c) for c in content.decode("latin-1") if c.isdigit())
    assert [word for word in (b"shipped", b"9123456789", b"token-5f3a9c") if word in content] == []
    assert "9123456789" not in digits


@every_send
async def test_an_unknown_outcome_stays_unknown(kind: str, store: Any) -> None:
    """A message that the gateway may have is not sent again."""
    send = SINGLE_SENDS[kind]
    async with raw_gateway(Script(None)) as gateway, client_of(gateway, store) as client:
        with pytest.raises(UnknownOutcomeError) as first:
            await send(client, idempotency_key=KEY)
        with pytest.raises(UnknownOutcomeError) as again:
            await send(client, idempotency_key=KEY)
        assert len(gateway.requests) == 1
    assert again.value.track_ids == first.value.track_ids
    assert again.value.messages == first.value.messages
    assert "an earlier call with the idempotency key order-42:shipped ended with an unknown outcome" in str(again.value)


@every_send
@pytest.mark.parametrize(("status", "error"), [(402, InsufficientBalanceError), (422, UnprocessableError)])
async def test_a_refusal_is_raised_again(kind: str, store: Any, status: int, error: type[Any]) -> None:
    """The same class with the same fields, without traffic."""
    send = SINGLE_SENDS[kind]
    refused = answer({"message": "no", "errors": {"0.receiver": ["bad line"]}}, status)
    async with raw_gateway(Script(refused)) as gateway, client_of(gateway, store) as client:
        errors = []
        for _ in range(2):
            with pytest.raises(error) as caught:
                await send(client, idempotency_key=KEY)
            errors.append(caught.value)
        assert len(gateway.requests) == 1
    first, again = errors
    assert type(again) is type(first)
    assert str(again) == str(first)
    names = ("status_code", "message", "errors", "retry_after", "attempts", "send_status")
    assert [getattr(again, name) for name in names] == [getattr(first, name) for name in names]


@every_send
async def test_what_was_throttled_is_sent_later(kind: str, store: Any) -> None:
    """A 429 asks for the same request later; it is no verdict on the message."""
    send, throttled = SINGLE_SENDS[kind], answer({"message": "slow"}, 429, {"Retry-After": "0"})
    async with raw_gateway(Script(*[throttled] * 3)) as gateway, client_of(gateway, store) as client:
        with pytest.raises(RateLimitError):
            await send(client, idempotency_key=KEY)
        await send(client, idempotency_key=KEY)
        await send(client, idempotency_key=KEY)
        assert len(gateway.requests) == 4


@every_send
async def test_a_throttled_send_is_retried_under_its_key(kind: str, store: Any) -> None:
    """Its claim is taken back while it waits, and made again."""
    throttled = answer({"message": "slow"}, 429, {"Retry-After": "0"})
    async with raw_gateway(Script(throttled)) as gateway, client_of(gateway, store) as client:
        await SINGLE_SENDS[kind](client, idempotency_key=KEY)
        assert len(gateway.requests) == 2
        record = await store.read(KEY)
    assert record.status is SendStatus.ACCEPTED


@every_send
async def test_a_key_is_for_one_message(kind: str, store: Any) -> None:
    """Another receiver, another text, another kind: nothing is sent."""
    send = SINGLE_SENDS[kind]
    others: list[Callable[[AsyncWikipayam], Awaitable[object]]] = [
        lambda client: send(client, receiver="09123456780", idempotency_key=KEY),
        lambda client: send(client, text="5678", idempotency_key=KEY),
        lambda client: SINGLE_SENDS["voice" if kind != "voice" else "sms"](client, idempotency_key=KEY),
    ]
    async with raw_gateway(Script()) as gateway, client_of(gateway, store) as client:
        await send(client, idempotency_key=KEY)
        for other in others:
            with pytest.raises(IdempotencyConflictError, match=r"not sent: the idempotency key order-42:shipped was"):
                await other(client)
        await send(client, receiver="+989123456789", idempotency_key=KEY)
        assert len(gateway.requests) == 1


async def test_concurrent_calls_send_once(store: Any) -> None:
    """The others wait for the outcome of the one that claimed the key."""
    script = Script()
    results: list[SentMessage] = []
    async with raw_gateway(script) as gateway, client_of(gateway, store) as client:

        async def send() -> None:
            results.append(await client.sms.send(RECEIVER, TEXT, idempotency_key=KEY))

        script.release = anyio.Event()
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(send)
            await script.received.wait()
            await anyio.sleep(0.05)
            script.release.set()
        assert len(gateway.requests) == 1
    assert results == [results[0]] * 10


async def test_a_call_waits_within_its_time_out(store: Any) -> None:
    """Then it raises an error that names the key and the track id of the other."""
    script = Script()
    async with raw_gateway(script) as gateway, client_of(gateway, store) as client:
        script.release = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: client.sms.send(RECEIVER, TEXT, track_id="t-1", idempotency_key=KEY))
            await script.received.wait()
            with pytest.raises(InFlightError) as caught:
                await client.sms.send(RECEIVER, TEXT, idempotency_key=KEY, timeout=0.1)
            script.release.set()
        assert len(gateway.requests) == 1
    assert (caught.value.key, caught.value.track_id, caught.value.send_status) == (KEY, "t-1", SendStatus.UNKNOWN)


async def test_a_connection_that_was_not_made_is_no_attempt(store: Any) -> None:
    """The next call sends."""
    script = Script()
    async with raw_gateway(script) as gateway, client_of(gateway, store) as client:
        dead = AsyncWikipayam(
            "token", sender="1", base_url="http://127.0.0.1:9", idempotency=store, retry=RetryPolicy(max_attempts=1)
        )
        with pytest.raises(Exception, match=r"sms\.send"):
            await dead.sms.send(RECEIVER, TEXT, idempotency_key=KEY)
        assert (await store.read(KEY)).status is SendStatus.NOT_ATTEMPTED
        await client.sms.send(RECEIVER, TEXT, idempotency_key=KEY)
        assert len(gateway.requests) == 1


async def test_a_cancelled_call_leaves_its_outcome(store: Any) -> None:
    """A queue that cancels the job and runs it again gets the answer of the first run; there is one SMS."""
    script = Script()
    async with raw_gateway(script) as gateway, client_of(gateway, store) as client:
        script.release = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: client.sms.send(RECEIVER, TEXT, track_id="t-1", idempotency_key=KEY))
            await script.received.wait()
            group.cancel_scope.cancel()
            script.release.set()
        sent = await client.sms.send(RECEIVER, TEXT, idempotency_key=KEY)
        assert (sent.track_id, len(gateway.requests)) == ("t-1", 1)


async def test_a_key_needs_a_store() -> None:
    """The error says what to pass; nothing is sent."""
    async with raw_gateway(Script()) as gateway, client_of(gateway, None) as client:
        for send in SINGLE_SENDS.values():
            with pytest.raises(ConfigurationError) as caught:
                await send(client, idempotency_key=KEY)
            assert 'pass idempotency=SQLiteIdempotencyStore("sent.db") to AsyncWikipayam' in str(caught.value)
        assert gateway.requests == []


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "کلید", 42, b"key", "a\n"])
async def test_an_invalid_key_is_refused(key: Any) -> None:
    """Nothing is sent."""
    async with raw_gateway(Script()) as gateway, client_of(gateway, MemoryIdempotencyStore()) as client:
        for send in SINGLE_SENDS.values():
            with pytest.raises(InvalidInputError) as caught:
                await send(client, idempotency_key=key)
            assert caught.value.field == "idempotency_key"
        assert gateway.requests == []


async def test_a_store_that_fails_before_the_request_stops_it(tmp_path: Path) -> None:
    """Nothing is sent."""
    (tmp_path / "sent.db").mkdir()
    async with (
        raw_gateway(Script()) as gateway,
        client_of(gateway, SQLiteIdempotencyStore(tmp_path / "sent.db")) as client,
    ):
        with pytest.raises(IdempotencyStoreError) as caught:
            await client.sms.send(RECEIVER, TEXT, idempotency_key=KEY)
        assert gateway.requests == []
    assert caught.value.send_status is SendStatus.NOT_ATTEMPTED


async def test_a_store_that_fails_afterwards_does_not_hide_the_outcome(caplog: pytest.LogCaptureFixture) -> None:
    """The call returns what the gateway said; the log names both ids."""

    class Failing(MemoryIdempotencyStore):
        async def settle(self, settlement: Any) -> bool:
            del settlement
            raise IdempotencyStoreError("disk full")

    async with raw_gateway(Script()) as gateway, client_of(gateway, Failing()) as client:
        sent = await client.sms.send(RECEIVER, TEXT, track_id="t-1", idempotency_key=KEY)
        with pytest.raises(InFlightError):
            await client.sms.send(RECEIVER, TEXT, idempotency_key=KEY, timeout=0.05)
        assert len(gateway.requests) == 1
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert "accepted; track id t-1, gateway id " + sent.id in line


CHILD = """
import sys, asyncio
from wikipayam_async import AsyncWikipayam
from wikipayam_async.idempotency import SQLiteIdempotencyStore

async def main():
    async with AsyncWikipayam("token", sender="1", base_url=sys.argv[1], idempotency=SQLiteIdempotencyStore(sys.argv[2])) as client:
        await client.sms.send("09123456789", "your order was shipped", track_id="t-child", idempotency_key="order-42:shipped")

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when a process began")
async def test_a_killed_process_leaves_an_unknown_outcome(tmp_path: Path) -> None:
    """While it lives, others wait; when it is killed, they are told at once, and send nothing."""
    script, path = Script(), tmp_path / "sent.db"
    async with raw_gateway(script) as gateway, client_of(gateway, SQLiteIdempotencyStore(path)) as client:
        script.release = anyio.Event()
        environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        command = [sys.executable, "-c", CHILD, gateway.url, str(path)]
        with subprocess.Popen(command, env=environment) as child:  # noqa: ASYNC220, S603 - our own program
            with anyio.fail_after(20):
                await script.received.wait()
            with pytest.raises(InFlightError):
                await client.sms.send(RECEIVER, TEXT, idempotency_key=KEY, timeout=0.1)
            child.send_signal(signal.SIGKILL)
            begun = time.monotonic()
            with pytest.raises(UnknownOutcomeError) as caught:
                await client.sms.send(RECEIVER, TEXT, idempotency_key=KEY)
            assert time.monotonic() - begun < 20
        script.release.set()
        assert len(gateway.requests) == 1
    assert caught.value.track_ids == ("t-child",)


async def together(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run coroutines in a task group, which cancels all when one fails."""
    async with asyncio.TaskGroup() as group:
        for coroutine in coroutines:
            group.create_task(coroutine)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("way", ["wait_for", "timeout", "cancel", "cancel twice", "sibling"])
async def test_every_way_to_cancel_leaves_the_outcome(way: str, tmp_path: Path) -> None:
    """The outcome is stored and carried by what is raised."""
    script, store = Script(), SQLiteIdempotencyStore(tmp_path / "sent.db")
    async with raw_gateway(script) as gateway, client_of(gateway, store) as client:
        script.release = anyio.Event()
        seen: list[BaseException] = []

        async def send() -> None:
            try:
                await client.sms.send(RECEIVER, TEXT, track_id="t-1", idempotency_key=KEY)
            except BaseException as error:
                seen.append(error)
                raise

        async def release() -> None:
            await script.received.wait()
            await asyncio.sleep(0.6 if way in {"wait_for", "timeout"} else 0.15)
            script.release.set()

        async def fail() -> None:
            await script.received.wait()
            raise OSError("sibling")

        releasing = asyncio.create_task(release())
        if way == "wait_for":
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(send(), 0.5)
        elif way == "timeout":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await send()
        elif way == "sibling":
            with pytest.raises(ExceptionGroup):
                await asyncio.create_task(together(send(), fail()))
        else:
            task = asyncio.create_task(send())
            await script.received.wait()
            for _ in range(2 if way == "cancel twice" else 1):
                task.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await task
        await releasing
        again = await client.sms.send(RECEIVER, TEXT, idempotency_key=KEY)
        assert (again.track_id, len(gateway.requests)) == ("t-1", 1)
    report = report_from(seen[0])
    assert report is not None
    assert [(one.status, one.track_id, one.id) for one in report] == [(SendStatus.ACCEPTED, "t-1", again.id)]


def test_the_end_of_the_loop_leaves_the_outcome(tmp_path: Path) -> None:
    """`asyncio.run` cancels every task at its end, past any shield; the outcome is stored nevertheless."""
    path = tmp_path / "sent.db"
    store = SQLiteIdempotencyStore(path)

    async def main() -> None:
        script = Script()
        async with raw_gateway(script) as gateway:
            client = client_of(gateway, store)
            script.release = anyio.Event()
            kept.append(asyncio.create_task(client.sms.send(RECEIVER, TEXT, track_id="t-1", idempotency_key=KEY)))
            await script.received.wait()
            asyncio.get_running_loop().call_later(0.05, script.release.set)
            raise KeyError("the program fails")

    kept: list[Any] = []
    server_gone = (KeyError, BaseExceptionGroup)
    with pytest.raises(server_gone):
        asyncio.run(main())
    asyncio.run(store.aclose())
    with sqlite3.connect(path) as connection:
        row = connection.execute("SELECT status FROM idempotency").fetchone()
    connection.close()
    assert row[0] in {"accepted", "unknown"}


async def test_a_closed_client_claims_nothing() -> None:
    """The error of the client is raised; the key is unknown."""
    store = MemoryIdempotencyStore()
    async with raw_gateway(Script()) as gateway:
        client = client_of(gateway, store)
        await client.aclose()
        with pytest.raises(ClosedError):
            await client.sms.send(RECEIVER, TEXT, idempotency_key=KEY)
        assert gateway.requests == []


async def test_a_cancellation_before_the_claim_is_no_attempt() -> None:
    """While the store is asked for the key."""

    class Slow(MemoryIdempotencyStore):
        async def read(self, key: str) -> Any:
            del key
            await anyio.sleep_forever()

    caught: list[BaseException] = []
    async with raw_gateway(Script()) as gateway, client_of(gateway, Slow()) as client:
        with anyio.move_on_after(0.02):
            try:
                await client.sms.send(RECEIVER, TEXT, track_id="t-1", idempotency_key=KEY)
            except BaseException as error:
                caught.append(error)
                raise
        assert gateway.requests == []
    report = report_from(caught[0])
    assert report is not None
    assert [(one.status, one.track_id) for one in report] == [(SendStatus.NOT_ATTEMPTED, "t-1")]
