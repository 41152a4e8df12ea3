"""One run: what is committed when, and what happens if it cannot be."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from tests.campaigns.doubles import FullJournal, WallClock, all_results, messages
from wikipayam_async import APIConnectionError, AsyncWikipayam, RateLimit, SendStatus, SmsMessage
from wikipayam_async.campaigns import (
    Campaign,
    CampaignProgress,
    CampaignProgressed,
    CampaignStatus,
    JournalError,
    JournalWriteError,
    MemoryJournal,
    SendingHours,
    SpendingLimit,
    StopRequest,
    StoredOutcome,
)
from wikipayam_async.campaigns.memory import MemoryStore
from wikipayam_async.cost import Tariff
from wikipayam_async.emulator import Emulator, Fault
from wikipayam_async.services.sms import service as sms_service
from wikipayam_async.testing import emulator_client

pytestmark = pytest.mark.anyio

SEND = "POST /sms/send"
ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED = (
    SendStatus.ACCEPTED,
    SendStatus.REJECTED,
    SendStatus.UNKNOWN,
    SendStatus.NOT_ATTEMPTED,
)


class Recording(MemoryJournal):
    """A journal that records what is written, with the number of messages that the gateway had accepted then."""

    def __init__(self, emulator: Emulator, *, store: MemoryStore | None = None) -> None:
        super().__init__("recorded", store=store)
        self._emulator = emulator
        self.log: list[tuple[str, int, int]] = []
        self.outcomes: list[list[StoredOutcome]] = []
        self.reasons: list[str] = []

    async def write_facts(self, facts: Mapping[str, str]) -> None:
        """Record the reason of the state."""
        self.reasons += [facts["reason"]] if "reason" in facts else []
        await super().write_facts(facts)

    async def claim(self, no: int, token: str) -> bool:
        """Record a claim."""
        self.log.append(("claim", no, self._emulator.accepted))
        return await super().claim(no, token)

    async def settle(self, no: int, token: str, outcomes: Sequence[StoredOutcome]) -> bool:
        """Record outcomes."""
        self.log.append(("settle", no, self._emulator.accepted))
        self.outcomes.append(list(outcomes))
        return await super().settle(no, token, outcomes)


async def planned(journal: Any, client: AsyncWikipayam, count: int = 30, **arguments: Any) -> Campaign:
    """Return an open campaign with some messages in batches of ten."""
    campaign = await Campaign.open(client, journal, **arguments).__aenter__()
    await campaign.plan(messages(count), batch_size=10)
    return campaign


async def test_the_intent_is_committed_before_and_the_outcome_after_each_request() -> None:
    """A claim precedes its request, and one worker writes the outcome before it claims again."""
    emulator = Emulator()
    journal = Recording(emulator)
    campaign = await planned(journal, emulator_client(emulator))
    await campaign.run(concurrency=1)
    assert journal.log == [
        ("claim", 0, 0),
        ("settle", 0, 10),
        ("claim", 1, 10),
        ("settle", 1, 20),
        ("claim", 2, 20),
        ("settle", 2, 30),
    ]


async def test_nothing_is_claimed_while_it_waits_for_the_rate_limit() -> None:
    """At most what is in flight is claimed; what waits for its turn is pending."""
    emulator = Emulator()
    client = emulator_client(emulator, rate_limit=RateLimit(messages_per_second=200, burst_seconds=0))
    journal = Recording(emulator)
    campaign = await planned(journal, client, 50)
    sending: list[int] = []

    async def watch() -> None:
        while True:
            sending.append((await journal.counts()).sending)
            await anyio.sleep(0.002)

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        await campaign.run(concurrency=4)
        group.cancel_scope.cancel()
    assert max(sending) <= 10


async def test_nothing_is_claimed_while_the_gateway_asks_for_a_delay() -> None:
    """After a 429 the intent is taken back before the wait, and committed again before the next attempt."""
    emulator = Emulator()
    emulator.faults.arm(Fault.status(429, retry_after=1), on=SEND)
    journal = Recording(emulator)
    opted_out = [messages(5)[4].receiver]
    campaign = await planned(journal, emulator_client(emulator), 5)
    seen: list[tuple[int, int, int]] = []

    async def watch() -> None:
        while len(journal.log) < 2 or (counts := await journal.counts()).sending:  # noqa: ASYNC110 - the journal has no event
            await anyio.sleep(0.01)
        progress = await campaign.progress()
        seen.append((len(journal.log), counts.sending, progress.pending))

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        report = await campaign.run(concurrency=1, opt_out=opted_out)
    assert seen == [(2, 0, 5)]
    assert (report.accepted, report.rejected, emulator.accepted) == (4, 1, 4)
    assert [entry[0] for entry in journal.log] == ["claim", "settle", "claim", "settle"]


async def test_the_intent_of_a_single_message_is_taken_back_and_committed_again() -> None:
    """The message is not attempted in between; each claim is another."""
    emulator = Emulator()
    emulator.faults.arm(Fault.status(429, retry_after=0), on=SEND)
    journal = Recording(emulator)
    campaign = await planned(journal, emulator_client(emulator), 1)
    told: list[CampaignProgress] = []
    report = await campaign.run(concurrency=1, on_progress=told.append)
    assert (report.accepted, emulator.accepted) == (1, 1)
    assert journal.log == [("claim", 0, 0), ("settle", 0, 0), ("claim", 0, 0), ("settle", 0, 1)]
    accepted = StoredOutcome(0, "m-0", ACCEPTED, emulator.ledger[0].id)
    assert journal.outcomes == [[StoredOutcome(0, "m-0", NOT_ATTEMPTED)], [accepted]]
    assert {(one.pending + one.sending + one.accepted, min(one.pending, one.sending)) for one in told} == {(1, 0)}


async def test_a_piece_that_waits_keeps_the_claim_of_its_chunk() -> None:
    """The outcomes of the other pieces are recorded with its own."""
    emulator = Emulator()
    emulator.faults.script([Fault.status(413), None, None, None, Fault.status(429, retry_after=0)], on=SEND)
    journal = Recording(emulator)
    campaign = await planned(journal, emulator_client(emulator), 20)
    report = await campaign.run(concurrency=1)
    assert (report.accepted, [entry[:2] for entry in journal.log]) == (
        20,
        [("claim", 0), ("settle", 0), ("claim", 1), ("settle", 1)],
    )
    assert emulator.requests_to(SEND) == 6


async def test_a_chunk_that_is_sent_in_pieces_is_claimed_once() -> None:
    """After a 413 its halves are sent under the same claim, and recorded together."""
    emulator = Emulator()
    emulator.faults.arm(Fault.status(413), on=SEND)
    journal = Recording(emulator)
    campaign = await planned(journal, emulator_client(emulator), 20)
    report = await campaign.run(concurrency=1)
    assert (report.accepted, [entry[:2] for entry in journal.log]) == (
        20,
        [("claim", 0), ("settle", 0), ("claim", 1), ("settle", 1)],
    )
    assert emulator.requests_to(SEND) == 5


async def test_a_full_disk_before_the_request_means_that_nothing_is_sent() -> None:
    """The campaign stops with the journal's error as its reason; the next run goes on."""
    emulator = Emulator()
    store = MemoryStore()
    campaign = await planned(FullJournal(claims_left=1, store=store), emulator_client(emulator))
    report = await campaign.run(concurrency=1)
    assert (report.status, report.accepted, report.pending) == (CampaignStatus.PAUSED, 10, 20)
    assert report.reason == "full: database or disk is full"
    assert isinstance(report.error.__cause__ if report.error else None, JournalError)
    assert emulator.accepted == 10
    await campaign.__aexit__(None, None, None)
    campaign = await planned(MemoryJournal(store=store), emulator_client(emulator))
    assert (await campaign.run()).accepted == 30


