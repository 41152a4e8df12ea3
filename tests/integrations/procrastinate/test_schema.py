"""The tables: made, checked, migrated."""

from __future__ import annotations

from importlib import metadata
from typing import Any

import anyio
import psycopg
import pytest
from procrastinate.schema import SchemaManager

from wikipayam_async.campaigns import JournalError
from wikipayam_async.integrations.procrastinate import SCHEMA_VERSION, PostgresJournal, migrate, read_schema
from wikipayam_async.integrations.procrastinate.schema import engine_migrations

pytestmark = pytest.mark.anyio


def execute(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Execute a statement; return its rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        rows = cursor.fetchall() if cursor.description else []
    connection.close()
    return rows


async def test_tables_are_made_where_there_are_none(empty_database_url: str) -> None:
    """By the first journal that is used, also by several at once; `migrate` then changes nothing."""
    assert await read_schema(empty_database_url) == (await read_schema(empty_database_url))
    assert (await read_schema(empty_database_url)).version == 0
    journals = [PostgresJournal(empty_database_url, f"c{number}") for number in range(3)]
    async with anyio.create_task_group() as group:
        for journal in journals:
            group.start_soon(journal.lock)
    for journal in journals:
        await journal.aclose()
    state = await migrate(empty_database_url)
    assert (state.version, state.engine, state.changes) == (SCHEMA_VERSION, metadata.version("procrastinate"), ())
    assert state.is_current


async def test_migrate_says_what_it_changed(empty_database_url: str) -> None:
    """In an empty database, everything."""
    state = await migrate(empty_database_url)
    assert state.changes == ("journal version 1", f"procrastinate {metadata.version('procrastinate')}")


async def test_an_applications_own_tables_of_procrastinate_are_left_alone(empty_database_url: str) -> None:
    """The application looks after them."""
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(SchemaManager.get_schema().encode())
    connection.close()
    assert (await migrate(empty_database_url)).engine == ""
    assert (await migrate(empty_database_url)).changes == ()


async def test_tables_of_another_version_are_refused(database_url: str) -> None:
    """Older ones name the command that migrates them, newer ones the package."""
    execute(database_url, "UPDATE wikipayam.migration SET version = 99")
    journal = PostgresJournal(database_url, "eid")
    with pytest.raises(JournalError, match="of version 99, newer than 1"):
        await journal.read_facts()
    with pytest.raises(JournalError, match="of version 99, newer than 1"):
        await migrate(database_url)
    execute(database_url, "UPDATE wikipayam.migration SET version = -1")
    with pytest.raises(JournalError, match="run: wikipayam campaign migrate --database URL"):
        await journal.read_facts()
    await journal.aclose()


async def test_migrations_of_procrastinate_are_applied_in_their_order(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those after the version that made the tables."""
    assert engine_migrations("3.3.0") == [
        "03.04.00_01_pre_add_retry_failed_job_procedure.sql",
        "03.04.00_50_post_add_retry_failed_job_procedure.sql",
    ]
    assert engine_migrations(metadata.version("procrastinate")) == []
    applied = []

    def one_more(version: str) -> list[str]:
        applied.append(version)
        return ["03.03.00_01_pre_priority_lock_fetch_job.sql"]

    monkeypatch.setattr("wikipayam_async.integrations.procrastinate.schema.engine_migrations", one_more)
    state = await migrate(database_url)
    assert applied == [metadata.version("procrastinate")]
    assert state.changes == ("procrastinate: 03.03.00_01_pre_priority_lock_fetch_job.sql",)


async def test_a_database_that_cannot_be_used_is_an_error() -> None:
    """It shows neither the URL nor the password."""
    url = "postgresql://user:private-word@127.0.0.1:9/none"
    for call in (migrate, read_schema):
        with pytest.raises(JournalError) as caught:
            await call(url)
        assert "private-word" not in str(caught.value)
