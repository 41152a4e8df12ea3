"""Heartbeats, and the table of workers."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

import pytest

from wikipayam_async.integrations.connection_failures import Failure
from wikipayam_async.integrations.connections import Connections
from wikipayam_async.integrations.procrastinate.presence import Presence, WorkerInfo, read_workers, worker_name
from wikipayam_async.redact.sealed import Secret

STALLED_AFTER = 0.6


def present(url: str, **options: Any) -> Presence:
    """Return the presence of a process, which beats."""
    presence = Presence(Connections(Secret(url), 1, lambda _: None), STALLED_AFTER, options.get("campaign"), "w")
    presence._connections.attempt(presence.insert)
    presence.start()
    return presence


def workers(presence: Presence) -> list[WorkerInfo]:
    """Return the table of workers."""
    return list(presence._connections.attempt(lambda connection: read_workers(connection, STALLED_AFTER)))


def wait(condition: Any) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_worker_is_in_the_table_until_it_ends(database_url: str) -> None:
    """With what it has sent, how fast, and what keeps it."""
    first, second = present(database_url), present(database_url, campaign="eid")
    first.count(30)
    first.note = "waiting"
    first.write()
    (found,) = workers(first)
    assert (found.name, found.host, found.pid, found.alive) == ("w", socket.gethostname(), os.getpid(), True)
    assert (found.messages, found.note, found.campaign) == (30, "waiting", None)
    assert found.rate > 0
    second.sends = True
    second.write()
    assert [one.campaign for one in workers(first)] == [None, "eid"]
    second.end()
    assert [one.id for one in workers(first)] == [first.id]
    first.end()


def test_a_row_that_was_removed_is_written_again(database_url: str) -> None:
    """The process was taken for dead for a day, and lives."""
    presence = present(database_url)
    presence._connections.attempt(lambda connection: connection.execute("DELETE FROM wikipayam.worker"))
    wait(lambda: [one.id for one in workers(presence)] == [presence.id])
    presence.end()


def test_a_process_judges_others_once_its_own_heartbeats_are_steady(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not while nobody could write any, nor after it was stopped itself."""
    presence = present(database_url)
    assert not presence.steady
    wait(lambda: presence.steady)
    write = presence.write

    def fail() -> None:
        raise Failure("away", away=True, committed=False)

    monkeypatch.setattr(presence, "write", fail)
    wait(lambda: not presence.steady)

    written: list[float] = []

    def late() -> None:
        time.sleep(STALLED_AFTER)
        write()
        written.append(time.monotonic())

    monkeypatch.setattr(presence, "write", late)
    wait(lambda: len(written) == 2)
    wait(lambda: presence._since >= written[0])
    monkeypatch.undo()
    wait(lambda: presence.steady)
    presence.end()
    assert worker_name() == f"{socket.gethostname()}-{os.getpid()}"


def test_a_row_that_cannot_be_removed_counts_as_dead_later(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a process does not wait for the database."""
    presence = Presence(Connections(Secret(database_url), 1, lambda _: None), STALLED_AFTER, None, "w")

    def fail(*_: object) -> None:
        raise Failure("away", away=True, committed=False)

    monkeypatch.setattr(presence._connections, "attempt", fail)
    presence.end()
    assert presence.id == 0