async def test_a_failed_claim_and_a_failed_withdrawal_leave_the_chunk_to_the_journal() -> None:
    """If the journal fails at all, what is not sent is at worst shown as unknown."""
    emulator = Emulator()
    campaign = await planned(FullJournal(claims_left=0, settles_failing=9), emulator_client(emulator))
    report = await campaign.run(concurrency=1)
    assert (report.status, report.pending, emulator.accepted) == (CampaignStatus.PAUSED, 30, 0)


async def test_an_outcome_that_cannot_be_written_at_first_is_written_later() -> None:
    """The worker waits and tries again; nothing else is sent meanwhile by it."""
    emulator = Emulator()
    clock = WallClock()
    campaign = await planned(FullJournal(settles_failing=2), emulator_client(emulator), sleep=clock.sleep)
    report = await campaign.run(concurrency=1)
    assert (report.status, report.accepted, clock.slept) == (CampaignStatus.COMPLETED, 30, [0.1, 0.5])


async def test_an_outcome_is_tried_once_more_at_the_end() -> None:
    """The run has stopped by then, and somebody may have made room."""
    emulator = Emulator()
    clock = WallClock()
    campaign = await planned(FullJournal(settles_failing=4), emulator_client(emulator), sleep=clock.sleep)
    report = await campaign.run(concurrency=1)
    assert (report.status, report.accepted, report.pending, report.sending) == (CampaignStatus.PAUSED, 10, 20, 0)
    assert report.reason == "full: database or disk is full"


