from __future__ import annotations

import errno
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.cli.bulk.results_files import ACCEPTED, NOT_ATTEMPTED, PATH, REJECTED, UNKNOWN, fill, new_file, outcomes
from wikipayam_async import AsyncWikipayam, SmsMessage
from wikipayam_async.cli.bulk.classifier import ClassifiedRow, HeldBack, InvalidRow, ToSend
from wikipayam_async.cli.bulk.errors import InputFileError
from wikipayam_async.cli.bulk.outcomes import RowOutcome, read_results
from wikipayam_async.cli.bulk.results_file import ResultsFile
from wikipayam_async.cli.bulk.sending import ClaimedMessages, ErrorSummary, send_file
from wikipayam_async.cli.exits import Exit
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault

pytestmark = pytest.mark.anyio


def to_send(count: int, first: int = 2) -> Iterator[ClassifiedRow]:
    """Make rows to send."""
    return (ToSend(row, SmsMessage(f"0912{row:07}", "hi")) for row in range(first, first + count))


@asynccontextmanager
async def client_of(emulator: Emulator) -> AsyncIterator[AsyncWikipayam]:
    """Open a client of an in-process emulator."""
    transport = EmulatorTransport(emulator)
    async with AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, transport=transport) as client:
        yield client


async def send(
    emulator: Emulator,
    rows: Iterator[ClassifiedRow],
    results: ResultsFile,
    batch_size: int = 2,
    stop_on_error: bool = False,
) -> tuple[ErrorSummary, list[int]]:
    """Send some rows; return the errors, and the number of accepted rows at every step."""
    errors, steps = ErrorSummary(), []
    async with client_of(emulator) as client:
        await send_file(
            client,
            ClaimedMessages(rows, results, "w1", batch_size),
            results,
            errors,
            batch_size=batch_size,
            concurrency=1,
            stop_on_error=stop_on_error,
            on_progress=lambda: steps.append(results.outcomes.counts(0)[ACCEPTED]),
        )
    return errors, steps


def records() -> list[dict[str, Any]]:
    """Return the records of the results file after its header."""
    import json  # noqa: PLC0415

    return [json.loads(line) for line in Path(PATH).read_text().splitlines()[1:]]


async def test_rows_are_claimed_sent_and_recorded() -> None:
    """Each batch is claimed, sent and recorded; the track id of a message is derived from its row number."""
    emulator = Emulator()
    with new_file() as results:
        errors, steps = await send(emulator, to_send(3), results)
    first, second, third = emulator.ledger
    assert [line.get("rows") or (line["row"], line["status"], line["track_id"], line["id"]) for line in records()] == [
        [[2, 3]],
        (2, "accepted", "w1-2", first.id),
        (3, "accepted", "w1-3", second.id),
        [[4, 4]],
        (4, "accepted", "w1-4", third.id),
    ]
    assert [line["receiver"] for line in records() if "receiver" in line] == [
        "0912*****02",
        "0912*****03",
        "0912*****04",
    ]
    assert [entry.track_id for entry in emulator.ledger] == ["w1-2", "w1-3", "w1-4"]
    assert errors == ErrorSummary()
    assert steps == [2, 3, 3]


async def test_own_track_ids_are_kept() -> None:
    """A track id from a column is sent unchanged."""
    emulator = Emulator()
    with new_file() as results:
        await send(emulator, iter([ToSend(2, SmsMessage("09120000001", "hi", track_id="T"))]), results)
    assert [entry.track_id for entry in emulator.ledger] == ["T"]


async def test_rows_that_are_not_sent_are_recorded_without_a_claim() -> None:
    """Invalid and held-back rows are rejected with their reason, and never sent."""
    emulator = Emulator()
    rows: list[ClassifiedRow] = [
        InvalidRow(2, "bad"),
        HeldBack(3, "0912*****89", "duplicate"),
        *to_send(1, 4),
        InvalidRow(5, "bad"),
    ]
    with new_file() as results:
        await send(emulator, iter(rows), results)
    assert records()[:3] == [
        {"line": "row", "row": 2, "status": "rejected", "reason": "bad"},
        {"line": "row", "row": 3, "status": "rejected", "receiver": "0912*****89", "reason": "duplicate"},
        {"line": "row", "row": 5, "status": "rejected", "reason": "bad"},
    ]
    assert records()[3] == {"line": "claimed", "run": "w1", "rows": [[4, 4]]}
    assert [entry.track_id for entry in emulator.ledger] == ["w1-4"]


