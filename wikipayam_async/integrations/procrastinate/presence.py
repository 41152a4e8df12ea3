"""The heartbeat of a process, by which the others know that it lives.

A thread writes it, so that a busy event loop does not silence it.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from wikipayam_async.integrations.connection_failures import Failure
from wikipayam_async.integrations.connections import Connections

__all__ = ["Presence", "WorkerInfo", "read_workers", "worker_name"]

_FORGOTTEN_DAYS = 1
_COLUMNS = "id, campaign, sends, name, host, pid, note, messages, rate, started, heartbeat"
_ALIVE = "heartbeat > clock_timestamp() - %s * interval '1 second'"


@frozen
class WorkerInfo:
    """A process that sends, or sent a short time ago: a row of the table of workers.

    Attributes:
        id: Its number.
        name: Its name.
        host: The name of its machine.
        pid: The id of its process.
        started: When it started, by the clock of the database.
        heartbeat: When it last showed that it lives.
        alive: Whether that is less than the stall limit ago.
        messages: The number of messages that it has sent.
        rate: Messages a second, over its last few seconds.
        campaign: The campaign that it sends by `Campaign.run`; None for a worker, which sends all that are queued.
        note: What keeps it from sending, such as a gateway that cannot be reached; None if nothing does.
    """

    id: int
    name: str
    host: str
    pid: int
    started: datetime
    heartbeat: datetime
    alive: bool
    messages: int
    rate: float
    campaign: str | None
    note: str | None


def worker_name() -> str:
    """Return the name of this process: that of its machine, and its id."""
    return f"{socket.gethostname()}-{os.getpid()}"


def read_workers(connection: Any, stalled_after: float) -> Sequence[WorkerInfo]:
    """Return the workers, and the processes that send a campaign by themselves."""
    rows = connection.execute(
        f"SELECT id, name, host, pid, started, heartbeat, {_ALIVE}, messages, rate, campaign, note "  # noqa: S608 - constants
        "FROM wikipayam.worker WHERE campaign IS NULL OR sends ORDER BY id",
        (stalled_after,),
    )
    return [WorkerInfo(*row) for row in rows]


class Presence:
    """The row of this process in the table of workers, and the thread that writes its heartbeat.

    Args:
        connections: Where to write.
        stalled_after: Seconds without a heartbeat after which others take this process for dead.
        campaign: The campaign that it writes; None for a worker.
        name: Its name.
    """

    def __init__(self, connections: Connections, stalled_after: float, campaign: str | None, name: str) -> None:
        self._connections = connections
        self._stalled_after = stalled_after
        self.campaign = campaign
        self._name = name
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._since = time.monotonic()
        self._sent = 0
        self._written = (0, self._since)
        self.sends = campaign is None
        self.note: str | None = None
        self.id = 0

    def count(self, messages: int) -> None:
        """Count messages that were sent."""
        self._sent += messages

    @property
    def steady(self) -> bool:
        """Whether heartbeats have been written for longer than the stall limit, so that others' can be judged by it."""
        return self.id != 0 and time.monotonic() - self._since > self._stalled_after

    def insert(self, connection: Any) -> None:
        """Write the row. Whoever died long ago is forgotten."""
        connection.execute(
            "DELETE FROM wikipayam.worker WHERE heartbeat < clock_timestamp() - %s * interval '1 day'",
            (_FORGOTTEN_DAYS,),
        )
        self.id = connection.execute(
            "INSERT INTO wikipayam.worker (campaign, sends, name, host, pid) VALUES (%s, %s, %s, %s, %s) RETURNING id",
            (self.campaign, self.sends, self._name, socket.gethostname(), os.getpid()),
        ).fetchone()[0]

    def start(self) -> None:
        """Go on writing heartbeats."""
        self._since = time.monotonic()
        self._thread = threading.Thread(target=self._beat_until_end, name=f"wikipayam heartbeat {self.id}", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop the heartbeats and remove the row. What this process left in flight has no owner then."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        try:
            self._connections.attempt(
                lambda connection: connection.execute("DELETE FROM wikipayam.worker WHERE id = %s", (self.id,))
            )
        except Failure:
            pass  # the row counts as dead after the stall limit
        finally:
            self._connections.close()

    def write(self) -> None:
        """Write a heartbeat now.

        Raises:
            Failure: The database cannot be used.
        """
        self._connections.attempt(self.write_row)

    def write_row(self, connection: Any, _: int = 0) -> None:
        """Write a heartbeat, on a connection."""
        now, sent = time.monotonic(), self._sent
        before, at = self._written
        rate = (sent - before) / max(now - at, 0.1)
        connection.execute(
            f"INSERT INTO wikipayam.worker AS w ({_COLUMNS}) OVERRIDING SYSTEM VALUE "  # noqa: S608 - constants
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp(), clock_timestamp()) "
            "ON CONFLICT (id) DO UPDATE SET sends = excluded.sends, note = excluded.note, "
            "messages = excluded.messages, rate = excluded.rate, heartbeat = excluded.heartbeat",
            (self.id, self.campaign, self.sends, self._name, socket.gethostname(), os.getpid(), self.note, sent, rate),
        )
        self._written = (sent, now)

    def _beat_until_end(self) -> None:
        interval = min(5.0, self._stalled_after / 6)
        last = time.monotonic()
        while not self._ended.wait(interval):
            try:
                self.write()
            except Failure:
                self._since = time.monotonic()  # nobody could write: others may look dead and be alive
                continue
            if time.monotonic() - last > self._stalled_after:  # this process was stopped itself
                self._since = time.monotonic()
            last = time.monotonic()
