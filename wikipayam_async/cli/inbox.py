"""`wikipayam inbox`: received messages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from attrs import asdict, frozen
from cyclopts import App, Group, Parameter, validators

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.export import Format, cells_of, export_to
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.prompts import confirm
from wikipayam_async.cli.readable import readable
from wikipayam_async.cli.session import GatewayOptions, Session, guarded, online
from wikipayam_async.cli.values import Number, WholeNumber
from wikipayam_async.cli.watch import watch_inbox
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.services.receives.models import ReceivedMessage

__all__ = ["inbox"]

inbox = App(name="inbox", group_arguments=Group("Arguments"), group_parameters=Group("Options"))


@Parameter(name="*")
@frozen(kw_only=True)
class FilterOptions:
    """The filters of received messages."""

    status: Literal["all", "read", "unread"] = "all"
    """All, read or unread messages."""
    sender: str | None = None
    """Only messages from this number."""
    from_date: str | None = None
    """Only messages from this day on, as 2026-01-31 or 1404/11/11."""
    to_date: str | None = None
    """Only messages until this day."""
    search: str | None = None
    """Only messages that contain this text."""
    sort_by: Literal["created_at", "sender", "message"] | None = None
    """The field to sort by."""
    sort_order: Literal["asc", "desc"] | None = None
    """The sort order."""


@Parameter(name="*")
@frozen(kw_only=True)
class PageOptions:
    """The page of messages."""

    limit: WholeNumber = 20
    """The number of messages, at most 500."""
    offset: WholeNumber = 0
    """The number of messages to skip."""


@inbox.command(name="list")
def list_(
    *,
    filters: FilterOptions = FilterOptions(),
    page: PageOptions = PageOptions(),
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """List received messages, one page at a time."""

    async def work(session: Session) -> None:
        found = await session.client.receives.list(limit=page.limit, offset=page.offset, **asdict(filters))
        _show(session, found.receives)
        if found.pagination.total is not None:
            session.out.say(f"{len(found.receives)} of {found.pagination.total:,}")
        session.out.emit({"receives": found.receives, "pagination": found.pagination})

    return online(connection, work)


@inbox.command
def unread(
    *, count: bool = False, page: PageOptions = PageOptions(), connection: GatewayOptions = GatewayOptions()
) -> Exit:
    """List unread messages, one page at a time.

    Args:
        count: Show only the number of unread messages.
        page: The page of messages.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> None:
        receives = session.client.receives
        if count:
            number = await receives.unread_count()
            session.out.report(f"{number:,} unread", {"unread_count": number})
            return
        found = await receives.unread(limit=page.limit, offset=page.offset)
        _show(session, found.receives)
        session.out.emit({"total_unread": found.total_unread, "receives": found.receives})

    return online(connection, work)


@inbox.command
def get(id_: Annotated[str, Parameter(name="id")], /, *, connection: GatewayOptions = GatewayOptions()) -> Exit:
    """Show one received message.

    Args:
        id_: The gateway's id.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> None:
        found = await session.client.receives.get(id_)
        at = found.received_at or "at an unknown time"
        session.out.explain(f"from {found.sender} to {found.receiver}, {at}")
        session.out.answer(f"\n{found.message}", found)

    return online(connection, work)


@inbox.command
def read(
    *ids: str,
    all_: Annotated[bool, Parameter(name="--all")] = False,
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Mark messages as read.

    Args:
        ids: The gateway's ids.
        all_: Mark all messages.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> None:
        _choose_one("ids or --all", bool(ids), all_)
        receives = session.client.receives
        done = await (receives.mark_all_read() if all_ else receives.mark_read(ids))
        session.out.show(f"marked: {_count(done.marked_count)}", done)

    return online(connection, work)


@inbox.command
def delete(
    *ids: str,
    all_read: bool = False,
    all_unread: bool = False,
    older_than: WholeNumber | None = None,
    yes: bool = False,
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Delete messages, after a confirmation. They cannot be restored.

    Args:
        ids: The gateway's ids.
        all_read: Delete all read messages.
        all_unread: Delete all unread messages.
        older_than: Delete all messages older than this many days.
        yes: Do not ask.
        connection: How to reach the gateway.
    """
    what = (
        f"{len(set(ids)):,} messages" if ids
        else "all read messages" if all_read
        else "all unread messages" if all_unread
        else f"all messages older than {older_than} days"
    )  # fmt: skip

    out = Output(json=connection.json)

    async def work(session: Session) -> None:
        receives = session.client.receives
        if ids:
            done = await receives.delete(ids)
        elif older_than is not None:
            done = await receives.delete_older_than(older_than)
        else:
            done = await (receives.delete_all_read() if all_read else receives.delete_all_unread())
        session.out.show(f"deleted: {_count(done.deleted_count)}", done)

    def confirm_and_delete() -> Exit:
        _choose_one(
            "ids, --all-read, --all-unread or --older-than", bool(ids), all_read, all_unread, older_than is not None
        )
        if not yes and not confirm(f"Delete {what}", out, instead="--yes"):
            out.warn("nothing was deleted")
            return Exit.REJECTED
        return online(connection, work)

    return guarded(out, confirm_and_delete)


