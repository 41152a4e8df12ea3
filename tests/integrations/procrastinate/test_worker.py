"""Workers: what they send, when they stop, and what they survive."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import psycopg
import pytest
from procrastinate.worker import Worker
from prometheus_client import CollectorRegistry

from tests.campaigns.shared_place import STALLED_AFTER, SharedPlace, no_gateway
from tests.support.tcp_proxy import tcp_proxy
from wikipayam_async import AuthenticationError, ConfigurationError, InvalidInputError, RateLimit
from wikipayam_async.campaigns import Campaign, CampaignStatus, JournalError, SendingHours
from wikipayam_async.emulator import Fault, Latency
from wikipayam_async.integrations.procrastinate import CampaignWorker, list_workers
from wikipayam_async.integrations.prometheus import PrometheusHook
from wikipayam_async.testing import emulator_client

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The event loop that procrastinate needs."""
    return "asyncio"


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds."""
    with anyio.fail_after(30):
        while not await condition():  # noqa: ASYNC110 - of the database
            await anyio.sleep(0.02)


async def test_workers_send_what_was_enqueued(place: SharedPlace) -> None:
    """They are in the table of workers while they run, and the campaign is completed."""
    await place.plan(100)
    async with place.open() as campaign, place.working(place.worker(name="a"), place.worker(name="b")):
        await campaign.enqueue()
        progress = await place.ended(campaign)
        found = await list_workers(place.url, stalled_after=STALLED_AFTER)
    assert (progress.status, progress.accepted) == (CampaignStatus.COMPLETED, 100)
    assert sorted((one.name, one.alive, one.campaign) for one in found) == [("a", True, None), ("b", True, None)]
    assert sorted(place.emulator.accepted_track_ids()) == sorted(f"m-{index}" for index in range(100))
    assert await list_workers(place.url) == []


async def test_a_worker_is_observed_as_a_queue(place: SharedPlace) -> None:
    """By the messages that wait in the database, and its health."""
    await place.plan(50)
    registry = CollectorRegistry()
    hook = PrometheusHook(registry)
    worker = place.worker()
    hook.observe(worker)
    assert (worker.waiting, worker.healthy) == (0, False)
    later = datetime.now(UTC) + timedelta(hours=2)
    closed = SendingHours(f"{later:%H}:00", f"{later + timedelta(hours=1):%H}:00", "UTC")
    async with place.open() as campaign, place.working(worker):
        await campaign.enqueue(sending_hours=closed)

        async def swept() -> bool:
            return worker.waiting == 50

        await until(swept)
        labels = {"queue": "campaignworker"}
        waiting = registry.get_sample_value("wikipayam_queue_messages", {**labels, "state": "waiting"})
        assert (waiting, registry.get_sample_value("wikipayam_queue_healthy", labels)) == (50, 1)


async def test_a_process_sends_beside_workers(place: SharedPlace) -> None:
    """`run()` joins them, and returns once all is done."""
    await place.plan(200)
    place.emulator.latency = Latency(0.02)
    async with place.open() as campaign, place.working():
        await campaign.enqueue(rate_limit=RateLimit(messages_per_second=1000))
        report = await campaign.run(concurrency=2)
    assert (report.status, report.accepted) == (CampaignStatus.COMPLETED, 200)
    assert place.emulator.accepted == 200


async def test_two_campaigns_share_the_workers(place: SharedPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second does not wait for the first to end; one of a higher priority goes first."""
    monkeypatch.setattr("wikipayam_async.integrations.procrastinate.engine.WINDOW", 8)
    monkeypatch.setattr("wikipayam_async.integrations.procrastinate.work.TOP_UP", 4)
    for name in ("first", "second", "urgent"):
        await place.plan(200, name, text=name)
    async with place.open("first") as first, place.open("second") as second, place.open("urgent") as urgent:
        await first.enqueue()
        await second.enqueue()
        await urgent.enqueue(priority=1)
        async with place.working(place.worker(concurrency=1)):
            await place.ended(urgent)
            early = (await first.progress()).accepted + (await second.progress()).accepted
            await until(lambda: _has_sent(second, 100))
            half = (await first.progress()).accepted
            await place.ended(first)
            await place.ended(second)
    assert early < 100
    assert half < 200
    assert place.emulator.accepted == 600


