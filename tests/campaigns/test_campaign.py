"""Campaigns in process: planning, running, resuming, deciding, exporting. The crashes are in tests/faults/test_chaos.py."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio
import pytest

from tests.campaigns.doubles import SEND, Place, WallClock, all_results, messages
from wikipayam_async import (
    AuthenticationError,
    BadRequestError,
    ClosedError,
    InsufficientBalanceError,
    InvalidInputError,
    RateLimit,
    SendStatus,
    SmsMessage,
)
from wikipayam_async.campaigns import (
    Campaign,
    CampaignError,
    CampaignMessage,
    CampaignPlan,
    CampaignProgress,
    CampaignStatus,
    JournalBusyError,
    MemoryJournal,
    PlanChangedError,
    SendingHours,
    SpendingLimit,
    SQLiteJournal,
)
from wikipayam_async.cost import Tariff
from wikipayam_async.emulator import (
    DEFAULT_LINE,
    DEFAULT_TOKEN,
    DELIVERED,
    Emulator,
    Fault,
    waiting_then,
)
from wikipayam_async.optout import OptOutList
from wikipayam_async.testing import emulator_client

pytestmark = pytest.mark.anyio

ACCEPTED, REJECTED, UNKNOWN, PENDING = (
    SendStatus.ACCEPTED,
    SendStatus.REJECTED,
    SendStatus.UNKNOWN,
    SendStatus.NOT_ATTEMPTED,
)
TARIFF = Tariff(persian=900)


async def test_one_text_to_many_numbers(place: Place) -> None:
    """It is planned by column and sent; the same in messages is the same plan, and another text is another."""
    numbers = [f"0912000{number:04}" for number in range(25)]
    async with place.open() as campaign:
        plan = await campaign.plan([*numbers, "bad"], "سلام", sender="10002000", batch_size=10, footer="لغو۱۱")
        assert (plan.total, plan.chunks, plan.held_back) == (26, 3, {"invalid": 1})
        same = [SmsMessage(number, "سلام\nلغو۱۱", sender="10002000") for number in [*numbers, "bad"]]
        assert await campaign.plan(same, batch_size=10) == plan
        assert await campaign.plan(iter([*numbers, "bad"]), "سلام\nلغو۱۱", sender="10002000", batch_size=10) == plan
        with pytest.raises(PlanChangedError):
            await campaign.plan([*numbers, "bad"], "سلام", sender="10002000", batch_size=10)
        with pytest.raises(InvalidInputError, match="sender"):
            await campaign.plan(same, sender="10002000")  # type: ignore[call-overload]
        report = await campaign.run()
        assert (report.status, report.accepted, report.rejected) == (CampaignStatus.COMPLETED, 25, 1)
    assert sorted((one.receiver, one.message) for one in place.emulator.ledger) == [
        (number, "سلام\nلغو۱۱") for number in numbers
    ]


async def test_numbers_that_cannot_be_read(place: Place) -> None:
    """What the iterable raises reaches the caller, and no frame of the package shows a number."""

    async def numbers() -> AsyncIterator[str]:
        for number in range(7):
            yield f"0912000{number:04}"
        raise RuntimeError("the file is damaged")

    async with place.open() as campaign:
        with pytest.raises(RuntimeError, match="damaged") as caught:
            await campaign.plan(numbers(), "سلام")
        stack = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    shown = [line for frame in stack if "wikipayam_async" in frame.filename for line in (frame.locals or {}).values()]
    assert [line for line in shown if "0912000" in line or "سلام" in line] == []


async def test_a_campaign_is_planned_and_sent(place: Place) -> None:
    """Every message is accepted once, with a result that names its id."""
    told: list[CampaignProgress] = []
    async with place.open() as campaign:
        plan = await campaign.plan(messages(25), batch_size=10)
        assert (plan.total, plan.chunks, plan.held_back) == (25, 3, {})
        assert await campaign.progress() == CampaignProgress(CampaignStatus.PLANNED, 25, pending=25)
        assert place.emulator.requests == 0
        report = await campaign.run(on_progress=told.append)
        assert (report.status, report.accepted, report.attempted[ACCEPTED]) == (CampaignStatus.COMPLETED, 25, 25)
        assert report.error is None
        results = await all_results(campaign)
    assert [(one.index, one.status, one.track_id) for one in results] == [(i, ACCEPTED, f"m-{i}") for i in range(25)]
    assert [one.id for one in results if one.ok] == [
        entry.id for index in range(25) for entry in place.emulator.sent_to(f"0912{index:07d}")
    ]
    assert sorted(place.emulator.accepted_track_ids()) == sorted(f"m-{index}" for index in range(25))
    assert (told[0].status, told[-1].status, told[-1].done) == (CampaignStatus.RUNNING, CampaignStatus.COMPLETED, 25)
    assert len(told) == 4


async def test_a_footer_is_part_of_the_plan(place: Place) -> None:
    """The texts have it, also in the cost; planning with another one is another plan."""
    rows: list[SmsMessage | CampaignMessage] = [
        CampaignMessage(SmsMessage("09120000001", "سلام"), row=2),
        SmsMessage("09120000002", "س" * 70),
    ]
    bad = CampaignMessage(SmsMessage("", ""), row=4, error=InvalidInputError("text", rule="expected one", got="none"))
    async with place.open() as campaign:
        await campaign.plan([*rows, bad], footer="لغو۱۱")
        assert (await campaign.estimate(TARIFF)).cost == 2700
        await campaign.plan([*rows, bad], footer="لغو۱۱")
        with pytest.raises(PlanChangedError):
            await campaign.plan([*rows, bad])
        await campaign.run()
        results = await all_results(campaign)
    assert [one.message for one in place.emulator.ledger] == ["سلام\nلغو۱۱", "س" * 70 + "\nلغو۱۱"]
    assert [one.row for one in results] == [2, None, 4]


async def test_the_same_plan_changes_nothing(place: Place) -> None:
    """A program that is started again plans and runs again; nothing is sent twice."""
    await place.run(25)
    report = await place.run(25)
    assert (report.status, report.accepted) == (CampaignStatus.COMPLETED, 25)
    assert place.emulator.accepted == 25
    assert place.emulator.requests_to("GET /user/balance") == 1


async def test_an_empty_campaign_is_complete(place: Place) -> None:
    """Nothing is sent, and nobody is asked for the balance."""
    assert (await place.run(0)).status is CampaignStatus.COMPLETED
    assert place.emulator.requests == 0


@pytest.mark.parametrize(
    ("arguments", "difference"),
    [
        ({"batch_size": 20}, "batch_size: 10 in the plan, 20 now"),
        ({"dedupe": "receiver"}, "dedupe: None in the plan, 'receiver' now"),
        ({"normalize": False}, "normalize: True in the plan, False now"),
        ({"validate": False}, "validate: True in the plan, False now"),
    ],
)
async def test_another_plan_is_an_error_that_names_what_differs(
    place: Place, arguments: dict[str, Any], difference: str
) -> None:
    """The options of a plan belong to it."""
    async with place.open() as campaign:
        await campaign.plan(messages(25), batch_size=10)
        with pytest.raises(PlanChangedError) as caught:
            await campaign.plan(messages(25), **{"batch_size": 10, **arguments})
        assert caught.value.differences == (difference,)
        with pytest.raises(PlanChangedError, match=r"messages\[0\].message: another value than in the plan"):
            await campaign.plan(messages(25, "other"), batch_size=10)
        assert (await campaign.progress()).pending == 25


async def test_another_line_or_prefix_is_an_error_before_anything_is_sent(place: Place) -> None:
    """At planning and at running."""
    async with place.open() as campaign:
        await campaign.plan(messages(5))
    other = emulator_client(place.emulator, sender="3000", api_prefix="api/v2")
    async with place.open(other) as campaign:
        for call in (campaign.plan(messages(5)), campaign.run()):
            with pytest.raises(PlanChangedError) as caught:
                await call
            assert caught.value.differences == (
                f"line: '{DEFAULT_LINE}' in the plan, '3000' now",
                "api_prefix: 'api/v1' in the plan, 'api/v2' now",
            )
    assert place.emulator.requests == 0


async def test_another_account_is_an_error_before_anything_is_sent(place: Place) -> None:
    """The account is the one of the first run, by the balance call's `user_id`."""
    place.emulator.add_account(token="other-token-123")
    place.emulator.account.balance = 0
    assert (await place.run(5)).status is CampaignStatus.PAUSED
    async with place.open(emulator_client(place.emulator, token="other-token-123")) as campaign:
        with pytest.raises(PlanChangedError) as caught:
            await campaign.run()
    assert caught.value.differences == ("account: user 1 before, user 2 now",)
    assert place.emulator.accepted == 0


