"""Campaigns in a database, as one worker of this process sends them."""

from __future__ import annotations

from contextlib import aclosing

import anyio
import psycopg
import pytest

from tests.cli.bulk.commands import FILE, SENDS, A, B, C, answer, receivers, write
from tests.cli.conftest import PASSWORD, Ended, Run
from wikipayam_async import AsyncWikipayam
from wikipayam_async.campaigns import Campaign, CampaignStatus
from wikipayam_async.emulator import Emulator, Fault
from wikipayam_async.emulator.gateway.delivery import DELIVERED, waiting_then
from wikipayam_async.integrations.procrastinate import CampaignWorker, PostgresJournal

NAME = ("--name", "eid")


@pytest.fixture
def planned(gateway: Emulator, database: str, run: Run) -> Run:
    """Plan three messages in a database, each in a request of its own; return what runs commands and hides nothing."""
    write(f"{A},hi,Qom", f"{B},hi,Yazd", f"{C},hi,Fars", header="mobile,text,city")

    def checked(*argv: str) -> Ended:
        ended = run(*argv)
        assert PASSWORD not in ended.out + ended.err
        return ended

    ended = checked("campaign", "plan", FILE, *NAME, "--batch-size", "1", "--price-persian", "10")
    assert (ended.code, ended.err.splitlines()[-1]) == (
        0,
        "planned: eid; to send it: wikipayam campaign enqueue --name eid",
    )
    return checked


def work(database: str) -> None:
    """Run a worker until the campaign is not running any more."""

    async def serve() -> None:
        async with AsyncWikipayam() as client, anyio.create_task_group() as group:
            worker = CampaignWorker(client, database, handle_signals=False)
            group.start_soon(worker.run)
            async with Campaign.open(None, PostgresJournal(database, "eid")) as campaign:
                with anyio.fail_after(30):
                    while (await campaign.progress()).status is CampaignStatus.RUNNING:  # noqa: ASYNC110 - the database has no event
                        await anyio.sleep(0.02)
            worker.stop()

    anyio.run(serve)


def test_a_campaign_is_left_to_the_workers(planned: Run, gateway: Emulator, database: str) -> None:
    """It is confirmed like any send; workers obey the options; every command takes the name."""
    ended = planned("campaign", "enqueue", *NAME, "--price-persian", "10", "--yes-up-to", "29")
    assert (ended.code, "--yes or --yes-up-to RIALS" in ended.err) == (2, True)
    ended = planned("campaign", "enqueue", *NAME, "--price-persian", "10", "--yes-up-to", "30")
    assert (ended.code, ended.err.splitlines()) == (
        0,
        [
            "enqueued: 3 messages; to watch: wikipayam campaign status --name eid --watch",
            "no worker is there: `wikipayam worker` starts one",
        ],
    )
    assert planned("campaign", "status", *NAME, "--json").json["status"] == "running"
    work(database)
    assert sorted(receivers(gateway)) == [A, B, C]
    ended = planned("campaign", "status", *NAME, "--watch")
    assert (ended.code, ended.out.splitlines()[0]) == (0, "completed")
    assert planned("campaign", "enqueue", *NAME).err.splitlines()[0] == "completed"


def test_the_workers_go_on_after_a_pause(planned: Run, gateway: Emulator, database: str) -> None:
    """The reason is shown; `resume` needs no options, since they are those of `enqueue`; a campaign may be canceled."""
    gateway.faults.script([None, Fault.status(402)], on=SENDS)
    assert (
        planned("campaign", "enqueue", *NAME, "--yes", "--stop-on-error", "--priority", "7", "--rate", "50").code == 0
    )
    assert planned("campaign", "pause", *NAME).err == ("paused; to go on: wikipayam campaign resume --name eid\n")
    assert planned("campaign", "resume", *NAME).err.splitlines()[0].startswith("enqueued: 3 messages")
    work(database)
    ended = planned("campaign", "status", *NAME)
    assert ended.out.splitlines()[0].startswith("paused: sms.send: the gateway answered 402")
    assert ended.err.splitlines()[-1] == "to go on: wikipayam campaign resume --name eid"
    left = 3 - len(gateway.ledger)
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO wikipayam.worker (name, host, pid) VALUES ('w1', 'another', 1)")
    ended = planned("campaign", "resume", *NAME, "--json")
    assert (ended.json["status"], ended.json["counts"]["pending"], ended.json["workers"]) == ("running", left, 1)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT priority FROM wikipayam.campaign").fetchone() == (7,)
    assert planned("campaign", "cancel", *NAME, "--yes").err == "canceled\n"
    assert "is canceled" in planned("campaign", "resume", *NAME).err


