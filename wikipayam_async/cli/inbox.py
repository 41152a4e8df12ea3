"""`wikipayam inbox`: received messages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from attrs import asdict, frozen
from cyclopts import App, Group, Parameter, validators

from wikipayam_async.cli.asking import confirm
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.export import Format, export_to
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import Connection, Session, guarded, online
from wikipayam_async.cli.watching import watch_inbox
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.services.receives.models import Receive

__all__ = ["inbox"]

inbox = App(name="inbox", group_arguments=Group("Arguments"), group_parameters=Group("Options"))


@Parameter(name="*")
@frozen(kw_only=True)
class Filters:
    """Which messages."""

    status: Literal["all", "read", "unread"] = "all"
    """All, those that were read, or those that were not."""
    sender: str | None = None
    """Only from this number."""
    from_date: str | None = None
    """Only from this day on, as 2026-01-31."""
    to_date: str | None = None
    """Only until this day."""
    search: str | None = None
    """Only with this in the text."""
    sort_by: Literal["created_at", "sender", "message"] | None = None
    """What they are sorted by."""
    sort_order: Literal["asc", "desc"] | None = None
    """Which way they are sorted."""


@Parameter(name="*")
@frozen(kw_only=True)
class Page:
    """How many messages."""

    limit: int = 20
    """How many, 500 at most."""
    offset: int = 0
    """How many to skip."""


@inbox.command(name="list")
def list_(*, filters: Filters = Filters(), page: Page = Page(), connection: Connection = Connection()) -> Exit:
    """List received messages, a page at a time."""

    async def work(session: Session) -> Exit:
        found = await session.client.receives.list(page.limit, page.offset, **asdict(filters))
        _show(session, found.receives)
        if found.pagination.total is not None:
            session.out.say(f"{len(found.receives)} of {found.pagination.total:,}")
        session.out.emit({"receives": found.receives, "pagination": found.pagination})
        return Exit.OK

    return online(connection, work)


@inbox.command
def unread(*, count: bool = False, page: Page = Page(), connection: Connection = Connection()) -> Exit:
    """List what was not read, a page at a time.

    Args:
        count: Only say how many there are.
        page: How many messages.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> Exit:
        receives = session.client.receives
        if count:
            number = await receives.unread_count()
            session.out.say(f"{number:,} unread")
            session.out.emit({"unread_count": number})
            return Exit.OK
        found = await receives.unread(page.limit, page.offset)
        _show(session, found.receives)
        session.out.emit({"total_unread": found.total_unread, "receives": found.receives})
        return Exit.OK

    return online(connection, work)


@inbox.command
def get(id_: Annotated[str, Parameter(name="id")], /, *, connection: Connection = Connection()) -> Exit:
    """Show one received message.

    Args:
        id_: The gateway's id.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> Exit:
        found = await session.client.receives.get(id_)
        session.out.say(
            f"from {found.sender} to {found.receiver}, {found.received_at or 'at an unknown time'}\n\n{found.message}"
        )
        session.out.emit(found)
        return Exit.OK

    return online(connection, work)


@inbox.command
def read(
    *ids: str,
    all_: Annotated[bool, Parameter(name="--all")] = False,
    connection: Connection = Connection(),
) -> Exit:
    """Mark messages as read.

    Args:
        ids: The gateway's ids.
        all_: Mark every message.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> Exit:
        _choose_one("ids or --all", bool(ids), all_)
        receives = session.client.receives
        done = await (receives.mark_all_read() if all_ else receives.mark_read(ids))
        session.out.say(f"marked: {_count(done.marked_count)}")
        session.out.emit(done)
        return Exit.OK

    return online(connection, work)