@pytest.mark.parametrize("fault", [Fault.malformed_json(), Fault.status(403), Fault.status(404)], ids=str)
async def test_a_balance_without_an_account_binds_none(place: Place, fault: Fault) -> None:
    """A gateway that does not tell the balance does not stop a campaign; one that refuses the token does."""
    place.emulator.faults.arm(fault, on="GET /user/balance")
    assert (await place.run(5)).accepted == 5
    async with Campaign.open(emulator_client(place.emulator, token="wrong"), MemoryJournal()) as campaign:
        await campaign.plan(messages(5))
        with pytest.raises(AuthenticationError):
            await campaign.run()
        assert (await campaign.progress()).status is CampaignStatus.PLANNED


async def test_an_empty_balance_pauses_and_nothing_is_lost(place: Place) -> None:
    """What the account's state refused is pending again, and sent once there is money."""
    place.emulator.account.balance = place.emulator.account.price * 12
    report = await place.run(30, concurrency=1)
    assert (report.status, report.accepted, report.pending, report.rejected) == (CampaignStatus.PAUSED, 10, 20, 0)
    assert isinstance(report.error, InsufficientBalanceError)
    assert report.reason == str(report.error)
    place.emulator.account.balance = 10**9
    report = await place.run(30)
    assert (report.status, report.accepted, report.attempted[ACCEPTED]) == (CampaignStatus.COMPLETED, 30, 20)
    assert place.emulator.accepted == 30


