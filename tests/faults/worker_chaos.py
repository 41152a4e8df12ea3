"""Workers that are killed again and again, and a database that is restarted and stopped: the parts of the experiment."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import anyio
from attrs import asdict, frozen

from tests.faults.soak_gateway import served
from tests.support.servers import PostgresServer
from wikipayam_async import AsyncWikipayam, SendStatus, SmsMessage
from wikipayam_async.campaigns import Campaign, CampaignProgress, CampaignStatus
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN
from wikipayam_async.emulator.faults.latency import Latency
from wikipayam_async.integrations.procrastinate import CampaignWorker, PostgresJournal, list_workers

__all__ = [
    "LONGEST",
    "STALLED_AFTER",
    "Chaos",
    "Worker",
    "Workers",
    "audit",
    "chaos",
    "gateway",
    "messages",
    "progress",
    "run_worker",
    "send",
    "stop_while_it_sends",
    "wait_for",
]

STALLED_AFTER = 1.5
LONGEST = 150.0


def messages(count: int, prefix: str = "m") -> list[SmsMessage]:
    """Return messages with track ids."""
    return [SmsMessage(f"0912{index:07d}", "سلام", track_id=f"{prefix}-{index}") for index in range(count)]


@frozen(kw_only=True)
class Worker:
    """The settings of a worker's process.

    Attributes:
        gateway: The URL of the gateway.
        database: The URL of the database.
        concurrency: The number of requests in flight.
        skew: Seconds that its wall clock is ahead.
        listen: Whether notifications announce jobs.
        token: The token.
        stalled_after: The stall limit, in seconds.
    """

    gateway: str
    database: str
    concurrency: int = 4
    skew: float = 0.0
    listen: bool = True
    token: str = DEFAULT_TOKEN
    stalled_after: float = STALLED_AFTER
    timeout: float = 2.0


async def run_worker(settings: Worker) -> None:
    """Work until SIGTERM."""
    async with AsyncWikipayam(
        settings.token, sender=DEFAULT_LINE, base_url=settings.gateway, timeout=settings.timeout
    ) as client:
        worker = CampaignWorker(
            client,
            settings.database,
            concurrency=settings.concurrency,
            stalled_after=settings.stalled_after,
            listen_notify=settings.listen,
            polling_interval=0.2,
        )
        await worker.run()


_PROGRAM = """
import json, sys, time

settings = json.loads(sys.argv[1])
if settings["skew"]:
    import datetime

    true, real = time.time, datetime.datetime
    time.time = lambda: true() + settings["skew"]

    class Skewed(real):
        @classmethod
        def now(cls, tz=None):
            return real.now(tz) + datetime.timedelta(seconds=settings["skew"])

    datetime.datetime = Skewed

import anyio
from tests.faults.worker_chaos import Worker, run_worker

anyio.run(run_worker, Worker(**settings))
"""


class Workers:
    """The processes of workers; they end with the block."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, settings: Worker) -> subprocess.Popen[bytes]:
        """Start a worker."""
        command = [sys.executable, "-c", _PROGRAM, json.dumps(asdict(settings))]
        log = subprocess.DEVNULL if "WORKER_LOG" not in os.environ else None
        process = subprocess.Popen(  # noqa: S603 - own code
            command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, stdout=log, stderr=log
        )
        self.processes.append(process)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait(30)

    def finish(self, database: str) -> list[int]:
        """Ask those that run to stop, once all of them work; return their exit codes."""
        alive = [process for process in self.processes if process.poll() is None]
        end = time.monotonic() + LONGEST
        while {process.pid for process in alive} - {one.pid for one in anyio.run(list_workers, database)}:
            assert time.monotonic() < end, "a worker did not start"
            time.sleep(0.1)
        for process in alive:
            process.terminate()
        return [process.wait(60) for process in alive]


@contextmanager
def gateway(*, latency: float = 0.05, faults: bool = False, seed: int = 1) -> Iterator[tuple[str, Any]]:
    """Run a gateway in a process of its own; yield its URL, and a function that ends it and returns its ledger."""
    with served(seed, faults=faults, latency=Latency(latency)) as (url, pipe):

        def ledger() -> Counter[str]:
            pipe.send("end")
            accepted, *_ = pipe.recv()
            return Counter(accepted)

        yield url, ledger


