"""Campaigns that workers send while processes die, stop and come back, and the database goes away."""

from __future__ import annotations

import signal
import time

import anyio

from tests.faults.worker_chaos import (
    LONGEST,
    STALLED_AFTER,
    Chaos,
    Worker,
    Workers,
    audit,
    chaos,
    gateway,
    progress,
    send,
    stop_while_it_sends,
    wait_for,
)
from tests.support.effort import long_or_short
from tests.support.servers import pgbouncer, postgres
from wikipayam_async import RateLimit
from wikipayam_async.campaigns import CampaignStatus, SendingHours
from wikipayam_async.integrations.procrastinate import list_workers


def test_killed_workers_and_a_database_that_goes_away_double_and_lose_nothing() -> None:
    """In the long form 30 SIGKILLs, two restarts of the database as after a crash, and a stop of 20 s."""
    settings = Chaos(
        kills=long_or_short(30, 1),
        messages=long_or_short(3_000, 300),
        restarts=long_or_short(2, 1),
        outage=long_or_short(20.0, 0.3),
        workers=long_or_short(3, 2),
    )
    with postgres() as server:
        figures = chaos(settings, server)
    exposed = settings.kills * 4 * 5
    unknown = figures["unknown"]
    assert {name: count for name, count in figures.items() if name != "unknown"} == {
        "messages": settings.messages,
        "doubled": 0,
        "lost": 0,
        "accepted_in_the_journal_alone": 0,
        "not_attempted": 0,
        "completed": 1,
        "failed_exits": 0,
    }
    assert unknown <= exposed + settings.messages * 0.08  # those of the gateway's faults


def test_a_worker_that_stood_still_sends_nothing_that_others_were_given_and_its_answers_count() -> None:
    """It is stopped by SIGSTOP for longer than the stall limit, with requests in flight, and perhaps in a transaction."""
    with postgres() as server, gateway(latency=0.3) as (url, ledger), Workers() as workers:
        send(url, server.url, "still", 400)
        each = Worker(gateway=url, database=server.url, timeout=30)
        zombie = workers.start(each)
        wait_for(server.url, "still", 10)
        stop_while_it_sends(zombie, server.url, "still")
        stopped = time.monotonic()
        workers.start(each)
        unknown = 0
        while not unknown or time.monotonic() - stopped < 2 * STALLED_AFTER:
            assert time.monotonic() - stopped < LONGEST, "nobody took over what the stopped worker had in flight"
            unknown = max(unknown, progress(server.url, "still").unknown)
            time.sleep(0.1)
        zombie.send_signal(signal.SIGCONT)
        wait_for(server.url, "still")
        assert workers.finish(server.url) == [0, 0]
        figures = audit(server.url, "still", ledger())
    assert 0 < unknown <= 4 * 5
    expected = {"messages": 400, "doubled": 0, "lost": 0, "accepted_in_the_journal_alone": 0}
    assert figures == {**expected, "unknown": 0, "not_attempted": 0}


def test_clocks_that_disagree_change_nothing() -> None:
    """Sending hours, the rate and the stall limit go by the clock of the database, whatever workers' clocks show."""
    hour = time.gmtime().tm_hour
    hours = SendingHours(f"{(hour - 2) % 24:02}:00", f"{(hour + 2) % 24:02}:00", "UTC")
    with postgres() as server, gateway(latency=0.02) as (url, ledger), Workers() as workers:
        rate = RateLimit(messages_per_second=100, burst_seconds=0)
        send(url, server.url, "clocks", 300, sending_hours=hours, rate_limit=rate)
        for skew in (-12 * 3600.0, 12 * 3600.0):
            workers.start(Worker(gateway=url, database=server.url, skew=skew))
        found = wait_for(server.url, "clocks")
        sent = [worker.messages for worker in anyio.run(list_workers, server.url)]
        assert workers.finish(server.url) == [0, 0]
        figures = audit(server.url, "clocks", ledger())
    assert found.status is CampaignStatus.COMPLETED
    assert len(sent) == 2
    assert min(sent) > 0
    expected = {"messages": 300, "doubled": 0, "lost": 0, "accepted_in_the_journal_alone": 0}
    assert figures == {**expected, "unknown": 0, "not_attempted": 0}


def test_workers_and_planners_run_behind_pgbouncer() -> None:
    """In transaction mode, without notifications."""
    with (
        postgres() as server,
        pgbouncer(server) as pooled,
        gateway(latency=0.02) as (url, ledger),
        Workers() as workers,
    ):
        send(url, pooled, "pooled", 200)
        for _ in range(2):
            workers.start(Worker(gateway=url, database=pooled, listen=False))
        assert wait_for(pooled, "pooled").status is CampaignStatus.COMPLETED
        assert workers.finish(server.url) == [0, 0]
        figures = audit(server.url, "pooled", ledger())
    expected = {"messages": 200, "doubled": 0, "lost": 0, "accepted_in_the_journal_alone": 0}
    assert figures == {**expected, "unknown": 0, "not_attempted": 0}