async def test_what_did_not_reach_the_gateway_is_sent_again(place: Place) -> None:
    """A gateway that is throttled for long pauses the campaign, and rejects no message."""
    place.emulator.faults.arm(Fault.status(429, retry_after=9999), on=SEND)
    report = await place.run(30, concurrency=1)
    assert (report.status, report.pending, report.rejected) == (CampaignStatus.PAUSED, 30, 0)
    place.client = emulator_client(place.emulator)
    assert (await place.run(30)).accepted == 30


async def test_rejected_messages_have_a_reason(place: Place) -> None:
    """A message that the gateway refuses by itself is rejected; the others are sent."""
    place.emulator.faults.arm(Fault.status(422, json={"message": "No.", "errors": {"1.receiver": ["Bad."]}}), on=SEND)
    report = await place.run(10)
    assert (report.status, report.accepted, report.rejected) == (CampaignStatus.COMPLETED, 9, 1)
    async with place.open() as campaign:
        (rejected,) = await all_results(campaign, status="rejected")
    assert (rejected.index, rejected.reason) == (1, "422")
    assert "Bad." in str(rejected.error)


async def test_unknown_messages_are_not_sent_again(place: Place) -> None:
    """They stay unknown through any number of runs, and say why."""
    await place.lose()
    report = await place.run(30)
    assert (report.status, report.accepted, report.unknown) == (CampaignStatus.COMPLETED, 20, 10)
    async with place.open() as campaign:
        unknown = await all_results(campaign, status=UNKNOWN)
    assert {one.reason for one in unknown} == {"disconnected"}
    assert place.emulator.accepted == 30


