"""Group commit."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import anyio
import pytest

from wikipayam_async.sqlite.group import GroupCommit

pytestmark = pytest.mark.anyio


def connect(path: Path) -> sqlite3.Connection:
    """Open a database with a table."""
    connection = sqlite3.connect(path / "a.db", isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE IF NOT EXISTS t (x PRIMARY KEY)")
    return connection


def insert(value: object) -> object:
    """Return a function that inserts a value and returns how many there are."""

    def call(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO t VALUES (?)", (value,))
        return int(connection.execute("SELECT count(*) FROM t").fetchone()[0])

    return call


async def test_what_gathers_is_committed_together(tmp_path: Path) -> None:
    """Concurrent writers share transactions; each gets its own result, and each is durable."""
    connection = connect(tmp_path)
    commits: list[str] = []
    connection.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
    group = GroupCommit(connection)
    results: list[int] = []

    async def write(value: int) -> None:
        results.append(await group.run(insert(value)))  # type: ignore[arg-type]

    async with anyio.create_task_group() as tasks:
        for value in range(20):
            tasks.start_soon(write, value)
    assert sorted(results) == list(range(1, 21))
    assert len(commits) < 20
    await group.aclose()
    again = connect(tmp_path)
    assert again.execute("SELECT count(*) FROM t").fetchone() == (20,)
    again.close()


async def test_a_part_that_fails_does_not_fail_the_others(tmp_path: Path) -> None:
    """Each is tried alone, in a transaction of its own."""
    group = GroupCommit(connect(tmp_path))
    outcomes: dict[int, object] = {}

    async def write(number: int, value: int) -> None:
        try:
            outcomes[number] = await group.run(insert(value))  # type: ignore[arg-type]
        except sqlite3.IntegrityError as error:
            outcomes[number] = type(error)

    async with anyio.create_task_group() as tasks:
        for number, value in enumerate((1, 2, 2, 3)):
            tasks.start_soon(write, number, value)
    assert sorted(map(str, outcomes.values())) == ["1", "2", "3", "<class 'sqlite3.IntegrityError'>"]
    with pytest.raises(sqlite3.IntegrityError):
        await group.run(insert(1))  # type: ignore[arg-type]
    await group.aclose()


async def test_a_cancelled_part_is_either_not_called_or_committed(tmp_path: Path) -> None:
    """One that waits is withdrawn; one that is in progress is finished first."""
    connection = connect(tmp_path)
    group = GroupCommit(connection)
    calls: list[str] = []

    scopes = {name: anyio.CancelScope() for name in ("first", "second")}

    async def write(name: str) -> None:
        with scopes[name]:
            await group.run(lambda connection: calls.append(name))
            calls.append(f"{name} returned")

    await group._turn.acquire()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write, "first")
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(write, "second")
        await anyio.wait_all_tasks_blocked()
        scopes["second"].cancel()
        await anyio.wait_all_tasks_blocked()
        group._turn.release()
    assert calls == ["first", "first returned"]
    assert len(group._waiting) == 0
    await group.aclose()


async def test_a_function_may_be_called_outside_a_transaction(tmp_path: Path) -> None:
    """As `VACUUM` needs it."""
    connection = connect(tmp_path)
    group = GroupCommit(connection)
    await group.run(insert(1))  # type: ignore[arg-type]
    assert await group.outside(lambda connection: connection.in_transaction) is False
    await group.outside(lambda connection: connection.execute("VACUUM"))
    await group.aclose()
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")
