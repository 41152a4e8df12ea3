"""Group commit: what concurrent tasks write is committed together, in one thread."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, TypeVar, cast

import anyio
from anyio import CapacityLimiter, to_thread

__all__ = ["ConnectionThread", "GroupCommit"]

T = TypeVar("T")


class ConnectionThread:
    """Uses a connection in threads, one at a time.

    Args:
        connection: The connection.
        guard: What keeps others from the connection, if it is used in several event loops.
    """

    def __init__(self, connection: sqlite3.Connection, guard: threading.Lock | None = None) -> None:
        self._connection = connection
        self._limiter = CapacityLimiter(1)
        # A task that is cancelled by asyncio itself leaves its thread behind; the next must wait for it.
        self._guard = guard or threading.Lock()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Call a function with the connection; a cancellation waits for its end."""
        results: list[T] = []
        with anyio.CancelScope(shield=True):
            results.append(await to_thread.run_sync(self._guarded, work, limiter=self._limiter))
        return results[0]

    async def aclose(self) -> None:
        """Close the connection."""
        await self.run(lambda connection: connection.close())

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._guard:
            return work(self._connection)


class _Work(Generic[T]):
    """One function to call within a transaction, and the outcome of it."""

    __slots__ = ("_call", "_error", "_value", "done")

    def __init__(self, call: Callable[[sqlite3.Connection], T]) -> None:
        self._call = call
        self._error: Exception | None = None
        self._value: T | None = None
        self.done = False

    def run(self, connection: sqlite3.Connection) -> None:
        """Call the function."""
        self._value = self._call(connection)

    def fail(self, error: Exception) -> None:
        """Record that the transaction was not committed."""
        self._error = error
        self.done = True

    def result(self) -> T:
        """Return what the function returned, or raise why the transaction was not committed."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return cast("T", self._value)


class GroupCommit:
    """Commits what gathers while the last commit is in progress as one transaction.

    Whoever comes first commits for all that wait, so no task of its own is needed, and one hop to a thread serves
    several writers. If the transaction fails, each part is tried alone, so that no part fails for another's sake.

    Args:
        connection: The connection.
        guard: What keeps others from the connection, if it is used in several event loops.
        turn: Held around each transaction, if other processes write to the file; entering it may raise `OSError`.
        check: Called before each transaction; it may raise `OSError`.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        guard: threading.Lock | None = None,
        turn: AbstractContextManager[object] | None = None,
        check: Callable[[], object] = lambda: None,
    ) -> None:
        self._thread = ConnectionThread(connection, guard)
        self._process_turn = nullcontext() if turn is None else turn
        self._check = check
        self._turn = anyio.Lock(fast_acquire=True)
        self._waiting: deque[_Work[Any]] = deque()

    async def run(self, call: Callable[[sqlite3.Connection], T]) -> T:
        """Call a function within a transaction; return once that is durable.

        If this is cancelled, the function is either not called, or its transaction is committed.

        Raises:
            sqlite3.Error: The transaction was not committed.
            OSError: The turn among the processes did not come, or the check failed.
        """
        work = _Work(call)
        self._waiting.append(work)
        try:
            async with self._turn:
                if not work.done:
                    gathered = [*self._waiting]
                    self._waiting.clear()
                    await self._thread.run(lambda connection: self._commit(connection, gathered))
        finally:
            if work in self._waiting:
                self._waiting.remove(work)
        return work.result()

    def _commit(self, connection: sqlite3.Connection, gathered: list[_Work[Any]]) -> None:
        try:
            with self._process_turn:
                self._check()
                _commit(connection, gathered)
        except OSError as error:
            for work in gathered:
                work.fail(error)

    async def aclose(self) -> None:
        """Close the connection, after the last commit."""
        async with self._turn:
            await self._thread.aclose()

    async def outside(self, call: Callable[[sqlite3.Connection], T]) -> T:
        """Call a function outside any transaction, as `VACUUM` needs it."""
        async with self._turn:
            return await self._thread.run(call)


def _commit(connection: sqlite3.Connection, gathered: list[_Work[Any]]) -> None:
    """Run all parts in one transaction; if it fails, each in its own."""
    try:
        _transact(connection, gathered)
    except Exception as error:  # noqa: BLE001 - handed to whoever waits for the part
        if len(gathered) == 1:
            gathered[0].fail(error)
            return
        for work in gathered:
            _commit(connection, [work])


def _transact(connection: sqlite3.Connection, gathered: list[_Work[Any]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for work in gathered:
            work.run(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    for work in gathered:
        work.done = True