async def test_a_pause_stops_after_what_is_in_flight(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """The rest is pending, and the next run sends it; an orderly stop is no warning."""
    async with place.open() as campaign:
        await campaign.plan(messages(100), batch_size=10)
        pauses = iter([campaign.pause])

        def pause(_: CampaignProgress) -> None:
            for call in pauses:
                group.start_soon(call)

        async with anyio.create_task_group() as group:
            report = await campaign.run(concurrency=2, on_progress=pause)
        assert (report.status, report.reason) == (CampaignStatus.PAUSED, "paused")
        assert 0 < report.pending < 100
        assert report.accepted + report.pending == 100
        assert (await campaign.run()).status is CampaignStatus.COMPLETED
    assert sorted(place.emulator.accepted_track_ids()) == sorted(f"m-{index}" for index in range(100))
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == []


async def test_a_cancelled_campaign_is_not_resumed(place: Place) -> None:
    """What was not sent stays unsent; its messages cannot be requeued either."""
    async with place.open() as campaign:
        await campaign.plan(messages(25), batch_size=10)
        await campaign.cancel()
        assert (await campaign.progress()).status is CampaignStatus.CANCELED
        await campaign.pause()
        assert (await campaign.progress()).status is CampaignStatus.CANCELED
        with pytest.raises(CampaignError, match="the campaign is canceled; 25 messages stay unsent"):
            await campaign.run()
        with pytest.raises(CampaignError, match="the campaign is canceled; plan another one"):
            await campaign.requeue(["m-1"], note="x")
    assert place.emulator.accepted == 0


async def test_a_pause_of_a_campaign_that_is_not_running_is_kept(place: Place) -> None:
    """It shows in the progress; run() resumes."""
    async with place.open() as campaign:
        await campaign.plan(messages(5))
        await campaign.pause()
        progress = await campaign.progress()
        assert (progress.status, progress.reason) == (CampaignStatus.PAUSED, "paused")
        assert (await campaign.run()).status is CampaignStatus.COMPLETED


async def test_another_process_sees_and_stops_a_run(place: Place) -> None:
    """Progress, results, pause and cancel work beside a run; a second run does not."""
    seen: list[object] = []
    for request, status in (("pause", CampaignStatus.PAUSED), ("cancel", CampaignStatus.CANCELED)):
        async with place.open() as campaign, place.open() as other:
            await campaign.plan(messages(200), batch_size=1)

            async def stop(other: Campaign = other, request: str = request) -> None:
                progress = await other.progress()
                seen.append(progress.status)
                assert len(await all_results(other)) == 200
                with pytest.raises(JournalBusyError):
                    await other.run()
                await getattr(other, request)()

            async with anyio.create_task_group() as group:
                started = iter([None])

                def begin(_: CampaignProgress, started: Iterator[None] = started) -> None:
                    for _unused in started:
                        group.start_soon(stop)

                limit = RateLimit(messages_per_second=20, burst_seconds=0)
                report = await campaign.run(concurrency=2, on_progress=begin, rate_limit=limit)
            assert (report.status, (await other.progress()).status) == (status, status)
    assert seen == [CampaignStatus.RUNNING] * 2
    async with place.open() as campaign:
        with pytest.raises(CampaignError, match="is canceled"):
            await campaign.run()


async def test_a_cancelled_task_records_what_was_in_flight(place: Place) -> None:
    """The requests in flight are finished, recorded, and only then is the cancellation delivered."""
    async with place.open() as campaign:
        await campaign.plan(messages(100), batch_size=10)
        with anyio.CancelScope() as scope:
            await campaign.run(concurrency=3, on_progress=lambda _: scope.cancel())
        assert scope.cancelled_caught
        progress = await campaign.progress()
        assert (progress.status, progress.sending, progress.unknown) == (CampaignStatus.PAUSED, 0, 0)
        assert progress.reason == "the task that ran it was cancelled"
        assert progress.accepted == place.emulator.accepted > 0
        assert (await campaign.run()).accepted == 100


async def test_a_hook_that_raises_stops_the_run(place: Place) -> None:
    """Its exception comes out; what was sent is recorded."""

    def broken(_: CampaignProgress) -> None:
        raise RuntimeError("broken")

    async with place.open() as campaign:
        await campaign.plan(messages(50), batch_size=10)
        with pytest.raises(RuntimeError, match="broken"):
            await campaign.run(concurrency=1, on_progress=broken)
        progress = await campaign.progress()
        assert (progress.status, progress.reason) == (CampaignStatus.PAUSED, "the run raised RuntimeError")
        assert progress.accepted == place.emulator.accepted


async def test_stop_on_error_pauses(place: Place) -> None:
    """After the first message that was not accepted; the rest is pending."""
    place.emulator.faults.arm(Fault.status(400), on=SEND)
    report = await place.run(50, concurrency=1, stop_on_error=True)
    assert (report.status, report.rejected, report.pending) == (CampaignStatus.PAUSED, 10, 40)
    assert isinstance(report.error, BadRequestError)
    assert str(report.error) == report.reason


async def test_opt_outs_add_up_and_are_never_dropped(place: Place) -> None:
    """A number that was given once is never sent to; later runs may add some."""
    number = [f"0912{index:07d}" for index in range(30)]
    async with place.open() as campaign:
        plan = await campaign.plan(messages(30), batch_size=10, opt_out=[number[0]])
        assert plan.held_back == {"opted_out": 1}
    place.emulator.account.balance = place.emulator.account.price * 10
    async with place.open() as campaign:
        report = await campaign.run(concurrency=1, opt_out=OptOutList([number[1]]))
        assert (report.accepted, report.rejected) == (9, 2)
    place.emulator.account.balance = 10**9
    async with place.open() as campaign:
        report = await campaign.run(opt_out=[number[20]])
        assert (report.status, report.accepted, report.rejected) == (CampaignStatus.COMPLETED, 27, 3)
        held = {one.index: (one.reason, one.track_id) for one in await all_results(campaign, status="rejected")}
        assert held == {0: ("opted_out", None), 1: ("opted_out", "m-1"), 20: ("opted_out", "m-20")}
        await campaign.requeue(["m-1"], note="asked again")
        report = await campaign.run()
        assert (report.rejected, report.attempted[REJECTED]) == (3, 0)


async def test_a_chunk_that_is_held_back_as_a_whole_needs_no_request(place: Place) -> None:
    """Its outcomes are recorded all the same."""
    report = await place.run(20, opt_out=[f"0912{index:07d}" for index in range(10)])
    assert (report.status, report.accepted, report.rejected) == (CampaignStatus.COMPLETED, 10, 10)
    assert place.emulator.requests_to(SEND) == 1


async def test_a_function_that_decided_about_opt_outs_is_needed_again(place: Place) -> None:
    """The journal cannot keep what it would have said."""
    async with place.open() as campaign:
        await campaign.plan(messages(5))
        place.emulator.account.balance = 0
        await campaign.run(opt_out=lambda number: number.endswith("1"))
        place.emulator.account.balance = 10**9
        for opt_out in (None, ["09120000001"]):
            with pytest.raises(CampaignError, match="a function decided about opt-outs before"):
                await campaign.run(opt_out=opt_out)
        report = await campaign.run(opt_out=lambda number: number.endswith("1"))
        assert (report.accepted, report.rejected) == (4, 1)
    async with Campaign.open(place.client, MemoryJournal()) as campaign:
        await campaign.plan(messages(5), opt_out=lambda number: number.endswith("1"))
        with pytest.raises(CampaignError, match="a function decided about opt-outs before"):
            await campaign.run()


async def test_messages_wait_for_the_sending_hours(place: Place) -> None:
    """Nothing is in flight while the run waits, and it goes on by itself when the hours begin."""
    clock = WallClock(datetime(2026, 3, 21, 18, 0, tzinfo=UTC))
    told: list[CampaignProgress] = []
    async with place.open(now=clock.now, sleep=clock.sleep) as campaign:
        await campaign.plan(messages(5))
        hours = SendingHours("08:00", "21:00", "Asia/Tehran")
        report = await campaign.run(sending_hours=hours, on_progress=told.append)
    assert report.status is CampaignStatus.COMPLETED
    assert clock.now() == datetime(2026, 3, 22, 4, 30, tzinfo=UTC)
    assert max(clock.slept) == 30
    assert (told[0].reason, told[0].sending) == ("waiting for the sending hours, until 2026-03-22 08:00 +0330", 0)
    assert told[1].reason is None


async def test_a_spending_limit_pauses_before_it_is_passed(place: Place) -> None:
    """To the message: part of a chunk is sent if the whole would cost too much. It holds for all runs together."""
    limit = SpendingLimit(rials=900 * 13, tariff=TARIFF)
    report = await place.run(30, spending_limit=limit)
    assert (report.status, report.accepted, report.pending) == (CampaignStatus.PAUSED, 13, 17)
    assert report.reason == "the spending limit is reached: 11,700 rials are spent, 0 are left"
    report = await place.run(30, spending_limit=limit)
    assert (report.accepted, report.attempted[ACCEPTED]) == (13, 0)
    report = await place.run(30, spending_limit=SpendingLimit(rials=900 * 14 + 899, tariff=TARIFF))
    assert (report.accepted, report.pending) == (14, 16)
    assert (await place.run(30)).accepted == 30
    assert place.emulator.accepted == 30


async def test_what_may_have_been_accepted_counts_and_what_was_refused_does_not(place: Place) -> None:
    """Unknown messages count as spent; the money of rejected ones is spent on others."""
    place.emulator.faults.arm(Fault.close(), on=SEND)
    place.emulator.faults.arm(Fault.status(400), on=SEND)
    report = await place.run(60, concurrency=1, spending_limit=SpendingLimit(rials=900 * 20, tariff=TARIFF))
    assert (report.unknown, report.rejected, report.accepted, report.pending) == (10, 10, 10, 30)
    report = await place.run(60, spending_limit=SpendingLimit(rials=900 * 30, tariff=TARIFF))
    assert (report.unknown, report.accepted) == (10, 20)


async def test_money_in_flight_is_waited_for(place: Place) -> None:
    """A chunk that is too expensive for now is sent if requests in flight turn out to cost nothing."""
    place.emulator.faults.arm(Fault.status(400), on=SEND, times=2)
    report = await place.run(40, concurrency=4, spending_limit=SpendingLimit(rials=900 * 20, tariff=TARIFF))
    assert (report.rejected, report.accepted, report.status) == (20, 20, CampaignStatus.COMPLETED)


async def test_the_rate_is_that_of_the_run(place: Place) -> None:
    """`rate_limit` replaces the client's."""
    start = anyio.current_time()
    report = await place.run(20, rate_limit=RateLimit(messages_per_second=100, burst_seconds=0))
    assert report.accepted == 20
    assert anyio.current_time() - start >= 0.1


async def test_the_pending_messages_are_estimated(place: Place) -> None:
    """Before the first run all, later what is left; nothing is sent."""
    async with place.open() as campaign:
        await campaign.plan([*messages(3), SmsMessage("0912", "x"), SmsMessage("09120000009", "hello", sender="3000")])
        tariff = Tariff(persian=900, latin=1800, lines={"3000": Tariff(persian=1, latin=2)})
        check = await campaign.estimate(tariff)
        assert (check.cost, check.parts, check.estimate.messages) == (2702, 4, 4)
        assert check.affordable
        assert place.emulator.accepted == 0
        await campaign.run(spending_limit=SpendingLimit(rials=1800, tariff=tariff))
        assert (await campaign.estimate(tariff)).cost == 902


async def test_deliveries_are_followed_and_kept(place: Place, tmp_path: Path) -> None:
    """Polling ends when all are final, and goes on where an earlier call stopped."""
    clock = WallClock()
    await place.run(25)
    async with place.open(now=clock.now, sleep=clock.sleep) as campaign:
        place.emulator.faults.arm(Fault.status(503), on="POST /sms/deliver", times=None)
        delivery = await campaign.wait_for_delivery(timeout=0)
        assert (dict(delivery.counts), delivery.pending) == ({}, 25)
        place.emulator.faults.reset()
        delivery = await campaign.wait_for_delivery(timeout=0)
        assert sum(delivery.counts.values()) == 25
        assert {one.delivery for one in await all_results(campaign)} == set(delivery.counts)


async def test_a_purged_campaign_is_gone(place: Place) -> None:
    """Nothing is planned any more, and another campaign may be."""
    await place.run(5)
    async with place.open() as campaign:
        await campaign.purge()
        with pytest.raises(CampaignError, match="nothing is planned here; call plan"):
            await campaign.progress()
        await campaign.plan(messages(3))
        assert (await campaign.progress()).total == 3


async def test_a_failed_plan_leaves_nothing(place: Place) -> None:
    """If the source raises, nothing is planned, and the next attempt begins anew."""

    def source() -> Iterator[SmsMessage]:
        yield from messages(5)
        raise RuntimeError("broken")

    async with place.open() as campaign:
        with pytest.raises(RuntimeError, match="broken"):
            await campaign.plan(source())
        with pytest.raises(CampaignError, match="nothing is planned here"):
            await campaign.progress()
        assert (await campaign.plan(messages(2))).total == 2


async def test_a_run_at_a_time(place: Place) -> None:
    """A campaign that is being run is neither run again nor purged, and knows that it is used."""
    async with place.open() as campaign:
        await campaign.plan(messages(20), batch_size=10)
        refused: list[str] = []

        async def interfere() -> None:
            for call in (campaign.run(), campaign.purge()):
                with pytest.raises(CampaignError) as caught:
                    await call
                refused.append(str(caught.value).partition(": ")[2])
            assert await campaign.requeue([], note="nothing to do") == 0

        async with anyio.create_task_group() as group:
            begun = iter([None])

            def begin(_: CampaignProgress) -> None:
                for _unused in begun:
                    group.start_soon(interfere)

            limit = RateLimit(messages_per_second=100, burst_seconds=0)
            await campaign.run(on_progress=begin, rate_limit=limit, concurrency=1)
        assert refused == ["this campaign is being run already", "this campaign is being run; pause it first"]


async def test_nothing_is_planned_at_first(place: Place) -> None:
    """All but planning says so."""
    async with place.open() as campaign:
        calls = [campaign.run(), campaign.progress(), campaign.pause(), campaign.cancel(), campaign.export("x.csv")]
        calls += [campaign.estimate(TARIFF), campaign.mark_accepted([], note="x"), campaign.wait_for_delivery()]  # type: ignore[list-item]
        for call in calls:
            with pytest.raises(CampaignError, match="nothing is planned here; call plan"):
                await call


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("plan", {"messages": [], "batch_size": 0}, "batch_size: expected a whole number of at least 1; got 0"),
        ("plan", {"messages": [], "dedupe": "text"}, "dedupe: expected 'receiver' or 'receiver_and_text'; got"),
        ("plan", {"messages": [], "on_progress": 7}, "on_progress: expected a plain function; got"),
        ("run", {"concurrency": 0}, "concurrency: expected a whole number of at least 1; got 0"),
        ("run", {"sending_hours": "8-21"}, "sending_hours: expected a SendingHours, or None; got"),
        ("run", {"spending_limit": 900}, "spending_limit: expected a SpendingLimit, or None; got"),
        ("run", {"on_progress": 7}, "on_progress: expected a plain function; got"),
        ("run", {"opt_out": b"x"}, "opt_out: expected an OptOutList"),
        ("wait_for_delivery", {"timeout": -1}, "timeout: expected seconds, not below 0"),
        ("export", {"path": "x.xlsx"}, "format: expected 'csv' or 'jsonl'"),
        ("run", {"stop_on_error": "no"}, "stop_on_error: expected True or False"),
        ("run", {"handle_signals": 1}, "handle_signals: expected True or False"),
        ("run", {"timeout": 0}, "timeout: expected a finite number of seconds above 0"),
        ("mark_accepted", {"track_ids": ["\ud800"], "note": "x"}, "track_ids[0]: expected valid Unicode"),
        ("mark_accepted", {"track_ids": ["m-0"], "note": "\ud800"}, "note: expected valid Unicode"),
    ],
)
async def test_invalid_arguments_are_refused(place: Place, method: str, arguments: dict[str, Any], error: str) -> None:
    """Before anything is stored or sent."""
    async with place.open() as campaign:
        with pytest.raises(InvalidInputError) as caught:
            await getattr(campaign, method)(**arguments)
        assert str(caught.value).startswith(error)
    assert place.emulator.requests == 0


