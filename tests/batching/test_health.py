from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.bulk.doubles import FOREVER, RECEIVER
from wikipayam_async import (
    APIConnectionError,
    APITimeoutError,
    AsyncWikipayam,
    AuthenticationError,
    BadRequestError,
    ClosedError,
    ConfigurationError,
    InsufficientBalanceError,
    NotFoundError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    SendingHealth,
    SentMessage,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.batching.health import HealthRecord
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, Fault, serve
from wikipayam_async.testing import emulator_client

START = datetime(2026, 1, 1, tzinfo=UTC)
ACCEPTED = SentMessage("id")


class Clock:
    """A clock that a test moves, as monotonic seconds and as the time of day."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        """Return the seconds."""
        return self.seconds

    def now(self) -> datetime:
        """Return the time of day."""
        return START + timedelta(seconds=self.seconds)


@pytest.fixture
def clock() -> Clock:
    """A clock at 0."""
    return Clock()


@pytest.fixture
def record(clock: Clock) -> HealthRecord:
    """A record on that clock."""
    return HealthRecord(clock=clock.monotonic, now=clock.now)


def health_of(record: HealthRecord, *, running: bool = True, full: bool = False) -> SendingHealth:
    """Return the health of a queue with two messages."""
    return record.report(running=running, full=full, waiting=1, in_flight=1)


PERMANENT: list[WikipayamError] = [
    AuthenticationError("401", status_code=401),
    PermissionDeniedError("403", status_code=403),
    NotFoundError("404", status_code=404),
    ConfigurationError("no sender"),
    ClosedError("the client is closed"),
]
TRANSIENT: list[WikipayamError] = [
    APIConnectionError("unreachable"),
    APITimeoutError("slow"),
    UnknownOutcomeError("lost"),
    RateLimitError("429", status_code=429),
    InsufficientBalanceError("402", status_code=402),
]
OWN: list[WikipayamError] = [
    BadRequestError("400", status_code=400),
    PayloadTooLargeError("413", status_code=413),
    UnprocessableError("422", status_code=422),
]


def test_a_new_record_is_healthy(record: HealthRecord) -> None:
    """Before the first outcome nothing speaks against sending."""
    assert health_of(record) == SendingHealth(healthy=True, running=True, full=False, waiting=1, in_flight=1)


@pytest.mark.parametrize(("running", "full"), [(False, False), (True, True)])
def test_what_takes_no_messages_is_not_healthy(record: HealthRecord, running: bool, full: bool) -> None:
    """A queue that is closed or full is not healthy, whatever was sent before."""
    record.note(ACCEPTED)
    assert not health_of(record, running=running, full=full).healthy


@pytest.mark.parametrize("error", PERMANENT, ids=lambda error: type(error).__name__)
def test_a_permanent_failure_counts_until_a_message_is_accepted(
    record: HealthRecord, clock: Clock, error: WikipayamError
) -> None:
    """A refused token or setting is not forgotten; the next acceptance ends it, and the failure stays on record."""
    record.note(error)
    clock.seconds = 86_400.0
    failed = health_of(record)
    record.note(ACCEPTED)
    assert (failed.healthy, failed.last_failure, failed.last_error) == (False, START, type(error).__name__)
    assert health_of(record) == SendingHealth(
        healthy=True,
        running=True,
        full=False,
        waiting=1,
        in_flight=1,
        last_accepted=START + timedelta(days=1),
        last_failure=START,
        last_error=type(error).__name__,
    )


@pytest.mark.parametrize("error", TRANSIENT, ids=lambda error: type(error).__name__)
def test_a_transient_failure_counts_for_a_minute(record: HealthRecord, clock: Clock, error: WikipayamError) -> None:
    """Without further failures the queue is healthy again after 60 seconds, although nothing was accepted."""
    record.note(error)
    clock.seconds = 59.9
    during = health_of(record).healthy
    clock.seconds = 60.0
    after = health_of(record)
    assert (during, after.healthy, after.last_error) == (False, True, type(error).__name__)


def test_a_transient_failure_ends_with_an_acceptance(record: HealthRecord) -> None:
    """An accepted message shows at once that sending works again."""
    record.note(UnknownOutcomeError("lost"))
    record.note(ACCEPTED)
    assert health_of(record).healthy


@pytest.mark.parametrize("error", OWN, ids=lambda error: type(error).__name__)
def test_the_fault_of_one_message_changes_nothing(record: HealthRecord, error: WikipayamError) -> None:
    """A message that the gateway refuses for its content says nothing about others."""
    record.note(error)
    assert health_of(record) == SendingHealth(healthy=True, running=True, full=False, waiting=1, in_flight=1)


@pytest.mark.anyio
async def test_the_health_of_an_outbox_over_a_socket() -> None:
    """An outbox is healthy while it is open and sends; a wrong token shows at once, and ends with an acceptance."""
    emulator = Emulator()
    with serve(emulator) as server:
        async with AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, base_url=server.url) as client:
            outbox = client.sms.outbox(linger=0)
            before = outbox.healthy
            async with outbox:
                emulator.faults.arm(Fault.status(401), on="POST /sms/send")
                outbox.post(RECEIVER, "text")
                await outbox.flush()
                refused = outbox.health
                outbox.post(RECEIVER, "text")
                await outbox.flush()
                sent = outbox.healthy
            after = outbox.healthy
    assert (before, refused.healthy, refused.last_error, sent, after) == (
        False,
        False,
        "AuthenticationError",
        True,
        False,
    )


@pytest.mark.anyio
async def test_a_full_outbox_is_not_healthy() -> None:
    """While `max_waiting` messages are queued, the outbox takes no more and is not healthy."""
    async with emulator_client(Emulator()) as client, client.sms.outbox(max_waiting=2, linger=FOREVER) as outbox:
        outbox.post(RECEIVER, "one")
        room = outbox.health
        outbox.post(RECEIVER, "two")
        full = outbox.health
    assert (room.healthy, room.waiting, full.healthy, full.full, full.waiting) == (True, 1, False, True, 2)


@pytest.mark.anyio
async def test_the_health_of_a_batcher() -> None:
    """A batcher has the same health as an outbox."""
    emulator = Emulator()
    async with emulator_client(emulator) as client, client.sms.batcher(linger=0) as batcher:
        emulator.faults.arm(Fault.status(403), on="POST /sms/send")
        with pytest.raises(PermissionDeniedError):
            await batcher.send(RECEIVER, "text")
        refused = batcher.health
        await batcher.send(RECEIVER, "text")
        sent = batcher.health
    assert (refused.healthy, refused.last_error) == (False, "PermissionDeniedError")
    assert (sent.healthy, sent.in_flight, batcher.healthy) == (True, 0, False)
