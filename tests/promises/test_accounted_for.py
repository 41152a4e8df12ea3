from __future__ import annotations

import asyncio
import json
import math
import socket
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from tests.support.effort import examples
from tests.support.raw import RawRequest, accept_all, raw_gateway, sent_items
from wikipayam_async import (
    APIConnectionError,
    AsyncWikipayam,
    AuthenticationError,
    BulkSourceError,
    ClosedError,
    ConfigurationError,
    InsufficientBalanceError,
    InvalidInputError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    RetryPolicy,
    SendResult,
    SendStatus,
    SmsMessage,
    UnknownOutcomeError,
    UnprocessableError,
)
from wikipayam_async.bulk.options import BulkProgress
from wikipayam_async.bulk.runner import BulkRun
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault, Limits, When

pytestmark = pytest.mark.anyio

ACCEPTED, REJECTED = SendStatus.ACCEPTED, SendStatus.REJECTED
UNKNOWN, NOT_ATTEMPTED = SendStatus.UNKNOWN, SendStatus.NOT_ATTEMPTED
RECEIVER = "09123456789"


class VirtualTime:
    """A clock that sleeps without waiting."""

    def __init__(self) -> None:
        self.now = 0.0
        self.delays: list[float] = []

    def clock(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Advance the time."""
        self.delays.append(seconds)
        self.now += seconds
        await checkpoint()

    def apply_to(self, client: AsyncWikipayam) -> AsyncWikipayam:
        """Make a client use this clock."""
        client._shared.clock = self.clock
        client._shared.sleep = self.sleep
        client._shared.uniform = lambda _, upper: upper
        return client


class WatchedTransport(httpx.AsyncBaseTransport):
    """A transport to an emulator that counts the requests in flight; `hold` may delay each by its first text."""

    def __init__(self, emulator: Emulator, hold: Callable[[str], Awaitable[object]] | None = None) -> None:
        self._inner = EmulatorTransport(emulator)
        self._hold = hold
        self.batches: list[list[str]] = []
        self.in_flight = 0
        self.peak = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        items = json.loads(await request.aread())
        self.batches.append([item["message"] for item in items])
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            if self._hold is not None:
                await self._hold(items[0]["message"])
            return await self._inner.handle_async_request(request)
        finally:
            self.in_flight -= 1


def rich_emulator(**options: Any) -> Emulator:
    """Make an emulator with a large balance."""
    emulator = Emulator(**options)
    emulator.account.balance = 10**12
    return emulator


def client_of(transport: Emulator | httpx.AsyncBaseTransport, **options: Any) -> AsyncWikipayam:
    """Make a client on virtual time."""
    inner = EmulatorTransport(transport) if isinstance(transport, Emulator) else transport
    client = AsyncWikipayam(DEFAULT_TOKEN, sender="10002000", transport=inner, **options)
    return VirtualTime().apply_to(client)


def messages(count: int) -> list[SmsMessage]:
    """Make messages to different receivers."""
    return [SmsMessage(f"0912{index:07d}", f"m{index}") for index in range(count)]


def outcomes(results: Any) -> list[tuple[int, SendStatus]]:
    """Return index and outcome of results."""
    return [(result.index, result.status) for result in results]


def all_of(status: SendStatus, indexes: Any) -> list[tuple[int, SendStatus]]:
    """Pair indexes with an outcome."""
    return [(index, status) for index in indexes]


def texts_of(emulator: Emulator) -> list[str]:
    """Return the texts in the gateway's ledger, in order."""
    return [entry.message for entry in emulator.ledger]


def fault_422(*positions: int) -> Fault:
    """Make a 422 that names these positions."""
    errors: Any = {f"{position}.receiver": ["The receiver is blacklisted."] for position in positions}
    return Fault.status(422, json={"message": "The given data was invalid.", "errors": errors})


class TestBulkSend:
    """Accounted-for: every message of a bulk send has exactly one result, in bounded memory, whatever fails."""

    async def test_everything_accepted(self) -> None:
        """Every message has an accepted result with the gateway's id."""
        emulator = Emulator()
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(messages(25), batch_size=4, concurrency=3)
        assert outcomes(report.results) == all_of(ACCEPTED, range(25))
        by_text = {entry.message: entry for entry in emulator.ledger}
        assert [(r.id, r.track_id, r.error) for r in report.results] == [
            (by_text[f"m{i}"].id, by_text[f"m{i}"].track_id, None) for i in range(25)
        ]
        assert len({r.track_id for r in report.results}) == 25
        assert emulator.requests_to("POST /sms/send") == 7

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (Fault.reordered_items(), [ACCEPTED] * 5),
            (Fault.duplicated_items(0, 3), [ACCEPTED] * 5),
            (Fault.extra_items(7), [ACCEPTED] * 5),
            (Fault.null_track_ids(), [ACCEPTED] * 5),
            (Fault.missing_items(1, 4), [ACCEPTED, UNKNOWN, ACCEPTED, ACCEPTED, UNKNOWN]),
            (Fault.missing_items(0, 1, 2, 3, 4), [UNKNOWN] * 5),
            (Fault.empty(), [UNKNOWN] * 5),
            (Fault.malformed_json(), [UNKNOWN] * 5),
            (Fault.invalid_utf8(), [UNKNOWN] * 5),
            (Fault.truncated(), [UNKNOWN] * 5),
            (Fault.status(502, when=When.AFTER), [UNKNOWN] * 5),
            (Fault.html(500, when=When.AFTER), [UNKNOWN] * 5),
            (Fault.status(408, when=When.AFTER), [UNKNOWN] * 5),
            (Fault.status(409, when=When.AFTER), [UNKNOWN] * 5),
            (Fault.redirect("https://wikipayam.ir/login", when=When.AFTER), [UNKNOWN] * 5),
            (Fault.html(200, when=When.AFTER), [UNKNOWN] * 5),
            (Fault.reset(), [UNKNOWN] * 5),
            (Fault.close(), [UNKNOWN] * 5),
        ],
        ids=lambda value: f"{value.kind}" if isinstance(value, Fault) else "",
    )
    async def test_strange_answers_after_accepting(self, fault: Fault, expected: list[SendStatus]) -> None:
        """Messages that the answer does not mention are unknown and not resent; the others get their own ids."""
        emulator = Emulator()
        emulator.faults.arm(fault)
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(messages(5))
        assert [result.status for result in report.results] == expected
        assert sorted(texts_of(emulator)) == ["m0", "m1", "m2", "m3", "m4"]
        ids = {entry.message: entry.id for entry in emulator.ledger}
        for result in report.results:
            if result.status is ACCEPTED:
                assert result.id == ids[str(result.message.message)]
            else:
                assert result.id is None
                assert isinstance(result.error, UnknownOutcomeError)

    async def test_null_track_ids_and_equal_receivers(self) -> None:
        """Items without track ids that could belong to two messages to one receiver are assigned to neither."""
        emulator = Emulator()
        emulator.faults.arm(Fault.null_track_ids())
        batch = [SmsMessage(RECEIVER, "a"), SmsMessage(RECEIVER, "b"), SmsMessage("09120000000", "c")]
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(batch)
        assert outcomes(report.results) == [(0, UNKNOWN), (1, UNKNOWN), (2, ACCEPTED)]
        assert report.results[2].id == emulator.ledger[2].id

    async def test_422_with_indexes(self) -> None:
        """Messages that a 422 names are rejected with their own errors; the others are sent again exactly once."""
        emulator = Emulator()
        batch = messages(6)
        batch[1] = SmsMessage("0212345678", "m1")
        batch[4] = SmsMessage("", "m4")
        async with client_of(watched := WatchedTransport(emulator)) as client:
            report = await client.sms.send_bulk(
                [SmsMessage(m.receiver or "x", m.message) for m in batch], validate=False, normalize=False
            )
        assert outcomes(report.results) == [
            (0, ACCEPTED),
            (1, REJECTED),
            (2, ACCEPTED),
            (3, ACCEPTED),
            (4, REJECTED),
            (5, ACCEPTED),
        ]
        assert watched.batches == [["m0", "m1", "m2", "m3", "m4", "m5"], ["m0", "m2", "m3", "m5"]]
        assert texts_of(emulator) == ["m0", "m2", "m3", "m5"]
        error = report.results[4].error
        assert isinstance(error, UnprocessableError)
        assert dict(error.errors) == {"4.receiver": ("The 4.receiver field is invalid.",)}

    async def test_422_that_names_all_messages(self) -> None:
        """All are rejected, in one request."""
        emulator = Emulator()
        emulator.faults.arm(fault_422(0, 1, 2))
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(messages(3))
        assert outcomes(report.results) == all_of(REJECTED, range(3))
        assert emulator.requests == 1

    @pytest.mark.parametrize(
        "body",
        [
            {"message": "The given data was invalid."},
            {"message": "no", "errors": {"messages": ["too many"]}},
            {"message": "no", "errors": {"7.receiver": ["no such place"]}},
            {"message": "no", "errors": ["odd"]},
            {"errors": {"x.0.receiver": ["deep"]}},
        ],
    )
    async def test_422_without_usable_indexes(self, body: Any) -> None:
        """A 422 that names no message of the chunk rejects the whole chunk, and no other."""
        emulator = Emulator()
        emulator.faults.arm(Fault.status(422, json=body))
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(messages(5), batch_size=3, concurrency=1)
        assert outcomes(report.results) == all_of(REJECTED, range(3)) + all_of(ACCEPTED, range(3, 5))
        assert texts_of(emulator) == ["m3", "m4"]

    async def test_422_with_numeric_track_ids(self) -> None:
        """Track ids that look like indexes do not disturb the isolation of invalid messages."""
        batch = [
            SmsMessage(RECEIVER if index not in {150, 177} else "bad", f"m{index}", track_id=str(index))
            for index in range(200)
        ]
        async with client_of(emulator := Emulator()) as client:
            report = await client.sms.send_bulk(batch, batch_size=200, validate=False, normalize=False)
        assert [result.index for result in report.rejected] == [150, 177]
        assert len(report.accepted) == emulator.accepted == 198

    async def test_413_halves_and_later_chunks_start_smaller(self) -> None:
        """A chunk that is too large is cut until it fits, and later chunks are cut before they are sent."""
        emulator = Emulator(limits=Limits(max_batch=3))
        async with client_of(watched := WatchedTransport(emulator)) as client:
            report = await client.sms.send_bulk(messages(20), batch_size=10, concurrency=1)
        assert outcomes(report.results) == all_of(ACCEPTED, range(20))
        assert [len(batch) for batch in watched.batches] == [10, 5, 3, 2, 3, 2, 3, 3, 3, 1]
        assert texts_of(emulator) == [f"m{index}" for index in range(20)]

    async def test_413_for_one_message(self) -> None:
        """A single message that is too large is rejected, and the others are sent."""
        emulator = Emulator(limits=Limits(max_body_bytes=1000))
        batch = [SmsMessage(RECEIVER, "short"), SmsMessage(RECEIVER, "x" * 2000), SmsMessage(RECEIVER, "too")]
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(batch)
        assert outcomes(report.results) == [(0, ACCEPTED), (1, REJECTED), (2, ACCEPTED)]
        assert isinstance(report.results[1].error, PayloadTooLargeError)
        assert texts_of(emulator) == ["short", "too"]

    async def test_429_delays_the_run(self) -> None:
        """Chunks that get a 429 wait for its `Retry-After`, and then every message is accepted exactly once."""
        emulator = Emulator()
        emulator.faults.arm(Fault.status(429, retry_after=7), on="POST /sms/send", times=12)
        time = VirtualTime()
        async with time.apply_to(client_of(emulator)) as client:
            report = await client.sms.send_bulk(messages(30), batch_size=3, concurrency=4)
        assert outcomes(report.results) == all_of(ACCEPTED, range(30))
        assert sorted(texts_of(emulator)) == sorted(f"m{index}" for index in range(30))
        assert time.delays == [7.0] * 12

    async def test_429_with_a_long_delay(self) -> None:
        """A delay that is too long stops the run: the chunk is rejected, the rest is not attempted."""
        emulator = Emulator()
        emulator.faults.arm(Fault.status(429, retry_after=3000), times=None)
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(messages(6), batch_size=2, concurrency=1)
        assert outcomes(report.results) == all_of(REJECTED, range(2)) + all_of(NOT_ATTEMPTED, range(2, 6))
        assert {type(result.error) for result in report.results} == {RateLimitError}
        assert emulator.requests == 1

    async def test_429_for_ever(self) -> None:
        """A gateway that throttles for ever stops the run after a bounded number of requests."""
        emulator = Emulator()
        emulator.faults.arm(Fault.status(429), times=None)
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(messages(6), batch_size=2, concurrency=1)
        assert outcomes(report.results) == all_of(REJECTED, range(2)) + all_of(NOT_ATTEMPTED, range(2, 6))
        assert emulator.requests == 30  # ten rounds of three attempts
        assert emulator.accepted == 0

    @pytest.mark.parametrize(
        ("status", "kind"),
        [(401, AuthenticationError), (402, InsufficientBalanceError), (403, PermissionDeniedError)],
    )
    async def test_401_402_and_403_stop_the_run(self, status: int, kind: type[Exception]) -> None:
        """Nothing more is sent: the rest is not attempted, with the same error."""
        emulator = Emulator()
        emulator.faults.script([None, Fault.status(status)])
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(messages(12), batch_size=3, concurrency=1)
        assert outcomes(report.results) == [
            *all_of(ACCEPTED, range(3)),
            *all_of(REJECTED, range(3, 6)),
            *all_of(NOT_ATTEMPTED, range(6, 12)),
        ]
        assert {type(result.error) for result in report.results[3:]} == {kind}
        assert emulator.requests == 2
        assert emulator.accepted == 3

    async def test_other_refusals_affect_one_chunk(self) -> None:
        """A 400 or 404 rejects its chunk, and the run goes on."""
        emulator = Emulator()
        emulator.faults.script([Fault.status(400), Fault.status(404)])
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(messages(6), batch_size=2, concurrency=1)
        assert outcomes(report.results) == all_of(REJECTED, range(4)) + all_of(ACCEPTED, range(4, 6))

    @pytest.mark.parametrize(("concurrency", "attempted"), [(1, 3), (2, 3), (5, 5)])
    async def test_connection_refused(self, concurrency: int, attempted: int) -> None:
        """If nothing listens, no message is attempted, and the run stops after a few chunks."""
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            events: list[Any] = []
            client = AsyncWikipayam(
                "t", sender="1", base_url=url, retry=RetryPolicy(max_attempts=1), on_event=events.append
            )
            async with VirtualTime().apply_to(client):
                report = await client.sms.send_bulk(messages(40), batch_size=2, concurrency=concurrency)
        assert outcomes(report.results) == all_of(NOT_ATTEMPTED, range(40))
        assert {type(result.error) for result in report.results} == {APIConnectionError}
        # Requests in flight when the run stops are not counted.
        assert attempted <= len({event.call_id for event in events}) < attempted + concurrency

    async def test_502_after_accepting_is_unknown_and_not_resent(self) -> None:
        """A chunk whose answer was lost is unknown, with the error, and is not sent again."""
        emulator = Emulator()
        emulator.faults.script([Fault.status(502, when=When.AFTER), Fault.reset(), None, Fault.close()])
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(messages(10), batch_size=2, concurrency=1)
        assert outcomes(report.results) == [
            *all_of(UNKNOWN, range(4)),
            *all_of(ACCEPTED, range(4, 6)),
            *all_of(UNKNOWN, range(6, 8)),
            *all_of(ACCEPTED, range(8, 10)),
        ]
        assert texts_of(emulator) == [f"m{index}" for index in range(10)]
        first = report.results[0]
        assert isinstance(first.error, UnknownOutcomeError)
        assert first.error.track_ids == (report.results[0].track_id, report.results[1].track_id)

    async def test_a_disconnect_is_unknown(self) -> None:
        """If a real connection closes after the request, its messages are unknown and the others accepted."""
        seen = 0

        async def handler(request: RawRequest, _: object) -> bytes | bool:
            nonlocal seen
            seen += 1
            return False if seen == 2 else accept_all(request)

        async with (
            raw_gateway(handler) as gateway,
            AsyncWikipayam("t", sender="1", base_url=gateway.url) as client,
        ):
            report = await client.sms.send_bulk(messages(6), batch_size=2, concurrency=1)
        assert outcomes(report.results) == [
            *all_of(ACCEPTED, range(2)),
            *all_of(UNKNOWN, range(2, 4)),
            *all_of(ACCEPTED, range(4, 6)),
        ]
        assert [len(request.json) for request in gateway.requests] == [2, 2, 2]

    async def test_invalid_messages_are_results(self) -> None:
        """Invalid messages are rejected by field and index, not sent, and affect no other message."""
        emulator = Emulator()
        rows: list[Any] = [
            SmsMessage(RECEIVER, "good"),
            SmsMessage("12", "m"),
            SmsMessage(RECEIVER, ""),
            SmsMessage(RECEIVER, "m", note="n"),
            SmsMessage(RECEIVER, "m", sender="a\nb"),
            SmsMessage(RECEIVER, "m", track_id=" "),
            {"receiver": RECEIVER},
            None,
            SmsMessage(RECEIVER, "good too"),
        ]
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(rows)
        assert outcomes(report.results) == [(0, ACCEPTED), *all_of(REJECTED, range(1, 8)), (8, ACCEPTED)]
        errors = [result.error for result in report.rejected]
        assert [error.field for error in errors if isinstance(error, InvalidInputError)] == [
            "messages[1].receiver",
            "messages[2].message",
            "messages[3].note",
            "messages[4].sender",
            "messages[5].track_id",
            "messages[6].message",
            "messages[7].message",
        ]
        assert [result.message for result in report.results] == rows
        assert texts_of(emulator) == ["good", "good too"]

    async def test_no_sender_anywhere(self) -> None:
        """A message without a line is not attempted, with a configuration error, and nothing is sent."""
        emulator = Emulator()
        client = AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator))
        async with client:
            report = await client.sms.send_bulk(messages(2))
        assert outcomes(report.results) == all_of(NOT_ATTEMPTED, range(2))
        assert {type(result.error) for result in report.results} == {ConfigurationError}
        assert emulator.requests == 0

    @pytest.mark.parametrize(
        ("fault", "status"),
        [
            (Fault.status(400), REJECTED),
            (Fault.status(502, when=When.AFTER), UNKNOWN),
            (Fault.missing_items(0), UNKNOWN),
            (fault_422(0), REJECTED),
        ],
    )
    async def test_stop_at_the_first_failure(self, fault: Fault, status: SendStatus) -> None:
        """With `stop_on_error` the first message that is not accepted stops the run; the rest is not attempted."""
        emulator = Emulator()
        emulator.faults.script([None, fault])
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(messages(6), batch_size=2, concurrency=1, stop_on_error=True)
        statuses = [result.status for result in report.results]
        assert statuses[:3] == [ACCEPTED, ACCEPTED, status]
        assert statuses[4:] == [NOT_ATTEMPTED, NOT_ATTEMPTED]
        assert emulator.requests == 2

    async def test_stop_at_an_invalid_message(self) -> None:
        """With `stop_on_error` an invalid message stops the run before its chunk is sent."""
        emulator = Emulator()
        rows = [*messages(2), SmsMessage("bad", "m2"), *messages(6)[3:]]
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(rows, batch_size=2, concurrency=1, stop_on_error=True)
        assert outcomes(report.results) == [
            *all_of(ACCEPTED, range(2)),
            (2, REJECTED),
            *all_of(NOT_ATTEMPTED, range(3, 6)),
        ]
        assert texts_of(emulator) == ["m0", "m1"]

    async def test_progress(self) -> None:
        """After each request the callback gets the number done, the total, and the count of each outcome."""
        emulator = Emulator()
        emulator.faults.script([None, Fault.status(400)])
        calls: list[BulkProgress] = []
        async with client_of(emulator) as client:
            await client.sms.send_bulk(messages(5), batch_size=2, concurrency=1, on_progress=calls.append)
            await client.sms.send_bulk(iter(messages(1)), on_progress=calls.append)
        none = dict.fromkeys(SendStatus, 0)
        assert calls == [
            BulkProgress(2, 5, {**none, ACCEPTED: 2}),
            BulkProgress(4, 5, {**none, ACCEPTED: 2, REJECTED: 2}),
            BulkProgress(5, 5, {**none, ACCEPTED: 3, REJECTED: 2}),
            BulkProgress(1, None, {**none, ACCEPTED: 1}),
        ]

    async def test_progress_that_raises(self) -> None:
        """An exception of the callback ends the bulk send and is raised unchanged."""
        emulator = Emulator()

        def on_progress(_: object) -> None:
            raise KeyError("mine")

        async with client_of(emulator) as client:
            with pytest.raises(KeyError, match="mine"):
                await client.sms.send_bulk(messages(50), batch_size=1, concurrency=2, on_progress=on_progress)
        assert emulator.accepted < 50

    @pytest.mark.parametrize("kind", ["list", "tuple", "generator", "async generator", "async iterator", "stream"])
    async def test_every_kind_of_source(self, kind: str) -> None:
        """Messages may come from any plain or async iterable."""
        emulator = Emulator()

        async def agen() -> AsyncIterator[SmsMessage]:
            for message in messages(7):
                await checkpoint()
                yield message

        class Bare:
            """An async iterator without other methods."""

            def __init__(self) -> None:
                self.left = messages(7)

            def __aiter__(self) -> Any:
                return self

            async def __anext__(self) -> SmsMessage:
                if not self.left:
                    raise StopAsyncIteration
                return self.left.pop(0)

        send, receive = anyio.create_memory_object_stream[SmsMessage](7)
        for message in messages(7):
            send.send_nowait(message)
        send.close()
        sources: dict[str, Any] = {
            "list": messages(7),
            "tuple": tuple(messages(7)),
            "generator": (message for message in messages(7)),
            "async generator": agen(),
            "async iterator": Bare(),
            "stream": receive,
        }
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(sources[kind], batch_size=3, concurrency=2)
        receive.close()
        await sources["async generator"].aclose()
        assert outcomes(report.results) == all_of(ACCEPTED, range(7))
        assert sorted(texts_of(emulator)) == [f"m{index}" for index in range(7)]

    async def test_an_empty_source(self) -> None:
        """Without messages there is no request, and the report is empty."""
        emulator = Emulator()
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk([])
        assert (list(report.results), emulator.requests) == ([], 0)

    @pytest.mark.parametrize("asynchronous", [False, True])
    async def test_a_source_that_raises_in_bulk(self, asynchronous: bool) -> None:
        """The exception is raised unchanged, after the results of the messages before it."""
        emulator = Emulator()

        def plain() -> Iterator[SmsMessage]:
            yield from messages(7)
            raise LookupError("the file ends here")

        async def agen() -> AsyncIterator[SmsMessage]:
            for message in plain():
                yield message

        seen: list[SendResult] = []
        async with client_of(emulator) as client:
            results = client.sms.bulk(agen() if asynchronous else plain(), batch_size=3, concurrency=2)

            async def consume() -> None:
                async with results:
                    async for result in results:
                        seen.append(result)  # noqa: PERF401 - what came before the exception counts

            with pytest.raises(LookupError, match="the file ends here"):
                await consume()
        assert sorted(outcomes(seen)) == all_of(ACCEPTED, range(7))
        assert results.leftover == []
        assert emulator.accepted == 7

    async def test_a_source_that_raises_in_send_bulk(self) -> None:
        """The error holds the report of the messages before it, and the exception as its cause."""
        emulator = Emulator()

        def source() -> Iterator[SmsMessage]:
            yield from messages(5)
            raise OSError("disk")

        async with client_of(emulator) as client:
            with pytest.raises(BulkSourceError) as caught:
                await client.sms.send_bulk(source(), batch_size=2)
        assert outcomes(caught.value.report.results) == all_of(ACCEPTED, range(5))
        assert repr(caught.value.__cause__) == "OSError('disk')"
        assert emulator.accepted == 5

    @pytest.mark.parametrize("asynchronous", [False, True])
    @pytest.mark.parametrize("ordered", [False, True])
    async def test_leaving_an_endless_source(self, asynchronous: bool, ordered: bool) -> None:
        """Every message that was read is in the results or in `leftover`, exactly once."""
        emulator = rich_emulator()
        pulled = 0
        closed = False

        def endless() -> Iterator[SmsMessage]:
            nonlocal pulled
            while True:
                pulled += 1
                yield SmsMessage(RECEIVER, f"m{pulled - 1}") if pulled % 5 else SmsMessage("bad", f"m{pulled - 1}")

        async def agen() -> AsyncIterator[SmsMessage]:
            nonlocal closed
            try:
                for message in endless():
                    yield message
            finally:
                closed = True

        seen: list[SendResult] = []
        async with (
            client_of(emulator) as client,
            client.sms.bulk(
                agen() if asynchronous else endless(), batch_size=7, concurrency=3, ordered=ordered
            ) as results,
        ):
            async for result in results:
                seen.append(result)
                if len(seen) == 40:
                    break
        everything = [*seen, *results.leftover]
        assert sorted(result.index for result in everything) == list(range(pulled))
        assert closed is asynchronous
        accepted = {result.message.message for result in everything if result.status is ACCEPTED}
        assert accepted == set(texts_of(emulator))
        assert len(accepted) == emulator.accepted
        assert [r.index for r in everything if r.status is REJECTED] == [
            r.index for r in everything if r.message.receiver == "bad"
        ]

    async def test_a_consumer_that_raises(self) -> None:
        """An exception in the block is raised unchanged, not in a group; the workers end and the source is closed."""
        emulator = rich_emulator()
        closed = False

        async def endless() -> AsyncIterator[SmsMessage]:
            nonlocal closed
            try:
                while True:
                    yield SmsMessage(RECEIVER, "m")
            finally:
                await checkpoint()
                closed = True

        seen: list[SendResult] = []
        async with client_of(watched := WatchedTransport(emulator)) as client:
            results = client.sms.bulk(endless(), batch_size=2, concurrency=4)

            async def consume() -> None:
                async with results:
                    async for result in results:
                        seen.append(result)
                        _ = 1 / (len(seen) - 5)

            with pytest.raises(ZeroDivisionError):
                await consume()
            sent = emulator.accepted
            for _ in range(5):
                await checkpoint()
        assert closed
        assert (len(seen), watched.in_flight, emulator.accepted) == (5, 0, sent)
        assert {r.status for r in results.leftover} <= {ACCEPTED, NOT_ATTEMPTED}
        indexes = sorted(r.index for r in [*seen, *results.leftover])
        assert indexes == list(range(len(indexes)))

    @pytest.mark.parametrize("own_lanes", [True, False])
    async def test_cancelled_in_an_anyio_scope(self, own_lanes: bool) -> None:
        """A cancelled run finishes requests in flight, attempts nothing more, and has a result for every message."""
        arrived = anyio.Event()
        scope = anyio.CancelScope()
        accepted: list[str] = []

        async def handler(request: RawRequest, _: object) -> bytes:
            if len(accepted) >= 4:
                arrived.set()
                await anyio.sleep(0.05)
            accepted.extend(item["message"] for item in request.json)
            return accept_all(request)

        async def cancel() -> None:
            await arrived.wait()
            scope.cancel()

        seen: list[SendResult] = []
        async with raw_gateway(handler) as gateway, anyio.create_task_group() as group:
            group.start_soon(cancel)
            transport = None if own_lanes else httpx.AsyncHTTPTransport()
            client = AsyncWikipayam("t", sender="1", base_url=gateway.url, transport=transport)
            async with client:
                with scope:
                    async with client.sms.bulk(messages(40), batch_size=2, concurrency=2) as results:
                        async for result in results:
                            seen.append(result)  # noqa: PERF401 - cut off in the middle
                assert scope.cancelled_caught
                # The cancelled connection affects no other.
                after = await client.sms.send(RECEIVER, "after")
        assert after.receiver == RECEIVER
        everything = [*seen, *results.leftover]
        indexes = [result.index for result in everything]
        assert sorted(indexes) == list(range(len(indexes)))
        by_status = {str(r.message.message): r.status for r in everything}
        assert {text for text, status in by_status.items() if status is ACCEPTED} == {*accepted} - {"after"}
        assert set(by_status.values()) <= {ACCEPTED, NOT_ATTEMPTED}
        assert len(accepted) < 41

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    @pytest.mark.parametrize("own_lanes", [True, False])
    @pytest.mark.parametrize("times", [1, 2])
    async def test_cancelled_by_asyncio(self, own_lanes: bool, times: int) -> None:
        """`Task.cancel`, once or twice, acts like a cancelled scope: every message that was read has a result."""
        arrived = asyncio.Event()
        accepted: list[str] = []

        async def handler(request: RawRequest, _: object) -> bytes:
            if len(accepted) >= 4:
                arrived.set()
                await asyncio.sleep(0.05)
            accepted.extend(item["message"] for item in request.json)
            return accept_all(request)

        seen: list[SendResult] = []
        runs: list[Any] = []

        async def work(client: AsyncWikipayam) -> None:
            async with client.sms.bulk(messages(40), batch_size=2, concurrency=2) as results:
                runs.append(results)
                async for result in results:
                    seen.append(result)  # noqa: PERF401 - cut off in the middle

        async with raw_gateway(handler) as gateway:
            transport = None if own_lanes else httpx.AsyncHTTPTransport()
            client = AsyncWikipayam("t", sender="1", base_url=gateway.url, transport=transport)
            async with client:
                task = asyncio.create_task(work(client))
                await arrived.wait()
                for _ in range(times):
                    task.cancel()
                    await asyncio.sleep(0.01)
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert task.cancelled()
        everything = [*seen, *runs[0].leftover]
        indexes = [result.index for result in everything]
        assert sorted(indexes) == list(range(len(indexes)))
        by_status = {str(r.message.message): r.status for r in everything}
        assert {text for text, status in by_status.items() if status is ACCEPTED} == {*accepted}
        assert set(by_status.values()) <= {ACCEPTED, NOT_ATTEMPTED}

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_asyncio_timeouts_leave_no_cancellation_behind(self) -> None:
        """`asyncio.timeout` raises `TimeoutError`, and leaving early does not leave the task cancelled."""
        emulator = rich_emulator()

        async def hold(_: str) -> None:
            await asyncio.sleep(0.02)

        endless = iter(lambda: SmsMessage(RECEIVER, "m"), None)
        async with client_of(WatchedTransport(emulator, hold)) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.sms.send_bulk(endless, batch_size=1, concurrency=2)
            async with client.sms.bulk(endless, batch_size=1, concurrency=2) as results:
                await anext(results)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await asyncio.sleep(0)

    async def test_a_cancelled_send_whose_answer_is_lost(self) -> None:
        """If the request in flight of a cancelled run is disconnected, its messages are unknown."""
        scope = anyio.CancelScope()

        async def handler(request: RawRequest, _: object) -> bool:
            scope.cancel()
            await anyio.sleep(0.02)
            return False

        async with raw_gateway(handler) as gateway, AsyncWikipayam("t", sender="1", base_url=gateway.url) as client:
            with scope:
                async with client.sms.bulk(messages(4), batch_size=2, concurrency=1) as results:
                    await anext(results)
        assert outcomes(results.leftover) == all_of(UNKNOWN, range(2))
        assert {type(result.error) for result in results.leftover} == {UnknownOutcomeError}

    async def test_ordered_with_a_bounded_window(self) -> None:
        """A slow first chunk delays ordered results, and meanwhile the source is read no further than the window."""
        release = anyio.Event()
        pulled = 0

        async def hold(first_text: str) -> None:
            if first_text == "m0":
                await release.wait()

        def source() -> Iterator[SmsMessage]:
            nonlocal pulled
            for message in messages(60):
                pulled += 1
                yield message

        first: list[int] = []
        async with (
            client_of(watched := WatchedTransport(Emulator(), hold)) as client,
            client.sms.bulk(source(), batch_size=2, concurrency=3, ordered=True) as results,
        ):

            async def consume() -> None:
                async for result in results:
                    first.append(result.index)  # noqa: PERF401 - watched while it grows

            async with anyio.create_task_group() as group:
                group.start_soon(consume)
                while watched.in_flight > 1 or pulled < 12:
                    await checkpoint()
                for _ in range(20):
                    await checkpoint()
                assert (first, pulled, watched.in_flight) == ([], 12, 1)
                release.set()
        assert first == list(range(60))

    async def test_ordered_with_invalid_messages(self) -> None:
        """Rejected messages do not come before valid ones that precede them."""
        rows = [SmsMessage(RECEIVER if index in {0, 5, 13} else "bad", "m") for index in range(20)]
        async with (
            client_of(Emulator()) as client,
            client.sms.bulk(rows, batch_size=4, concurrency=3, ordered=True) as results,
        ):
            seen = [(result.index, result.status is ACCEPTED) async for result in results]
        assert seen == [(index, index in {0, 5, 13}) for index in range(20)]

    @pytest.mark.parametrize("concurrency", [1, 3])
    async def test_concurrency_is_bounded(self, concurrency: int) -> None:
        """No more than `concurrency` requests are in flight."""

        async def hold(_: str) -> None:
            for _round in range(5):
                await checkpoint()

        async with client_of(watched := WatchedTransport(Emulator(), hold)) as client:
            report = await client.sms.send_bulk(messages(30), batch_size=2, concurrency=concurrency)
        assert len(report.accepted) == 30
        assert watched.peak == concurrency

    async def test_repeated_track_ids(self) -> None:
        """Messages with the same track id have one result each, with different ids."""
        emulator = Emulator()
        emulator.faults.arm(Fault.reordered_items())
        batch = [
            SmsMessage(RECEIVER, "a", track_id="T"),
            SmsMessage("09120000001", "b", track_id="T"),
            SmsMessage("09120000002", "c", track_id="T"),
            SmsMessage("09120000003", "d", track_id="own"),
        ]
        async with client_of(emulator) as client:
            report = await client.sms.send_bulk(batch)
        assert outcomes(report.results) == all_of(ACCEPTED, range(4))
        ids = {entry.message: entry.id for entry in emulator.ledger}
        assert [result.id for result in report.results] == [ids["a"], ids["b"], ids["c"], ids["d"]]
        assert [result.track_id for result in report.results] == ["T", "T", "T", "own"]

    async def test_a_closed_client(self) -> None:
        """No message is attempted, and every result has the error."""
        client = client_of(Emulator())
        await client.aclose()
        report = await client.sms.send_bulk(messages(3), batch_size=1, concurrency=1)
        assert outcomes(report.results) == all_of(NOT_ATTEMPTED, range(3))
        assert {type(result.error) for result in report.results} == {ClosedError}

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [
            ({"batch_size": 0}, "batch_size"),
            ({"batch_size": True}, "batch_size"),
            ({"concurrency": 0}, "concurrency"),
            ({"concurrency": 1.5}, "concurrency"),
            ({"stop_on_error": "stop"}, "stop_on_error"),
            ({"messages": 7}, "messages"),
            ({"messages": "text"}, "messages"),
        ],
    )
    async def test_invalid_arguments(self, arguments: dict[str, Any], field: str) -> None:
        """The error names the argument, and nothing is sent."""
        emulator = Emulator()
        passed: dict[str, Any] = {"messages": messages(1)} | arguments
        async with client_of(emulator) as client:
            with pytest.raises(InvalidInputError) as caught:
                await client.sms.send_bulk(**passed)
            with pytest.raises(InvalidInputError) as caught_by_bulk:
                client.sms.bulk(**passed)
        assert (caught.value.field, caught_by_bulk.value.field, emulator.requests) == (field, field, 0)

    async def test_memory_is_bounded(self) -> None:
        """In a long run the memory does not grow with the number of messages."""

        class Gateway(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                items = sent_items(RawRequest("POST", "", {}, await request.aread()))
                await checkpoint()
                return httpx.Response(200, content=json.dumps({"data": items}))

        def source() -> Iterator[SmsMessage]:
            for index in range(100_000):
                yield SmsMessage(RECEIVER, f"m{index}")

        counts: Counter[SendStatus] = Counter()
        sizes: list[int] = []
        seen = 0
        async with client_of(Gateway()) as client, client.sms.bulk(source(), batch_size=500, concurrency=4) as results:
            while (chunk := await results.take()) is not None:
                seen += len(chunk)
                counts.update(result.status for result in chunk)
                if seen == 80_000:
                    tracemalloc.start(1)
                if seen in {90_000, 100_000}:
                    sizes.append(tracemalloc.get_traced_memory()[0])
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert counts == {ACCEPTED: 100_000}
        assert max(sizes) < 3_000_000
        assert peak < 6_000_000


def _faults(positions: list[int]) -> st.SearchStrategy[Fault | None]:
    return st.sampled_from(
        [
            None,
            Fault.status(429),
            Fault.status(429, retry_after=2),
            Fault.status(502, when=When.AFTER),
            Fault.status(502),
            Fault.reset(when=When.BEFORE),
            Fault.close(when=When.AFTER),
            Fault.truncated(),
            Fault.status(400),
            Fault.html(413),
            fault_422(*positions),
            Fault.missing_items(*positions),
            Fault.reordered_items(),
            Fault.duplicated_items(*positions),
            Fault.extra_items(2),
            Fault.null_track_ids(),
            Fault.status(401),
        ]
    )


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["09120000001", "09120000002", "+98 912 000 0003", "bad"]),
        st.one_of(st.none(), st.integers(0, 10_000)),
    ),
    max_size=40,
    unique_by=lambda row: row[1] if row[1] is not None else object(),
)
SCRIPT = st.lists(st.lists(st.integers(0, 8), min_size=1, max_size=4).flatmap(_faults), max_size=25)


