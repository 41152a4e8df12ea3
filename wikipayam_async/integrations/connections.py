"""Connections to PostgreSQL that work on asyncio and on trio: statements run in threads."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread

from wikipayam_async.checks import is_unicode, without_frames
from wikipayam_async.core.loops import PerLoop
from wikipayam_async.core.wire import readable_check
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.redact.sealed import Secret

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    from wikipayam_async.integrations.answering import AnsweringConnection
    from wikipayam_async.integrations.connection_failures import Failure, failure_of
except ImportError as missing:
    raise ImportError(
        "wikipayam_async.integrations.postgres needs psycopg: pip install 'wikipayam_async[psycopg]'"
    ) from missing

__all__ = ["Connections", "check_url", "connect", "silence_limit", "with_network_limits"]

T = TypeVar("T")

_CONNECT_SECONDS, _STATEMENT_SECONDS, _PAUSE_SECONDS = 5, 10, 5
_TRIES = 2
_NETWORK_LIMITS = {
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""With them a connection whose server is gone without a word, as after a network partition, ends within 25 s. Without them
it hangs for a quarter of an hour if something was sent over it, and for two hours if an answer is awaited. They do not
help if something, such as a pooler or a firewall, receives the bytes and answers nothing: see `silence_limit`."""


class Connections:
    """The connections of one process. Each serves one statement, or one transaction, at a time.

    They notice within 25 s that a server is gone without a word, or receives statements and answers none. Those that the
    server has ended while they were idle are not used.

    Args:
        url: The database.
        limit: The maximum number of connections.
        prepare: Called with every new connection, before it is used.
        statement_seconds: Seconds after which the server ends a statement.
        pause_seconds: Seconds after which the server ends a transaction whose process sends no next statement, and frees
            its locks: the process stands still, or its machine is gone.
    """

    def __init__(
        self,
        url: Secret,
        limit: int,
        prepare: Callable[[Any], object],
        *,
        statement_seconds: int = _STATEMENT_SECONDS,
        pause_seconds: float = _PAUSE_SECONDS,
    ) -> None:
        self._url = with_network_limits(url)
        self._prepare = prepare
        self._statement_seconds = statement_seconds
        self._silence_limit = silence_limit(self._url, statement_seconds)
        # Local to the transaction, since connections of pgbouncer are shared with other programs.
        self._begin = (f"BEGIN; SET LOCAL idle_in_transaction_session_timeout = {round(pause_seconds * 1000)}").encode()
        self._limiters = PerLoop(lambda: CapacityLimiter(limit))
        self._slots = threading.BoundedSemaphore(limit)
        self._guard = threading.Lock()
        self._idle: list[Any] = []
        self._inherited: list[Any] = []
        self._process = os.getpid()

    async def run(self, work: Callable[[Any], T], *, transaction: bool = False, repeat: bool = True) -> T:
        """Do something with a connection, in a thread; once more with another if that breaks.

        Args:
            work: Is called with a connection.
            transaction: Commit after it, and roll back if it raises; otherwise each statement is committed by itself.
            repeat: Whether all of it may be done twice; if not, it is repeated only where it was surely not committed.

        Raises:
            Failure: It could not be done.
        """
        return await to_thread.run_sync(self.attempt, work, transaction, repeat, limiter=await self._limiters.get())

    def attempt(self, work: Callable[[Any], T], transaction: bool = False, repeat: bool = True) -> T:  # noqa: FBT001, FBT002 - as `run`, for threads
        """Do the same in this thread.

        Raises:
            Failure: It could not be done.
        """
        failure = Failure("", away=True, committed=False)
        with self._slots:
            for _ in range(_TRIES):
                committing = not transaction
                try:
                    connection = self._take()
                    try:
                        if transaction:
                            connection.execute(self._begin)
                        result = work(connection)
                        if transaction:
                            committing = True
                            connection.execute(b"COMMIT")
                    except BaseException:
                        _end(connection)
                        raise
                except psycopg.Error as error:
                    failure = failure_of(error, committed=failure.committed or (committing and transaction))
                    if committing and not repeat:
                        break
                else:
                    with self._guard:
                        self._idle.append(connection)
                    return result
        raise failure from None

    async def aclose(self) -> None:
        """Close the idle connections, also while being cancelled. A later call opens others."""
        with CancelScope(shield=True):
            await to_thread.run_sync(self.close)

    def close(self) -> None:
        """Close the idle connections."""
        with self._guard:
            idle, self._idle = self._idle, []
        if self._process == os.getpid():
            for connection in idle:
                connection.close()

    def _take(self) -> Any:
        with self._guard:
            if (
                self._process != os.getpid()
            ):  # connections do not survive a fork, and closing them would end the parent's
                self._inherited += self._idle
                self._idle, self._process = [], os.getpid()
            while self._idle:
                connection = self._idle.pop()
                # Only once the server has ended an idle connection is there something to read.
                if not connection.closed and not readable_check(connection)():
                    return connection
                connection.close()
        return self._connect()

    def _connect(self) -> Any:
        connection = connect(self._url, self._silence_limit)
        try:
            connection.execute(f"SET statement_timeout = '{self._statement_seconds}s'".encode())
            if connection.execute(b"SHOW synchronous_commit").fetchone() == ("off",):
                connection.execute(b"SET synchronous_commit = on")
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def connect(url: Secret, silence_limit: float) -> AnsweringConnection:
    """Return a new connection, each of whose statements is committed by itself.

    Args:
        url: The database.
        silence_limit: Seconds for which the server may be silent while a statement is running.

    Raises:
        psycopg.Error: The server cannot be reached, or refuses the connection.
    """
    connection = AnsweringConnection.connect(
        url.reveal(), autocommit=True, prepare_threshold=None, connect_timeout=_CONNECT_SECONDS
    )
    connection.silence_limit = silence_limit
    return connection


def _end(connection: Any) -> None:
    """Close a connection; its locks are free when this returns, unless it is broken."""
    with suppress(psycopg.Error):
        connection.rollback()
    connection.close()


@without_frames
def check_url(url: str) -> Secret:
    """Return the URL of a database, sealed.

    Raises:
        InvalidInputError: It is no text.
    """
    if not isinstance(url, str) or not url or not is_unicode(url):
        rule = "expected a URL such as postgresql://user@host/sms"
        raise InvalidInputError("url", rule=rule, got=shape_of(url))
    return Secret(url)


def with_network_limits(url: Secret) -> Secret:
    """Return the URL with a limit on how long a server may be silent, unless it has limits of its own.

    Args:
        url: The URL, or another text that libpq takes.
    """
    try:
        given = conninfo_to_dict(url.reveal())
        return Secret(make_conninfo(url.reveal(), **{k: v for k, v in _NETWORK_LIMITS.items() if k not in given}))
    except psycopg.ProgrammingError:
        return url  # the first connection says that it is not valid


def silence_limit(url: Secret, statement_seconds: float = 0) -> float:
    """Return the seconds for which a server may be silent while a statement is running: `tcp_user_timeout` of the URL.

    It is longer than a statement may take, after which a server that works says something. 0 in the URL means no limit.

    Args:
        url: The URL, with its limits.
        statement_seconds: Seconds after which the server ends a statement; 0 for never.
    """
    try:
        milliseconds = int(conninfo_to_dict(url.reveal()).get("tcp_user_timeout") or 0)
    except (psycopg.ProgrammingError, ValueError):
        milliseconds = int(_NETWORK_LIMITS["tcp_user_timeout"])  # the first connection says that it is not valid
    return max(milliseconds / 1000, statement_seconds + 1.0) if milliseconds > 0 else math.inf
