from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tests.support.inbox_gateway import InboxGateway, consume_for
from wikipayam_async import (
    APIConnectionError,
    AsyncWikipayam,
    AuthenticationError,
    ClosedError,
    InsufficientBalanceError,
    InvalidInputError,
    MarkReadResult,
    PermissionDeniedError,
    RateLimitError,
    ReceivedMessage,
    ResponseError,
    ServerError,
    UnprocessableError,
)
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault, When
from wikipayam_async.services.receives.consumer import Consumer
from wikipayam_async.services.receives.handled import HandledMessages
from wikipayam_async.services.receives.models import UnreadPage

pytestmark = pytest.mark.anyio


class Stop(Exception):  # noqa: N818 - ends a consumer that would run for ever
    pass


class Inbox:
    """The unread messages of a gateway in virtual time, and a log of what a consumer does with them.

    Attributes:
        log: Handled messages, marked messages and delays, in order.
        script: The steps of the next fetches: an exception to raise, ids to list, or None.
        mark_errors: The errors of the next mark-as-read requests; None for a success.
        fails_until: The error of every fetch, and the time at which it ends.
    """

    def __init__(self, count: int = 0, *, page: int = 500, max_sleeps: int = 50) -> None:
        self.unread = [f"id{index}" for index in range(count)]
        self.log: list[Any] = []
        self.fetches: list[tuple[int, int]] = []
        self.script: list[Any] = []
        self.mark_errors: list[Any] = []
        self.now = 0.0
        self.fails_until: tuple[Exception, float] | None = None
        self.arrivals: dict[int, Callable[[], object]] = {}
        self._page = page
        self._max_sleeps = max_sleeps
        self._sleeps = 0

    async def fetch(self, limit: int, offset: int) -> UnreadPage:
        """Return one page of the unread messages."""
        self.fetches.append((limit, offset))
        await checkpoint()
        step = self.script.pop(0) if self.script else None
        if isinstance(step, Exception):
            raise step
        if self.fails_until is not None and self.now < self.fails_until[1]:
            raise self.fails_until[0]
        listed = self.unread if step is None else step
        page = listed[offset : offset + min(limit, self._page)]
        return UnreadPage(
            len(listed), tuple(ReceivedMessage(id_, "989120000000", "1", f"text of {id_}") for id_ in page)
        )

    async def mark(self, ids: Sequence[str]) -> MarkReadResult:
        """Mark messages as read."""
        await checkpoint()
        step = self.mark_errors.pop(0) if self.mark_errors else None
        if isinstance(step, Exception):
            self.log.append("marking failed")
            raise step
        self.log.append(("marked", *ids))
        self.unread = [id_ for id_ in self.unread if id_ not in ids]
        return MarkReadResult(len(ids), len(ids))

    async def sleep(self, seconds: float) -> None:
        """Skip the delay; stop the test after the last one."""
        self.log.append(seconds)
        self.now += seconds
        self._sleeps += 1
        arrival = self.arrivals.pop(self._sleeps, None)
        if arrival is not None:
            arrival()
        await checkpoint()
        if self._sleeps >= self._max_sleeps:
            raise Stop

    def clock(self) -> float:
        """Return the virtual time."""
        return self.now

    async def consumed_by(
        self,
        handler: Any = None,
        *,
        on_error: Any = None,
        poll_interval: float = 1.0,
        concurrency: int = 1,
    ) -> list[Any]:
        """Consume until the delays are used up; return the log."""
        consumer = Consumer(
            fetch=self.fetch,
            mark_read=self.mark,
            handler=handler or self.handle,
            on_error=on_error,
            poll_interval=poll_interval,
            concurrency=concurrency,
            clock=self.clock,
            sleep=self.sleep,
        )
        with pytest.raises(Stop):
            await consumer.run()
        return self.log

    def handle(self, message: ReceivedMessage) -> None:
        """Record a message."""
        self.log.append(message.id)