def test_open_checks_its_arguments(tmp_path: Path) -> None:
    """A path is short for a journal in SQLite; the name of a campaign is that of its file."""
    assert Campaign.open(None, tmp_path / "eid.db").name == "eid"
    assert Campaign.open(None, SQLiteJournal(tmp_path / "eid.db")).name == "eid"
    with pytest.raises(InvalidInputError, match="client: expected an AsyncWikipayam, or None"):
        Campaign.open("client", tmp_path / "eid.db")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="on_event: expected a plain function"):
        Campaign.open(None, tmp_path / "eid.db", on_event=7)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="journal: expected the path of a file, or a journal"):
        Campaign.open(None, 7)  # type: ignore[arg-type]


async def test_a_client_of_a_token_only_is_enough(tmp_path: Path) -> None:
    """The emulator's account is bound by its id, which the file shows to anybody who reads it."""
    emulator = Emulator()
    async with Campaign.open(emulator_client(emulator, token=DEFAULT_TOKEN), tmp_path / "eid.db") as campaign:
        await campaign.plan(messages(3))
        await campaign.run()
    with sqlite3.connect(tmp_path / "eid.db") as connection:
        facts = dict(connection.execute("SELECT key, value FROM meta"))
    connection.close()
    assert (facts["account"], facts["line"], facts["status"]) == ("1", DEFAULT_LINE, "completed")


