"""The health of a database."""

from __future__ import annotations

import re
import socket
from typing import cast

import pytest

from tests.support.servers import PostgresServer, pgbouncer
from wikipayam_async.campaigns.errors import JournalError
from wikipayam_async.integrations.procrastinate.health import read_health

pytestmark = pytest.mark.anyio

PASSWORD = "p4ssw0rd"


def port_of(url: str) -> int:
    """Return the port of a URL."""
    found = re.search(r":(\d+)/", url)
    assert found is not None
    return int(found[1])


async def test_a_direct_connection(postgres_url: str) -> None:
    """The version, the connections, and nothing in between."""
    found = await read_health(postgres_url)
    assert int(found.server_version.split(".")[0]) >= 13
    assert 1 <= found.connections < found.max_connections
    assert found.milliseconds > 0
    assert (found.encrypted, found.read_only, found.pooler, found.transaction_pooling) == (False, False, False, False)


async def test_a_pooler_in_transaction_mode(postgres_url: str) -> None:
    """It is found by what it does."""
    server = cast("PostgresServer", type("Server", (), {"port": port_of(postgres_url)}))
    with pgbouncer(server) as url:
        found = await read_health(url)
    assert (found.pooler, found.transaction_pooling) == (True, True)


async def test_the_cause_of_a_failure_is_told_without_the_url(postgres_url: str) -> None:
    """A text of the driver may quote parts of it."""
    own = f"postgresql://tests:{PASSWORD}@127.0.0.1:{port_of(postgres_url)}"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = unused.getsockname()[1]
        for url, cause in (
            (f"{own}/missing", "the server has no such database or user"),
            (f"postgresql://tests:{PASSWORD}@127.0.0.1:{closed}/x", "nothing listens at this address"),
            (f"postgresql://tests:{PASSWORD}@127.0.0.1:{PASSWORD}/x", "its URL is not valid"),
            (f"postgresql://tests@127.0.0.1/x?{PASSWORD}=1", "its URL is not valid"),
        ):
            with pytest.raises(JournalError) as caught:
                await read_health(url)
            assert str(caught.value) == f"the database cannot be used: {cause}"


async def test_a_server_that_takes_no_writes_is_seen(postgres_url: str) -> None:
    """As a replica, or for another reason."""
    found = await read_health(f"{postgres_url}?options=-c%20default_transaction_read_only%3Don")
    assert found.read_only is True