async def test_marked_only_after_the_handler_returned() -> None:
    """A message is passed whole, is marked after its handler returned, and then the next one is handled."""
    inbox = Inbox(2, max_sleeps=1)
    seen: list[ReceivedMessage] = []

    async def handler(message: ReceivedMessage) -> None:
        seen.append(message)
        inbox.log.append(f"{message.id} begins")
        await checkpoint()
        inbox.log.append(f"{message.id} ends")

    assert await inbox.consumed_by(handler) == [
        "id0 begins",
        "id0 ends",
        ("marked", "id0"),
        "id1 begins",
        "id1 ends",
        ("marked", "id1"),
        1.0,
    ]
    assert seen[0] == ReceivedMessage("id0", "989120000000", "1", "text of id0")
    assert inbox.fetches == [(500, 0), (500, 0)]


@pytest.mark.parametrize("kind", ["function", "lambda", "coroutine", "object", "awaitable"])
async def test_kinds_of_handlers(kind: str) -> None:
    """A handler may be a plain or async function, a callable object, or a function that returns an awaitable."""
    inbox = Inbox(1, max_sleeps=1)
    seen: list[str] = []

    def function(message: ReceivedMessage) -> str:
        seen.append(message.id)
        return "ignored"

    async def coroutine(message: ReceivedMessage) -> int:
        await checkpoint()
        seen.append(message.id)
        return 1

    class Callable_:  # noqa: N801 - the name says what it is
        async def __call__(self, message: ReceivedMessage) -> None:
            seen.append(message.id)

    handlers: dict[str, Any] = {
        "function": function,
        "lambda": lambda message: seen.append(message.id),
        "coroutine": coroutine,
        "object": Callable_(),
        "awaitable": lambda message: coroutine(message),  # noqa: PLW0108 - what it returns is the point
    }
    assert await inbox.consumed_by(handlers[kind]) == [("marked", "id0"), 1.0]
    assert seen == ["id0"]


async def test_messages_that_come_later() -> None:
    """An empty inbox is polled after the interval, and new messages are handled at once."""
    inbox = Inbox(0, max_sleeps=3)
    inbox.arrivals[2] = lambda: inbox.unread.extend(["a", "b"])
    assert await inbox.consumed_by(poll_interval=2.5) == [2.5, 2.5, "a", ("marked", "a"), "b", ("marked", "b"), 2.5]


async def test_a_failing_handler() -> None:
    """A message whose handler raised stays unread, blocks no other, and is retried after growing delays."""
    inbox = Inbox(3, max_sleeps=40)
    tries: list[float] = []

    def handler(message: ReceivedMessage) -> None:
        inbox.handle(message)
        if message.id == "id0":
            tries.append(inbox.now)
            if len(tries) < 5:
                raise ValueError("mine")

    log = await inbox.consumed_by(handler)
    assert log[:6] == ["id0", "id1", ("marked", "id1"), "id2", ("marked", "id2"), 1.0]
    assert tries == [0.0, 2.0, 6.0, 14.0, 30.0]
    assert inbox.unread == []
    assert log.count(("marked", "id0")) == 1


async def test_a_handled_message_that_is_listed_again(caplog: pytest.LogCaptureFixture) -> None:
    """A message that becomes unread again is not handled again; it is marked again, which is logged once."""
    inbox = Inbox(1, max_sleeps=8)
    inbox.arrivals = {2: lambda: inbox.unread.append("id0"), 5: lambda: inbox.unread.append("id0")}
    log = await inbox.consumed_by()
    assert [entry for entry in log if isinstance(entry, str)] == ["id0"]
    assert log.count(("marked", "id0")) >= 2
    assert "messages are listed as unread although they were marked as read: id0" in caplog.text