@inbox.command
def delete(
    *ids: str,
    all_read: bool = False,
    all_unread: bool = False,
    older_than: int | None = None,
    yes: bool = False,
    connection: Connection = Connection(),
) -> Exit:
    """Delete messages, after a question. They cannot be brought back.

    Args:
        ids: The gateway's ids.
        all_read: Delete every message that was read.
        all_unread: Delete every message that was not read.
        older_than: Delete every message older than so many days.
        yes: Do not ask.
        connection: How to reach the gateway.
    """
    what = (
        f"{len(set(ids)):,} messages" if ids
        else "every message that was read" if all_read
        else "every message that was not read" if all_unread
        else f"every message older than {older_than} days"
    )  # fmt: skip

    out = Output(json=connection.json)

    async def work(session: Session) -> Exit:
        receives = session.client.receives
        if ids:
            done = await receives.delete(ids)
        elif older_than is not None:
            done = await receives.delete_older_than(older_than)
        else:
            done = await (receives.delete_all_read() if all_read else receives.delete_all_unread())
        session.out.say(f"deleted: {_count(done.deleted_count)}")
        session.out.emit(done)
        return Exit.OK

    def ask() -> Exit:
        _choose_one(
            "ids, --all-read, --all-unread or --older-than", bool(ids), all_read, all_unread, older_than is not None
        )
        if not yes and not confirm(f"Delete {what}", out, instead="--yes"):
            out.warn("nothing was deleted")
            return Exit.REJECTED
        return online(connection, work)

    return guarded(out, ask)


@inbox.command
def watch(
    *,
    every: Annotated[float, Parameter(validator=validators.Number(gt=0))] = 5.0,
    mark: bool = False,
    sender: str | None = None,
    connection: Connection = Connection(),
) -> Exit:
    """Show unread messages as they come, until Ctrl-C.

    Args:
        every: Seconds between two looks.
        mark: Mark each as read once it was shown.
        sender: Only from this number.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> Exit:
        await watch_inbox(session, lambda message: _show_one(session, message), every=every, mark=mark, sender=sender)

    return online(connection, work)


@inbox.command
def export(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    format_: Annotated[Format, Parameter(name="--format")] = "csv",
    force: bool = False,
    filters: Filters = Filters(),
    connection: Connection = Connection(),
) -> Exit:
    """Write all messages that fit into a file.

    CSV is for spreadsheets: a text that one would take for a formula gets an apostrophe in front. JSON Lines has every
    text to the letter.

    Args:
        file: The file; - is stdout.
        format_: CSV or JSON Lines.
        force: Replace a file that exists.
        filters: Which messages.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> Exit:
        path = None if file == "-" else Path(file)
        if path is not None and path.exists() and not force:
            raise InvalidInputError("file", rule="exists; --force replaces it", got="a file")
        number = await export_to(
            path, format_, session.client.receives.iter(**asdict(filters), page_size=500), session.out
        )
        session.out.say(f"{number:,} messages" + ("" if path is None else f" in {path}"))
        if path is not None:
            session.out.emit({"messages": number, "file": str(path)})
        return Exit.OK

    return online(connection, work)


@inbox.command
def stats(*, from_date: str | None = None, to_date: str | None = None, connection: Connection = Connection()) -> Exit:
    """Show the gateway's statistics of received messages, whose form it does not document.

    Args:
        from_date: From this day on, as 2026-01-31.
        to_date: Until this day.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> Exit:
        found = await session.client.receives.statistics(from_date, to_date)
        session.out.table(("", ""), ([name, str(value)] for name, value in found.items()))
        session.out.emit(found)
        return Exit.OK

    return online(connection, work)


def _show(session: Session, messages: Sequence[Receive]) -> None:
    session.out.table(
        ("id", "from", "to", "at", "text"),
        (
            [one.id, one.sender or "", one.receiver or "", str(one.received_at or ""), one.message or ""]
            for one in messages
        ),
    )


def _show_one(session: Session, message: Receive) -> None:
    session.out.say(f"{message.received_at or ''}  {message.sender}  {message.id}\n{message.message}\n")
    session.out.emit(message)


def _choose_one(choices: str, *chosen: bool) -> None:
    if sum(chosen) != 1:
        raise InvalidInputError("arguments", rule=f"expected one of {choices}", got=f"{sum(chosen)} of them")


def _count(number: int | None) -> str:
    return "the gateway did not say how many" if number is None else f"{number:,}"