async def test_outcomes_that_cannot_be_written_are_raised_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Everything that is known comes with the error: track ids, statuses and ids. The next run makes them unknown."""
    emulator = Emulator()
    store = MemoryStore()
    clock = WallClock()
    journal = FullJournal(settles_failing=99, store=store)
    campaign = await planned(journal, emulator_client(emulator), sleep=clock.sleep)
    with caplog.at_level(logging.ERROR, "wikipayam_async"), pytest.raises(JournalWriteError) as caught:
        await campaign.run(concurrency=2)
    results = sorted(caught.value.results, key=lambda result: result.index)
    assert [(one.track_id, one.status) for one in results] == [(f"m-{i}", SendStatus.ACCEPTED) for i in range(20)]
    ids = [entry.id for entry in sorted(emulator.ledger, key=lambda entry: int(str(entry.track_id)[2:]))]
    assert [one.id for one in results] == ids
    logged = sorted(record.getMessage() for record in caplog.records if "not written" in record.getMessage())
    assert logged == sorted(f"campaign full: not written: {one.track_id} accepted {one.id}" for one in results)
    await campaign.__aexit__(None, None, None)
    campaign = await planned(MemoryJournal(store=store), emulator_client(emulator))
    report = await campaign.run()
    assert (report.accepted, report.unknown, emulator.accepted) == (10, 20, 30)
    assert {one.reason for one in await all_results(campaign, status="unknown")} == {"interrupted"}


async def test_an_unknown_outcome_that_cannot_be_written_is_logged_with_its_cause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where there is no id, the cause is all that is known."""
    emulator = Emulator()
    emulator.faults.arm(Fault.close(), on=SEND)
    journal = FullJournal(settles_failing=99)
    campaign = await planned(journal, emulator_client(emulator), 1, sleep=WallClock().sleep)
    with caplog.at_level(logging.ERROR, "wikipayam_async"), pytest.raises(JournalWriteError):
        await campaign.run()
    assert [record.getMessage() for record in caplog.records if "not written" in record.getMessage()] == [
        "campaign full: not written: m-0 unknown disconnected"
    ]


class LateFull(MemoryJournal):
    """A journal whose status cannot be written at the end."""

    async def write_facts(self, facts: Any) -> None:
        """Fail to write the end of a run."""
        if facts.get("status") in {"paused", "completed"}:
            raise JournalError("full")
        await super().write_facts(facts)


async def test_a_status_that_cannot_be_written_is_no_failure_of_the_run() -> None:
    """Every outcome is in the journal, which is what counts."""
    emulator = Emulator()
    journal = LateFull()
    campaign = await planned(journal, emulator_client(emulator))
    report = await campaign.run()
    assert (report.accepted, report.status) == (30, CampaignStatus.PAUSED)
    assert (await journal.counts()).accepted == 30
    assert (await campaign.progress()).status is CampaignStatus.COMPLETED


class Stolen(MemoryJournal):
    """A journal of which another process takes a chunk first."""

    async def claim(self, no: int, token: str) -> bool:
        """Lose the race for chunk 1."""
        return no != 1 and await super().claim(no, token)


async def test_a_chunk_that_another_process_claimed_is_not_sent_here() -> None:
    """The run stops, and says why."""
    emulator = Emulator()
    campaign = await planned(Stolen("shared"), emulator_client(emulator))
    report = await campaign.run(concurrency=1)
    assert (report.accepted, emulator.accepted) == (10, 10)
    assert str(report.error.__cause__ if report.error else None) == (
        "shared: chunk 1 was claimed by another run; it is not sent here"
    )