async def test_delays_after_failures_are_bounded() -> None:
    """However often a handler fails, its message is retried within an hour."""
    inbox = Inbox(1, max_sleeps=40)
    tries: list[float] = []

    def handler(_: ReceivedMessage) -> None:
        tries.append(inbox.now)
        raise ValueError

    await inbox.consumed_by(handler, poll_interval=1000.0)
    assert [later - sooner for sooner, later in pairwise(tries)][:3] == [2000.0, 4000.0, 4000.0]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_on_error(asynchronous: bool) -> None:
    """A handler's exception is passed to `on_error` with the message, and the consumer continues."""
    inbox = Inbox(2, max_sleeps=1)
    errors: list[tuple[str, str]] = []

    def note(message: ReceivedMessage, error: Exception) -> None:
        errors.append((message.id, repr(error)))

    async def note_later(message: ReceivedMessage, error: Exception) -> None:
        await checkpoint()
        note(message, error)

    def handler(message: ReceivedMessage) -> None:
        if message.id == "id0":
            raise ValueError("mine")

    log = await inbox.consumed_by(handler, on_error=note_later if asynchronous else note)
    assert (log, errors) == ([("marked", "id1"), 1.0], [("id0", "ValueError('mine')")])


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_on_error_that_raises(concurrency: int, asynchronous: bool) -> None:
    """An exception of `on_error` is raised by the consumer, not in a group, and cancels the other handlers."""
    inbox = Inbox(5)
    own = KeyError("enough")
    started: list[str] = []

    async def handler(message: ReceivedMessage) -> None:
        started.append(message.id)
        if message.id == "id0":
            await checkpoint()
            raise ValueError
        await anyio.sleep_forever()

    def raise_own(*_: object) -> None:
        raise own

    async def raise_own_later(*_: object) -> None:
        raise own

    consumer = Consumer(
        fetch=inbox.fetch,
        mark_read=inbox.mark,
        handler=handler,
        on_error=raise_own_later if asynchronous else raise_own,
        poll_interval=1.0,
        concurrency=concurrency,
    )
    with pytest.raises(KeyError) as caught:
        await consumer.run()
    assert caught.value is own
    assert len(started) <= concurrency
    assert inbox.log == []


async def test_failures_are_logged_without_the_text(caplog: pytest.LogCaptureFixture) -> None:
    """Without `on_error` a failure is logged with its type and the message's id, without text and sender."""
    inbox = Inbox(1, max_sleeps=1)

    def handler(message: ReceivedMessage) -> None:
        raise ValueError(message.message)

    await inbox.consumed_by(handler)
    assert [record.getMessage() for record in caplog.records] == [
        "receives.consume: the handler raised ValueError for message id0; it stays unread, next attempt in 2 s"
    ]
    assert "text of" not in caplog.text
    assert "98912" not in caplog.text


@pytest.mark.parametrize("page", [20, 500])
async def test_many_failed_messages_do_not_hide_later_ones(page: int) -> None:
    """More than a page of failed messages at the front does not keep later ones from being handled."""
    inbox = Inbox(1300, page=page, max_sleeps=2)

    def handler(message: ReceivedMessage) -> None:
        if int(message.id[2:]) < 1200:
            raise ValueError
        inbox.handle(message)

    log = await inbox.consumed_by(handler, on_error=lambda *_: None)
    assert [entry for entry in log if isinstance(entry, str)] == [f"id{index}" for index in range(1200, 1300)]
    assert len(inbox.unread) == 1200


async def test_a_failed_marking_is_retried() -> None:
    """A message that could not be marked is not handled again, delays no other, and is marked after growing pauses."""
    inbox = Inbox(2, max_sleeps=8)
    inbox.mark_errors = [APIConnectionError("away"), ServerError("no", status_code=500), APIConnectionError("away")]
    log = await inbox.consumed_by()
    handled = [entry for entry in log if isinstance(entry, str) and entry.startswith("id")]
    assert handled == ["id0", "id1"]
    assert inbox.unread == []
    assert log.count("marking failed") == 3


