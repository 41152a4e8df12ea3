from __future__ import annotations

import errno
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.cli.bulk.test_results_file import PATH, begun, fill, outcomes
from wikipayam_async import AsyncWikipayam, SmsMessage
from wikipayam_async.cli.bulk.outcomes import RowOutcome, read_results
from wikipayam_async.cli.bulk.refusals import InputFileError
from wikipayam_async.cli.bulk.results_file import ResultsFile
from wikipayam_async.cli.bulk.sending import Feed, Pace, Tally, send_file
from wikipayam_async.cli.bulk.sorting import HeldBack, Refused, Sorted, ToSend
from wikipayam_async.cli.exits import Exit
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault
from wikipayam_async.outcomes import SendStatus

pytestmark = pytest.mark.anyio

ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED = SendStatus
PACE = Pace(batch_size=2, concurrency=1)


def given(count: int, first: int = 2) -> Iterator[Sorted]:
    """Make rows that give messages."""
    return (ToSend(row, SmsMessage(f"0912{row:07}", "hi")) for row in range(first, first + count))


@asynccontextmanager
async def client_of(emulator: Emulator) -> AsyncIterator[AsyncWikipayam]:
    """Give a client of an emulator in this process."""
    transport = EmulatorTransport(emulator)
    async with AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, transport=transport) as client:
        yield client


async def send(
    emulator: Emulator, rows: Iterator[Sorted], results: ResultsFile, pace: Pace = PACE
) -> tuple[Tally, list[int]]:
    """Send some rows; return what it came to, and how many rows had an outcome at every step."""
    tally, steps = Tally(), []
    async with client_of(emulator) as client:
        feed = Feed(rows, results, "w1", pace.batch_size)
        await send_file(
            client,
            feed,
            results,
            tally,
            pace=pace,
            on_progress=lambda: steps.append(results.outcomes.counts(0)[ACCEPTED]),
        )
    return tally, steps


def lines() -> list[dict[str, Any]]:
    """Return the lines of the results file after its header."""
    import json  # noqa: PLC0415

    return [json.loads(line) for line in Path(PATH).read_text().splitlines()[1:]]


async def test_rows_are_claimed_in_groups_and_settled() -> None:
    """Each group is claimed, sent and settled; the reference of a message is that of its row."""
    emulator = Emulator()
    with begun() as results:
        tally, steps = await send(emulator, given(3), results)
    first, second, third = emulator.ledger
    assert [line.get("rows") or (line["row"], line["status"], line["track_id"], line["id"]) for line in lines()] == [
        [[2, 3]],
        (2, "accepted", "w1-2", first.id),
        (3, "accepted", "w1-3", second.id),
        [[4, 4]],
        (4, "accepted", "w1-4", third.id),
    ]
    assert [line["receiver"] for line in lines() if "receiver" in line] == ["0912*****02", "0912*****03", "0912*****04"]
    assert [entry.track_id for entry in emulator.ledger] == ["w1-2", "w1-3", "w1-4"]
    assert tally == Tally()
    assert steps == [2, 3, 3]


async def test_own_references_are_kept() -> None:
    """A reference of a column is sent as it is."""
    emulator = Emulator()
    with begun() as results:
        await send(emulator, iter([ToSend(2, SmsMessage("09120000001", "hi", track_id="T"))]), results)
    assert [entry.track_id for entry in emulator.ledger] == ["T"]


async def test_what_is_not_sent_is_written_down_without_a_claim() -> None:
    """Refused rows and those held back are rejected with their reason, and never handed to the sender."""
    emulator = Emulator()
    rows: list[Sorted] = [Refused(2, "bad"), HeldBack(3, "0912*****89", "duplicate"), *given(1, 4), Refused(5, "bad")]
    with begun() as results:
        await send(emulator, iter(rows), results)
    assert lines()[:3] == [
        {"line": "row", "row": 2, "status": "rejected", "reason": "bad"},
        {"line": "row", "row": 3, "status": "rejected", "receiver": "0912*****89", "reason": "duplicate"},
        {"line": "row", "row": 5, "status": "rejected", "reason": "bad"},
    ]
    assert lines()[3] == {"line": "claimed", "run": "w1", "rows": [[4, 4]]}
    assert [entry.track_id for entry in emulator.ledger] == ["w1-4"]