async def test_any_number_of_invalid_rows_is_recorded_in_constant_memory() -> None:
    """They are recorded a thousand at a time, even without a message between them."""
    with new_file() as results:
        await send(Emulator(), (InvalidRow(row, "bad") for row in range(2, 2502)), results)
        assert results.outcomes.counts(0)[REJECTED] == 2500


@pytest.mark.parametrize(("status", "code"), [(401, Exit.AUTH), (403, Exit.AUTH), (402, Exit.REJECTED)])
async def test_an_account_error_stops_the_run(status: int, code: Exit) -> None:
    """The refused batch is rejected, the rest is not attempted, and no more rows are claimed."""
    emulator = Emulator()
    emulator.faults.arm(Fault.status(status), times=None)
    with new_file() as results:
        errors, _ = await send(emulator, to_send(1000), results)
        counts = results.outcomes.counts(1000)
    assert errors.code is code
    assert list(errors.causes.values())[0] >= 2  # noqa: RUF015
    assert (counts[REJECTED], counts[NOT_ATTEMPTED]) == (2, 998)
    assert emulator.requests == 1
    assert sum(line["line"] == "claimed" for line in records()) < 10


async def test_a_failure_of_one_request_does_not_end_the_run() -> None:
    """A connection reset leaves the rows of one request unknown, and the others are sent."""
    emulator = Emulator()
    emulator.faults.script([None, Fault.reset(), None, None])
    with new_file() as results:
        errors, _ = await send(emulator, to_send(8), results)
        assert results.outcomes.counts(8) == {ACCEPTED: 6, REJECTED: 0, UNKNOWN: 2, NOT_ATTEMPTED: 0}
    assert errors.code is Exit.UNKNOWN
    assert sum(errors.causes.values()) == 2


async def test_a_run_may_stop_at_the_first_failure() -> None:
    """With `stop`, the rest is not attempted."""
    emulator = Emulator()
    emulator.faults.script([None, Fault.status(400)])
    with new_file() as results:
        await send(emulator, to_send(100), results, stop_on_error=True)
        assert results.outcomes.counts(100) == {ACCEPTED: 2, REJECTED: 2, UNKNOWN: 0, NOT_ATTEMPTED: 96}
    assert emulator.requests == 2


async def test_only_the_first_causes_are_kept() -> None:
    """Only the first five different reasons are counted."""
    errors = ErrorSummary()
    from wikipayam_async import ConfigurationError, SendResult  # noqa: PLC0415

    for place in (*range(7), 0):
        errors.add(SendResult(place, SmsMessage("0912", "hi"), REJECTED, error=ConfigurationError(f"cause {place}")))
    errors.add(SendResult(0, SmsMessage("0912", "hi"), NOT_ATTEMPTED))
    assert errors.causes == {"cause 0": 2, "cause 1": 1, "cause 2": 1, "cause 3": 1, "cause 4": 1}
    assert errors.code is Exit.REJECTED


async def test_a_full_disk_stops_before_anything_unclaimed_is_sent() -> None:
    """Rows whose claim cannot be written are not sent; the outcomes before are recorded; no row is lost."""
    emulator = Emulator()
    with new_file() as results:
        fill(results).room = 150  # a claim fits, and one outcome, but not two
        errors, _ = await send(emulator, to_send(6), results, batch_size=1)
        results._appender.room = 20  # type: ignore[union-attr]
        sent = len(emulator.ledger)
        again, _ = await send(emulator, to_send(4, 20), results)
    assert errors.failure is None
    assert isinstance(again.failure, OSError)
    assert again.failure.errno == errno.ENOSPC
    assert len(emulator.ledger) == sent == 6
    assert outcomes(20, 21, 22, 23) == [RowOutcome.NONE] * 4


async def test_outcomes_that_cannot_be_written_leave_their_rows_unknown() -> None:
    """Rows that were sent without a recorded outcome are unknown in the file, and nothing more is sent."""
    emulator = Emulator()
    with new_file() as results:
        fill(results).room = 60  # a claim fits, but no outcome
        errors, _ = await send(emulator, to_send(6), results)
    assert isinstance(errors.failure, OSError)
    sent = {int(entry.receiver[-7:]) for entry in emulator.ledger}
    found = read_results(PATH).outcomes
    assert sent
    assert {row for row in range(2, 8) if found[row] is RowOutcome.UNKNOWN} == sent
    assert {found[row] for row in range(2, 8)} <= {RowOutcome.UNKNOWN, RowOutcome.NONE}


