"""The tables in PostgreSQL: made where there are none, and migrated by versions."""

from __future__ import annotations

import re
from importlib import metadata, resources
from typing import Any

from anyio import to_thread
from attrs import frozen
from procrastinate.schema import SchemaManager, migrations_path

from wikipayam_async.campaigns.errors import DatabaseAwayError, JournalError
from wikipayam_async.integrations.connection_failures import Failure
from wikipayam_async.integrations.connections import Connections, check_url

__all__ = ["SCHEMA_VERSION", "SchemaState", "check_schema", "migrate", "read_schema"]

_MIGRATIONS = re.compile(r"([0-9]{4})_[a-z_]+\.sql")
_ENGINE_MIGRATIONS = re.compile(r"([0-9]{2}\.[0-9]{2}\.[0-9]{2})_.*\.sql")
_LOCK = 0x57504A31
"""The key of the lock under which the tables are made and changed."""
_SECONDS = 600
"""Seconds that one statement of a migration may take."""
_HINT = "run: wikipayam campaign migrate --database URL"


def _migrations() -> list[tuple[int, str]]:
    """Return the versions of the journal's tables, with their statements."""
    files = (resources.files("wikipayam_async.integrations.procrastinate") / "migrations").iterdir()
    found = [(match[1], path) for path in files if (match := _MIGRATIONS.fullmatch(path.name))]
    return [(int(version), path.read_text("utf-8")) for version, path in sorted(found, key=lambda one: one[0])]


SCHEMA_VERSION = _migrations()[-1][0]
"""The version of the journal's tables that this version of the package uses."""


@frozen
class SchemaState:
    """The state of a database's tables.

    Attributes:
        version: The version of the journal's tables; 0 if there are none.
        engine: The version of procrastinate whose tables are there; empty if there are none, or an application of yours
            looks after them.
        changes: What the last call of `migrate` changed, in words.
    """

    version: int
    engine: str
    changes: tuple[str, ...] = ()

    @property
    def is_current(self) -> bool:
        """Whether this version of the package can use the tables."""
        return self.version == SCHEMA_VERSION


async def migrate(url: str) -> SchemaState:
    """Make the tables of the journal and of procrastinate in a database, or bring them up to date.

    It changes nothing where they are. Tables of procrastinate that an application of yours made are left alone.

    Args:
        url: The database, such as `postgresql://user:password@host/sms`; of a direct connection, if there is a pooler.

    Returns:
        The state, with what was changed.

    Raises:
        InvalidInputError: The URL is no text.
        JournalError: The database cannot be used, or its tables are of a newer version of the package.
    """
    connections = Connections(check_url(url), 1, lambda _: None, statement_seconds=_SECONDS)
    del url  # some tools show the locals of a failing program
    try:
        return await connections.run(_migrate, transaction=True)
    except Failure as error:
        kind = DatabaseAwayError if error.away else JournalError
        failure = kind(f"the tables could not be made or changed: {error.reason}; nothing was changed")
    finally:
        await to_thread.run_sync(connections.close)
    raise failure


async def read_schema(url: str) -> SchemaState:
    """Return the state of the tables in a database. Nothing is changed.

    Args:
        url: The database.

    Raises:
        InvalidInputError: The URL is no text.
        JournalError: The database cannot be used.
    """
    connections = Connections(check_url(url), 1, lambda _: None)
    del url
    try:
        return await connections.run(_read)
    except Failure as error:
        kind = DatabaseAwayError if error.away else JournalError
        failure = kind(f"the database cannot be used: {error.reason}")
    finally:
        await to_thread.run_sync(connections.close)
    raise failure


def check_schema(connection: Any) -> None:
    """Make the tables where there are none; do nothing where they are as they must be.

    Raises:
        JournalError: They are of another version.
    """
    state = _read(connection)
    if state.version == 0:
        with connection.transaction():
            state = _migrate(connection)
    if state.is_current:
        return
    if state.version > SCHEMA_VERSION:
        raise _too_new(state.version)
    raise JournalError(
        f"the journal's tables in this database are of version {state.version}, and this package needs "
        f"{SCHEMA_VERSION}; nothing was sent. Stop the workers, then {_HINT}"
    )


def _too_new(version: int) -> JournalError:
    return JournalError(
        f"the journal's tables in this database are of version {version}, newer than {SCHEMA_VERSION}, which this "
        "package knows; nothing was sent. Install the package version that made them (`wikipayam campaign migrate` "
        "shows what is there)"
    )


def _read(connection: Any) -> SchemaState:
    if not _exists(connection, "wikipayam.migration"):
        return SchemaState(0, "")
    version, engine = connection.execute(
        b"SELECT coalesce(max(version), 0), coalesce(max(engine), '') FROM wikipayam.migration"
    ).fetchone()
    return SchemaState(version, engine)


def _migrate(connection: Any) -> SchemaState:
    """Apply what is missing, in one transaction."""
    connection.execute(b"SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    before = _read(connection)
    if before.version > SCHEMA_VERSION:
        raise _too_new(before.version)
    if before.version == 0:
        connection.execute(b"CREATE SCHEMA IF NOT EXISTS wikipayam")
        connection.execute(
            b"CREATE TABLE wikipayam.migration (version integer PRIMARY KEY, engine text NOT NULL DEFAULT '', "
            b"applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
        )
    changes: list[str] = []
    for version, statements in _migrations():
        if version > before.version:
            connection.execute(statements.encode())
            connection.execute(b"INSERT INTO wikipayam.migration (version) VALUES (%s)", (version,))
            changes.append(f"journal version {version}")
    engine = _migrate_engine(connection, before.engine, changes)
    connection.execute(b"UPDATE wikipayam.migration SET engine = %s", (engine,))
    return SchemaState(SCHEMA_VERSION, engine, tuple(changes))


def _migrate_engine(connection: Any, before: str, changes: list[str]) -> str:
    """Make or change procrastinate's own tables; return their version."""
    now = metadata.version("procrastinate")
    if not _exists(connection, "procrastinate_jobs"):
        connection.execute(SchemaManager.get_schema().encode())
        changes.append(f"procrastinate {now}")
        return now
    if not before:
        return ""  # an application's own
    for name in engine_migrations(before):
        connection.execute((migrations_path / name).read_bytes())
        changes.append(f"procrastinate: {name}")
    return now


def engine_migrations(version: str) -> list[str]:
    """Return the names of procrastinate's migrations after one of its versions, in order."""
    known = _numbers(version)
    names = sorted(path.name for path in migrations_path.iterdir())
    return [name for name in names if (match := _ENGINE_MIGRATIONS.fullmatch(name)) and _numbers(match[1]) > known]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _exists(connection: Any, table: str) -> bool:
    return bool(connection.execute(b"SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()[0])
