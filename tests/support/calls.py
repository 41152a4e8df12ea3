"""Every call of a client, with valid arguments."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import TypeVar

import anyio

from tests.support.net import RECEIVER
from wikipayam_async import AsyncWikipayam, Balance, OtpMessage, Polling, ReceivedMessage, SmsMessage

T = TypeVar("T")

__all__ = ["ID", "MANY", "READS", "SENDS", "read_all"]

ID = "69e5eeab439260d336015405"
MANY = [
    SmsMessage(RECEIVER, "a", track_id="t"),
    SmsMessage(RECEIVER, "b", track_id="u"),
    SmsMessage("09120000000", "c"),
]


async def read_all(source: AsyncIterable[T]) -> list[T]:
    """Read an iterator to its end."""
    return [one async for one in source]


async def consume(client: AsyncWikipayam) -> None:
    """Run a consumer for a few messages or 3 ms."""
    with anyio.CancelScope() as scope:
        handled = 0

        async def handle(_: ReceivedMessage) -> None:
            nonlocal handled
            handled += 1
            if handled > 3:
                scope.cancel()

        with anyio.move_on_after(0.003):
            await client.receives.consume(handle, poll_interval=0.0005, concurrency=2)


SENDS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "sms.send": lambda client: client.sms.send(RECEIVER, "text", track_id="t"),
    "sms.send_many": lambda client: client.sms.send_many(MANY),
    "otp.send": lambda client: client.otp.send(RECEIVER, "1234"),
    "otp.send_many": lambda client: client.otp.send_many([OtpMessage(RECEIVER, "1234", track_id="t")]),
    "voice.send": lambda client: client.voice.send(RECEIVER, "1234", track_id="t"),
    "holoo.send": lambda client: client.holoo.send(RECEIVER, "text"),
    "holoo.send_via_url": lambda client: client.holoo.send_via_url(RECEIVER, "text", allow_url_in_logs=True),
    "request": lambda client: client.request("POST", "x", json={}, cast_to=Balance),
}
"""Calls that send; the last is an endpoint that the client does not know."""

READS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "balance": lambda client: client.balance(),
    "sms.delivery_status": lambda client: client.sms.delivery_status([ID, "a"]),
    "sms.wait_for_delivery": lambda client: client.sms.wait_for_delivery(ID, timeout=0),
    "sms.watch_delivery": lambda client: read_all(
        client.sms.watch_delivery([ID], timeout=0, polling=Polling(initial_interval=1))
    ),
    "sms.receive": lambda client: client.sms.receive("2024-01-01"),
    "receives.list": lambda client: client.receives.list(),
    "receives.iter": lambda client: read_all(client.receives.iter(page_size=2)),
    "receives.unread": lambda client: client.receives.unread(),
    "receives.iter_unread": lambda client: read_all(client.receives.iter_unread()),
    "receives.unread_count": lambda client: client.receives.unread_count(),
    "receives.statistics": lambda client: client.receives.statistics(),
    "receives.get": lambda client: client.receives.get(ID),
    "receives.mark_read": lambda client: client.receives.mark_read([ID]),
    "receives.mark_all_read": lambda client: client.receives.mark_all_read(),
    "receives.delete": lambda client: client.receives.delete(ID),
    "receives.delete_all_read": lambda client: client.receives.delete_all_read(),
    "receives.delete_all_unread": lambda client: client.receives.delete_all_unread(),
    "receives.delete_older_than": lambda client: client.receives.delete_older_than(30),
    "receives.consume": consume,
    "request": lambda client: client.request("GET", "x"),
    "request a model": lambda client: client.request("GET", "x", cast_to=Balance),
    "request a list": lambda client: client.request("GET", "x", cast_to=list[ReceivedMessage]),
}
"""Calls that read, mark and delete."""
