"""The lists of a running emulator: accepted messages, requests, deliveries, received messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Group, Parameter

from wikipayam_async.cli.emulator.connection import EmulatorConnection, controlled
from wikipayam_async.cli.emulator.watching import Listing, show_all
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.values import Number
from wikipayam_async.emulator.gateway.inbox import InboundMessage
from wikipayam_async.emulator.gateway.state import DEFAULT_LINE
from wikipayam_async.emulator.server.control.client import ControlClient
from wikipayam_async.emulator.server.control.models import (
    DeliveriesPage,
    DeliveryChoice,
    DeliveryItem,
    InboxList,
    LedgerItem,
    LedgerPage,
    NewInboundMessage,
    RequestsPage,
)
from wikipayam_async.emulator.server.request_history import RecordedRequest

__all__ = ["delivery", "inbox", "ledger", "requests"]

_PAGE = 1_000
_TIME = "%Y-%m-%d %H:%M:%S"

delivery = App(
    name="delivery",
    help="List the delivery statuses of accepted messages, and set those of a number.",
    group_arguments=Group("Arguments"),
    group_parameters=Group("Options"),
)
inbox = App(
    name="inbox",
    help="Put received messages into the inbox, and list them.",
    group_arguments=Group("Arguments"),
    group_parameters=Group("Options"),
)


def ledger(
    *,
    follow: bool = False,
    receiver: str | None = None,
    track_id: str | None = None,
    connection: EmulatorConnection = EmulatorConnection(),
) -> Exit:
    """List the accepted messages, with full numbers and texts.

    Args:
        follow: Wait for new ones, until Ctrl-C.
        receiver: Only messages to this number, in any usual form.
        track_id: Only messages with this track id.
        connection: How to reach the emulator.
    """

    def work(client: ControlClient, out: Output) -> None:
        def read(last: LedgerItem | None) -> tuple[Sequence[LedgerItem], bool]:
            after = None if last is None else last.id
            page = client.get("/ledger", LedgerPage, after=after, limit=_PAGE, receiver=receiver, track_id=track_id)
            return page.messages, page.more

        def cells(item: LedgerItem) -> tuple[str, ...]:
            at = item.accepted_at.strftime(_TIME)
            return at, item.id, item.kind, item.receiver, item.track_id or "", item.deliver_status or "", item.message

        columns = ("accepted", "id", "kind", "receiver", "track id", "delivery", "message")
        show_all(out, Listing(read, columns, cells), follow=follow)

    return controlled(connection, work)


def requests(*, follow: bool = False, connection: EmulatorConnection = EmulatorConnection()) -> Exit:
    """List the latest requests to the gateway, with their statuses and faults.

    Args:
        follow: Wait for new ones, until Ctrl-C.
        connection: How to reach the emulator.
    """

    def work(client: ControlClient, out: Output) -> None:
        def read(last: RecordedRequest | None) -> tuple[Sequence[RecordedRequest], bool]:
            page = client.get("/requests", RequestsPage, after=None if last is None else last.number, limit=_PAGE)
            return page.requests, page.more

        def cells(item: RecordedRequest) -> tuple[str, ...]:
            status = "" if item.status is None else str(item.status)
            return item.at.strftime(_TIME), item.method, item.path, status, item.fault or ""

        show_all(out, Listing(read, ("at", "method", "path", "status", "fault"), cells), follow=follow)

    return controlled(connection, work)


@delivery.command(name="list")
def list_deliveries(
    *,
    receiver: str | None = None,
    status: str | None = None,
    connection: EmulatorConnection = EmulatorConnection(),
) -> Exit:
    """List the delivery status of every accepted message.

    Args:
        receiver: Only messages to this number, in any usual form.
        status: Only messages with this status.
        connection: How to reach the emulator.
    """

    def work(client: ControlClient, out: Output) -> None:
        def read(last: DeliveryItem | None) -> tuple[Sequence[DeliveryItem], bool]:
            after = None if last is None else last.id
            page = client.get("/deliveries", DeliveriesPage, after=after, limit=_PAGE, receiver=receiver, status=status)
            return page.deliveries, page.more

        def cells(item: DeliveryItem) -> tuple[str, ...]:
            return item.id, item.receiver, item.track_id or "", item.deliver_status

        show_all(out, Listing(read, ("id", "receiver", "track id", "delivery"), cells), follow=False)

    return controlled(connection, work)


@delivery.command(name="set")
def set_delivery(
    receiver: str, status: str, /, *, after: Number = 0.0, connection: EmulatorConnection = EmulatorConnection()
) -> Exit:
    """Set the delivery status of all messages to a number, also of those accepted before.

    Args:
        receiver: The number, in any usual form.
        status: The final status, as UNDELIVERED; any word is allowed.
        after: Seconds from acceptance to that status; until then it is WAITING_FOR_UPDATE.
        connection: How to reach the emulator.
    """

    def work(client: ControlClient, out: Output) -> None:
        choice = DeliveryChoice(receiver=receiver, status=status, after=after)
        page = client.send("PUT", "/deliveries", choice, DeliveriesPage)
        out.show(f"{status} for {receiver} from now on, and for {page.total:,} accepted before", choice)

    return controlled(connection, work)


@inbox.command
def add(
    message: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    sender: Annotated[str, Parameter(name="--from")],
    line: Annotated[str, Parameter(name="--to")] = DEFAULT_LINE,
    connection: EmulatorConnection = EmulatorConnection(),
) -> Exit:
    """Put a message from a phone into the inbox.

    Args:
        message: The text, kept unchanged.
        sender: The number of the phone; the gateway spells it 989...
        line: The line that receives it.
        connection: How to reach the emulator.
    """

    def work(client: ControlClient, out: Output) -> None:
        new = NewInboundMessage(sender=sender, message=message, receiver=line)
        added = client.send("POST", "/inbox", new, InboundMessage)
        out.show(f"received: {added.id}", added)

    return controlled(connection, work)


@inbox.command(name="list")
def list_inbox(*, connection: EmulatorConnection = EmulatorConnection()) -> Exit:
    """List the received messages, read and unread ones."""

    def work(client: ControlClient, out: Output) -> None:
        found = client.get("/inbox", InboxList).messages
        rows = (
            (
                one.received_at.strftime(_TIME),
                one.id,
                one.sender,
                one.receiver,
                "read" if one.is_read else "",
                one.message,
            )
            for one in found
        )
        out.table(("received", "id", "sender", "line", "state", "message"), rows)
        for one in found:
            out.emit(one)

    return controlled(connection, work)
