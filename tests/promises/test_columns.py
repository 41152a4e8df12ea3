"""Columns are what messages are: the same requests leave, and every message has the same outcome, whatever happens."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from tests.faults.programs import FAULTS
from tests.promises.test_accounted_for import VirtualTime
from tests.support.effort import examples
from wikipayam_async import (
    AsyncWikipayam,
    RetryPolicy,
    SendResult,
    SendStatus,
    SmsMessage,
    report_from,
)
from wikipayam_async.bulk.hooks import OutgoingMessage
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault, FaultKind
from wikipayam_async.templates import Template, messages_from

NUMBERS = (
    "09120000001", "09120000002", "+98 912 000 0003", "9120000004", "09120000005", "۰۹۱۲۰۰۰۰۰۰۶", "bad", "021", "",
)  # fmt: skip
TEXT = 'سلام، «حراج» \\ "امروز" 😀'
TEMPLATE = Template("سلام {name}\n{order}")
_MINTED = re.compile(r"w[0-9a-f]{12}-[0-9]+(?:\.[0-9]+)?")


@frozen
class Case:
    """A bulk send.

    Attributes:
        form: One text, or the rows of a template, with track ids or without.
        numbers: The receivers.
        source: The kind of the iterable.
        raise_after: The number of items before the iterable raises; None means never.
        cancel_after: The number of checkpoints before it is cancelled; None means never.
        refuse_at: The call of `before_send` that raises; None means none.
        faults: The faults of the first requests; None for a good answer.
        options: The arguments of the bulk send.
        way: How the results are taken: by `send_bulk`, or by `bulk` that may be left early.
    """

    form: str
    numbers: Sequence[str]
    source: str
    raise_after: int | None
    cancel_after: int | None
    refuse_at: int | None
    faults: Sequence[Fault | None]
    options: dict[str, Any]
    way: str


CASES = st.builds(
    Case,
    form=st.sampled_from(["one text", "one text", "template", "template with track ids"]),
    numbers=st.lists(st.sampled_from(NUMBERS[:5]), max_size=20) | st.lists(st.sampled_from(NUMBERS), max_size=20),
    source=st.sampled_from(["list", "generator", "async generator"]),
    raise_after=st.none() | st.none() | st.integers(0, 12),
    cancel_after=st.none() | st.none() | st.integers(0, 40),
    refuse_at=st.none() | st.none() | st.integers(0, 3),
    faults=st.lists(st.none() | FAULTS, max_size=6),
    options=st.fixed_dictionaries(
        {"batch_size": st.integers(1, 6), "concurrency": st.just(1)},
        optional={
            "dedupe": st.sampled_from(["receiver", "receiver_and_text"]),
            "opt_out": st.just(["09120000002"]),
            "footer": st.just("لغو۱۱"),
            "stop_on_error": st.booleans(),
            "normalize": st.booleans(),
            "validate": st.booleans(),
        },
    ),
    way=st.sampled_from(["send_bulk", "send_bulk", "with progress", "bulk", "left early"]),
)


class BrokenError(Exception):
    """What a source or a hook raises."""


class RecordingTransport(EmulatorTransport):
    """An emulator's transport that keeps the messages of every request."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator)
        self.requests: list[list[dict[str, Any]]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Keep a request and answer it."""
        self.requests.append(json.loads(await request.aread()))
        return await super().handle_async_request(request)


def _broken_after(items: Iterable[Any], count: int | None) -> Iterator[Any]:
    for at, item in enumerate(items):
        if at == count:
            raise BrokenError
        yield item


async def _slowly(items: Iterable[Any]) -> AsyncIterator[Any]:
    for item in items:
        await checkpoint()
        yield item


def source_of(case: Case, items: Sequence[Any]) -> Any:
    """Make the iterable of a case."""
    if case.source == "async generator" and case.form == "one text":  # a template reads plain rows only
        return _slowly(_broken_after(items, case.raise_after))
    return list(items) if case.source == "list" else _broken_after(items, case.raise_after)


def rows_of(case: Case) -> list[dict[str, object]]:
    """Make the rows of a template."""
    return [
        {"receiver": one or "0", "name": f"n{at % 3}", "order": at % 2, "id": f'o"{at}'}
        for at, one in enumerate(case.numbers)
    ]


def as_messages(case: Case) -> tuple[Any, ...]:
    """Return the arguments of a bulk send in the ordinary form."""
    if case.form == "one text":
        return (source_of(case, [SmsMessage(number, TEXT) for number in case.numbers]),)
    has_ids = case.form == "template with track ids"
    made = [
        SmsMessage(str(row["receiver"]), TEMPLATE.render(row), track_id=str(row["id"]) if has_ids else None)
        for row in rows_of(case)
    ]
    return (source_of(case, made),)


def as_columns(case: Case) -> tuple[Any, ...]:
    """Return the same arguments in columns."""
    if case.form == "one text":
        return source_of(case, case.numbers), TEXT
    rows = source_of(case, rows_of(case))
    return (messages_from(TEMPLATE, rows, track_id_field="id" if case.form == "template with track ids" else None),)


class Run:
    """What one bulk send came to, with generated names replaced by their order."""

    def __init__(self, case: Case) -> None:
        self.case = case
        emulator = Emulator()
        emulator.faults.script(case.faults, on="POST /sms/send")
        self.transport = RecordingTransport(emulator)
        self.emulator = emulator
        self.events: list[tuple[str, list[SendStatus]]] = []
        self.announced: list[list[tuple[int, SmsMessage]]] = []
        self.progress: list[tuple[int, dict[SendStatus, int]]] = []
        self.results: list[SendResult] = []
        self.error: BaseException | None = None

    async def run(self, arguments: tuple[Any, ...]) -> Any:
        """Send, and return all that can be compared."""
        client = AsyncWikipayam(
            DEFAULT_TOKEN,
            sender="10002000",
            transport=self.transport,
            retry=RetryPolicy(max_attempts=2),
            on_event=self._note,
            timeout=10,
        )
        VirtualTime().apply_to(client)
        async with client, anyio.create_task_group() as group:
            with anyio.CancelScope() as scope:
                if self.case.cancel_after is not None:
                    group.start_soon(self._cancel, scope, self.case.cancel_after)
                try:
                    await self._send(client, arguments)
                except BaseException as error:
                    self.error = error
                    found = report_from(error)
                    self.results += found.results if found is not None else []
                    if not isinstance(error, Exception):
                        raise
            group.cancel_scope.cancel()
        return self._summary()

    async def _send(self, client: AsyncWikipayam, arguments: tuple[Any, ...]) -> None:
        options = self.case.options | {"before_send": self._announce}
        if self.case.way == "send_bulk":
            report = await client.sms.send_bulk(*arguments, **options)
            self.results += report.results
        elif self.case.way == "with progress":
            report = await client.sms.send_bulk(*arguments, on_progress=self._show, **options)
            self.results += report.results
        else:
            run = client.sms.bulk(*arguments, ordered=True, **options)
            try:
                async with run as results:
                    async for result in results:
                        self.results.append(result)
                        if self.case.way == "left early" and len(self.results) == 3:
                            break
            finally:
                self.results += run.leftover

    async def _cancel(self, scope: anyio.CancelScope, after: int) -> None:
        for _ in range(after):
            await checkpoint()
        scope.cancel()

    async def _announce(self, batch: Sequence[OutgoingMessage]) -> None:
        self.announced.append([(one.index, one.message) for one in batch])
        if len(self.announced) - 1 == self.case.refuse_at:
            raise BrokenError

    def _show(self, progress: Any) -> None:
        self.progress.append((progress.done, dict(progress.counts)))

    def _note(self, event: Any) -> None:
        self.events.append((type(event).__name__, [one.status for one in getattr(event, "messages", ())]))

    def _summary(self) -> Any:
        names: dict[str | None, str] = {None: "none"}
        for request in self.transport.requests:
            for item in request:
                item["track_id"] = names.setdefault(item["track_id"], f"t{len(names)}")
        ids: dict[str | None, str] = {None: "none"}
        ids |= {entry.id: f"id of {entry.receiver} {entry.message}" for entry in self.emulator.ledger}
        return {
            "requests": self.transport.requests,
            "results": sorted(
                (
                    (
                        one.index,
                        one.message,
                        one.status,
                        ids[one.id],
                        names.get(one.track_id, "of no request"),
                        said(one.error),
                    )
                    for one in self.results
                ),
                key=lambda row: row[0],
            ),
            "announced": self.announced,
            "progress": self.progress,
            "events": self.events,
            "error": said(self.error),
            "ledger": [(entry.receiver, entry.message) for entry in self.emulator.ledger],
        }


def said(error: BaseException | None) -> str:
    """Return an error with the names that differ from run to run masked."""
    if not isinstance(error, Exception):
        return type(error).__name__  # the text of a cancellation names tasks
    return _MINTED.sub("T", f"{type(error).__name__}: {error}")


def on(backend: str, case: Case) -> Case:
    """Return a case without what comes at another point in every run: timed faults on asyncio, early ends on trio.

    On trio time is virtual, and the order of tasks is random.
    """
    if backend == "trio":
        return evolve(case, cancel_after=None, way="bulk" if case.way == "left early" else case.way)
    timed = {FaultKind.DELAY, FaultKind.HANG}
    return evolve(case, faults=[None if fault is not None and fault.kind in timed else fault for fault in case.faults])


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@examples(1_000, short=60)
@given(case=CASES)
def test_columns_are_what_messages_are(backend: str, case: Case) -> None:
    """The same requests leave, with the same outcomes, events, calls of the hook and errors, under any faults."""
    case = on(backend, case)
    found = []
    for make in (as_messages, as_columns):
        options = {"clock": MockClock(autojump_threshold=0)} if backend == "trio" else {}
        found.append(anyio.run(Run(case).run, make(case), backend=backend, backend_options=options))
    assert found[1] == found[0]
