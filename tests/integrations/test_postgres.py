"""Idempotency keys in PostgreSQL."""

from __future__ import annotations

import importlib
import os
import sys
from datetime import timedelta
from typing import Any

import anyio
import psycopg
import pytest
from attrs import evolve

from tests.support.impossible_keys import check_impossible_keys
from wikipayam_async import ConfigurationError
from wikipayam_async.idempotency import IdempotencyStoreError
from wikipayam_async.idempotency.contract import STORE_CONTRACT, Check, example_claim
from wikipayam_async.integrations.postgres import PostgresIdempotencyStore

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("check", STORE_CONTRACT, ids=lambda check: check.__name__)
async def test_the_store_keeps_the_contract(check: Check, postgres_url: str) -> None:
    """Each object has connections of its own, as another process would."""
    await check(lambda: PostgresIdempotencyStore(postgres_url))


async def test_the_store_refuses_impossible_keys(postgres_url: str) -> None:
    """PostgreSQL keeps no U+0000, and no lone surrogate can be sent to it."""
    await check_impossible_keys(PostgresIdempotencyStore(postgres_url))


async def test_a_table_of_any_name_is_made_once(postgres_url: str) -> None:
    """By many stores at the same moment."""
    stores = [PostgresIdempotencyStore(postgres_url, table=f"public.keys_{os.getpid()}") for _ in range(8)]
    async with anyio.create_task_group() as group:
        for store in stores:
            group.start_soon(store.read, "k")
    for store in stores:
        await store.aclose()
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute(f"SELECT count(*) FROM keys_{os.getpid()}".encode()).fetchone()  # noqa: S608
    connection.close()
    assert found == (0,)


async def test_a_connection_that_broke_is_replaced(postgres_url: str) -> None:
    """As after a restart of the server: the statement is made again, since all may be made twice."""
    store = PostgresIdempotencyStore(postgres_url, max_connections=1)
    assert await store.read("k") is None
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    connection.close()
    assert await store.read("k") is None
    store._connections._idle[0].close()
    assert await store.read("k") is None
    await store.aclose()


async def test_a_commit_is_durable_where_the_default_is_not(postgres_url: str) -> None:
    """`synchronous_commit` is switched on."""
    store = PostgresIdempotencyStore(f"{postgres_url}?options=-c%20synchronous_commit%3Doff")
    await store.read("k")
    assert store._connections._idle[0].execute("SHOW synchronous_commit").fetchone() == ("on",)
    await store.aclose()


async def test_a_forked_process_opens_connections_of_its_own(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of its parent are neither used nor closed."""
    store = PostgresIdempotencyStore(postgres_url)
    await store.read("k")
    (parents,) = store._connections._idle
    monkeypatch.setattr(os, "getpid", lambda: 7)
    await store.read("k")
    assert (store._connections._idle[0] is parents, parents.closed) == (False, False)
    await store.aclose()
    monkeypatch.undo()
    store._connections._idle = [parents]
    await store.aclose()
    assert not parents.closed
    parents.close()


async def test_a_server_that_cannot_be_reached_is_an_error() -> None:
    """It shows neither the URL nor the password."""
    store = PostgresIdempotencyStore("postgresql://user:private-word@127.0.0.1:9/shop")
    with pytest.raises(IdempotencyStoreError) as caught:
        await store.read("k")
    expected = (
        "PostgresIdempotencyStore(table='wikipayam_idempotency'): cannot be used: nothing listens at this address"
    )
    assert str(caught.value) == expected
    await store.aclose()


async def test_a_failed_statement_names_its_state(postgres_url: str) -> None:
    """By the code of PostgreSQL."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS shop_customer (name text)")
    connection.close()
    store = PostgresIdempotencyStore(postgres_url, table="shop_customer")
    with pytest.raises(IdempotencyStoreError, match=r"cannot be used: UndefinedColumn \(42703\)"):
        await store.read("k")
    await store.aclose()


async def test_a_key_that_cannot_be_read_is_an_error(postgres_url: str) -> None:
    """As when a newer version wrote its outcome."""
    store, claim = PostgresIdempotencyStore(postgres_url), example_claim()
    assert await store.claim(claim) is None
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("UPDATE wikipayam_idempotency SET status = 'expired' WHERE key = %s", (claim.key,))
    connection.close()
    with pytest.raises(IdempotencyStoreError, match=r"cannot read what is kept under the key \(ValueError\)"):
        await store.read(claim.key)
    await store.aclose()


async def test_a_table_that_cannot_be_made_is_an_error(postgres_url: str) -> None:
    """The connection is closed."""
    store = PostgresIdempotencyStore(postgres_url, table="no_schema.keys")
    with pytest.raises(IdempotencyStoreError, match=r"InvalidSchemaName \(3F000\)"):
        await store.read("k")
    assert store._connections._idle == []


async def test_a_key_that_is_forgotten_meanwhile_is_claimed(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the claim that failed and the look at what stood in the way."""
    from wikipayam_async.idempotency.contract import example_claim  # noqa: PLC0415

    store, claim = PostgresIdempotencyStore(postgres_url), example_claim()
    await store.claim(claim)
    find, calls = store._find, []

    def forget(connection: Any, key: str) -> Any:
        calls.append(key)
        connection.execute(store._sql("DELETE FROM {table} WHERE key = %s"), (key,))
        return find(connection, key)

    monkeypatch.setattr(store, "_find", forget)
    assert await store.claim(evolve(claim, claim_id="second")) is None
    assert calls == [claim.key]
    await store.aclose()


def test_without_psycopg_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the extra."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "wikipayam_async.integrations.connections")
    monkeypatch.delitem(sys.modules, "wikipayam_async.integrations.postgres")
    with pytest.raises(ImportError, match=r"pip install 'wikipayam_async\[psycopg\]'"):
        importlib.import_module("wikipayam_async.integrations.postgres")


def test_its_settings_are_those_that_were_given() -> None:
    """A week without a secret by default."""
    store = PostgresIdempotencyStore("postgresql://x", secret="s" * 16)
    assert (store.keep_for, store.secret) == (timedelta(days=7), b"s" * 16)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"url": ""}, "url: expected a URL"),
        ({"url": 7}, "url: expected a URL"),
        ({"url": "postgresql://\ud800"}, "url: expected a URL"),
        ({"url": "u", "table": "Drop table"}, "table: expected the name"),
        ({"url": "u", "max_connections": 0}, "max_connections: expected"),
        ({"url": "u", "max_connections": True}, "max_connections: expected"),
        ({"url": "u", "keep_for": 7}, "keep_for: expected a timedelta"),
        ({"url": "u", "secret": "short"}, "secret: expected at least 16 bytes"),
    ],
)
async def test_invalid_arguments_are_refused(arguments: dict[str, Any], expected: str) -> None:
    """Before any connection."""
    with pytest.raises(ConfigurationError, match=expected):
        PostgresIdempotencyStore(**arguments)