async def test_numbers_that_opted_out_since_the_plan_hold_when_it_is_planned_again(place: Place) -> None:
    """A program that plans and runs at every start holds back the numbers that its list has grown by."""
    async with place.open() as campaign:
        await campaign.plan(messages(3), batch_size=1)
    async with place.open() as campaign:
        await campaign.plan(messages(3), batch_size=1, opt_out=["+98 912 000 0001"])
    async with place.open() as campaign:
        report = await campaign.run()
    assert (report.accepted, report.rejected) == (2, 1)
    assert "09120000001" not in {entry.receiver for entry in place.emulator.ledger}


async def test_a_function_that_a_later_plan_was_given_is_needed_by_every_run(place: Place) -> None:
    """An opt-out is never dropped, whichever call brought it."""
    async with place.open() as campaign:
        await campaign.plan(messages(3))
        await campaign.plan(messages(3), opt_out=lambda number: number == "09120000001")
        with pytest.raises(CampaignError, match="a function decided about opt-outs before"):
            await campaign.run()
        report = await campaign.run(opt_out=lambda number: number == "09120000001")
    assert (report.accepted, report.rejected) == (2, 1)


async def test_numbers_that_opted_out_are_kept_by_a_run_that_sends_nothing(place: Place) -> None:
    """A run of a complete campaign, and one that fails before it begins, keep the numbers that they were given."""
    await place.lose()
    async with place.open() as campaign:
        assert (await campaign.run(opt_out=["09120000000"])).status is CampaignStatus.COMPLETED
        unknown = [str(result.track_id) for result in await all_results(campaign, status="unknown")]
        await campaign.requeue(unknown, note="not in the panel")
        place.emulator.faults.arm(Fault.status(401), on="GET /user/balance", times=1)
        with pytest.raises(AuthenticationError):
            await campaign.run(opt_out=["09120000001"])
        report = await campaign.run()
        held_back = await all_results(campaign, status="rejected")
    assert report.rejected == 2
    assert [(result.receiver, result.reason) for result in held_back] == [
        ("09120000000", "opted_out"),
        ("09120000001", "opted_out"),
    ]


