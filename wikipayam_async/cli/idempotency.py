"""`wikipayam idempotency`: what a store knows of a key. It makes no request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import anyio
from cyclopts import App, Group, Parameter

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, spaced
from wikipayam_async.cli.session import OutputOptions, guarded
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.idempotency import IdempotencyRecord, IdempotencyStore, SQLiteIdempotencyStore
from wikipayam_async.idempotency.keyed import Standing, standing_of
from wikipayam_async.idempotency.settings import check_key
from wikipayam_async.outcomes import SendStatus

__all__ = ["idempotency"]

idempotency = App(name="idempotency", group_arguments=Group("Arguments"), group_parameters=Group("Options"))

_VARIABLE = "WIKIPAYAM_IDEMPOTENCY_STORE"


@idempotency.command
def show(
    key: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    store: str | None = None,
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Show the outcome of the message under an idempotency key.

    The exit code is 0 if the message was accepted, 1 if it was refused, not attempted or never heard of, and 3 if its
    outcome is unknown or it is being sent.

    Args:
        key: The key.
        store: The file of a store, or the URL of PostgreSQL or Redis (default: WIKIPAYAM_IDEMPOTENCY_STORE).
        output: How to show the result.
    """
    out = Output(json=output.json)

    def work() -> Exit:
        return anyio.run(_show, out, check_key(key), store or os.environ.get(_VARIABLE))

    return guarded(out, work)


async def _show(out: Output, key: str, place: str | None) -> Exit:
    store = _store_of(place)
    try:
        record = await store.read(key)
    finally:
        await store.aclose()
    if record is None:
        out.warn("no such key: its message was not sent, or the key has expired")
        out.emit({"key": key, "status": None})
        return Exit.REJECTED
    status = _status_of(record)
    fields: dict[str, object] = {
        "key": key,
        "kind": record.kind,
        "status": status,
        "track_id": record.track_id,
        "claimed_at": record.claimed_at.isoformat(timespec="seconds"),
        "expires_at": record.expires_at.isoformat(timespec="seconds"),
    }
    out.facts({spaced(name): str(value or "") for name, value in fields.items()})
    out.emit(fields)
    if status == SendStatus.ACCEPTED:
        return Exit.OK
    return Exit.REJECTED if status in {SendStatus.REJECTED, SendStatus.NOT_ATTEMPTED} else Exit.UNKNOWN


def _status_of(record: IdempotencyRecord) -> str:
    """Return the outcome; `in_flight` while the message is being sent."""
    if record.status is not None:
        return record.status.value
    lost = standing_of(record, record.kind, record.digest) is Standing.LOST
    return SendStatus.UNKNOWN.value if lost else "in_flight"


def _store_of(place: str | None) -> IdempotencyStore:
    """Return the store at a place.

    Raises:
        ConfigurationError: No place is given, or it has no store.
    """
    if not place:
        raise ConfigurationError(f"store: none given; pass --store sent.db, or set {_VARIABLE}")
    scheme = place.partition("://")[0] if "://" in place else ""
    if scheme in {"postgresql", "postgres"}:
        from wikipayam_async.integrations.postgres import PostgresIdempotencyStore  # noqa: PLC0415 - an extra

        return PostgresIdempotencyStore(place)
    if scheme in {"redis", "rediss", "unix"}:
        from wikipayam_async.integrations.redis import RedisIdempotencyStore  # noqa: PLC0415 - an extra

        return RedisIdempotencyStore(place)
    if not Path(place).is_file():
        raise ConfigurationError("store: there is no such file; pass the file of a SQLiteIdempotencyStore")
    return SQLiteIdempotencyStore(place)