async def _has_sent(campaign: Any, count: int) -> bool:
    return bool((await campaign.progress()).accepted >= count)


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_an_error_of_the_account_pauses_the_campaign_for_all(place: SharedPlace, status: int) -> None:
    """The reason is in its status; what was refused is pending."""
    await place.plan(100)
    async with place.open() as campaign:
        await campaign.enqueue()
        async with place.working(place.worker(), place.worker()):
            place.emulator.faults.arm(Fault.status(status), on="POST /sms/send", times=100)
            progress = await place.ended(campaign)

            async def settled() -> bool:
                return (await campaign.progress()).pending == 100

            await until(settled)
    assert (progress.status, place.emulator.accepted) == (CampaignStatus.PAUSED, 0)
    assert str(status) in str(progress.reason)


async def test_a_worker_with_a_wrong_token_does_not_start(place: SharedPlace) -> None:
    """The error is the gateway's, and nothing was changed."""
    worker = place.worker(emulator_client(place.emulator, token="wrong-token-1234567890"))
    with pytest.raises(AuthenticationError):
        await worker.run()


async def test_a_worker_of_another_account_leaves_it_alone(place: SharedPlace) -> None:
    """So does one of another line."""
    await place.plan(20)
    place.emulator.add_account(token="other-token-1234567890", username="other")
    strangers = [
        place.worker(emulator_client(place.emulator, token="other-token-1234567890"), name="other account"),
        place.worker(emulator_client(place.emulator, sender="3000"), name="other line"),
    ]
    async with place.open() as campaign:
        await campaign.enqueue()
        async with place.working(*strangers):

            async def swept() -> bool:
                return (
                    all(one.alive for one in await list_workers(place.url)) and len(await list_workers(place.url)) == 2
                )

            await until(swept)
            await anyio.sleep(0.3)
            assert (await campaign.progress()).pending == 20
    assert place.emulator.accepted == 0


async def test_a_stopped_worker_finishes_what_is_in_flight(place: SharedPlace) -> None:
    """By SIGTERM; what waits for the rate is left to others."""
    await place.plan(100)
    place.emulator.latency = Latency(0.3)
    async with place.open() as campaign, anyio.create_task_group() as group:
        await campaign.enqueue()
        group.start_soon(place.worker(handle_signals=True).run)

        async def sending() -> bool:
            return (await campaign.progress()).sending > 0

        await until(sending)
        os.kill(os.getpid(), signal.SIGTERM)
    async with place.open() as campaign:
        progress = await campaign.progress()
    assert (progress.sending, progress.unknown) == (0, 0)
    assert progress.accepted == place.emulator.accepted > 0


async def test_a_cancelled_worker_finishes_what_is_in_flight(place: SharedPlace) -> None:
    """Cancellation is delivered after it."""
    await place.plan(100)
    place.emulator.latency = Latency(0.3)
    async with place.open() as campaign:
        await campaign.enqueue()
        async with anyio.create_task_group() as group:
            group.start_soon(place.worker().run)

            async def sending() -> bool:
                return (await campaign.progress()).sending > 0

            await until(sending)
            group.cancel_scope.cancel()
        progress = await campaign.progress()
    assert (progress.sending, progress.unknown) == (0, 0)
    assert progress.accepted == place.emulator.accepted > 0


async def test_a_worker_starts_again_after_a_failure(
    place: SharedPlace, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of procrastinate, of a sweep, or of the way to the gateway."""
    await place.plan(20)
    run: Any = Worker.run
    failed: list[int] = []

    def execute(statement: str) -> list[Any]:
        with psycopg.connect(place.url, autocommit=True) as connection:
            rows = connection.execute(statement.encode()).fetchall()
        connection.close()
        return rows

    async def fail_once(self: Any) -> None:
        if not failed:
            failed.append(1)
            raise ValueError
        await run(self)

    monkeypatch.setattr(Worker, "run", fail_once)
    async with place.open() as campaign:
        await campaign.enqueue()
        place.emulator.faults.arm(Fault.close(), on="GET /user/balance", times=3)
        with caplog.at_level(logging.WARNING):
            async with place.working():
                await place.ended(campaign)

                async def idle() -> bool:
                    return not execute("SELECT 1 FROM procrastinate_jobs")

                await until(idle)
                execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                    "AND datname = current_database()"
                )
                await anyio.sleep(0.5)
    assert any("it cannot go on (ValueError); next attempt in" in message for message in caplog.messages)
    assert place.emulator.accepted == 20


async def test_a_worker_waits_for_a_server_that_takes_no_writes(
    place: SharedPlace, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a failover to a replica, also if it starts meanwhile."""
    await place.plan(20)
    name = place.url.rpartition("/")[2]

    def allow_writes(value: str) -> None:
        with psycopg.connect(place.url, autocommit=True, options="-c default_transaction_read_only=off") as connection:
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}".encode())
        connection.close()

    async with place.open() as campaign:
        await campaign.enqueue()
        allow_writes("on")
        async with place.working(place.worker(name="w")):

            async def waits() -> bool:
                return any(message.startswith("worker w: it cannot go on") for message in caplog.messages)

            await until(waits)
            allow_writes("off")
            await place.ended(campaign)
    reason = "w: the database cannot be used: ReadOnlySqlTransaction (25006): it takes no writes, as a replica does"
    assert any(reason in message for message in caplog.messages)
    assert place.emulator.accepted == 20


