"""Campaigns that are left to workers, and the runs of a process beside them."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import psycopg
import pytest

from tests.campaigns.doubles import messages
from tests.campaigns.shared_place import SharedPlace
from wikipayam_async import AuthenticationError, InvalidInputError
from wikipayam_async.campaigns import (
    Campaign,
    CampaignError,
    CampaignStatus,
    JournalBusyError,
    MemoryJournal,
    PlanChangedError,
    SendingHours,
    SpendingLimit,
)
from wikipayam_async.campaigns.shared import ClaimStatus
from wikipayam_async.campaigns.sharing import account_of
from wikipayam_async.campaigns.terms import RunTerms
from wikipayam_async.cost import Tariff
from wikipayam_async.emulator import Fault
from wikipayam_async.testing import emulator_client

pytestmark = pytest.mark.anyio


@pytest.fixture
def place(database_url: str) -> SharedPlace:
    """A gateway, and a database."""
    return SharedPlace(database_url)


def jobs(url: str) -> list[tuple[Any, ...]]:
    """Return the jobs of a database."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT queue_name, priority, args FROM procrastinate_jobs ORDER BY id").fetchall()
    connection.close()
    return found


async def test_a_campaign_is_left_to_workers(place: SharedPlace) -> None:
    """A job names a campaign and a chunk by number, and nothing personal; nothing is sent here."""
    await place.plan(30)
    async with place.open() as campaign:
        progress = await campaign.enqueue(priority=3)
        again = await campaign.enqueue(priority=3)
    assert (progress.status, progress.pending, again) == (CampaignStatus.RUNNING, 30, progress)
    found = jobs(place.url)
    assert {(queue[:10], priority) for queue, priority, _ in found} == {("wikipayam-", 3)}
    assert [args["chunk"] for _, _, args in found] == [0, 1, 2]
    assert {tuple(sorted(args)) for _, _, args in found} == {("campaign", "chunk")}
    assert place.emulator.accepted == 0


async def test_only_a_shared_journal_is_left_to_workers(place: SharedPlace) -> None:
    """Other journals have one writer."""
    async with Campaign.open(place.client, MemoryJournal()) as campaign:
        await campaign.plan(messages(1))
        with pytest.raises(CampaignError, match=r"enqueue\(\) needs a journal that several processes share"):
            await campaign.enqueue()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"priority": "high"}, "priority: expected a whole number"),
        ({"priority": True}, "priority: expected a whole number"),
        ({"priority": 2**31}, "priority: expected a whole number"),
        ({"batch_size": 0}, "batch_size: expected a whole number of at least 1"),
        ({"sending_hours": "8-9"}, "sending_hours: expected a SendingHours"),
        ({"spending_limit": 5}, "spending_limit: expected a SpendingLimit"),
        ({"rate_limit": 5}, "rate_limit: expected a RateLimit"),
        ({"stop_on_error": 1}, "stop_on_error: expected True or False"),
        ({"timeout": 0}, "timeout: expected a finite number"),
        (
            {"sending_hours": SendingHours("8:00", "9:00", timezone(timedelta(hours=3)))},
            "sending_hours: expected the name of a time zone",
        ),
    ],
)
async def test_wrong_options_are_refused(place: SharedPlace, options: dict[str, Any], expected: str) -> None:
    """Before anything is stored."""
    await place.plan(1)
    async with place.open() as campaign:
        with pytest.raises(InvalidInputError, match=expected):
            await campaign.enqueue(**options)
        assert (await campaign.progress()).status is CampaignStatus.PLANNED


async def test_what_workers_cannot_do_is_refused(place: SharedPlace) -> None:
    """They have no function that decides about opt-outs."""
    await place.plan(1)
    async with place.open() as campaign:
        with pytest.raises(CampaignError, match="a function decides about opt-outs, which workers do not have"):
            await campaign.enqueue(opt_out=lambda _: False)
        with pytest.raises(CampaignError, match="a function decided about opt-outs before"):
            await campaign.enqueue()


