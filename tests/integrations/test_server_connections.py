"""Connections to a server that restarts, fails over, is full, or is gone without a word."""

from __future__ import annotations

import socket
from typing import Any

import psycopg
import pytest
from attrs import asdict
from psycopg.conninfo import conninfo_to_dict

from tests.support.raw import closed_port
from wikipayam_async.integrations.connections import Failure
from wikipayam_async.integrations.server_connections import ServerConnections, cause_of, with_network_limits
from wikipayam_async.redact.sealed import Secret

pytestmark = pytest.mark.anyio

PASSWORD = "p4ssw0rd"


@pytest.fixture
def anyio_backend() -> str:
    """One event loop is enough: what is tested runs in threads."""
    return "asyncio"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('FATAL:  password authentication failed for user "sms"', "the user or the password is wrong, or has expired"),
        ('FATAL:  no pg_hba.conf entry for host "::1"', "the server does not let this user in from this machine"),
        ("connection timeout expired", "the server does not answer"),
        ("FATAL:  sorry, too many clients already", "the server has too many connections"),
        ("FATAL:  the database system is starting up", "the server is starting"),
        ("server does not support SSL, but SSL was required", "the encrypted connection failed"),
        ("something else", "OperationalError"),
    ],
)
def test_causes_by_their_texts(text: str, cause: str) -> None:
    """Those that this machine does not produce."""
    assert cause_of(psycopg.OperationalError(text)) == cause


def test_causes_by_their_codes() -> None:
    """An unknown one is named."""
    assert cause_of(psycopg.errors.DiskFull("x")) == "DiskFull (53100): its disk is full"
    assert cause_of(psycopg.errors.DivisionByZero("x")) == "DivisionByZero (22012)"


async def test_a_connection_that_fails_says_why_without_the_url(postgres_url: str) -> None:
    """All but a URL that is none may work later."""
    server = postgres_url.rpartition("@")[2].partition("/")[0]
    for url, cause, away in (
        (f"postgresql://tests:{PASSWORD}@{server}/missing", "the server has no such database or user", True),
        (f"postgresql://tests:{PASSWORD}@127.0.0.1:{closed_port()}/x", "nothing listens at this address", True),
        (f"postgresql://tests@127.0.0.1/x?{PASSWORD}=1", "its URL is not valid", False),
    ):
        with pytest.raises(Failure) as caught:
            await ServerConnections(Secret(url), 1, lambda _: None).run(lambda _: None)
        assert asdict(caught.value) == {"reason": cause, "away": away, "committed": False}


async def test_a_server_that_takes_no_writes_comes_back(postgres_url: str) -> None:
    """As after a failover to a replica; other failures of a statement are for good."""
    url = f"{postgres_url}?options=-c%20default_transaction_read_only%3Don"
    connections = ServerConnections(Secret(url), 1, lambda _: None)
    with pytest.raises(Failure) as caught:
        await connections.run(lambda connection: connection.execute("CREATE TABLE t ()"), transaction=True)
    assert asdict(caught.value) == {
        "reason": "ReadOnlySqlTransaction (25006): it takes no writes, as a replica does, or while default_transaction_read_only "
        "is on",
        "away": True,
        "committed": False,
    }
    with pytest.raises(Failure) as caught:
        await connections.run(lambda connection: connection.execute("SELECT 1/0"))
    assert asdict(caught.value) == {"reason": "DivisionByZero (22012)", "away": False, "committed": False}
    await connections.aclose()


async def test_a_connection_whose_preparation_fails_says_why(postgres_url: str) -> None:
    """By its code."""
    connections = ServerConnections(Secret(postgres_url), 1, lambda connection: connection.execute("TABLE missing"))
    with pytest.raises(Failure, match=r"UndefinedTable \(42P01\): a table is missing"):
        await connections.run(lambda _: None)


async def test_connections_that_the_server_ended_are_not_used(postgres_url: str) -> None:
    """However many: the first call after a restart of the server works."""
    opened: list[Any] = []
    connections = ServerConnections(Secret(postgres_url), 3, opened.append)

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
    connections = ServerConnections(Secret(f"{postgres_url}?keepalives_idle=7"), 1, lambda _: None)

    def limits(connection: Any) -> list[int]:
        with socket.socket(fileno=socket.dup(connection.fileno())) as found:
            options = [getattr(socket, name) for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_USER_TIMEOUT")]
            return [found.getsockopt(socket.IPPROTO_TCP, option) for option in options]

    assert await connections.run(limits) == [7, 5, 20000]
    await connections.aclose()


def test_limits_change_nothing_else_of_a_url() -> None:
    """What is no URL stays as it is."""
    found = conninfo_to_dict(with_network_limits(Secret(f"postgresql://sms:{PASSWORD}@db/sms")).reveal())
    assert (found["user"], found["password"], found["host"], found["dbname"], found["keepalives_count"]) == (
        "sms", PASSWORD, "db", "sms", "3",
    )  # fmt: skip
    assert with_network_limits(Secret("postgresql://x?nonsense=1")).reveal() == "postgresql://x?nonsense=1"
