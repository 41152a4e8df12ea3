"""The checks of a database of campaigns, for `wikipayam doctor`. None shows its URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from attrs import asdict

from wikipayam_async.campaigns.errors import JournalError
from wikipayam_async.cli.checks import Check
from wikipayam_async.cli.database import Database
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import counted

if TYPE_CHECKING:
    from wikipayam_async.integrations.procrastinate.health import DatabaseHealth
    from wikipayam_async.integrations.procrastinate.schema import SchemaState

__all__ = ["check_database", "check_health", "check_schema"]

_OLDEST = 13
"""The oldest major version of PostgreSQL that the workers' engine supports."""
_CONNECTIONS_OF_A_WORKER = 10


async def check_database(database: Database, report: Callable[[Check], None]) -> None:
    """Check a database: whether it can be used, its server, its pooler, its connections and its tables.

    Args:
        database: The database.
        report: Called with each check.
    """
    try:
        for check in check_health(await database.health()):
            report(check)
        report(check_schema(await database.schema(), database.schema_version()))
    except JournalError as error:
        report(Check("database", Exit.GATEWAY, str(error)))


def check_health(health: DatabaseHealth) -> Iterator[Check]:
    """Yield the checks of the server.

    Args:
        health: What was found.
    """
    old = int(health.server_version.split(".")[0]) < _OLDEST
    text = f"PostgreSQL {health.server_version}, {health.milliseconds:.1f} ms a statement"
    text += ", encrypted" if health.encrypted else ", not encrypted; over a network, add ?sslmode=require to the URL"
    if old:
        text += f"; the workers need {_OLDEST} or newer"
    if health.read_only:
        text += "; it takes no writes, as a replica does: use the URL of the primary"
    yield Check("database", Exit.USAGE if old or health.read_only else Exit.OK, text, asdict(health))
    yield Check("pooler", Exit.OK, _pooler_text(health), {"pooler": health.pooler})
    free = health.max_connections - health.connections
    text = f"{health.connections} of {health.max_connections} are in use"
    if few := free < _CONNECTIONS_OF_A_WORKER:
        text += f"; a worker needs up to {_CONNECTIONS_OF_A_WORKER}: raise max_connections, or use pgbouncer"
    yield Check("connections", Exit.USAGE if few else Exit.OK, text, {"free": free})


def _pooler_text(health: DatabaseHealth) -> str:
    if not health.pooler:
        return "none"
    if health.transaction_pooling:
        return "in transaction mode: workers poll for new jobs, since nothing can be listened to"
    return "in session mode"


def check_schema(state: SchemaState, needed: int) -> Check:
    """Check the tables.

    Args:
        state: What was found.
        needed: The version that this package needs.
    """
    facts = {"version": state.version, "needed": needed, "engine": state.engine}
    if state.version == needed:
        return Check("schema", Exit.OK, f"version {state.version}, up to date", facts)
    if state.version > needed:
        text = f"version {state.version} is of a newer wikipayam_async: install that version here, too"
        return Check("schema", Exit.USAGE, text, facts)
    due = counted(needed - state.version, "migration")
    text = f"version {state.version or 'none'}; {due} due: stop the workers, then run `wikipayam campaign migrate`"
    return Check("schema", Exit.USAGE, text, facts)