class Unreadable(MemoryJournal):
    """A journal that cannot be read after a while."""

    async def pending(self, after: int, limit: int) -> Any:
        """Fail after the first chunks."""
        if after >= 0:
            raise JournalError("damaged")
        return await super().pending(after, 1)


async def test_a_journal_that_cannot_be_read_ends_the_run_with_its_error() -> None:
    """What was sent is recorded."""
    emulator = Emulator()
    campaign = await planned(Unreadable(), emulator_client(emulator))
    with pytest.raises(JournalError, match="damaged"):
        await campaign.run(concurrency=1)
    progress = await campaign.progress()
    assert (progress.accepted, progress.pending, progress.reason) == (10, 20, "the run raised JournalError")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_pauses_the_run(number: signal.Signals) -> None:
    """If asked to, the run handles SIGINT and SIGTERM: what is in flight is finished and recorded."""
    emulator = Emulator()
    journal = MemoryJournal()
    campaign = await planned(journal, emulator_client(emulator), 100)

    def kill(progress: CampaignProgress) -> None:
        if progress.status is CampaignStatus.RUNNING:
            os.kill(os.getpid(), number)

    limit = RateLimit(messages_per_second=400, burst_seconds=0)
    report = await campaign.run(concurrency=2, on_progress=kill, handle_signals=True, rate_limit=limit)
    assert (report.status, report.reason, report.error) == (CampaignStatus.PAUSED, number.name, None)
    assert (report.accepted, report.unknown, report.sending) == (emulator.accepted, 0, 0)
    assert report.pending > 0


async def test_a_cancellation_outweighs_a_pause() -> None:
    """Whichever comes first."""
    emulator = Emulator()
    for requests in ((StopRequest.PAUSE, StopRequest.CANCEL), (StopRequest.CANCEL, StopRequest.PAUSE)):
        campaign = await planned(MemoryJournal(), emulator_client(emulator))
        asked = iter(requests)

        def stop(_: CampaignProgress, asked: Any = asked, campaign: Campaign = campaign) -> None:
            for request in asked:
                if campaign._run is not None:
                    campaign._run.stop(request, request.value)

        report = await campaign.run(concurrency=1, on_progress=stop)
        assert (report.status, report.reason) == (CampaignStatus.CANCELED, "cancel")


async def test_progress_goes_to_the_hook() -> None:
    """Every step is an event, so that metrics know the campaign; a hook that raises changes nothing."""
    emulator = Emulator()
    events: list[CampaignProgressed] = []

    def note(event: CampaignProgressed) -> None:
        events.append(event)
        raise RuntimeError("broken")

    campaign = await planned(MemoryJournal("eid"), emulator_client(emulator), on_event=note)
    await campaign.run(concurrency=1)
    assert [event.status for event in events] == [*["running"] * 4, "completed"]
    accepted = [event.accepted for event in events]
    assert (accepted[0], sorted(accepted), accepted[-1]) == (0, accepted, 30)
    assert {event.pending + event.sending + event.accepted for event in events} == {30}
    assert {(event.campaign, event.total, event.unknown) for event in events} == {("eid", 30, 0)}


async def test_the_hours_are_asked_for_again_before_the_request_leaves() -> None:
    """A wait for the rate limit may outlast them; the chunk then waits, and is not claimed."""
    emulator = Emulator()
    clock = WallClock()
    journal = Recording(emulator)
    campaign = await planned(journal, emulator_client(emulator), 10, now=clock.now, sleep=clock.sleep)
    hours = SendingHours("08:00", "09:00", "UTC")
    asked: list[int] = []

    def is_open(self: SendingHours, at: Any) -> bool:
        asked.append(len(journal.log))
        return len(asked) != 2 and at.hour == 8

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SendingHours, "is_open", is_open)
        patch.setattr(SendingHours, "next_opening", lambda _, at: at.replace(hour=8, day=22))
        report = await campaign.run(sending_hours=hours)
    assert (report.accepted, journal.log[0]) == (10, ("claim", 0, 0))
    assert len(asked) >= 2


