"""Connections to PostgreSQL."""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Any

import anyio
import psycopg
import pytest

from wikipayam_async.integrations.connections import Connections, Failure
from wikipayam_async.redact.sealed import Secret

pytestmark = pytest.mark.anyio

_TABLE = "CREATE TEMPORARY TABLE t (n integer, CONSTRAINT one UNIQUE (n) DEFERRABLE INITIALLY DEFERRED)"


async def test_a_transaction_is_kept_or_rolled_back_as_a_whole(database_url: str) -> None:
    """What fails within it leaves nothing, and is done once more on another connection."""
    connections = Connections(Secret(database_url), 1, lambda _: None)
    calls: list[int] = []

    def fail(connection: Any) -> None:
        calls.append(1)
        connection.execute("CREATE TABLE kept (n integer)")
        connection.execute("SELECT 1 / 0")

    with pytest.raises(Failure) as caught:
        await connections.run(fail, transaction=True, repeat=False)
    assert (caught.value.reason, caught.value.away, caught.value.committed) == ("DivisionByZero (22012)", False, False)
    assert len(calls) == 2
    await connections.run(lambda connection: connection.execute("CREATE TABLE kept (n integer)"), transaction=True)
    await connections.aclose()


@pytest.mark.parametrize(("repeat", "expected"), [(True, 2), (False, 1)])
async def test_a_commit_without_an_answer_is_repeated_only_where_it_may_be(
    database_url: str, repeat: bool, expected: int
) -> None:
    """Otherwise the failure says that it may have been made."""
    connections = Connections(Secret(database_url), 1, lambda connection: connection.execute(_TABLE))
    calls: list[int] = []

    def fail(connection: Any) -> None:
        calls.append(1)
        connection.execute("INSERT INTO t VALUES (1), (1)")

    with pytest.raises(Failure) as caught:
        await connections.run(fail, transaction=True, repeat=repeat)
    assert (caught.value.committed, len(calls)) == (True, expected)
    connections.close()


async def test_a_transaction_that_stands_still_frees_its_locks_and_is_done_again(database_url: str) -> None:
    """As when its process is stopped, or its machine has lost the network: others would wait for it for ever."""
    connections = Connections(Secret(database_url), 1, lambda _: None, pause_seconds=0.05)
    others = Connections(Secret(database_url), 1, lambda _: None)
    freed = threading.Event()
    reasons: list[str] = []

    def stand_still(connection: Any) -> None:
        connection.execute("UPDATE counted SET n = n + 1")
        if not freed.is_set():
            others.attempt(lambda other: other.execute("UPDATE counted SET n = n + 10"))  # waits for the lock
            freed.set()
            try:
                connection.execute("SELECT 1")
            except psycopg.Error as error:
                reasons.append(str(error.sqlstate))
                raise

    others.attempt(lambda connection: connection.execute("CREATE TABLE counted AS SELECT 0 AS n"))
    await connections.run(stand_still, transaction=True, repeat=False)
    found = others.attempt(lambda connection: connection.execute("SELECT n FROM counted").fetchall())
    assert (reasons, found) == (["25P03"], [(11,)])
    await connections.aclose()
    await others.aclose()


async def test_a_server_that_is_away_is_told_from_other_failures() -> None:
    """The same may work a moment later."""
    connections = Connections(Secret("postgresql://nobody@127.0.0.1:9/none"), 1, lambda _: None)
    with pytest.raises(Failure) as caught:
        await connections.run(lambda _: None)
    assert (caught.value.away, caught.value.committed) == (True, False)


def test_without_psycopg_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the extra."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "wikipayam_async.integrations.connections")
    with pytest.raises(ImportError, match=r"pip install 'wikipayam_async\[psycopg\]'"):
        importlib.import_module("wikipayam_async.integrations.connections")


def test_a_failed_connection_is_closed(postgres_url: str) -> None:
    """As when a statement of its preparation fails."""
    seen: list[Any] = []

    def prepare(connection: Any) -> None:
        seen.append(connection)
        connection.execute("SELECT nothing")

    connections = Connections(Secret(postgres_url), 1, prepare)
    with pytest.raises(Failure, match="UndefinedColumn"):
        connections.attempt(lambda _: None)
    assert [isinstance(one, psycopg.Connection) and one.closed for one in seen] == [True, True]


async def test_idle_connections_are_closed_also_while_being_cancelled(postgres_url: str) -> None:
    """As when the client's block is left by a cancellation."""
    seen: list[Any] = []
    connections = Connections(Secret(postgres_url), 1, seen.append)
    await connections.run(lambda connection: connection.execute("SELECT 1"))
    with anyio.CancelScope() as scope:
        scope.cancel()
        await connections.aclose()
    assert [one.closed for one in seen] == [True]