async def test_a_failed_marking_is_remembered_while_the_message_is_not_listed() -> None:
    """A message whose marking failed is not handled again even if the gateway does not list it for a while."""
    inbox = Inbox(1, max_sleeps=4)
    inbox.mark_errors = [APIConnectionError("away")]
    inbox.script = [None, []]
    log = await inbox.consumed_by()
    assert [entry for entry in log if entry == "id0"] == ["id0"]
    assert inbox.unread == []


async def test_markings_are_shared() -> None:
    """Handlers that return during a mark-as-read request share the next one."""
    inbox = Inbox(6, max_sleeps=1)
    log = await inbox.consumed_by(concurrency=6)
    marked = [entry for entry in log if isinstance(entry, tuple)]
    assert sorted(id_ for entry in marked for id_ in entry[1:]) == [f"id{index}" for index in range(6)]
    assert len(marked) < 6


class WithYield:
    """Handlers of which a call runs nothing."""

    def __init__(self) -> None:
        self.ran = 0

    def plain(self, _: ReceivedMessage) -> Iterator[None]:
        """Run nothing."""
        self.ran += 1
        yield

    async def asynchronous(self, _: ReceivedMessage) -> AsyncIterator[None]:
        """Run nothing."""
        self.ran += 1
        yield

    __call__ = asynchronous


@pytest.mark.parametrize("field", ["handler", "on_error"])
@pytest.mark.parametrize("kind", ["plain", "asynchronous", "object", "partial"])
@pytest.mark.parametrize("method", ["consume", "worker"])
async def test_a_handler_with_a_yield_is_refused(method: str, kind: str, field: str) -> None:
    """A call of it would run nothing, and its messages would be marked as read."""
    inbox, one = InboxGateway(), WithYield()
    handler: Any = {
        "plain": one.plain,
        "asynchronous": one.asynchronous,
        "object": one,
        "partial": functools.partial(one.plain),
    }[kind]
    async with inbox.client() as client:
        given: dict[str, Any] = {"handler": print} | {field: handler}

        async def start() -> None:
            await getattr(client.receives, method)(**given)

        with pytest.raises(InvalidInputError, match="without `yield`") as caught:
            await start()
    assert (caught.value.field, inbox.polls) == (field, [])


@pytest.mark.parametrize("name", ["plain", "asynchronous"])
async def test_a_message_whose_handler_returned_a_generator_is_not_handled(name: str) -> None:
    """Nothing of it has run: the message stays unread, and the failure is told."""
    inbox, one, told = InboxGateway(), WithYield(), list[str]()
    inbox.put("a")
    handler = getattr(one, name)

    def on_error(message: ReceivedMessage, error: Exception) -> None:
        told.append(f"{message.id}: {error}")

    async with inbox.client() as client:
        await consume_for(client, lambda message: handler(message), 1.5, on_error=on_error)  # noqa: PLW0108 - hides its kind
    assert (one.ran, inbox.marks, [*inbox.rows]) == (0, [], ["a"])
    assert told == ["a: the handler returned a generator, of which nothing has run"]


@pytest.mark.parametrize(
    "error",
    [
        APIConnectionError("away"),
        RateLimitError("slow", status_code=429),
        ServerError("no", status_code=500),
        ResponseError("gibberish"),
    ],
)
async def test_transient_errors_are_retried(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """While the gateway fails, the consumer polls after growing delays, and continues when it is back."""
    inbox = Inbox(1, max_sleeps=10)
    inbox.fails_until = (error, 182.0)
    log = await inbox.consumed_by(poll_interval=1.0)
    assert log == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, "id0", ("marked", "id0"), 1.0, 1.0, 1.0]
    assert caplog.records[0].getMessage() == f"receives.consume: {type(error).__name__}; polling again in 2 s"


