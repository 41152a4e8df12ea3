"""One snippet for every call of the gateway. `page.py` makes docs/en/snippets.md of them.

A function is a snippet: its docstring is the heading and the text, its body is what is shown and run. Its parameters are
what it takes over from the snippets above.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from wikipayam_async import AsyncWikipayam, Receive, SentMessage, SmsMessage
from wikipayam_async.emulator import TEHRAN, Emulator

F = TypeVar("F")


def needs(prepare: Callable[[Emulator], object]) -> Callable[[F], F]:
    """Say what has to happen to the emulator before a snippet is run; the page does not show it."""
    del prepare  # which is read from the source, as everything here
    return lambda snippet: snippet


def people_write(emulator: Emulator) -> None:
    """Let three messages come in, one of them long ago."""
    emulator.inbound(sender="989127782175", message="لغو ", received_at=datetime(2024, 1, 15, 9, 30, tzinfo=TEHRAN))
    emulator.inbound(sender="989178100665", message="۱۱")
    emulator.inbound(sender="989123456789", message="سلام")


async def balance(client: AsyncWikipayam) -> None:
    """The balance.

    The gateway recommends it as the first call: it shows whether the token is right.
    """
    balance = await client.balance()
    print(balance.balance, balance.currency)


async def send(client: AsyncWikipayam) -> None:
    """Send an SMS.

    Without `track_id` the package makes one; the gateway does not ask for one.
    """
    sent = await client.sms.send("09123456789", "Your order is ready", track_id="ORDER-1001")
    print(sent.id, sent.track_id)


async def send_many(client: AsyncWikipayam) -> None:
    """Send several SMS in one request.

    The messages may differ in everything, the line included. For more than a few hundred see [bulk sends](bulk.md).
    """
    messages = [
        SmsMessage("09120000001", "Your order is ready", track_id="ORDER-1"),
        SmsMessage("09120000002", "سفارش شما آماده است", sender="100010000", track_id="ORDER-2"),
    ]
    for sent in await client.sms.send_many(messages):
        print(sent.id, sent.track_id)


async def send_note(client: AsyncWikipayam) -> None:
    """Send an SMS whose text is called `note`.

    The gateway takes `note` for `message`.
    """
    note = SmsMessage("09123456789", note="Your order has left", track_id="ORDER-3")
    (sent,) = await client.sms.send_many([note])
    print(sent.id, sent.track_id)


async def delivery_status(client: AsyncWikipayam, sent: SentMessage) -> None:
    """Ask what became of messages.

    By the gateway's ids, never by track id. Waiting for the end has [a page of its own](delivery.md).
    """
    for status in await client.sms.delivery_status([sent.id]):
        print(status.id, status.status)


@needs(people_write)
async def receive(client: AsyncWikipayam) -> None:
    """Received messages, from the old service.

    The gateway does not document the answer. The calls below are the new service.
    """
    inbox = await client.sms.receive(from_date="2024-01-01")
    for message in inbox:
        print(message.sender, message.message)


async def list_received(client: AsyncWikipayam) -> None:
    """Received messages.

    One page, of 500 at most. `client.receives.iter()` gives all of them.
    """
    page = await client.receives.list(limit=20, offset=0, status="all")
    for message in page.receives:
        print(message.sender, message.message, message.received_at)


async def search(client: AsyncWikipayam) -> None:
    """Received messages, filtered and sorted.

    Each filter may be left out.
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
    """Unread messages.

    To read them does not mark them.
    """
    page = await client.receives.unread(limit=30)
    print(page.total_unread, len(page.receives))


async def unread_count(client: AsyncWikipayam) -> None:
    """How many are unread."""
    print(await client.receives.unread_count())


async def statistics(client: AsyncWikipayam) -> None:
    """Figures about received messages.

    The gateway does not document which figures. `Statistics` is a mapping of whatever comes.
    """
    figures = await client.receives.statistics(from_date="2024-01-01", to_date="2024-12-31")
    print(dict(figures))


async def get(client: AsyncWikipayam, message: Receive) -> None:
    """One received message."""
    message = await client.receives.get(message.id)
    print(message.message)


async def mark_read(client: AsyncWikipayam, message: Receive) -> None:
    """Mark some messages as read."""
    marked = await client.receives.mark_read([message.id])
    print(marked.marked_count, marked.requested_count)


async def mark_all_read(client: AsyncWikipayam) -> None:
    """Mark all messages as read."""
    marked = await client.receives.mark_all_read()
    print(marked.marked_count)


async def delete(client: AsyncWikipayam, message: Receive) -> None:
    """Delete some messages.

    A DELETE with a body, which some HTTP clients and proxies do not expect.
    """
    deleted = await client.receives.delete([message.id])
    print(deleted.deleted_count, deleted.requested_count)


async def delete_all_read(client: AsyncWikipayam) -> None:
    """Delete all messages that were read."""
    deleted = await client.receives.delete_all_read()
    print(deleted.deleted_count)


@needs(people_write)
async def delete_all_unread(client: AsyncWikipayam) -> None:
    """Delete all messages that were not read."""
    deleted = await client.receives.delete_all_unread()
    print(deleted.deleted_count)


@needs(people_write)
async def delete_older_than(client: AsyncWikipayam) -> None:
    """Delete messages older than so many days."""
    deleted = await client.receives.delete_older_than(days=30)
    print(deleted.deleted_count)


async def otp(client: AsyncWikipayam) -> None:
    """Send a one-time code by SMS.

    In the words of a pattern that the gateway keeps. The body is an array; `client.otp.send_many` sends several.
    """
    sent = await client.otp.send("09123456789", "123456", otp_pattern_id=13, track_id="LOGIN-1001")
    print(sent.id, sent.track_id)


async def voice(client: AsyncWikipayam) -> None:
    """Send a one-time code by a call.

    Success means queued, not called. The body is an object.
    """
    queued = await client.voice.send("09123456789", "123456", track_id="LOGIN-1002")
    print(queued.id, queued.message)


async def holoo(client: AsyncWikipayam) -> None:
    """Send an SMS as Holoo does, by POST.

    The road of the accounting software Holoo. The user name is the account's; the password is the token. For new programs
    `client.sms.send` is the better one.
    """
    result = await client.holoo.send("09120000001", "Your order is ready", username="09123456789")
    print(result.id)


async def holoo_get(client: AsyncWikipayam) -> None:
    """Send an SMS as Holoo does, by GET.

    **The token travels in the URL**, where every proxy and server on the way logs it, and where the history of a
    browser keeps it. Use this road only for a program that knows no other. The package keeps the URL out of its own
    logs, but can do no more.
    """
    result = await client.holoo.send_get("09120000001", "Your order is ready", username="09123456789")
    print(result.id)
