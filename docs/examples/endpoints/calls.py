"""One snippet per call of the gateway. `page.py` generates docs/en/snippets.md from them.

Each function is a snippet: its docstring is the heading and the text, its body the code that is shown and run, its
parameters the names that it uses from earlier snippets.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from wikipayam_async import AsyncWikipayam, ReceivedMessage, SentMessage, SmsMessage
from wikipayam_async.emulator import TEHRAN, Emulator

F = TypeVar("F")


def needs(prepare: Callable[[Emulator], object]) -> Callable[[F], F]:
    """Name the function that prepares the emulator for a snippet; the page does not show it."""
    del prepare  # page.py reads it from the source
    return lambda snippet: snippet


def receive_messages(emulator: Emulator) -> None:
    """Receive three messages, one of them long ago."""
    emulator.inbound(sender="989127782175", message="لغو ", received_at=datetime(2024, 1, 15, 9, 30, tzinfo=TEHRAN))
    emulator.inbound(sender="989178100665", message="۱۱")
    emulator.inbound(sender="989123456789", message="سلام")


async def balance(client: AsyncWikipayam) -> None:
    """Get the balance.

    The gateway recommends it as the first call: it shows whether the token is valid.
    """
    balance = await client.balance()
    print(balance.balance, balance.currency)


async def send(client: AsyncWikipayam) -> None:
    """Send an SMS.

    If `track_id` is omitted, the package generates one; the gateway does not require it.
    """
    sent = await client.sms.send("09123456789", "Your order is ready", track_id="ORDER-1001")
    print(sent.id, sent.track_id)


async def send_many(client: AsyncWikipayam) -> None:
    """Send several SMS in one request.

    The messages may differ in every field, including the line. For more than a few hundred see [bulk sends](bulk.md).
    """
    messages = [
        SmsMessage("09120000001", "Your order is ready", track_id="ORDER-1"),
        SmsMessage("09120000002", "سفارش شما آماده است", sender="100010000", track_id="ORDER-2"),
    ]
    for sent in await client.sms.send_many(messages):
        print(sent.id, sent.track_id)


async def send_note(client: AsyncWikipayam) -> None:
    """Send an SMS with `note`.

    The gateway accepts `note` in place of `message`.
    """
    note = SmsMessage("09123456789", note="Your order has left", track_id="ORDER-3")
    (sent,) = await client.sms.send_many([note])
    print(sent.id, sent.track_id)


async def delivery_status(client: AsyncWikipayam, sent: SentMessage) -> None:
    """Get delivery statuses.

    By the gateway's ids, or objects that have one; never by track id. [Delivery](delivery.md) describes waiting for the
    final status.
    """
    for delivery in await client.sms.delivery_status(sent):
        print(delivery.id, delivery.status)


@needs(receive_messages)
async def receive(client: AsyncWikipayam) -> None:
    """List received messages (old service).

    The gateway does not document the response. The calls below belong to the new service.
    """
    inbox = await client.sms.receive(from_date="2024-01-01")
    for message in inbox:
        print(message.sender, message.message)


async def list_received(client: AsyncWikipayam) -> None:
    """List received messages.

    Returns one page of at most 500. `client.receives.iter()` yields all messages.
    """
    page = await client.receives.list(limit=20, offset=0, status="all")
    for message in page:
        print(message.sender, message.message, message.received_at)


async def search(client: AsyncWikipayam) -> None:
    """Filter and sort received messages.

    Every filter is optional.
    """
    found = await client.receives.list(
        sender="989127782175",
        from_date="2024-01-01",
        to_date="2024-12-31",
        status="unread",
        search="لغو",
        sort_by="created_at",
        sort_order="desc",
        limit=50,
    )
    print(found.pagination.total)


async def unread(client: AsyncWikipayam) -> None:
    """List unread messages.

    Listing does not mark them as read.
    """
    page = await client.receives.unread(limit=30)
    print(page.total_unread, len(page))


async def unread_count(client: AsyncWikipayam) -> None:
    """Count unread messages."""
    print(await client.receives.unread_count())


async def statistics(client: AsyncWikipayam) -> None:
    """Get statistics on received messages.

    The gateway does not document the fields. `Statistics` is a mapping of the response.
    """
    figures = await client.receives.statistics(from_date="2024-01-01", to_date="2024-12-31")
    print(dict(figures))


async def get(client: AsyncWikipayam, message: ReceivedMessage) -> None:
    """Get a received message."""
    message = await client.receives.get(message)
    print(message.message)


async def mark_read(client: AsyncWikipayam, message: ReceivedMessage) -> None:
    """Mark messages as read."""
    marked = await client.receives.mark_read(message)
    print(marked.marked_count, marked.requested_count)


async def mark_all_read(client: AsyncWikipayam) -> None:
    """Mark all messages as read."""
    marked = await client.receives.mark_all_read()
    print(marked.marked_count)


async def delete(client: AsyncWikipayam, message: ReceivedMessage) -> None:
    """Delete messages.

    This is a DELETE with a body, which some HTTP clients and proxies do not support.
    """
    deleted = await client.receives.delete(message)
    print(deleted.deleted_count, deleted.requested_count)


async def delete_all_read(client: AsyncWikipayam) -> None:
    """Delete all read messages."""
    deleted = await client.receives.delete_all_read()
    print(deleted.deleted_count)


@needs(receive_messages)
async def delete_all_unread(client: AsyncWikipayam) -> None:
    """Delete all unread messages."""
    deleted = await client.receives.delete_all_unread()
    print(deleted.deleted_count)


@needs(receive_messages)
async def delete_older_than(client: AsyncWikipayam) -> None:
    """Delete messages older than n days."""
    deleted = await client.receives.delete_older_than(days=30)
    print(deleted.deleted_count)


async def otp(client: AsyncWikipayam) -> None:
    """Send a one-time code by SMS.

    The text comes from a pattern stored at the gateway. The body is an array; `client.otp.send_many` sends several.
    """
    sent = await client.otp.send("09123456789", "123456", otp_pattern_id=13, track_id="LOGIN-1001")
    print(sent.id, sent.track_id)


async def voice(client: AsyncWikipayam) -> None:
    """Send a one-time code by voice call.

    Success means queued, not called. The body is an object.
    """
    queued = await client.voice.send("09123456789", "123456", track_id="LOGIN-1002")
    print(queued.id, queued.message)


async def holoo(client: AsyncWikipayam) -> None:
    """Send an SMS through the Holoo endpoint.

    Made for the accounting software Holoo. The user name is the account's; the password is the token. New programs should
    use `client.sms.send`.
    """
    result = await client.holoo.send("09120000001", "Your order is ready", username="09123456789")
    print(result.id)


async def holoo_get(client: AsyncWikipayam) -> None:
    """Send an SMS through the legacy Holoo endpoint.

    **The token is in the URL**, where every proxy and server on the way logs it and a browser's history keeps it. Use
    this endpoint only for a program that supports no other. The package keeps the URL out of its own logs only.
    """
    result = await client.holoo.send_via_url("09120000001", "Your order is ready", username="09123456789")
    print(result.id)
