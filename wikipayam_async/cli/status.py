"""`wikipayam status`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from cyclopts import Parameter

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import Connection, Session, online
from wikipayam_async.services.sms.delivery import DeliveryState, DeliveryStatus

__all__ = ["status"]


def status(
    *ids: Annotated[str, Parameter(required=True)],
    follow: bool = False,
    wait: float = 120.0,
    connection: Connection = Connection(),
) -> Exit:
    """Show what became of messages that were sent.

    The exit code is 1 if some will not arrive, and 3 if the outcome of some is still open when the time is up, or if the
    gateway does not know them.

    Args:
        ids: The gateway's ids, which the sending told.
        follow: Show every change until each message has come to its end.
        wait: The seconds to follow for at most.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> Exit:
        return await (_follow(session, ids, wait) if follow else _look(session, ids))

    return online(connection, work)


async def _look(session: Session, ids: tuple[str, ...]) -> Exit:
    found = await session.client.sms.delivery_status(ids)
    session.out.table(("id", "status", "track id"), ([one.id, one.status, one.track_id or ""] for one in found))
    missing = _missing(ids, found)
    _mourn(session.out, missing)
    session.out.emit({"statuses": found, "not_known": missing})
    return _code(found, open_ones=missing)


async def _follow(session: Session, ids: tuple[str, ...], wait: float) -> Exit:
    watch = session.client.sms.watch_delivery(ids, wait)
    async for one in watch:
        session.out.say(f"{one.id}  {one.status}")
        session.out.emit(one)
    report = watch.report
    if report.pending:
        session.out.warn(f"still open after {wait:g} s: {', '.join(report.pending)}")
    return _code(report.statuses.values(), open_ones=report.pending)


def _missing(ids: Iterable[str], found: Iterable[DeliveryStatus]) -> list[str]:
    known = {one.id for one in found}
    return [id_ for id_ in dict.fromkeys(ids) if id_ not in known]


def _mourn(out: Output, missing: list[str]) -> None:
    if missing:
        out.warn(f"the gateway does not know: {', '.join(missing)}")


def _code(found: Iterable[DeliveryStatus], *, open_ones: Iterable[str]) -> Exit:
    if any(open_ones):
        return Exit.UNKNOWN
    lost = any(one.status.final and one.status is not DeliveryState.DELIVERED for one in found)
    return Exit.REJECTED if lost else Exit.OK