async def test_a_successful_poll_resets_the_delay() -> None:
    """After a successful poll, the next error is followed by the shortest delay."""
    inbox = Inbox(0, max_sleeps=5)
    inbox.script = [APIConnectionError("away"), APIConnectionError("away"), None, APIConnectionError("away")]
    assert await inbox.consumed_by() == [2.0, 4.0, 1.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ("fetch", UnprocessableError("no", status_code=422)),
        *[
            (where, error)
            for where in ("fetch", "mark", "mark later")
            for error in (
                AuthenticationError("no", status_code=401),
                InsufficientBalanceError("no", status_code=402),
                PermissionDeniedError("no", status_code=403),
                ClosedError("closed"),
            )
        ],
    ],
)
async def test_refusals_are_raised(where: str, error: Exception) -> None:
    """A refusal of the account, which waiting cannot resolve, is raised unchanged, from any request."""
    inbox = Inbox(1, max_sleeps=5)
    inbox.script = [error] if where == "fetch" else []
    inbox.mark_errors = {"fetch": [], "mark": [error], "mark later": [APIConnectionError("away"), error]}[where]
    consumer = Consumer(
        fetch=inbox.fetch,
        mark_read=inbox.mark,
        handler=inbox.handle,
        on_error=None,
        poll_interval=1.0,
        concurrency=1,
        clock=inbox.clock,
        sleep=inbox.sleep,
    )
    with pytest.raises(type(error)) as caught:
        await consumer.run()
    assert caught.value is error


@pytest.mark.parametrize("concurrency", [1, 2, 4])
async def test_concurrency(concurrency: int) -> None:
    """At most `concurrency` handlers run at once, and that many do."""
    inbox = Inbox(12, max_sleeps=1)
    running = 0
    most = 0

    async def handler(message: ReceivedMessage) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(5):
            await checkpoint()
        running -= 1
        inbox.handle(message)

    log = await inbox.consumed_by(handler, concurrency=concurrency)
    assert most == concurrency
    assert sorted(entry for entry in log if isinstance(entry, str)) == sorted(f"id{index}" for index in range(12))


async def test_a_message_listed_twice_is_handled_once() -> None:
    """A message that a page lists twice is handled once."""
    inbox = Inbox(0, max_sleeps=1)
    inbox.script = [["a", "b", "a"]]
    inbox.unread = []
    assert await inbox.consumed_by() == ["a", ("marked", "a"), "b", ("marked", "b"), 1.0]


async def test_a_message_that_another_consumer_takes_meanwhile_is_left_to_it() -> None:
    """Consumers of an account share what was handled, also while both have the same page."""
    inbox, shared = Inbox(2, max_sleeps=1), HandledMessages()

    def handle(message: ReceivedMessage) -> None:
        inbox.handle(message)
        shared.take("id1")

    consumer = Consumer(
        fetch=inbox.fetch,
        mark_read=inbox.mark,
        handler=handle,
        on_error=None,
        poll_interval=1.0,
        concurrency=1,
        clock=inbox.clock,
        sleep=inbox.sleep,
        handled=shared,
    )
    with pytest.raises(Stop):
        await consumer.run()
    assert [entry for entry in inbox.log if isinstance(entry, str)] == ["id0"]


@pytest.mark.parametrize("bad", ["", "a b", "a/b", "x" * 65, "شناسه"])
async def test_ids_that_cannot_be_marked(bad: str, caplog: pytest.LogCaptureFixture) -> None:
    """A message without a valid id is skipped with a warning, and the others are handled."""
    inbox = Inbox(0, max_sleeps=1)
    inbox.unread = [bad, "good"]
    assert await inbox.consumed_by() == ["good", ("marked", "good"), 1.0]
    assert "a message that cannot be marked as read" in caplog.text