async def test_outcomes_are_written_as_soon_as_there_is_room_again() -> None:
    """A disk that is full for a moment stops the run, but no outcome is lost."""
    emulator = Emulator()
    with new_file() as results:
        full = fill(results)
        full.room = 60
        real = full.append

        def append(content: bytes, *, durable: bool) -> None:
            try:
                real(content, durable=durable)
            except OSError:
                full.room = 100_000
                raise

        full.append = append  # type: ignore[method-assign]
        errors, _ = await send(emulator, to_send(6), results)
    assert isinstance(errors.failure, OSError)
    found = read_results(PATH).outcomes
    assert found.counts(0)[ACCEPTED] == len(emulator.ledger) > 0
    assert found.counts(0)[UNKNOWN] == 0


async def test_a_file_that_changes_during_the_run_stops_it() -> None:
    """The rows before the change are recorded; none after it is sent."""

    def rows() -> Iterator[ClassifiedRow]:
        yield from to_send(2)
        raise InputFileError("changed")

    emulator = Emulator()
    with new_file() as results:
        errors, _ = await send(emulator, rows(), results)
    assert str(errors.failure) == "changed"
    assert outcomes(2, 3, 4) == [RowOutcome.ACCEPTED, RowOutcome.ACCEPTED, RowOutcome.NONE]


async def test_a_cancelled_run_records_everything() -> None:
    """Requests in flight are finished; claimed rows that were not sent are not attempted."""
    emulator = Emulator()
    emulator.faults.every(Fault.delay(0.05), 1)
    with new_file() as results:
        errors = ErrorSummary()
        async with client_of(emulator) as client:
            messages = ClaimedMessages(to_send(1000), results, "w1", 50)
            with anyio.CancelScope() as scope:
                await send_file(  # the batches are smaller than the claim, so most of the claim is not sent
                    client, messages, results, errors, batch_size=5, concurrency=2, on_progress=scope.cancel
                )
        counts = results.outcomes.counts(1000)
    found = read_results(PATH).outcomes
    assert scope.cancelled_caught
    assert counts == found.counts(1000)
    assert counts[ACCEPTED] + counts[UNKNOWN] >= len(emulator.ledger) > 0
    assert {found[row] for row in range(2, 1002)} <= {
        RowOutcome.ACCEPTED,
        RowOutcome.UNKNOWN,
        RowOutcome.NOT_ATTEMPTED,
        RowOutcome.NONE,
    }
    assert RowOutcome.NOT_ATTEMPTED in {found[row] for row in range(2, 1002)}


def test_claimed_rows_that_were_never_yielded_are_released() -> None:
    """They were never sent, so they are not attempted."""

    async def take_one(messages: ClaimedMessages) -> Sequence[str | None]:
        taken = (await anext(messages)).track_id
        messages.stop()
        with pytest.raises(StopAsyncIteration):
            await anext(messages)
        return [taken]

    with new_file() as results:
        messages = ClaimedMessages(to_send(3), results, "w1", 3)
        assert anyio.run(take_one, messages) == ["w1-2"]
        assert [(line.row, line.status) for line in messages.release()] == [(3, NOT_ATTEMPTED), (4, NOT_ATTEMPTED)]
        assert messages.release() == []


async def test_a_message_is_claimed_before_it_is_sent() -> None:
    """Every message is in the results file when it is yielded, and those of a claim that fails are never yielded."""
    with new_file() as results:
        messages = ClaimedMessages(to_send(5), results, "w1", 2)
        first = await anext(messages)
        assert (first.receiver, b'"claimed","run":"w1","rows":[[2,3]]' in PATH.read_bytes()) == ("09120000002", True)
        await anext(messages)
        full = fill(results)
        with pytest.raises(OSError, match="No space left"):
            await anext(messages)
        assert messages.release() == []
        full.room = 1000
        assert (await anext(messages)).receiver == "09120000006"
        assert outcomes(2, 3, 4, 5, 6) == [
            RowOutcome.UNKNOWN,
            RowOutcome.UNKNOWN,
            RowOutcome.NONE,
            RowOutcome.NONE,
            RowOutcome.UNKNOWN,
        ]