@pytest.mark.parametrize("request_", ["pause", "cancel"])
async def test_a_stop_while_a_run_begins_is_not_lost(place: Place, request_: str) -> None:
    """A pause or a cancellation between the call of `run` and the first request means that nothing is sent."""
    place.emulator.faults.arm(Fault.delay(0.2), on="GET /user/balance", times=1)
    async with place.open() as campaign:
        await campaign.plan(messages(20), batch_size=1)
        async with anyio.create_task_group() as group:

            async def stop() -> None:
                await anyio.sleep(0.1)
                await getattr(campaign, request_)()

            group.start_soon(stop)
            report = await campaign.run()
    expected = CampaignStatus.PAUSED if request_ == "pause" else CampaignStatus.CANCELED
    assert (report.status, report.reason, place.emulator.accepted) == (expected, expected.value, 0)


async def test_a_stop_while_a_run_fails_to_begin_is_not_lost(place: Place) -> None:
    """The cancellation holds although the run ended with an error; a pause after it does not weaken it."""
    place.emulator.faults.arm(Fault.delay(0.3), on="GET /user/balance", times=1)
    async with place.open(emulator_client(place.emulator, token="revoked")) as campaign:
        await campaign.plan(messages(20), batch_size=1)
        async with anyio.create_task_group() as group:

            async def stop() -> None:
                await anyio.sleep(0.1)
                await campaign.cancel()
                await campaign.pause()

            group.start_soon(stop)
            with pytest.raises(AuthenticationError):
                await campaign.run()
        assert (await campaign.progress()).status is CampaignStatus.CANCELED