async def test_a_server_that_ignores_the_offset() -> None:
    """A gateway that always returns the first page does not cause an endless loop."""
    inbox = Inbox(3, max_sleeps=4)
    inner = inbox.fetch

    async def fetch(limit: int, offset: int) -> UnreadPage:
        inbox.fetches.append((limit, offset))
        page = await inner(limit, 0)
        inbox.fetches.pop()
        return page

    def handler(_: ReceivedMessage) -> None:
        raise ValueError

    consumer = Consumer(
        fetch=fetch,
        mark_read=inbox.mark,
        handler=handler,
        on_error=lambda *_: None,
        poll_interval=1.0,
        concurrency=1,
        clock=inbox.clock,
        sleep=inbox.sleep,
    )
    with pytest.raises(Stop):
        await consumer.run()
    assert inbox.log == [1.0, 1.0, 1.0, 1.0]
    assert max(offset for _, offset in inbox.fetches) <= 510


async def test_failures_are_forgotten_with_their_messages() -> None:
    """The failures of a message that was marked elsewhere are forgotten: if it returns, it is handled at once."""
    inbox = Inbox(1, max_sleeps=3)
    tries: list[float] = []

    def handler(_: ReceivedMessage) -> None:
        tries.append(inbox.now)
        raise ValueError

    inbox.arrivals = {1: inbox.unread.clear, 2: lambda: inbox.unread.append("id0")}
    await inbox.consumed_by(handler, on_error=lambda *_: None, poll_interval=0.5)
    assert tries == [0.0, 1.0]


