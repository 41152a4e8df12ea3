"""`wikipayam status`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from cyclopts import Parameter

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.session import GatewayOptions, Session, online
from wikipayam_async.services.sms.delivery import Delivery, DeliveryStatus

__all__ = ["status"]


def status(
    *ids: Annotated[str, Parameter(required=True)],
    follow: bool = False,
    wait: float = 120.0,
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Show the delivery status of sent messages.

    The exit code is 1 if some were not delivered, and 3 if some are still pending at the time limit or unknown to the
    gateway.

    Args:
        ids: The gateway's ids, as shown by the send.
        follow: Show every change until the status of each message is final.
        wait: The maximum time to follow, in seconds.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> Exit:
        return await (_follow(session, ids, wait) if follow else _show(session, ids))

    return online(connection, work)


async def _show(session: Session, ids: tuple[str, ...]) -> Exit:
    found = await session.client.sms.delivery_status(ids)
    session.out.table(("id", "status", "track id"), ([one.id, one.status, one.track_id or ""] for one in found))
    missing = _missing(ids, found)
    if missing:
        session.out.warn(f"unknown to the gateway: {', '.join(missing)}")
    session.out.emit({"statuses": found, "not_known": missing})
    return _code(found, pending=missing)


async def _follow(session: Session, ids: tuple[str, ...], wait: float) -> Exit:
    watch = session.client.sms.watch_delivery(ids, wait)
    async for one in watch:
        session.out.say(f"{one.id}  {one.status}")
        session.out.emit(one)
    report = watch.report
    if report.pending:
        session.out.warn(f"still pending after {wait:g} s: {', '.join(report.pending)}")
    return _code(report.statuses.values(), pending=report.pending)


def _missing(ids: Iterable[str], found: Iterable[Delivery]) -> list[str]:
    known = {one.id for one in found}
    return [id_ for id_ in dict.fromkeys(ids) if id_ not in known]


def _code(found: Iterable[Delivery], *, pending: Iterable[str]) -> Exit:
    if any(pending):
        return Exit.UNKNOWN
    undelivered = any(one.status.final and one.status is not DeliveryStatus.DELIVERED for one in found)
    return Exit.REJECTED if undelivered else Exit.OK