async def test_what_earlier_runs_spent_counts() -> None:
    """With the lines and texts of the messages, whatever the earlier runs' limit was."""
    emulator = Emulator()
    campaign = await planned(MemoryJournal(), emulator_client(emulator))
    tariff = Tariff(persian=10)
    await campaign.run(concurrency=1, spending_limit=SpendingLimit(rials=100, tariff=tariff))
    report = await campaign.run(spending_limit=SpendingLimit(rials=205, tariff=tariff))
    assert (report.accepted, report.reason) == (20, "the spending limit is reached: 200 rials are spent, 5 are left")


async def test_a_pass_without_progress_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not reach the gateway is tried again only as long as something is accepted or refused."""
    emulator = Emulator()
    campaign = await planned(MemoryJournal(), emulator_client(emulator), 20)
    calls: list[int] = []
    send: Any = vars(sms_service)["send_batch"]

    async def refuse_all_but_the_second(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            return await send(*arguments, **options)
        error = APIConnectionError("sms.send: connection refused")
        error.send_status = SendStatus.NOT_ATTEMPTED
        raise error

    monkeypatch.setattr(sms_service, "send_batch", refuse_all_but_the_second)
    report = await campaign.run(concurrency=1)
    assert (report.status, report.accepted, report.pending, len(calls)) == (CampaignStatus.PAUSED, 10, 10, 3)
    assert report.reason == "10 messages did not reach the gateway"
    monkeypatch.undo()
    assert (await campaign.run()).accepted == 20


async def test_a_run_may_send_smaller_requests_than_planned() -> None:
    """So a rate below the plan's batch size can be kept; nothing is sent twice or left out."""
    emulator = Emulator()
    campaign = await planned(MemoryJournal(), emulator_client(emulator), 20)
    report = await campaign.run(batch_size=4)
    assert (report.status, report.accepted) == (CampaignStatus.COMPLETED, 20)
    assert emulator.requests_to(SEND) == 6
    assert len({entry.receiver for entry in emulator.ledger}) == len(emulator.ledger) == 20


class Forgetful(MemoryJournal):
    """A journal that fails when it is asked for requests to stop, from some look on."""

    def __init__(self, *, looks_left: int) -> None:
        super().__init__("gone")
        self.looks_left = looks_left

    async def requested(self) -> StopRequest | None:
        """Return what was asked, for some time."""
        self.looks_left -= 1
        if not self.looks_left:
            raise JournalError("gone: the database is gone")
        return await super().requested()


async def test_a_failing_look_for_requests_ends_the_run_with_its_error() -> None:
    """The error is the journal's own, in no group, and what was in flight is recorded."""
    emulator = Emulator()
    emulator.faults.arm(Fault.delay(0.4), on=SEND)
    campaign = await planned(Forgetful(looks_left=3), emulator_client(emulator))
    with pytest.raises(JournalError, match=r"^gone: the database is gone$"):
        await campaign.run(concurrency=1)
    progress = await campaign.progress()
    assert (progress.status, progress.reason) == (CampaignStatus.PAUSED, "the run raised JournalError")
    assert (progress.accepted, progress.sending, emulator.accepted) == (10, 0, 10)


async def test_the_wait_for_the_hours_is_shown() -> None:
    """The clock is read every half minute until they begin; nothing is claimed meanwhile."""
    emulator = Emulator()
    clock = WallClock(datetime(2026, 3, 21, 8, 30, 10, tzinfo=UTC))
    journal = Recording(emulator)
    campaign = await planned(journal, emulator_client(emulator), 10, now=clock.now, sleep=clock.sleep)
    told: list[CampaignProgress] = []
    hours = SendingHours("09:00", "10:00", "UTC")
    report = await campaign.run(concurrency=1, sending_hours=hours, on_progress=told.append)
    assert clock.slept == [30.0] * 59 + [20.0]
    waits = "waiting for the sending hours, until 2026-03-21 09:00 UTC"
    assert journal.reasons[-4:] == ["", waits, "", ""]
    assert [(one.status.value, one.reason, one.pending, one.sending) for one in told[:2]] == [
        ("running", waits, 10, 0),
        ("running", None, 10, 0),
    ]
    assert (report.status, report.accepted, told[-1].accepted) == (CampaignStatus.COMPLETED, 10, 10)