async def test_cancelled_in_the_middle() -> None:
    """On cancellation, a message whose handler returned is marked, and one whose handler was cancelled is not."""
    inbox = Inbox(3)
    marking = anyio.Event()
    inner = inbox.mark

    async def mark(ids: Sequence[str]) -> MarkReadResult:
        marking.set()
        for _ in range(5):
            await checkpoint()
        return await inner(ids)

    async def handler(message: ReceivedMessage) -> None:
        if message.id != "id0":
            await anyio.sleep_forever()

    consumer = Consumer(
        fetch=inbox.fetch, mark_read=mark, handler=handler, on_error=None, poll_interval=1.0, concurrency=2
    )
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(consumer.run)
            await marking.wait()
            scope.cancel()
    assert scope.cancelled_caught
    assert inbox.log == [("marked", "id0")]
    assert inbox.unread == ["id1", "id2"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("every_task", [False, True])
async def test_cancelled_by_asyncio(every_task: bool) -> None:
    """`Task.cancel`, of one task or of all as at the end of `asyncio.run`, still marks handled messages."""
    before = asyncio.all_tasks()
    inbox = Inbox(3)
    marking = asyncio.Event()
    inner = inbox.mark

    async def mark(ids: Sequence[str]) -> MarkReadResult:
        marking.set()
        await asyncio.sleep(0.02)
        return await inner(ids)

    async def handler(message: ReceivedMessage) -> None:
        if message.id != "id0":
            await asyncio.sleep(60)

    consumer = Consumer(
        fetch=inbox.fetch, mark_read=mark, handler=handler, on_error=None, poll_interval=1.0, concurrency=2
    )
    task = asyncio.create_task(consumer.run())
    await marking.wait()
    for one in asyncio.all_tasks() - before if every_task else {task}:
        one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert inbox.log == [("marked", "id0")]
    assert inbox.unread == ["id1", "id2"]


@pytest.mark.parametrize("grouped", [False, True])
async def test_a_handler_that_awaits_something_cancelled(grouped: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A cancellation that a handler raises, although nobody cancelled the consumer, is a failure like any other."""
    inbox = Inbox(3, max_sleeps=3)
    tries: list[float] = []

    async def handler(message: ReceivedMessage) -> None:
        await checkpoint()
        if message.id == "id0":
            tries.append(inbox.now)
            cancelled = anyio.get_cancelled_exc_class()
            found: BaseException = ValueError()
            # trio's cannot be created: an instance is caught.
            with anyio.CancelScope() as scope:
                scope.cancel()
                try:
                    await checkpoint()
                except cancelled as error:
                    found = error
            raise BaseExceptionGroup("", [ValueError(), found]) if grouped else found
        inbox.handle(message)

    errors: list[str] = []
    await inbox.consumed_by(handler, on_error=lambda _, error: errors.append(repr(error)))
    assert ([entry for entry in inbox.log if isinstance(entry, str)], tries) == (["id1", "id2"], [0.0, 2.0])
    assert errors == ["RuntimeError('the handler was cancelled, but not by its consumer')"] * 2


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"handler": None}, "handler"),
        ({"handler": "text"}, "handler"),
        ({"poll_interval": 0}, "poll_interval"),
        ({"poll_interval": -1.0}, "poll_interval"),
        ({"poll_interval": True}, "poll_interval"),
        ({"poll_interval": "5"}, "poll_interval"),
        ({"poll_interval": float("nan")}, "poll_interval"),
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": "2"}, "concurrency"),
        ({"sender": ""}, "sender"),
    ],
)
async def test_bad_arguments(arguments: dict[str, Any], field: str) -> None:
    """The error names the invalid argument, before any request."""
    emulator = Emulator()
    given: dict[str, Any] = {"handler": print} | arguments
    async with AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator)) as client:
        with pytest.raises(InvalidInputError) as caught:
            await client.receives.consume(**given)
    assert (caught.value.field, emulator.requests) == (field, 0)


class TestThroughTheClient:
    """`client.receives.consume` on the emulator."""

    async def test_consume(self) -> None:
        """Every unread message of the sender is passed to the handler unchanged, and is read afterwards."""
        emulator = Emulator()
        emulator.inbound(sender="989127782175", message="لغو ۱۱ ")
        emulator.inbound(sender="989120000000", message="of somebody else")
        seen: list[str] = []

        def handler(message: ReceivedMessage) -> None:
            seen.append(message.message)
            if len(seen) == 1:
                emulator.inbound(sender="989127782175", message="the second")
            else:
                raise ValueError

        def on_error(message: ReceivedMessage, error: Exception) -> None:
            raise Stop from error

        async with AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator)) as client:
            with pytest.raises(Stop):
                await client.receives.consume(
                    handler, poll_interval=0.001, on_error=on_error, sender="989127782175", concurrency=2
                )
        assert seen == ["لغو ۱۱ ", "the second"]
        assert [message.is_read for message in emulator.inbox()] == [True, False, False]

    async def test_a_wrong_token(self) -> None:
        """A wrong token is raised at once."""
        async with AsyncWikipayam("wrong", transport=EmulatorTransport(Emulator())) as client:
            with pytest.raises(AuthenticationError):
                await client.receives.consume(print)

    async def test_marking_whose_answer_is_lost(self, caplog: pytest.LogCaptureFixture) -> None:
        """If the gateway marks but the answer is lost each time, no message is handled twice."""
        emulator = Emulator()
        emulator.inbound(sender="989127782175", message="m")
        emulator.faults.arm(Fault.status(502, when=When.AFTER), on="POST /receives/mark-read", times=3)
        seen: list[str] = []
        looks = 0

        async def sleep(seconds: float) -> None:
            await checkpoint()

        def handler(message: ReceivedMessage) -> None:
            seen.append(message.id)

        async with AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator)) as client:
            client._shared.sleep = sleep
            with anyio.CancelScope() as scope, caplog.at_level(logging.WARNING, "wikipayam_async"):
                async with anyio.create_task_group() as group:
                    group.start_soon(lambda: client.receives.consume(handler, poll_interval=0.001))
                    while looks < 4:
                        looks = emulator.requests_to("GET /receives/unread")
                        await checkpoint()
                    scope.cancel()
        assert len(seen) == 1
        assert "marking as read failed (ServerError)" in caplog.text
        assert emulator.requests_to("POST /receives/mark-read") == 4