async def _consume(
    run: BulkRun, leave_after: float, cancel_after: int | None
) -> tuple[list[SendResult], list[SendResult]]:
    """Take `leave_after` results, or be cancelled after `cancel_after` checkpoints; return the results and the leftover."""
    seen: list[SendResult] = []

    async def cancel(scope: anyio.CancelScope, checkpoints: int) -> None:
        for _ in range(checkpoints):
            await checkpoint()
        scope.cancel()

    async with anyio.create_task_group() as group:
        if cancel_after is not None:
            group.start_soon(cancel, group.cancel_scope, cancel_after)
        async with run:
            while len(seen) < leave_after:
                try:
                    seen.append(await anext(run))
                except StopAsyncIteration:
                    break
        group.cancel_scope.cancel()
    return seen, run.leftover


class TestAnyGateway:
    """Accounted-for, with random messages and random faults."""

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    @examples(250, short=100)
    @given(
        rows=ROWS,
        script=SCRIPT,
        size=st.integers(1, 9),
        concurrency=st.integers(1, 4),
        ordered=st.booleans(),
        max_batch=st.one_of(st.none(), st.integers(1, 6)),
        leave_after=st.one_of(st.just(math.inf), st.integers(0, 30)),
        cancel_after=st.one_of(st.none(), st.none(), st.integers(0, 60)),
    )
    def test_every_message_is_accounted_for(
        self,
        backend: str,
        rows: list[tuple[str, int | None]],
        script: list[Fault | None],
        size: int,
        concurrency: int,
        ordered: bool,
        max_batch: int | None,
        leave_after: float,
        cancel_after: int | None,
    ) -> None:
        """Every message has one result; the ledger holds the accepted messages, and otherwise only unknown ones."""
        emulator = Emulator(limits=Limits(max_batch=max_batch))
        emulator.faults.script(script)
        pulled = 0

        def source() -> Iterator[SmsMessage]:
            nonlocal pulled
            for index, (receiver, track_id) in enumerate(rows):
                pulled += 1
                yield SmsMessage(receiver, f"m{index}", track_id=None if track_id is None else f"T{track_id}")

        async def run() -> tuple[list[SendResult], list[SendResult]]:
            async with client_of(emulator) as client:
                return await _consume(
                    client.sms.bulk(source(), batch_size=size, concurrency=concurrency, ordered=ordered),
                    leave_after,
                    cancel_after,
                )

        seen, leftover = anyio.run(run, backend=backend)
        results = [*seen, *leftover]
        assert sorted(result.index for result in results) == list(range(pulled))
        if ordered:
            assert [result.index for result in seen] == list(range(len(seen)))
        if leave_after == math.inf and cancel_after is None:
            assert (pulled, leftover) == (len(rows), [])
            assert all((result.error is None) is (result.status is ACCEPTED) for result in results)
        accepted = {str(result.id): result.message.message for result in results if result.status is ACCEPTED}
        assert len(accepted) == sum(result.status is ACCEPTED for result in results)
        ledger = {entry.id: entry.message for entry in emulator.ledger}
        assert {id_: ledger.get(id_) for id_ in accepted} == accepted
        unknown = {result.message.message for result in results if result.status is UNKNOWN}
        assert {text for id_, text in ledger.items() if id_ not in accepted} <= unknown
        track_ids = emulator.accepted_track_ids()
        assert len(track_ids) == len(set(track_ids)) == len(ledger)