async def test_any_number_of_refused_rows_is_written_in_flat_memory() -> None:
    """They are written a thousand at a time, whether or not a message comes between."""
    with begun() as results:
        await send(Emulator(), (Refused(row, "bad") for row in range(2, 2502)), results)
        assert results.outcomes.counts(0)[REJECTED] == 2500


@pytest.mark.parametrize(("status", "code"), [(401, Exit.AUTH), (403, Exit.AUTH), (402, Exit.REJECTED)])
async def test_a_refusal_that_concerns_all_ends_the_run(status: int, code: Exit) -> None:
    """What was refused is rejected, the rest is not attempted, and no further rows are even claimed."""
    emulator = Emulator()
    emulator.faults.arm(Fault.status(status), times=None)
    with begun() as results:
        tally, _ = await send(emulator, given(1000), results)
        counts = results.outcomes.counts(1000)
    assert tally.code is code
    assert list(tally.causes.values())[0] >= 2  # noqa: RUF015
    assert (counts[REJECTED], counts[NOT_ATTEMPTED]) == (2, 998)
    assert emulator.requests == 1
    assert sum(line["line"] == "claimed" for line in lines()) < 10


async def test_a_failure_of_one_request_does_not_end_the_run() -> None:
    """A request that never reached the gateway leaves its rows not attempted, and the others go out."""
    emulator = Emulator()
    emulator.faults.script([None, Fault.reset(), None, None])
    with begun() as results:
        tally, _ = await send(emulator, given(8), results)
        assert results.outcomes.counts(8) == {ACCEPTED: 6, REJECTED: 0, UNKNOWN: 2, NOT_ATTEMPTED: 0}
    assert tally.code is Exit.UNKNOWN
    assert sum(tally.causes.values()) == 2


async def test_a_run_may_stop_at_the_first_failure() -> None:
    """With `stop`, what comes after is not attempted."""
    emulator = Emulator()
    emulator.faults.script([None, Fault.status(400)])
    with begun() as results:
        await send(emulator, given(100), results, Pace(batch_size=2, concurrency=1, on_error="stop"))
        assert results.outcomes.counts(100) == {ACCEPTED: 2, REJECTED: 2, UNKNOWN: 0, NOT_ATTEMPTED: 96}
    assert emulator.requests == 2


async def test_only_the_first_causes_are_kept() -> None:
    """Of very many different reasons five are counted."""
    tally = Tally()
    from wikipayam_async import ConfigurationError, SendResult  # noqa: PLC0415

    for place in (*range(7), 0):
        tally.note(SendResult(place, SmsMessage("0912", "hi"), REJECTED, error=ConfigurationError(f"cause {place}")))
    tally.note(SendResult(0, SmsMessage("0912", "hi"), NOT_ATTEMPTED))
    assert tally.causes == {"cause 0": 2, "cause 1": 1, "cause 2": 1, "cause 3": 1, "cause 4": 1}
    assert tally.code is Exit.REJECTED


async def test_a_full_disk_stops_before_anything_unclaimed_is_sent() -> None:
    """A claim that cannot be written is not sent; what went before is known; no row is lost."""
    emulator = Emulator()
    with begun() as results:
        fill(results).room = 150  # a claim fits, and one outcome, but not two
        tally, _ = await send(emulator, given(6), results, Pace(batch_size=1, concurrency=1))
        results._appender.room = 20  # type: ignore[union-attr]
        sent = len(emulator.ledger)
        again, _ = await send(emulator, given(4, 20), results)
    assert tally.failure is None
    assert isinstance(again.failure, OSError)
    assert again.failure.errno == errno.ENOSPC
    assert len(emulator.ledger) == sent == 6
    assert outcomes(20, 21, 22, 23) == [RowOutcome.NONE] * 4