@pytest.mark.parametrize("request_", ["pause", "cancel"])
async def test_a_stop_from_another_process_while_a_run_begins_is_not_lost(place: Place, request_: str) -> None:
    """What another process asks once this one is the writer holds, whatever the run is doing."""
    place.emulator.faults.arm(Fault.delay(0.2), on="GET /user/balance", times=1)
    async with place.open() as campaign, place.open() as other:
        await campaign.plan(messages(200), batch_size=1)
        await getattr(other, request_)()
        if request_ == "pause":
            report = await campaign.run(rate_limit=RateLimit(messages_per_second=20, burst_seconds=0))
            assert (report.status, report.reason) == (CampaignStatus.PAUSED, "paused")
        else:
            with pytest.raises(CampaignError, match="is canceled"):
                await campaign.run()
    assert place.emulator.accepted < 20


async def test_a_cancellation_after_a_pause_is_not_lost(place: Place) -> None:
    """While a paused run finishes what is in flight, it may still be canceled from another process."""
    place.emulator.faults.arm(Fault.delay(0.8), on=SEND)
    async with place.open() as campaign, place.open() as other:
        await campaign.plan(messages(20), batch_size=1)
        async with anyio.create_task_group() as group:

            async def stop() -> None:
                await anyio.sleep(0.1)
                await other.pause()
                await anyio.sleep(0.4)
                await other.cancel()

            group.start_soon(stop)
            report = await campaign.run(concurrency=1)
    assert (report.status, report.reason, report.accepted) == (CampaignStatus.CANCELED, "canceled", 1)


async def test_a_cancellation_of_an_idle_writer_is_recorded_when_it_leaves(place: Place, tmp_path: Path) -> None:
    """A process that only holds the journal open records what another asked of it, and leaves no file behind."""
    async with place.open() as campaign:
        await campaign.plan(messages(20))
        async with place.open() as other:
            await other.pause()
            await other.cancel()
    async with place.open() as campaign:
        progress = await campaign.progress()
    assert (progress.status, progress.reason) == (CampaignStatus.CANCELED, "canceled")
    assert [path.name for path in tmp_path.iterdir()] in ([], ["eid.db"])


async def test_two_runs_at_once_are_refused(place: Place) -> None:
    """Also while neither has sent anything yet."""
    refused: list[str] = []
    async with place.open() as campaign:
        await campaign.plan(messages(20), batch_size=1)

        async def run() -> None:
            try:
                await campaign.run()
            except CampaignError as error:
                refused.append(str(error).partition(": ")[2])

        async with anyio.create_task_group() as group:
            group.start_soon(run)
            group.start_soon(run)
        progress = await campaign.progress()
    assert refused == ["this campaign is being run already"]
    assert (progress.status, progress.accepted, place.emulator.accepted) == (CampaignStatus.COMPLETED, 20, 20)


async def test_results_end_with_the_block(place: Place) -> None:
    """An iteration that goes on after the block says so, and does not open the journal again."""
    async with place.open() as campaign:
        await campaign.plan(messages(3))
        results = campaign.results()
        await anext(results)
    with pytest.raises(ClosedError, match="enter the campaign first"):
        await anext(results)


async def test_two_plans_at_once_are_one(place: Place) -> None:
    """The second finds what the first has stored, and neither removes it for the other."""
    plans: list[CampaignPlan] = []

    async def plan(campaign: Campaign) -> None:
        plans.append(await campaign.plan(messages(3000), batch_size=100))

    async with place.open() as campaign:
        async with anyio.create_task_group() as group:
            group.start_soon(plan, campaign)
            group.start_soon(plan, campaign)
        assert (await campaign.run()).accepted == 3000
    assert plans[0] == plans[1]
    assert place.emulator.accepted == 3000


async def test_deliveries_of_a_campaign_that_is_purged_meanwhile_are_an_error(place: Place) -> None:
    """There is nothing to tell about."""
    place.emulator.delivery.script = waiting_then(DELIVERED, after=1e9)
    await place.run(10)
    async with place.open() as campaign:
        purge = campaign.purge

        async def sleep(_: float) -> None:
            await purge()

        with patch.object(campaign, "_sleep", sleep), pytest.raises(CampaignError, match="nothing is planned here"):
            await campaign.wait_for_delivery(timeout=60)
