"""Connections to PostgreSQL whose server receives everything and answers nothing."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import waiting
from psycopg.pq import TransactionStatus

from tests.support.tcp_proxy import TcpProxy, tcp_proxy
from wikipayam_async.integrations.answering import AnsweringAsyncConnection, AnsweringConnection, answered

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The event loop of psycopg."""
    return "asyncio"


@pytest.fixture
def silent(postgres_url: str) -> Iterator[tuple[TcpProxy, str]]:
    """A proxy, and the URL of a server behind it."""
    with tcp_proxy(postgres_url) as found:
        yield found


class _Link:
    """A connection that does nothing."""

    def __init__(self, status: TransactionStatus = TransactionStatus.ACTIVE) -> None:
        self.transaction_status = status
        self.closed = False

    def finish(self) -> None:
        """Close it."""
        self.closed = True


def _exchange(seen: list[int]) -> Generator[Any, Any, str]:
    for _ in range(5):
        ready = yield waiting.WAIT_R
        seen.append(ready)
    return "answer"


def _steps(link: Any, looks: list[tuple[float, int]]) -> list[Any]:
    """Resume an exchange at times, with what is ready then; return how it ended."""
    now, seen = [0.0], list[int]()
    exchange = answered(_exchange(seen), link, 3.0, lambda: now[0])
    next(exchange)
    try:
        for at, ready in looks:
            now[0] = at
            exchange.send(ready)
    except StopIteration as end:
        return [end.value, link.closed, seen]
    except psycopg.OperationalError as error:
        return [str(error), link.closed, seen]
    raise AssertionError("neither ended nor given up")


def test_an_answer_is_passed_on() -> None:
    """However long all of it takes, as long as the server is heard."""
    assert _steps(_Link(), [(at, 1) for at in range(0, 50, 10)]) == ["answer", False, [1, 1, 1, 1, 1]]


def test_a_silent_server_is_given_up() -> None:
    """The connection is closed, and the error is one of a server that is away."""
    silent = [(1.0, 0), (2.0, 1), (3.0, 0), (4.0, 0), (5.0, 0)]
    assert _steps(_Link(), silent) == ["timeout: the server did not answer within 3 s", True, [0, 1, 0, 0]]


def test_the_time_for_which_this_process_stood_still_does_not_count() -> None:
    """An answer that came meanwhile is found at the next look."""
    assert _steps(_Link(), [(100.0, 0), (200.0, 0), (200.1, 1), (200.2, 1), (200.3, 1)])[:2] == ["answer", False]


def test_whoever_waits_for_notifications_may_wait_for_ever() -> None:
    """No statement is running."""
    assert _steps(_Link(TransactionStatus.IDLE), [(float(at), 0) for at in range(1, 6)])[:2] == ["answer", False]


def test_a_statement_is_given_up(silent: tuple[TcpProxy, str]) -> None:
    """It was sent, and nothing comes back; a rollback would only wait once more."""
    proxy, url = silent
    connection = AnsweringConnection.connect(url)
    connection.silence_limit = 0.05
    proxy.silence()
    with pytest.raises(psycopg.OperationalError, match=r"timeout: the server did not answer within 0\.05 s"):
        connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="the connection is closed"):
        connection.rollback()
    assert (connection.closed, connection.broken, proxy.held) == (True, True, 1)


def test_notifications_are_awaited_for_longer_than_statements(silent: tuple[TcpProxy, str]) -> None:
    """The connection stays as it is."""
    _, url = silent
    with AnsweringConnection.connect(url, autocommit=True) as connection:
        connection.execute("LISTEN jobs")
        connection.silence_limit = 0.05
        assert list(connection.notifies(timeout=0.4)) == []
        assert not connection.closed


async def test_a_statement_on_asyncio_is_given_up(silent: tuple[TcpProxy, str]) -> None:
    """As procrastinate's are."""
    proxy, url = silent
    connection = await AnsweringAsyncConnection.connect(url, autocommit=True)
    assert await (await connection.execute("SELECT 1")).fetchone() == (1,)
    connection.silence_limit = 0.05
    proxy.silence()
    with pytest.raises(psycopg.OperationalError, match=r"timeout: the server did not answer within 0\.05 s"):
        await connection.execute("SELECT 1")
    assert connection.closed
