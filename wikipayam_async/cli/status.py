"""`wikipayam status`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from cyclopts import Parameter

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.session import GatewayOptions, Session, online
from wikipayam_async.cli.values import Number
from wikipayam_async.services.sms.delivery import DeliveryReport

__all__ = ["status"]


def status(
    *ids: Annotated[str, Parameter(required=True)],
    follow: bool = False,
    wait: Number = 120.0,
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
    missing = [id_ for id_ in found.pending if id_ not in found]
    unknown = [id_ for id_ in missing if id_ not in found.refused]
    if unknown:
        session.out.warn(f"unknown to the gateway: {', '.join(unknown)}")
    _warn_refused(session, found)
    session.out.emit({"statuses": found.deliveries, "not_known": missing})
    return _code(found, pending=missing)


async def _follow(session: Session, ids: tuple[str, ...], wait: float) -> Exit:
    watch = session.client.sms.watch_delivery(ids, timeout=wait)
    async for one in watch:
        session.out.table(("id", "status"), [(one.id, one.status)], headed=False)
        session.out.emit(one)
    report = watch.report
    _warn_refused(session, report)
    if report.pending:
        session.out.warn(f"still pending after {wait:g} s: {', '.join(report.pending)}")
    return _code(report, pending=report.pending)


def _warn_refused(session: Session, report: DeliveryReport) -> None:
    if report.refused:
        session.out.warn(f"refused by the gateway: {', '.join(report.refused)}")


def _code(report: DeliveryReport, *, pending: Iterable[str]) -> Exit:
    if any(pending):
        return Exit.UNKNOWN
    return Exit.REJECTED if report.failed or report.undelivered else Exit.OK