def send(url: str, database: str, name: str, count: int, **options: Any) -> None:
    """Plan messages in batches of five, and leave them to the workers."""

    async def enqueue() -> None:
        async with (
            AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, base_url=url) as client,
            Campaign.open(client, PostgresJournal(database, name, stalled_after=STALLED_AFTER)) as campaign,
        ):
            await campaign.plan(messages(count, name), batch_size=5)
            await campaign.enqueue(**options)

    anyio.run(enqueue)


def progress(database: str, name: str) -> CampaignProgress:
    """Return how far a campaign has got."""

    async def read() -> CampaignProgress:
        async with Campaign.open(None, PostgresJournal(database, name, stalled_after=STALLED_AFTER)) as campaign:
            return await campaign.progress()

    return anyio.run(read)


def wait_for(database: str, name: str, attempted: int | None = None) -> CampaignProgress:
    """Wait until so many messages were attempted, or the campaign does not run any more."""
    end = time.monotonic() + LONGEST
    while True:
        found = progress(database, name)
        if found.status is not CampaignStatus.RUNNING:
            return found
        if attempted is not None and found.done >= attempted:
            return found
        assert time.monotonic() < end, found.summary()
        time.sleep(0.1)


def stop_while_it_sends(worker: subprocess.Popen[bytes], database: str, name: str) -> None:
    """Stop the only worker by SIGSTOP at a moment at which it has requests in flight."""
    while True:
        worker.send_signal(signal.SIGSTOP)
        time.sleep(0.05)  # the server completes what it was sent before
        found = progress(database, name)
        if found.sending:
            return
        assert found.status is CampaignStatus.RUNNING, "the campaign ended first"
        worker.send_signal(signal.SIGCONT)
        time.sleep(0.05)


def audit(database: str, name: str, ledger: Mapping[str, int]) -> Mapping[str, int]:
    """Compare the journal of a campaign with what the gateway accepted."""

    async def read() -> dict[str, SendStatus]:
        async with Campaign.open(None, PostgresJournal(database, name)) as campaign:
            return {str(result.track_id): result.status async for result in campaign.results()}

    outcomes = anyio.run(read)
    own = {track_id: times for track_id, times in ledger.items() if track_id.startswith(f"{name}-")}
    known = {SendStatus.ACCEPTED, SendStatus.UNKNOWN}
    return {
        "messages": len(outcomes),
        "doubled": sum(times > 1 for times in own.values()),
        "lost": sum(outcomes[track_id] not in known for track_id in own),
        "accepted_in_the_journal_alone": sum(
            status is SendStatus.ACCEPTED and track_id not in own for track_id, status in outcomes.items()
        ),
        "unknown": sum(status is SendStatus.UNKNOWN for status in outcomes.values()),
        "not_attempted": sum(status is SendStatus.NOT_ATTEMPTED for status in outcomes.values()),
    }


@frozen(kw_only=True)
class Chaos:
    """The settings of one experiment.

    Attributes:
        kills: How often a worker is killed.
        messages: The number of messages.
        restarts: How often the database is restarted.
        outage: Seconds for which it is stopped once.
        workers: The number of workers.
        seed: Determines the faults of the gateway, and which workers are killed.
    """

    kills: int
    messages: int
    restarts: int
    outage: float
    workers: int
    seed: int = 1


def chaos(settings: Chaos, server: PostgresServer) -> Mapping[str, int]:
    """Run the experiment; return its figures."""
    choice = random.Random(settings.seed)
    with gateway(latency=0.05, faults=True, seed=settings.seed) as (url, ledger), Workers() as workers:
        send(url, server.url, "chaos", settings.messages)
        each = Worker(gateway=url, database=server.url)
        running = [workers.start(each) for _ in range(settings.workers)]
        events = ["kill"] * settings.kills + ["restart"] * settings.restarts + ["outage"]
        choice.shuffle(events)
        for number, event in enumerate(events, 1):
            wait_for(server.url, "chaos", settings.messages * number // (len(events) + 1))
            if event == "kill":
                victim = choice.randrange(len(running))
                running[victim].kill()
                running[victim] = workers.start(each)
            else:
                server.stop(signal.SIGQUIT if event == "restart" else signal.SIGINT)
                time.sleep(settings.outage if event == "outage" else 0)
                server.start()
        found = wait_for(server.url, "chaos")
        codes = workers.finish(server.url)
        return {
            **audit(server.url, "chaos", ledger()),
            "completed": int(found.status is CampaignStatus.COMPLETED),
            "failed_exits": sum(code != 0 for code in codes),
        }