async def test_a_canceled_campaign_is_not_enqueued_and_a_finished_one_stays_finished(place: SharedPlace) -> None:
    """Neither gets a job."""
    await place.plan(10, "canceled")
    await place.plan(10, "finished")
    async with place.open("canceled") as campaign:
        await campaign.cancel()
        with pytest.raises(CampaignError, match="the campaign is canceled; 10 messages stay unsent"):
            await campaign.enqueue()
    async with place.open("finished") as campaign:
        await campaign.run()
        assert (await campaign.enqueue()).status is CampaignStatus.COMPLETED
        assert (await campaign.run()).status is CampaignStatus.COMPLETED
    assert jobs(place.url) == []


async def test_opt_outs_of_an_enqueued_campaign_are_kept(place: SharedPlace) -> None:
    """Workers hold them back, and the spending limit counts what earlier runs have sent."""
    await place.plan(10)
    tariff = Tariff(persian=100)
    place.emulator.faults.script([None, Fault.status(402)], on="POST /sms/send")
    async with place.open() as campaign:
        await campaign.run(batch_size=5, concurrency=1)
        await campaign.enqueue(
            opt_out=["09120000007"], spending_limit=SpendingLimit(rials=10_000, tariff=tariff), stop_on_error=True
        )
        journal: Any = campaign._journal
        state = await journal.run_state()
        spent = await journal._read(
            lambda connection, _: connection.execute("SELECT spent FROM wikipayam.campaign").fetchone()[0], 0
        )
        assert await journal.opt_outs() == ["09120000007"]
    assert spent == 500
    assert RunTerms.load(state.terms).spending_limit == SpendingLimit(rials=10_000, tariff=tariff)


async def test_two_accounts_are_never_mixed(place: SharedPlace) -> None:
    """A campaign that one account has sent is not enqueued by another; nor from another line."""
    await place.plan(10)
    other = place.emulator.add_account(token="other-token-1234567890", username="other")
    assert other.user_id != place.emulator.account.user_id
    stranger = emulator_client(place.emulator, token="other-token-1234567890")
    async with place.open() as campaign:
        await campaign.enqueue()
    async with place.open(client=stranger) as campaign:
        with pytest.raises(PlanChangedError, match="the campaign belongs to another account"):
            await campaign.enqueue()
    async with place.open(client=emulator_client(place.emulator, sender="3000")) as campaign:
        with pytest.raises(PlanChangedError, match="line"):
            await campaign.enqueue()


async def test_a_process_that_sends_it_must_pause_first(place: SharedPlace) -> None:
    """Workers and `run()` cannot have different options."""
    await place.plan(10)
    async with place.open() as campaign, place.open() as other:
        journal: Any = campaign._journal
        await journal.lock()
        await journal.start_run(RunTerms().dump(), after=0, queue=None, priority=0, spent=0)
        await journal.join_run()
        with pytest.raises(JournalBusyError, match=r"a process sends this campaign by run\(\); pause it first"):
            await other.enqueue()
        with pytest.raises(CampaignError, match="others send this campaign with other options"):
            await other.run(stop_on_error=True)
        report = await other.run()
    assert (report.status, report.accepted) == (CampaignStatus.COMPLETED, 10)


async def test_pause_and_cancel_hold_for_all(place: SharedPlace) -> None:
    """They stop the run in the database, so that no claim of any process succeeds any more."""
    await place.plan(10)
    async with place.open() as campaign:
        await campaign.enqueue()
        await campaign.pause()
        paused = await campaign.progress()
        await campaign.enqueue()
        await campaign.cancel()
        canceled = await campaign.progress()
        journal: Any = campaign._journal
        assert (await journal.run_state()).active is False
    assert (paused.status, paused.reason) == (CampaignStatus.PAUSED, "paused")
    assert (canceled.status, canceled.reason) == (CampaignStatus.CANCELED, "canceled")


