"""A bulk send that is ended early: the report is reachable from the exception, the counts are in the log."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import trio
from anyio.abc import ByteStream

import wikipayam_async
from tests.support.net import RECEIVER, TOKEN, connected
from tests.support.raw import RawGateway, RawRequest, accept_all, raw_gateway
from wikipayam_async import AsyncWikipayam, BulkProgress, BulkReport, SendStatus, SmsMessage, report_from

pytestmark = pytest.mark.anyio

ON_ASYNCIO = pytest.mark.parametrize("anyio_backend", ["asyncio"])
ON_TRIO = pytest.mark.parametrize("anyio_backend", ["trio"])

ACCEPTED, NOT_ATTEMPTED = SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED
HELD = 4
"""The request, counted from 1, that the gateway holds until it is released, and those after it."""
DEADLINE = 0.6
"""Seconds in which the first requests leave on a busy machine."""


class Held:
    """A gateway that accepts three requests at once and holds the others until they are released.

    Attributes:
        reached: Set when the first of the others has arrived.
        release: Lets them be answered.
    """

    def __init__(self) -> None:
        self.reached = anyio.Event()
        self.release = anyio.Event()
        self.count = 0

    async def __call__(self, request: RawRequest, _: ByteStream) -> bytes:
        """Accept a request."""
        self.count += 1
        if self.count >= HELD:
            self.reached.set()
            await self.release.wait()
        return accept_all(request)


def messages(count: int = 100) -> list[SmsMessage]:
    """Make messages with track ids."""
    return [SmsMessage(RECEIVER, f"m{index}", track_id=f"T{index}") for index in range(count)]


async def send(client: AsyncWikipayam, **options: Any) -> BulkReport:
    """Send 100 messages, two a request, one request at a time."""
    return await client.sms.send_bulk(messages(), batch_size=2, concurrency=1, **options)


@asynccontextmanager
async def held(seconds: float = 0.3) -> AsyncIterator[tuple[AsyncWikipayam, RawGateway, Held]]:
    """Yield a client of a gateway that holds the fourth request, and releases it a moment after it has arrived."""
    handler = Held()

    async def release() -> None:
        await handler.reached.wait()
        await anyio.sleep(seconds)
        handler.release.set()

    async with (
        raw_gateway(handler) as gateway,
        connected(gateway.url) as (client, _, _),
        anyio.create_task_group() as group,
    ):
        group.start_soon(release)
        yield client, gateway, handler
        handler.reached.set()


def check(report: BulkReport | None, gateway: RawGateway) -> None:
    """Check a report against the gateway: every message that was read has one result, and those that left are accepted."""
    assert report is not None
    left = [item["track_id"] for request in gateway.requests for item in request.json]
    assert left == [f"T{index}" for index in range(8)]
    assert [result.track_id for result in report.accepted] == left
    assert [result.index for result in report] == list(range(len(report)))
    assert {result.status for result in report} <= {ACCEPTED, NOT_ATTEMPTED}
    assert 8 <= len(report) <= 12


def check_log(caplog: pytest.LogCaptureFixture, name: str) -> None:
    """Check that the counts were logged once, and no number or text."""
    (record,) = [one for one in caplog.records if "ended a bulk send early" in one.getMessage()]
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(f"sms.send: {name} ended a bulk send early: ")
    assert ": 8 accepted, 0 rejected, 0 unknown, " in record.getMessage()
    assert RECEIVER not in caplog.text


async def cancel_inside(client: AsyncWikipayam, handler: Held) -> BaseException:
    """Catch the cancellation inside a cancel scope."""
    caught: list[BaseException] = []

    async def run() -> None:
        try:
            await send(client)
        except anyio.get_cancelled_exc_class() as error:
            caught.append(error)
            raise

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await handler.reached.wait()
            scope.cancel()
    return caught[0]


async def test_a_cancellation_carries_the_report(caplog: pytest.LogCaptureFixture) -> None:
    """What was in flight is finished and counted; the cancellation carries all of it, and the log has the counts."""
    async with held() as (client, gateway, handler):
        error = await cancel_inside(client, handler)
    check(report_from(error), gateway)
    check_log(caplog, type(error).__name__)


async def test_an_exception_of_on_progress_carries_the_report(caplog: pytest.LogCaptureFixture) -> None:
    """The results that were taken before are part of it."""
    handler = Held()
    handler.release.set()
    async with raw_gateway(handler) as gateway, connected(gateway.url) as (client, _, _):

        def fail(progress: BulkProgress) -> None:
            if progress.done == 6:
                raise LookupError("why")

        with pytest.raises(LookupError) as caught:
            await send(client, on_progress=fail)
    report = report_from(caught.value)
    assert report is not None
    left = [item["track_id"] for request in gateway.requests for item in request.json]
    assert [result.track_id for result in report.accepted] == left
    assert [result.index for result in report] == list(range(len(report)))
    assert f": {len(left)} accepted, " in caplog.text


async def with_timeout(work: Awaitable[object]) -> None:
    """Use `asyncio.timeout`."""
    async with asyncio.timeout(DEADLINE):
        await work


async def with_wait_for(work: Awaitable[object]) -> None:
    """Use `asyncio.wait_for`."""
    await asyncio.wait_for(work, DEADLINE)


async def with_task_cancel(work: Any) -> None:
    """Use `Task.cancel`, and await the task."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().call_later(0.2, task.cancel)
    await task


