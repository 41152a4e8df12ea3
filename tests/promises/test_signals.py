"""The handler of a signal may raise at any moment: no key of a message that may have left is freed, and none is left out.

The interpreter runs such a handler after a call, at the begin of a function and at the turn of a loop. An exception is
raised at each of these places in turn (in the short form at every seventh).
"""

from __future__ import annotations

import contextlib
import dis
import importlib
import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from types import CodeType, FunctionType
from typing import Any

import httpx
import pytest

from tests.support.effort import long_or_short
from wikipayam_async import AsyncWikipayam, BulkReport, SendResult, SendStatus, SmsMessage, report_from
from wikipayam_async.bulk.interruption import attach_report
from wikipayam_async.idempotency import MemoryIdempotencyStore

monitoring: Any = getattr(sys, "monitoring", None)

pytestmark = [
    pytest.mark.anyio,
    # An exception between the call of a coroutine function and its await leaves a coroutine that never runs.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.skipif(monitoring is None, reason="sys.monitoring came with Python 3.12"),
]

_TOOL = 4
_ALONE = ("batching.keys", "batching.sender", "core.pipeline", "core.reading", "idempotency.guard", "services.sending")
_BULK = ("bulk.buffer", "bulk.columns", "bulk.runner", "bulk.sender", "core.pipeline", "core.reading")


class SignalRaised(BaseException):
    """What the handler raises."""


def codes_of(name: str) -> Iterator[CodeType]:
    """Yield the code of every function of a module, with those inside of it."""
    module = importlib.import_module(name)
    owners = [module, *(one for one in vars(module).values() if isinstance(one, type) and one.__module__ == name)]
    found = [one for owner in owners for one in vars(owner).values() if isinstance(one, FunctionType)]
    waiting = [one.__code__ for one in found if one.__module__ == name]
    while waiting:
        code = waiting.pop()
        yield code
        waiting += [one for one in code.co_consts if isinstance(one, CodeType)]


def moments_of(code: CodeType) -> set[int]:
    """Return the places in a function at which a handler may run."""
    found, before = set[int](), None
    for one in dis.get_instructions(code):
        if before is not None and (
            before.opname == "JUMP_BACKWARD"
            or (before.opname == "RESUME" and (before.arg or 0) & 3 < 2)  # not on the way back into an `await`
            or (before.opname.startswith("CALL") and "INTRINSIC" not in before.opname)
        ):
            found.add(one.offset)
        before = one
    return found


class Interruption:
    """Raises at one of the moments of a send.

    Args:
        modules: The modules whose moments count.

    Attributes:
        passed: How many moments have passed.
        where: The function and the line where it raised last.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        self.passed = 0
        self.where = ""
        self._at = 0
        codes = [code for name in modules for code in codes_of(f"wikipayam_async.{name}")]
        self._moments = {code: moments_of(code) for code in codes}

    @contextlib.contextmanager
    def at(self, moment: int) -> Iterator[None]:
        """Raise at a moment of the block, counted from 1; 0 never does."""
        self.passed, self._at = 0, moment
        try:
            yield
        finally:
            self._at = 0

    def _step(self, code: CodeType, offset: int) -> None:
        if offset in self._moments[code]:
            self.passed += 1
            if self.passed == self._at:
                self.where = (
                    f"{code.co_qualname}:{[line for begin, end, line in code.co_lines() if begin <= offset < end]}"
                )
                raise SignalRaised

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Follow the modules."""
        monitoring.use_tool_id(_TOOL, "signals")
        monitoring.register_callback(_TOOL, monitoring.events.INSTRUCTION, self._step)
        try:
            for code in self._moments:
                monitoring.set_local_events(_TOOL, code, monitoring.events.INSTRUCTION)
            yield
        finally:
            for code in self._moments:
                monitoring.set_local_events(_TOOL, code, 0)
            monitoring.free_tool_id(_TOOL)


async def send_alone(client: AsyncWikipayam) -> None:
    """Send the message by itself."""
    await client.sms.send("09123456789", "hi", idempotency_key="k")


async def send_in_a_batch(client: AsyncWikipayam) -> None:
    """Send the message with a batcher."""
    async with client.sms.batcher(linger=0) as batcher:
        await batcher.send("09123456789", "hi", idempotency_key="k")


def accepted(sent: list[dict[str, str]]) -> httpx.Response:
    """Answer as documented."""
    items = [{**one, "id": "a", "user_id": "u", "status": "pending"} for one in sent]
    return httpx.Response(200, json={"status": "success", "message": "ok", "data": items})


