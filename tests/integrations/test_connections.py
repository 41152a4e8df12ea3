"""Connections to PostgreSQL."""

from __future__ import annotations

import importlib
import math
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import psycopg
import pytest
from attrs import asdict
from psycopg.conninfo import conninfo_to_dict

from tests.support.servers import wait_until
from tests.support.tcp_proxy import TcpProxy, tcp_proxy
from wikipayam_async import InvalidInputError
from wikipayam_async.integrations import connections as module
from wikipayam_async.integrations.connection_failures import Failure
from wikipayam_async.integrations.connections import Connections, check_url, silence_limit, with_network_limits
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
    failures: list[psycopg.Error] = []

    def stand_still(connection: Any) -> None:
        connection.execute("UPDATE counted SET n = n + 1")
        if not freed.is_set():
            others.attempt(lambda other: other.execute("UPDATE counted SET n = n + 10"))  # waits for the lock
            freed.set()
            try:
                connection.execute("SELECT 1")
            except psycopg.Error as error:
                failures.append(error)
                raise

    others.attempt(lambda connection: connection.execute("CREATE TABLE counted AS SELECT 0 AS n"))
    await connections.run(stand_still, transaction=True, repeat=False)
    found = others.attempt(lambda connection: connection.execute("SELECT n FROM counted").fetchall())
    assert (len(failures), found) == (1, [(11,)])
    await connections.aclose()
    await others.aclose()


async def test_a_doubtful_commit_stays_in_doubt_whatever_fails_afterwards(database_url: str) -> None:
    """The first try may have been made, though the second did not get as far."""
    connections = Connections(Secret(database_url), 1, lambda connection: connection.execute(_TABLE))
    calls: list[int] = []

    def fail(connection: Any) -> None:
        calls.append(1)
        connection.execute("INSERT INTO t VALUES (1), (1)" if len(calls) == 1 else "SELECT 1 / 0")

    with pytest.raises(Failure) as caught:
        await connections.run(fail, transaction=True)
    assert (caught.value.reason, caught.value.committed, len(calls)) == ("DivisionByZero (22012)", True, 2)
    await connections.aclose()


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


async def test_a_connection_whose_preparation_fails_says_why(postgres_url: str) -> None:
    """By its code."""
    connections = Connections(Secret(postgres_url), 1, lambda connection: connection.execute("TABLE missing"))
    with pytest.raises(Failure, match=r"UndefinedTable \(42P01\): a table is missing"):
        await connections.run(lambda _: None)


async def test_connections_that_the_server_ended_are_not_used(postgres_url: str) -> None:
    """However many: the first call after a restart of the server works."""
    opened: list[Any] = []
    connections = Connections(Secret(postgres_url), 3, opened.append)

    def nest(depth: int) -> None:
        connections.attempt(lambda _: nest(depth - 1) if depth else None)

    nest(2)
    with psycopg.connect(postgres_url, autocommit=True) as other:
        for one in opened:
            other.execute("SELECT pg_terminate_backend(%s, 10000)", (one.info.backend_pid,))
    other.close()
    calls: list[Any] = []
    connections.attempt(calls.append)
    connections.close()
    assert ([one.closed for one in opened], len(opened), len(calls)) == ([True] * 4, 4, 1)