@inbox.command
def watch(
    *,
    every: Annotated[Number, Parameter(validator=validators.Number(gt=0))] = 5.0,
    mark: bool = False,
    sender: str | None = None,
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Show unread messages as they arrive, until Ctrl-C.

    Args:
        every: The polling interval, in seconds.
        mark: Mark each message as read after it is shown.
        sender: Only messages from this number.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> None:
        await watch_inbox(session, lambda message: _show_one(session, message), every=every, mark=mark, sender=sender)

    return online(connection, work)


@inbox.command
def export(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    format_: Annotated[Format, Parameter(name="--format")] = "csv",
    force: bool = False,
    filters: FilterOptions = FilterOptions(),
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Write all matching messages to a file.

    A message that cannot be read is left out and named by its offset; the exit code is then 5.

    CSV is for spreadsheets: a text that a spreadsheet would read as a formula gets a leading apostrophe. JSON Lines keeps
    every text unchanged.

    Args:
        file: The file; - is stdout.
        format_: CSV or JSON Lines.
        force: Replace an existing file.
        filters: The filters of received messages.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> Exit | None:
        unreadable: list[int] = []
        path = None if file == "-" else Path(file)
        if path is not None and path.exists() and not force:
            raise InvalidInputError("file", rule="expected a new file, or --force", got="an existing file")
        messages = session.client.receives.iter(**asdict(filters), page_size=500)
        count = await export_to(path, format_, readable(messages, unreadable.append), session.out)
        if path is None:
            session.out.say(f"{count:,} messages")
        else:
            session.out.show(f"{count:,} messages in {path}", {"messages": count, "file": str(path)})
        if not unreadable:
            return None
        session.out.warn(f"not exported, because they cannot be read: offset {', '.join(map(str, unreadable))}")
        return Exit.GATEWAY

    return online(connection, work)


@inbox.command
def stats(
    *, from_date: str | None = None, to_date: str | None = None, connection: GatewayOptions = GatewayOptions()
) -> Exit:
    """Show the gateway's statistics of received messages, in a format that the gateway does not document.

    Args:
        from_date: From this day on, as 2026-01-31 or 1404/11/11.
        to_date: Until this day.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> None:
        found = await session.client.receives.statistics(from_date, to_date)
        session.out.facts({name: str(value) for name, value in found.items()})
        session.out.emit(found)

    return online(connection, work)


def _show(session: Session, messages: Sequence[ReceivedMessage]) -> None:
    session.out.table(
        ("id", "from", "to", "at", "text"),
        (cells_of(one) for one in messages),
    )


def _show_one(session: Session, message: ReceivedMessage) -> None:
    session.out.answer(f"{message.received_at or ''}  {message.sender}  {message.id}\n{message.message}\n", message)


def _choose_one(choices: str, *chosen: bool) -> None:
    if sum(chosen) != 1:
        raise InvalidInputError("arguments", rule=f"expected one of {choices}", got=f"{sum(chosen)} of them")


def _count(number: int | None) -> str:
    return "the gateway sent no count" if number is None else f"{number:,}"