async def test_a_planned_campaign_is_paused(place: SharedPlace) -> None:
    """Though nobody sends it."""
    await place.plan(10)
    async with place.open() as campaign:
        await campaign.pause()
        assert (await campaign.progress()).status is CampaignStatus.PAUSED


async def test_the_account_is_asked_for_once(place: SharedPlace) -> None:
    """Who may not ask may still send; a wrong token is an error."""
    assert await account_of(place.client) == place.emulator.account.user_id
    place.emulator.faults.arm(Fault.status(403), on="GET /user/balance")
    assert await account_of(place.client) is None
    with pytest.raises(AuthenticationError):
        await account_of(emulator_client(place.emulator, token="wrong-token-1234567890"))


async def test_requeued_messages_of_an_enqueued_campaign_go_to_workers(place: SharedPlace) -> None:
    """It goes on running."""
    await place.plan(20)
    place.emulator.faults.script([Fault.close(), Fault.status(402)], on="POST /sms/send")
    async with place.open() as campaign:
        report = await campaign.run(concurrency=1)
        assert (report.unknown, report.pending) == (10, 10)
        await campaign.enqueue()
        assert await campaign.requeue(["m-0"], note="not in the panel") == 1
        progress = await campaign.progress()
    assert (progress.status, progress.pending, progress.unknown) == (CampaignStatus.RUNNING, 11, 9)


async def test_of_two_that_start_at_once_one_wins(place: SharedPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other looks again, and finds it started."""
    await place.plan(10)
    async with place.open() as campaign, place.open() as other:
        journal: Any = campaign._journal
        start = journal.start_run
        calls: list[int] = []

        async def late(*arguments: Any, **options: Any) -> bool:
            calls.append(1)
            if len(calls) == 1:
                await other.enqueue(priority=2)
            return bool(await start(*arguments, **options))

        monkeypatch.setattr(journal, "start_run", late)
        await campaign.enqueue(priority=3)
        state = await journal.run_state()
    assert (len(calls), state.number, state.priority) == (2, 2, 3)


async def test_a_run_joins_one_that_starts_at_the_same_time(
    place: SharedPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that finds another started meanwhile looks again, and sends it together with the others."""
    await place.plan(10)
    async with place.open() as campaign, place.open() as other:
        journal: Any = campaign._journal
        start = journal.start_run
        calls: list[int] = []

        async def late(*arguments: Any, **options: Any) -> bool:
            calls.append(1)
            await other.enqueue()
            return bool(await start(*arguments, **options))

        monkeypatch.setattr(journal, "start_run", late)
        report = await campaign.run()
    assert (len(calls), report.accepted, len(place.emulator.ledger)) == (1, 10, 10)


async def test_what_workers_send_while_the_options_change_counts_as_spent(
    place: SharedPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be claimed between the count of what was spent and the run that obeys the limit."""
    await place.plan(20)
    limit = SpendingLimit(rials=2000, tariff=Tariff(persian=100))
    async with place.open() as campaign, place.open() as worker:
        await campaign.enqueue()
        await worker.progress()
        journal: Any = campaign._journal
        other: Any = worker._journal
        await other.lock()
        results = journal.results
        claims: list[ClaimStatus] = []

        async def late(*arguments: Any) -> Any:
            found = await results(*arguments)
            claims.append((await other.claim_in_run(1, "late", run=1, count=10, cost=0, limit=None)).status)
            return found

        monkeypatch.setattr(journal, "results", late)
        early = await other.claim_in_run(0, "early", run=1, count=10, cost=0, limit=None)
        await campaign.enqueue(spending_limit=limit)
        state = await journal.run_state()
        answer = await other.claim_in_run(1, "next", run=state.number, count=10, cost=1001, limit=2000)
    assert (early.status, set(claims)) == (ClaimStatus.CLAIMED, {ClaimStatus.STOPPED})
    assert (state.active, state.number, answer.status, answer.spent) == (True, 2, ClaimStatus.LIMIT, 1000)