def test_a_campaign_that_was_never_enqueued_is_not_resumed(planned: Run) -> None:
    """The error names the command that does it."""
    ended = planned("campaign", "resume", *NAME)
    assert (ended.code, ended.err) == (
        2, "error: eid: was never enqueued; wikipayam campaign enqueue --name eid leaves it to the workers\n",
    )  # fmt: skip


def test_a_refused_question_enqueues_nothing(planned: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan stays."""
    answer(monkeypatch, "n")
    ended = planned("campaign", "enqueue", *NAME)
    assert (ended.code, ended.err.splitlines()[-1]) == (2, "nothing was enqueued")
    assert planned("campaign", "status", *NAME, "--json").json["status"] == "planned"


def test_another_account_is_an_error(planned: Run, gateway: Emulator, database: str) -> None:
    """As for a campaign in a file."""
    assert planned("campaign", "enqueue", *NAME, "--yes").code == 0
    gateway.account.user_id += 1
    ended = planned("campaign", "resume", *NAME)
    assert (ended.code, "eid: the campaign belongs to another account" in ended.err) == (2, True)


def test_options_are_checked_before_anything_is_sent(planned: Run) -> None:
    """They are those of `campaign run`, but for the requests in flight, which each worker decides."""
    for options in (("--rate", "0"), ("--sending-hours", "8"), ("--spending-limit", "5"), ("--opt-out", "missing.txt")):
        ended = planned("campaign", "enqueue", *NAME, "--yes", *options)
        assert (ended.code, options[0] in ended.err) == (2, True)
    assert planned("campaign", "enqueue", *NAME, "--concurrency", "2").code == 2
    assert "not a campaign; `wikipayam campaign plan FILE --name other` plans one" in (
        planned("campaign", "enqueue", "--name", "other").err
    )


def test_the_commands_about_outcomes_take_a_name(planned: Run, gateway: Emulator, database: str) -> None:
    """The arguments after the file are then the first ones."""
    gateway.delivery.script = waiting_then(DELIVERED, after=3600)
    gateway.faults.script([None, Fault.reset(), Fault.status(400)], on=SENDS)
    assert planned("campaign", "run", *NAME, "--yes", "--concurrency", "1").code == 3
    unknown = track_ids(planned, "unknown")
    (rejected,) = track_ids(planned, "rejected")
    assert planned("campaign", "mark-accepted", *NAME, *unknown, "--note", "panel").err.startswith("recorded")
    ended = planned("campaign", "requeue", *NAME, rejected, "--note", "typo")
    assert ended.err == "put back: 1 message; to send them: wikipayam campaign resume --name eid\n"
    assert [one["decision"] for one in planned("campaign", "audit", *NAME, "--json").json["audit"]] == [
        "accepted", "requeued",
    ]  # fmt: skip
    assert planned("campaign", "run", *NAME).code == 0
    assert planned("campaign", "export", *NAME, "out.csv").err == "3 messages in out.csv\n"
    assert planned("campaign", "export", *NAME).code == 2
    assert planned("campaign", "follow", *NAME, "--wait", "0").code == 3
    assert planned("campaign", "purge", *NAME, "--yes").err == "deleted: eid\n"
    assert planned("campaign", "status", *NAME).code == 2


async def begin(database: str) -> None:
    """Leave in a database what a process leaves that is killed when it begins to plan."""
    async with aclosing(PostgresJournal(database, name="other")) as journal:
        await journal.lock()


def test_what_was_left_of_a_campaign_is_purged(planned: Run, database: str) -> None:
    """A process that was killed while it planned leaves no campaign, but numbers and texts."""
    assert planned("campaign", "purge", "--name", "other", "--yes").code == 2
    anyio.run(begin, database)
    assert planned("campaign", "status", "--name", "other").code == 2
    assert planned("campaign", "purge", "--name", "other", "--yes").err == "deleted: other\n"
    assert planned("campaign", "purge", "--name", "other", "--yes").code == 2


def track_ids(run: Run, status: str) -> list[str]:
    """Return the track ids of the messages with an outcome."""
    return run("campaign", "results", *NAME, "--track-ids", "--status", status).out.split()