def failed(_: list[dict[str, str]]) -> httpx.Response:
    """Say nothing about the message."""
    return httpx.Response(500, text="oops")


@pytest.mark.parametrize("answer", [accepted, failed])
@pytest.mark.parametrize("send", [send_alone, send_in_a_batch])
async def test_no_moment_frees_the_key_of_a_message_that_has_left(
    send: Callable[[AsyncWikipayam], Awaitable[None]], answer: Callable[[list[dict[str, str]]], httpx.Response]
) -> None:
    """Its key stays taken, or has its outcome, whenever the exception comes."""
    interruption, freed, passed = Interruption(_ALONE), list[int](), list[int]()

    async def try_once(at: int) -> bool:
        store, requests = MemoryIdempotencyStore(), list[object]()

        def handle(request: httpx.Request) -> httpx.Response:
            requests.append(request)
            return answer(json.loads(request.content))

        transport = httpx.MockTransport(handle)
        async with AsyncWikipayam("t0ken", sender="1", transport=transport, idempotency=store) as client:
            with contextlib.suppress(Exception, SignalRaised, BaseExceptionGroup), interruption.at(at):
                await send(client)
            passed.append(interruption.passed)
        record = await store.read("k")
        return bool(requests) and (record is None or record.status is SendStatus.NOT_ATTEMPTED)

    with interruption.watching():
        assert await try_once(0) is False
        total = passed[0]
        for at in range(1, total + 1, long_or_short(1, 7)):
            if await try_once(at):
                freed.append(at)
    assert total > 100
    assert freed == []


MESSAGES = [SmsMessage("09123456789", "hi", track_id=f"t-{number}") for number in range(6)]


async def send_a_list(client: AsyncWikipayam) -> Iterable[SendResult]:
    """Send the messages of a list."""
    return await client.sms.send_bulk(MESSAGES, batch_size=2, concurrency=2)


async def send_columns(client: AsyncWikipayam) -> Iterable[SendResult]:
    """Send one text to some numbers."""
    return await client.sms.send_bulk(["09123456789"] * 6, "hi", batch_size=2, concurrency=2)


async def send_with_progress(client: AsyncWikipayam) -> Iterable[SendResult]:
    """Send them, and look at the progress."""
    return await client.sms.send_bulk(MESSAGES, batch_size=2, concurrency=2, on_progress=lambda _: None)


async def iterate(client: AsyncWikipayam) -> list[SendResult]:
    """Take the results as they arrive; leave what was not taken in the exception."""
    taken = list[SendResult]()
    run = client.sms.bulk(MESSAGES, batch_size=2, concurrency=2)
    try:
        async with run:
            async for result in run:
                taken.append(result)
    except BaseException as error:
        attach_report(error, BulkReport([*taken, *run.leftover]))
        raise
    return taken


@pytest.mark.parametrize("send", [send_a_list, send_columns, send_with_progress, iterate])
async def test_no_moment_leaves_a_message_out_that_has_left(
    send: Callable[[AsyncWikipayam], Awaitable[Iterable[SendResult]]],
) -> None:
    """A bulk send that is ended by the exception tells of every message whose request was made."""
    interruption, lost, passed = Interruption(_BULK), list[tuple[int, str, str]](), list[int]()

    async def lost_at(at: int) -> str:
        requested = set[str]()

        def handle(request: httpx.Request) -> httpx.Response:
            messages = json.loads(request.content)
            requested.update(message["track_id"] for message in messages)
            return accepted(messages)

        transport = httpx.MockTransport(handle)
        results: Iterable[SendResult] = ()
        async with AsyncWikipayam("t0ken", sender="1", transport=transport) as client:
            try:
                with interruption.at(at):
                    results = await send(client)
            except (SignalRaised, BaseExceptionGroup, Exception) as error:  # noqa: BLE001 - it may be any
                results = report_from(error) or ()
            passed.append(interruption.passed)
        known = {result.track_id for result in results if result.status is not SendStatus.NOT_ATTEMPTED}
        return ", ".join(sorted(requested - known))

    with interruption.watching():
        assert await lost_at(0) == ""
        total = passed[0]
        for at in range(1, total + 1, long_or_short(1, 7)):
            if missing := await lost_at(at):
                lost.append((at, interruption.where, missing))
    assert total > 100
    assert lost == []