async def with_gather(work: Any) -> None:
    """Use `asyncio.gather` of which one is cancelled."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().call_later(0.2, task.cancel)
    await asyncio.gather(task, asyncio.sleep(0))


@ON_ASYNCIO
@pytest.mark.parametrize("how", [with_timeout, with_wait_for, with_task_cancel, with_gather])
async def test_the_tools_of_asyncio_keep_the_report(
    how: Callable[[Awaitable[object]], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    """The `TimeoutError` or `CancelledError` that they raise leads to the report."""
    async with held(2 * DEADLINE) as (client, gateway, _):
        with pytest.raises((TimeoutError, asyncio.CancelledError)) as caught:
            await how(send(client))
    check(report_from(caught.value), gateway)
    check_log(caplog, "CancelledError")


@ON_ASYNCIO
async def test_a_failing_task_group_loses_the_report(caplog: pytest.LogCaptureFixture) -> None:
    """The group drops the cancellation of a sibling; the log has the counts."""
    async with held() as (client, _, handler):

        async def fail() -> None:
            await handler.reached.wait()
            raise LookupError

        async def both() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(send(client))
                group.create_task(fail())

        with pytest.raises(ExceptionGroup) as caught:
            await both()
    assert report_from(caught.value) is None
    check_log(caplog, "CancelledError")


async def with_anyio(work: Awaitable[object]) -> None:
    """Use `anyio.fail_after`."""
    with anyio.fail_after(DEADLINE):
        await work


async def with_trio(work: Awaitable[object]) -> None:
    """Use `trio.fail_after`."""
    with trio.fail_after(DEADLINE):
        await work


@pytest.mark.parametrize(("how", "anyio_backend"), [(with_anyio, "asyncio"), (with_anyio, "trio"), (with_trio, "trio")])
async def test_the_deadlines_of_anyio_and_trio_keep_the_report(
    how: Callable[[Awaitable[object]], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    """The `TimeoutError` or `TooSlowError` that they raise leads to the report."""
    async with held(2 * DEADLINE) as (client, gateway, _):
        with pytest.raises((TimeoutError, trio.TooSlowError)) as caught:
            await how(send(client))
    check(report_from(caught.value), gateway)
    assert ": 8 accepted, 0 rejected, 0 unknown, " in caplog.text


async def test_a_report_inside_a_cancel_scope() -> None:
    """`move_on_after` raises nothing; the cancellation that is caught inside of it leads to the report."""
    kept: list[BulkReport | None] = []
    async with held(2 * DEADLINE) as (client, gateway, _):
        with anyio.move_on_after(DEADLINE):
            try:
                await send(client)
            except anyio.get_cancelled_exc_class() as error:
                kept.append(report_from(error))
                raise
    check(kept[0], gateway)


async def test_a_streamed_run_that_an_exception_ends(caplog: pytest.LogCaptureFixture) -> None:
    """`leftover` and what was taken are everything that was read; the log counts both, and the exception is unchanged."""
    handler = Held()
    handler.release.set()
    taken = []
    async with raw_gateway(handler) as gateway, connected(gateway.url) as (client, _, _):
        run = client.sms.bulk(messages(), batch_size=2, concurrency=1)

        async def take_three() -> None:
            async with run as results:
                async for result in results:
                    taken.append(result)
                    if len(taken) == 3:
                        raise LookupError

        with pytest.raises(LookupError):
            await take_three()
    both = BulkReport([*taken, *run.leftover])
    left = [item["track_id"] for request in gateway.requests for item in request.json]
    assert sorted(result.index for result in both) == list(range(len(both)))
    assert [result.track_id for result in both.accepted] == left
    assert f"LookupError ended a bulk send early: {both.summary()}" in caplog.text


@pytest.mark.parametrize("leave", ["break", "end", "close"])
async def test_a_streamed_run_that_is_left_on_purpose_is_not_logged(
    leave: str, caplog: pytest.LogCaptureFixture
) -> None:
    """`break`, the end, and closing a generator around the run are no interruption."""
    handler = Held()
    handler.release.set()

    async def results(client: AsyncWikipayam) -> AsyncIterator[Any]:
        async with client.sms.bulk(messages(10), batch_size=2, concurrency=1) as run:
            async for result in run:
                yield result
                if leave == "break":
                    break

    async with raw_gateway(handler) as gateway, connected(gateway.url) as (client, _, _):
        generator: Any = results(client)
        await anext(generator)
        if leave == "close":
            await generator.aclose()
        else:
            seen = [result async for result in generator]
            assert len(seen) == (0 if leave == "break" else 9)
    assert "ended a bulk send early" not in caplog.text


PROGRAM = """
import json, logging, signal, sys
import anyio, asyncio, trio
from wikipayam_async import AsyncWikipayam, SmsMessage, report_from

logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)

def tell(error):
    report = report_from(error)
    counts = {} if report is None else report.counts
    print(json.dumps([type(error).__name__, counts]), flush=True)

async def send():
    messages = (SmsMessage("09123456789", f"m{index}") for index in range(100_000))
    async with AsyncWikipayam(sys.argv[2], base_url=sys.argv[1], sender="1") as client:
        await client.sms.send_bulk(messages, batch_size=100, concurrency=4)

"""
RUN_AND_TELL = """
try:
    {run}
except BaseException as error:
    tell(error)
"""
SIGTERM_IN_A_GROUP = """
async def stop(scope):
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()

async def keep():
    try:
        await send()
    except anyio.get_cancelled_exc_class() as error:
        tell(error)
        raise

async def main():
    async with anyio.create_task_group() as group:
        group.start_soon(stop, group.cancel_scope)
        await {inside}()
        group.cancel_scope.cancel()

anyio.run(main, backend={backend!r})
"""


async def interrupt(program: str, number: signal.Signals) -> tuple[list[tuple[str, dict[str, int]]], str, int]:
    """Run a program against a gateway, send it a signal while four requests are in flight, and let these be answered.

    Returns:
        What it printed, its log, and how many messages the gateway accepted.
    """
    accepted = 0
    full, release = anyio.Event(), anyio.Event()

    async def handle(request: RawRequest, _: ByteStream) -> bytes:
        nonlocal accepted
        accepted += len(request.json)
        if accepted == 2000:
            full.set()
        if accepted > 1600:
            await release.wait()
        return accept_all(request)

    root = str(Path(wikipayam_async.__file__).parent.parent)
    async with raw_gateway(handle) as gateway:
        command = [sys.executable, "-c", program, gateway.url, TOKEN]
        with anyio.fail_after(30):
            async with await anyio.open_process(command, env={**os.environ, "PYTHONPATH": root}) as process:
                await full.wait()
                process.send_signal(number)
                await anyio.sleep(0.3)  # the signal has come first
                release.set()
                assert process.stdout is not None
                assert process.stderr is not None
                printed = b"".join([part async for part in process.stdout]).decode()
                log = b"".join([part async for part in process.stderr]).decode()
                await process.wait()
    return [tuple(json.loads(line)) for line in printed.splitlines()], log, accepted


@ON_ASYNCIO
@pytest.mark.parametrize("run", ["asyncio.run(send())", "trio.run(send)", "anyio.run(send)"])
async def test_ctrl_c(run: str) -> None:
    """The `KeyboardInterrupt` that leaves the event loop leads to the report; the log has the counts."""
    told, log, accepted = await interrupt(PROGRAM + RUN_AND_TELL.format(run=run), signal.SIGINT)
    ((name, counts),) = told
    assert name == "KeyboardInterrupt"
    # On trio a worker may get the signal while its request is in flight.
    assert counts["accepted"] <= accepted <= counts["accepted"] + counts["unknown"]
    assert (counts["rejected"], counts["not_attempted"] <= 400) == (0, True)
    assert "WARNING sms.send: " in log
    assert f"{counts['accepted']:,} accepted, 0 rejected, {counts['unknown']} unknown, " in log
    assert RECEIVER not in log


@ON_ASYNCIO
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("inside", ["keep", "send"])
async def test_sigterm_under_a_task_group(backend: str, inside: str) -> None:
    """The log has the counts; the cancellation that is caught inside the group leads to the report."""
    program = PROGRAM + textwrap.dedent(SIGTERM_IN_A_GROUP.format(backend=backend, inside=inside))
    told, log, accepted = await interrupt(program, signal.SIGTERM)
    name = "CancelledError" if backend == "asyncio" else "Cancelled"
    assert [(one, counts["accepted"]) for one, counts in told] == [(name, accepted)] * (inside == "keep")
    assert f"WARNING sms.send: {name} ended a bulk send early: " in log
    assert f"{accepted:,} accepted, 0 rejected, 0 unknown, " in log
