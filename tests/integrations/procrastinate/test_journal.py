"""The journal in PostgreSQL."""

from __future__ import annotations

import itertools
import time
from contextlib import aclosing
from typing import Any

import pytest

from tests.campaigns.shared_place import SharedPlace
from wikipayam_async import InvalidInputError, SendStatus, SmsMessage
from wikipayam_async.campaigns import JournalBusyError, JournalError, StopRequest, StoredOutcome
from wikipayam_async.campaigns.contract import JOURNAL_CONTRACT, Check
from wikipayam_async.campaigns.shared import Claim
from wikipayam_async.integrations.procrastinate import PostgresJournal, running

pytestmark = pytest.mark.anyio

_numbers = itertools.count()


@pytest.mark.parametrize("check", JOURNAL_CONTRACT, ids=lambda check: check.__name__)
async def test_the_journal_keeps_the_contract(check: Check, postgres_url: str) -> None:
    """Each object has connections of its own, as another process would."""
    name = f"contract-{next(_numbers)}"
    await check(lambda: PostgresJournal(postgres_url, name))


@pytest.mark.parametrize("name", ["", ".eid", "eid.", "a/b", "x" * 101, 7])
def test_a_campaign_has_a_plain_name(name: Any) -> None:
    """Of letters, digits and a few marks between them."""
    with pytest.raises(InvalidInputError, match="name: expected the name of a campaign"):
        PostgresJournal("postgresql://x", name)
    assert PostgresJournal("postgresql://x", "عید-1405.x").name == "عید-1405.x"


@pytest.mark.parametrize("option", ["stalled_after", "patience", "max_connections"])
def test_wrong_options_are_refused(option: str) -> None:
    """By name."""
    options: dict[str, Any] = {option: 0}
    with pytest.raises(InvalidInputError, match=f"{option}: expected"):
        PostgresJournal("postgresql://x", "eid", **options)


async def test_nothing_is_written_without_the_lock(place: SharedPlace) -> None:
    """Every write says so."""
    async with aclosing(place.journal()) as journal:
        for write in (journal.write_facts({"a": "b"}), journal.begin_plan(), journal.claim(0, "t"), journal.purge()):
            with pytest.raises(JournalError, match="eid: the journal is not open for writing"):
                await write


async def test_one_process_at_a_time_plans_a_campaign(place: SharedPlace) -> None:
    """Another is refused, also once the plan is finished; one that died is not waited for."""
    async with aclosing(place.journal()) as first, aclosing(place.journal()) as second:
        await first.lock()
        await second.lock()
        await first.begin_plan()
        with pytest.raises(JournalBusyError, match="another process plans this campaign"):
            await second.begin_plan()
        await first.finish_plan({"total": "0"})
        with pytest.raises(JournalBusyError, match="or has planned it meanwhile"):
            await second.begin_plan()


async def test_a_campaign_that_others_use_is_not_purged(place: SharedPlace) -> None:
    """It would be gone under their hands."""
    await place.plan(10)
    async with aclosing(place.journal()) as journal, aclosing(place.journal()) as other:
        await journal.lock()
        await other.lock()
        with pytest.raises(JournalBusyError, match="pause it first"):
            await journal.purge()
        await other.aclose()
        await journal.purge()
        assert await journal.read_facts() == {}


async def test_a_claim_that_took_too_long_is_not_used(place: SharedPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may take this process for dead by then."""
    await place.plan(10)
    async with aclosing(place.journal()) as journal:
        await journal.lock()
        await journal.start_run("{}", after=0, queue=None, priority=0, spent=0)
        claim = running.claim_in_run

        def late(*arguments: Any) -> Claim:
            time.sleep(0.7)
            return claim(*arguments)

        monkeypatch.setattr(running, "claim_in_run", late)
        with pytest.raises(JournalError, match="the claim of chunk 0 took 1 s; it is not sent"):
            await journal.claim_in_run(0, "token", run=1, count=10, cost=0, limit=None)


async def test_a_text_that_postgresql_cannot_keep_is_named(place: SharedPlace) -> None:
    """By its position; the plan is discarded."""
    async with place.open() as campaign:
        with pytest.raises(JournalError, match=r"messages\[1\]: PostgreSQL cannot keep the character U\+0000"):
            await campaign.plan([SmsMessage("09120000000", "a"), SmsMessage("09120000001", "a\0b")])
        assert await campaign._journal.read_facts() == {}


async def test_a_message_that_is_refused_anyway_stops_no_plan(place: SharedPlace) -> None:
    """Its receiver is left out of the table, as a lone surrogate is."""
    async with place.open() as campaign:
        await campaign.plan([SmsMessage("09120000000", "a"), SmsMessage("0912\0", "b")])
        found = [(one.receiver, one.status) async for one in campaign.results()]
    assert found == [("09120000000", SendStatus.NOT_ATTEMPTED), ("", SendStatus.REJECTED)]


async def test_outcomes_are_kept_whatever_the_gateway_wrote(place: SharedPlace) -> None:
    """Characters that PostgreSQL cannot keep are left out."""
    await place.plan(10)
    async with aclosing(place.journal()) as journal:
        await journal.lock()
        await journal.claim(0, "token")
        outcomes = [
            StoredOutcome(index, f"m-{index}", SendStatus.REJECTED, None, "400", "a\0b\ud800c") for index in range(10)
        ]
        assert await journal.settle(0, "token", outcomes)
        assert (await journal.results(-1, 1))[0].error == "ab?c"


async def test_a_journal_of_a_worker_leaves_the_database_open(place: SharedPlace) -> None:
    """It is the worker's."""
    await place.plan(10)
    async with aclosing(place.journal()) as owner:
        await owner.lock()
        other = PostgresJournal.on(owner.database, "eid")
        await other.lock()
        await other.join_run()
        other.count_sent(3)
        await other.aclose()
        assert owner.database.presence is not None
        await other.lock()
        await other.purge()
        assert owner.database.presence is not None
    async with aclosing(place.journal()) as reader:
        reader.count_sent(3)
        assert await reader.chunk(0) is None


async def test_a_request_that_no_process_would_see_is_not_kept(place: SharedPlace) -> None:
    """The caller writes the status itself; of a campaign that does not exist, nothing is kept."""
    async with aclosing(place.journal("nothing")) as journal:
        assert await journal.request(StopRequest.PAUSE) is False
        assert (await journal.run_state()).active is False
        assert await journal.requested() is None
