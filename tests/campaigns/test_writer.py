"""Writing outcomes, and keeping those that cannot be written; whole runs of it are in test_runner.py."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from unittest.mock import patch

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tests.campaigns.doubles import FullJournal, WallClock, messages
from wikipayam_async import (
    AuthenticationError,
    BadRequestError,
    InsufficientBalanceError,
    PermissionDeniedError,
    RateLimitError,
    SendResult,
    SendStatus,
    SmsMessage,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.campaigns import JournalError, MemoryJournal, StoredChunk, StoredOutcome
from wikipayam_async.campaigns.planner import PlanOptions, make_plan
from wikipayam_async.campaigns.source import Flight
from wikipayam_async.campaigns.writer import OutcomeWriter, stored_outcome

pytestmark = pytest.mark.anyio

ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED = (
    SendStatus.ACCEPTED,
    SendStatus.REJECTED,
    SendStatus.UNKNOWN,
    SendStatus.NOT_ATTEMPTED,
)
MESSAGE = SmsMessage("09120000001", "a")


def result(status: SendStatus, error: WikipayamError | None = None, id_: str | None = None) -> SendResult:
    """Return a result of the message."""
    return SendResult(0, MESSAGE, status, id_, error, "m-0")


@pytest.mark.parametrize(
    ("status", "error", "stored"),
    [
        (ACCEPTED, None, StoredOutcome(0, "m-0", ACCEPTED, "id")),
        (NOT_ATTEMPTED, None, StoredOutcome(0, "m-0", NOT_ATTEMPTED)),
        (REJECTED, BadRequestError("no", status_code=400), StoredOutcome(0, "m-0", REJECTED, None, "400", "no")),
        (UNKNOWN, UnknownOutcomeError("?"), StoredOutcome(0, "m-0", UNKNOWN, None, "unreported", "?")),
        (UNKNOWN, None, StoredOutcome(0, "m-0", UNKNOWN, None, "interrupted", "its request was cut off")),
    ],
)
def test_an_outcome_is_stored_with_its_cause(
    status: SendStatus, error: WikipayamError | None, stored: StoredOutcome
) -> None:
    """An accepted one has an id, any other a cause and a text."""
    assert stored_outcome(result(status, error, "id" if status is ACCEPTED else None)) == stored


@pytest.mark.parametrize(
    ("kind", "code"),
    [(AuthenticationError, 401), (InsufficientBalanceError, 402), (PermissionDeniedError, 403), (RateLimitError, 429)],
)
def test_what_the_account_is_refused_is_no_fault_of_the_message(kind: type[BadRequestError], code: int) -> None:
    """It is pending again, and sent once the account is in order."""
    assert stored_outcome(result(REJECTED, kind("no", status_code=code))) == StoredOutcome(0, "m-0", NOT_ATTEMPTED)


async def claimed(journal: FullJournal) -> Flight:
    """Return the claimed chunk of a plan with one message."""
    await journal.lock()
    await make_plan(journal, messages(1), PlanOptions(batch_size=1, line="1000"))
    (chunk,) = await journal.pending(-1, 1)
    await journal.claim(0, "token")
    return Flight(chunk, 1, token="token", claimed=True)


async def test_a_failed_write_is_repeated_and_then_kept() -> None:
    """Three delays, then the error; what was kept is written at the end, if that is possible by then."""
    journal, clock = FullJournal(settles_failing=5), WallClock()
    flight = await claimed(journal)
    writer = OutcomeWriter(journal, clock.sleep)
    results = [result(ACCEPTED, id_="id")]
    assert writer.error() is None
    with pytest.raises(JournalError, match="full: database or disk is full"):
        await writer.write(flight, results)
    assert clock.slept == [0.1, 0.5, 2.0]
    assert await writer.write_rest() == []
    error = writer.error()
    assert error is not None
    assert error.results == tuple(results)
    assert await writer.write_rest() == [(flight, results)]
    assert writer.error() is None
    assert (await journal.counts()).accepted == 1


class Foreign(MemoryJournal):
    """A journal of somebody else's that loses claims, or raises errors of its own."""

    def __init__(self, answer: bool | Exception) -> None:
        super().__init__("foreign")
        self.answer = answer

    async def settle(self, no: int, token: str, outcomes: Sequence[StoredOutcome]) -> bool:
        """Return or raise the answer."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [False, RuntimeError("a text")])
async def test_outcomes_that_a_journal_does_not_take_are_kept(answer: bool | Exception) -> None:
    """A lost claim and an unexpected error are failures to write: what is known comes with the error."""
    writer = OutcomeWriter(Foreign(answer), WallClock().sleep)
    flight = Flight(StoredChunk(0, ()), 1, token="t", claimed=True)
    results = [result(ACCEPTED, id_="id")]
    with pytest.raises(JournalError) as caught:
        await writer.write(flight, results)
    assert "a text" not in str(caught.value)
    assert await writer.write_rest() == []
    error = writer.error()
    assert error is not None
    assert error.results == (results[0],)


async def test_a_lost_claim_of_what_was_not_attempted_is_no_failure() -> None:
    """Nothing is known that could be lost."""
    writer = OutcomeWriter(Foreign(answer=False), WallClock().sleep)
    flight = Flight(StoredChunk(0, ()), 1, token="t", claimed=True)
    await writer.write(flight, [result(NOT_ATTEMPTED)])
    assert writer.error() is None


async def test_a_write_that_is_repeated_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """With the chunk, the reason and the delay; once it succeeds, nothing is kept."""
    journal, clock = FullJournal(settles_failing=2), WallClock()
    flight = await claimed(journal)
    writer = OutcomeWriter(journal, clock.sleep)
    with caplog.at_level(logging.WARNING, logger="wikipayam_async"):
        await writer.write(flight, [result(ACCEPTED, id_="id")])
    assert clock.slept == [0.1, 0.5]
    assert [record.getMessage() for record in caplog.records] == [
        f"campaign {journal.name}: the outcomes of chunk 0 could not be written (full: database or disk is full); "
        f"trying again in {delay} s"
        for delay in ("0.1", "0.5")
    ]
    assert (writer.error(), await writer.write_rest(), (await journal.counts()).accepted) == (None, [], 1)


async def test_the_last_attempt_to_write_may_succeed() -> None:
    """After the three delays the outcome is written like any other."""
    journal, clock = FullJournal(settles_failing=3), WallClock()
    writer = OutcomeWriter(journal, clock.sleep)
    await writer.write(await claimed(journal), [result(ACCEPTED, id_="id")])
    assert clock.slept == [0.1, 0.5, 2.0]
    assert (writer.error(), (await journal.counts()).accepted) == (None, 1)
    (stored,) = await journal.results(-1, 10)
    assert (stored.status, stored.id) == (ACCEPTED, "id")


async def test_what_is_never_written_is_logged_and_carried_by_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """Every message with its track id, its outcome, and its id or its cause."""
    journal = FullJournal(settles_failing=100)
    flight = await claimed(journal)
    writer = OutcomeWriter(journal, WallClock().sleep)
    chunks = [
        [result(ACCEPTED, id_="id"), result(REJECTED, BadRequestError("no", status_code=400))],
        [result(UNKNOWN, UnknownOutcomeError("?")), result(ACCEPTED)],
    ]
    for results in chunks:
        with pytest.raises(JournalError):
            await writer.write(flight, results)
    logged = [(one.levelname, one.getMessage()) for one in caplog.records if one.levelno == logging.ERROR]
    caplog.clear()
    assert (await writer.write_rest(), caplog.records, writer.has_rest) == ([], [], True)
    assert logged == [
        ("ERROR", f"campaign {journal.name}: not written: m-0 accepted id"),
        ("ERROR", f"campaign {journal.name}: not written: m-0 rejected 400"),
        ("ERROR", f"campaign {journal.name}: not written: m-0 unknown unreported"),
        ("ERROR", f"campaign {journal.name}: not written: m-0 accepted "),
    ]
    error = writer.error()
    assert error is not None
    assert error.results == (*chunks[0], *chunks[1])
    assert str(error) == (
        f"{journal.name}: the outcomes of 4 messages could not be written, and the campaign stopped; they are in "
        "`results` of this error and in the log. The next run makes these messages unknown"
    )


async def test_an_interrupted_attempt_to_write_the_rest_loses_nothing() -> None:
    """What was not written yet is kept."""
    journal = FullJournal(settles_failing=4)
    flight = await claimed(journal)
    writer = OutcomeWriter(journal, WallClock().sleep)
    with pytest.raises(JournalError):
        await writer.write(flight, [result(ACCEPTED, id_="id")])
    with anyio.CancelScope() as scope:
        scope.cancel()
        with patch.object(journal, "settle", lambda *_: checkpoint()):
            await writer.write_rest()
    assert (scope.cancelled_caught, writer.has_rest) == (True, True)
    assert await writer.write_rest() == [(flight, [result(ACCEPTED, id_="id")])]
    assert writer.has_rest is False