@pytest.mark.parametrize("answers_only", [False, True])
async def test_a_worker_goes_on_when_its_connections_are_silent(
    place: SharedPlace, monkeypatch: pytest.MonkeyPatch, answers_only: bool
) -> None:
    """As behind a firewall that has forgotten them: it opens others, and judges right what the database did and did not do."""
    for module in ("connections", "procrastinate.worker"):
        monkeypatch.setattr(f"wikipayam_async.integrations.{module}.silence_limit", lambda *_: 1.0)
    await place.plan(200)
    place.emulator.latency = Latency(0.02)
    with tcp_proxy(place.url) as (proxy, url):
        journal, worker = place.journal(stalled_after=5.0), place.worker(url=url, stalled_after=5.0)
        async with Campaign.open(place.client, journal) as campaign, place.working(worker):
            await campaign.enqueue()
            for sent in (20, 60):
                await until(lambda: _has_sent(campaign, sent))  # noqa: B023 - awaited at once
                proxy.silence(answers_only=answers_only)
            progress = await place.ended(campaign)
    assert (progress.status, progress.accepted) == (CampaignStatus.COMPLETED, 200)
    assert sorted(place.emulator.accepted_track_ids()) == sorted(f"m-{index}" for index in range(200))


async def test_a_gateway_that_cannot_be_reached_is_tried_again(place: SharedPlace) -> None:
    """With growing delays; the note of the worker says so, and the campaign goes on by itself."""
    await place.plan(20)
    async with place.open() as campaign:
        await campaign.enqueue()
        worker = place.worker(concurrency=1)
        async with place.working(worker):
            with no_gateway():

                async def noted() -> bool:
                    return any(one.note for one in await list_workers(place.url))

                await until(noted)
                (found,) = await list_workers(place.url)
            await place.ended(campaign)
    assert found.note == "the gateway cannot be reached: APIConnectionError"
    assert place.emulator.accepted == 20


async def test_a_sweep_that_fails_is_logged(
    place: SharedPlace, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker goes on."""

    async def fail(*_: Any) -> None:
        raise JournalError("broken")

    monkeypatch.setattr("wikipayam_async.integrations.procrastinate.work.ChunkWork.sweep", fail)
    async with place.working(place.worker(name="w")):

        async def logged() -> bool:
            return "worker w: a sweep failed (broken)" in caplog.messages

        await until(logged)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"concurrency": 0}, "concurrency"),
        ({"max_connections": 0}, "max_connections"),
        ({"stalled_after": 0}, "stalled_after"),
        ({"sweep_interval": 0}, "sweep_interval"),
        ({"polling_interval": 0}, "polling_interval"),
        ({"name": "a\0b"}, "name"),
        ({"name": ""}, "name"),
    ],
)
def test_wrong_options_are_refused(place: SharedPlace, options: dict[str, Any], expected: str) -> None:
    """By name."""
    with pytest.raises(InvalidInputError, match=f"{expected}: expected"):
        CampaignWorker(place.client, place.url, **options)


def test_a_worker_needs_a_client(place: SharedPlace) -> None:
    """And has the name of its machine and process."""
    with pytest.raises(InvalidInputError, match="client: expected an AsyncWikipayam"):
        CampaignWorker("token", place.url)  # type: ignore[arg-type]
    assert CampaignWorker(place.client, place.url).name.endswith(f"-{os.getpid()}")


def test_it_runs_on_asyncio_alone(place: SharedPlace) -> None:
    """As procrastinate does."""
    with pytest.raises(ConfigurationError, match="CampaignWorker runs on asyncio"):
        anyio.run(place.worker().run, backend="trio")


def test_without_procrastinate_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the extra."""
    monkeypatch.setitem(sys.modules, "procrastinate", None)
    monkeypatch.delitem(sys.modules, "wikipayam_async.integrations.procrastinate")
    with pytest.raises(ImportError, match=r"pip install 'wikipayam_async\[distributed\]'"):
        importlib.import_module("wikipayam_async.integrations.procrastinate")
