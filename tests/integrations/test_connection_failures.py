"""Why PostgreSQL cannot be used."""

from __future__ import annotations

import psycopg
import pytest
from attrs import asdict

from tests.support.raw import closed_port
from wikipayam_async.integrations.connection_failures import Failure, cause_of
from wikipayam_async.integrations.connections import Connections
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
            await Connections(Secret(url), 1, lambda _: None).run(lambda _: None)
        assert asdict(caught.value) == {"reason": cause, "away": away, "committed": False}


async def test_a_server_that_takes_no_writes_comes_back(postgres_url: str) -> None:
    """As after a failover to a replica; other failures of a statement are for good."""
    url = f"{postgres_url}?options=-c%20default_transaction_read_only%3Don"
    connections = Connections(Secret(url), 1, lambda _: None)
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