async def test_outcomes_that_cannot_be_written_leave_their_rows_unknown() -> None:
    """What was sent and could not be written down is unknown in the file, and nothing more is sent."""
    emulator = Emulator()
    with begun() as results:
        fill(results).room = 60  # a claim fits, but no outcome
        tally, _ = await send(emulator, given(6), results)
    assert isinstance(tally.failure, OSError)
    sent = {int(entry.receiver[-7:]) for entry in emulator.ledger}
    known = read_results(PATH).outcomes
    assert sent
    assert {row for row in range(2, 8) if known[row] is RowOutcome.UNKNOWN} == sent
    assert {known[row] for row in range(2, 8)} <= {RowOutcome.UNKNOWN, RowOutcome.NONE}


async def test_outcomes_are_written_as_soon_as_there_is_room_again() -> None:
    """A disk that was full for a moment costs the run, but no knowledge."""
    emulator = Emulator()
    with begun() as results:
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
        tally, _ = await send(emulator, given(6), results)
    assert isinstance(tally.failure, OSError)
    known = read_results(PATH).outcomes
    assert known.counts(0)[ACCEPTED] == len(emulator.ledger) > 0
    assert known.counts(0)[UNKNOWN] == 0


async def test_a_file_that_changes_on_the_way_ends_the_run() -> None:
    """What was given before is settled; nothing after it is sent."""

    def rows() -> Iterator[Sorted]:
        yield from given(2)
        raise InputFileError("changed")

    emulator = Emulator()
    with begun() as results:
        tally, _ = await send(emulator, rows(), results)
    assert str(tally.failure) == "changed"
    assert outcomes(2, 3, 4) == [RowOutcome.ACCEPTED, RowOutcome.ACCEPTED, RowOutcome.NONE]


async def test_a_cancelled_run_writes_everything_down() -> None:
    """What is in flight is finished; what was claimed and not sent is not attempted; nothing is unknown."""
    emulator = Emulator()
    emulator.faults.every(Fault.delay(0.05), 1)
    with begun() as results:
        tally = Tally()
        async with client_of(emulator) as client:
            feed = Feed(given(1000), results, "w1", 50)
            with anyio.CancelScope() as scope:
                pace = Pace(batch_size=5, concurrency=2)  # so that most of a claim waits
                await send_file(client, feed, results, tally, pace=pace, on_progress=scope.cancel)
        counts = results.outcomes.counts(1000)
    known = read_results(PATH).outcomes
    assert scope.cancelled_caught
    assert counts == known.counts(1000)
    assert counts[ACCEPTED] + counts[UNKNOWN] >= len(emulator.ledger) > 0
    assert {known[row] for row in range(2, 1002)} <= {
        RowOutcome.ACCEPTED,
        RowOutcome.UNKNOWN,
        RowOutcome.NOT_ATTEMPTED,
        RowOutcome.NONE,
    }
    assert RowOutcome.NOT_ATTEMPTED in {known[row] for row in range(2, 1002)}


def test_rows_that_were_claimed_and_never_given_are_given_back() -> None:
    """They never left, and are not attempted."""

    async def take_one(feed: Feed) -> Sequence[str | None]:
        taken = (await anext(feed)).track_id
        feed.stop()
        with pytest.raises(StopAsyncIteration):
            await anext(feed)
        return [taken]

    with begun() as results:
        feed = Feed(given(3), results, "w1", 3)
        assert anyio.run(take_one, feed) == ["w1-2"]
        assert [(line.row, line.status) for line in feed.give_back()] == [(3, NOT_ATTEMPTED), (4, NOT_ATTEMPTED)]
        assert feed.give_back() == []