async def test_a_server_that_is_gone_without_a_word_ends_its_connections(postgres_url: str) -> None:
    """The operating system looks after them within 25 s; limits of the URL are kept."""
    connections = Connections(Secret(f"{postgres_url}?keepalives_idle=7"), 1, lambda _: None)

    def limits(connection: Any) -> list[int]:
        with socket.socket(fileno=socket.dup(connection.fileno())) as found:
            options = [getattr(socket, name) for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_USER_TIMEOUT")]
            return [found.getsockopt(socket.IPPROTO_TCP, option) for option in options]

    assert await connections.run(limits) == [7, 5, 20000]
    await connections.aclose()


def test_limits_change_nothing_else_of_a_url() -> None:
    """What is no URL stays as it is."""
    found = conninfo_to_dict(with_network_limits(Secret("postgresql://sms:p4ssw0rd@db/sms")).reveal())
    assert (found["user"], found["password"], found["host"], found["dbname"], found["keepalives_count"]) == (
        "sms", "p4ssw0rd", "db", "sms", "3",
    )  # fmt: skip
    assert with_network_limits(Secret("postgresql://x?nonsense=1")).reveal() == "postgresql://x?nonsense=1"


@pytest.mark.parametrize(
    ("url", "statement_seconds", "expected"),
    [
        ("postgresql://db/sms", 10, 20.0),
        ("postgresql://db/sms", 600, 601.0),
        ("postgresql://db/sms?tcp_user_timeout=3000", 0, 3.0),
        ("postgresql://db/sms?tcp_user_timeout=3000", 10, 11.0),
        ("postgresql://db/sms?tcp_user_timeout=0", 10, math.inf),
        ("postgresql://db/sms?tcp_user_timeout=soon", 10, 20.0),
        ("postgresql://x?nonsense=1", 10, 20.0),
    ],
)
def test_a_server_may_be_silent_for_longer_than_a_statement_takes(
    url: str, statement_seconds: int, expected: float
) -> None:
    """The URL says for how long; 0 is no limit."""
    assert silence_limit(with_network_limits(Secret(url)), statement_seconds) == expected


@contextmanager
def silenceable(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TcpProxy, Connections]]:
    """Yield a proxy, and connections through it, which are given up after a second; the table `counted` has a 0."""
    monkeypatch.setattr(module, "silence_limit", lambda *_: 1.0)
    with tcp_proxy(url) as (proxy, through):
        connections = Connections(Secret(through), 1, lambda _: None)
        connections.attempt(lambda connection: connection.execute("CREATE TABLE counted AS SELECT 0 AS n"))
        yield proxy, connections
        connections.close()


@pytest.mark.parametrize(("repeat", "expected"), [(False, 1), (True, 2)])
def test_a_commit_whose_answer_is_lost_is_judged_right(
    database_url: str, monkeypatch: pytest.MonkeyPatch, repeat: bool, expected: int
) -> None:
    """It was made, and the failure says so; it is made again, over a connection that answers, only where that is allowed."""
    with silenceable(database_url, monkeypatch) as (proxy, connections):
        calls: list[int] = []

        def count(connection: Any) -> None:
            connection.execute("UPDATE counted SET n = n + 1")
            calls.append(1)
            if len(calls) == 1:
                proxy.silence(answers_only=True)

        failures: list[object] = []
        try:
            connections.attempt(count, transaction=True, repeat=repeat)
        except Failure as failure:
            failures.append(asdict(failure))
        found = connections.attempt(lambda connection: connection.execute("SELECT n FROM counted").fetchall())
    lost = {"reason": "the server does not answer", "away": True, "committed": True}
    assert (found, failures) == ([(expected,)], [] if repeat else [lost])


def test_a_statement_that_arrives_late_finds_its_transaction_given_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a firewall passes on what it kept: the server rolls back, and what was done again is there once."""
    with silenceable(database_url, monkeypatch) as (proxy, connections):
        calls: list[int] = []

        def count(connection: Any) -> None:
            calls.append(1)
            if len(calls) == 1:
                proxy.silence()
            connection.execute("UPDATE counted SET n = n + 1")

        connections.attempt(count, transaction=True, repeat=False)
        proxy.resume()
        with psycopg.connect(database_url, autocommit=True) as other:
            others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            wait_until(lambda: other.execute(others).fetchone() == (2,))  # the first has ended
            found = other.execute("SELECT n FROM counted").fetchall()
        other.close()
    assert (found, len(calls)) == ([(1,)], 2)


@pytest.mark.parametrize("url", ["", 7, "postgresql://\ud800"])
def test_a_url_is_a_text(url: Any) -> None:
    """The error does not show it."""
    with pytest.raises(InvalidInputError, match="url: expected a URL such as"):
        check_url(url)


def test_the_url_is_sealed(database_url: str) -> None:
    """Only `reveal` returns it."""
    assert check_url(database_url).reveal() == database_url