async def test_a_report_counts_what_the_run_attempted() -> None:
    """What an opt-out holds back is rejected, but was not attempted; what earlier runs did is not counted."""
    emulator = Emulator()
    campaign = await planned(MemoryJournal(), emulator_client(emulator), 30)
    emulator.faults.script([Fault.status(400)], on=SEND)
    first = await campaign.run(concurrency=1, opt_out=["09120000015"], stop_on_error=True)
    assert (first.accepted, first.rejected, first.pending) == (0, 10, 20)
    second = await campaign.run(concurrency=1, opt_out=["09120000015"])
    assert (second.accepted, second.rejected, second.pending) == (19, 11, 0)
    assert [dict(one.attempted) for one in (first, second)] == [
        {ACCEPTED: 0, REJECTED: 10, UNKNOWN: 0, NOT_ATTEMPTED: 0},
        {ACCEPTED: 19, REJECTED: 0, UNKNOWN: 0, NOT_ATTEMPTED: 0},
    ]


async def test_what_may_have_been_accepted_counts_as_spent() -> None:
    """In this run and in the next one; what was rejected costs nothing."""
    emulator = Emulator()
    campaign = await planned(MemoryJournal(), emulator_client(emulator))
    tariff = Tariff(persian=10)
    emulator.faults.script([Fault.status(500), None, Fault.status(500)], on=SEND)
    first = await campaign.run(concurrency=1, spending_limit=SpendingLimit(rials=150, tariff=tariff))
    assert (first.unknown, first.accepted, first.reason) == (
        10,
        5,
        "the spending limit is reached: 150 rials are spent, 0 are left",
    )
    second = await campaign.run(concurrency=1, spending_limit=SpendingLimit(rials=179, tariff=tariff))
    assert (second.unknown, second.accepted, second.reason) == (
        12,
        5,
        "the spending limit is reached: 170 rials are spent, 9 are left",
    )


async def test_a_hook_that_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """With the type of its exception only; the end of the run is logged, too."""
    emulator = Emulator()

    def fail(_: CampaignProgressed) -> None:
        raise RuntimeError("secret")

    campaign = await planned(MemoryJournal("eid"), emulator_client(emulator), 10, on_event=fail)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="wikipayam_async"):
        report = await campaign.run(concurrency=1)
    logged = [one.getMessage() for one in caplog.records if "CampaignProgressed" in one.getMessage()]
    assert set(logged) == {"on_event raised RuntimeError for CampaignProgressed; the campaign goes on"}
    assert [one.getMessage() for one in caplog.records][-1] == f"campaign eid: {report.summary()}"


async def test_what_earlier_runs_spent_is_priced_by_line() -> None:
    """By the message's own line, or by that of the plan."""
    emulator = Emulator()
    own = [*messages(2, sender="100010000"), *messages(4)[2:]]
    campaign = await Campaign.open(emulator_client(emulator), MemoryJournal()).__aenter__()
    await campaign.plan([*own, SmsMessage("09129999999", "سلام", track_id="last")], batch_size=2)
    tariff = Tariff(persian=1, lines={"1000100": Tariff(persian=10), "10002000": Tariff(persian=100)})
    reports = [
        await campaign.run(concurrency=1, spending_limit=SpendingLimit(rials=rials, tariff=tariff))
        for rials in (20, 220, 319, 320)
    ]
    assert [(one.accepted, one.reason) for one in reports] == [
        (2, "the spending limit is reached: 20 rials are spent, 0 are left"),
        (4, "the spending limit is reached: 220 rials are spent, 0 are left"),
        (4, "the spending limit is reached: 220 rials are spent, 99 are left"),
        (5, None),
    ]


async def test_no_message_is_missing_from_any_progress() -> None:
    """Whatever becomes of a request, each message is counted once; what the account is refused is pending again."""
    emulator = Emulator()
    campaign = await planned(MemoryJournal(), emulator_client(emulator), 40)
    emulator.faults.script([Fault.status(400), Fault.status(500), None, Fault.status(402)], on=SEND)
    told: list[CampaignProgress] = []
    report = await campaign.run(concurrency=1, on_progress=told.append)
    assert {one.pending + one.sending + one.accepted + one.rejected + one.unknown for one in told} == {40}
    assert [(one.rejected, one.unknown, one.accepted) for one in told if one.status is CampaignStatus.RUNNING] == [
        (10, 0, 0),
        (10, 10, 0),
        (10, 10, 10),
        (10, 10, 10),
    ]
    assert (report.pending, report.sending, told[-2].pending, told[-2].sending) == (10, 0, 10, 0)
