"""Sends and other calls that fail, each as in an entry of the page `errors.md`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any
from unittest import mock

from tests.docs.bench import ONCE, RECEIVER, TEXT, TRACK_ID, Bench, Raises
from tests.support.raw import closed_port
from wikipayam_async import AsyncWikipayam, OutgoingMessage, SmsMessage
from wikipayam_async.emulator import Fault, When


async def no_token(_: Bench) -> object:
    """Make a client without a token."""
    with mock.patch.dict(os.environ):
        os.environ.pop("SMS_AUTH_TOKEN", None)
        return AsyncWikipayam()


async def no_line(bench: Bench) -> object:
    """Send without a line."""
    return await bench.send(sender=None)


async def ignored_option(_: Bench) -> object:
    """Make a client with a proxy that would be ignored."""
    return AsyncWikipayam("token", proxy="http://127.0.0.1:3128", transport=mock.Mock())


async def wrong_number(bench: Bench) -> object:
    """Send to a landline."""
    return await bench.client().sms.send("02188776655", TEXT)


async def empty_text(bench: Bench) -> object:
    """Send an empty text."""
    return await bench.client().sms.send_many([SmsMessage(RECEIVER, TEXT), SmsMessage(RECEIVER, "")])


async def closed(_: Bench) -> object:
    """Send with a closed client."""
    client = AsyncWikipayam("token", sender="10002000")
    await client.aclose()
    return await client.sms.send(RECEIVER, TEXT)


async def refused(_: Bench) -> object:
    """Send where nothing listens."""
    async with AsyncWikipayam("t", sender="1", retry=ONCE, base_url=f"http://127.0.0.1:{closed_port()}") as client:
        return await client.sms.send(RECEIVER, TEXT)


async def slow_read(bench: Bench) -> object:
    """Read from a gateway that does not answer."""
    bench.emulator.faults.arm(Fault.hang())
    return await bench.client().balance(timeout=0.01)


async def lost(bench: Bench) -> object:
    """Lose the answer of a send."""
    return await bench.send_after(Fault.reset(when=When.AFTER))


async def said_no(bench: Bench) -> object:
    """Get a failure under a success status."""
    return await bench.send_after(Fault.status(200, json={"success": False, "message": "The line is blocked."}))


async def slow_send(bench: Bench) -> object:
    """Send to a gateway that does not answer."""
    bench.emulator.faults.arm(Fault.hang())
    return await bench.client(timeout=0.01).sms.send(RECEIVER, TEXT, track_id=TRACK_ID)


async def missing(bench: Bench) -> object:
    """Get an answer that leaves a message out."""
    bench.emulator.faults.arm(Fault.missing_items(1))
    return await bench.client().sms.send_many(bench.messages())


async def html(bench: Bench) -> object:
    """Read a page instead of JSON."""
    bench.emulator.faults.arm(Fault.html(200))
    return await bench.client().balance()


async def bad_gateway(bench: Bench) -> object:
    """Read from a proxy without a gateway."""
    bench.emulator.faults.arm(Fault.html(502))
    return await bench.client().balance()


def answered(status: int, **body: Any) -> Raises:
    """Return what sends to a gateway that answers with a status."""

    async def raise_it(bench: Bench) -> object:
        return await bench.send_after(Fault.status(status, json=body or None))

    return raise_it


async def wrong_token(bench: Bench) -> object:
    """Send with a wrong token."""
    return await bench.send(token="another-token")


async def empty_account(bench: Bench) -> object:
    """Send without a balance."""
    bench.emulator.account.balance = 0
    return await bench.send()


async def foreign_line(bench: Bench) -> object:
    """Send by the line of another account."""
    return await bench.send(sender="5000")


async def wrong_prefix(bench: Bench) -> object:
    """Send to a wrong path."""
    return await bench.send(api_prefix="api/v2")


async def throttled(bench: Bench) -> object:
    """Send more than the gateway allows."""
    return await bench.send_after(Fault.status(429, retry_after=30))


async def paused(bench: Bench) -> object:
    """Send while the gateway asks for a long delay."""
    bench.emulator.faults.arm(Fault.status(429, retry_after=3600))
    client = bench.client()
    try:
        await client.balance()
    except Exception:  # noqa: BLE001 - the next call is of interest
        return await client.sms.send(RECEIVER, TEXT)
    return None


async def bulk(bench: Bench, **options: Any) -> object:
    """Send several messages, and raise for failures."""
    report = await bench.client().sms.send_bulk(bench.messages(), **options)
    report.raise_for_failures()
    return report


async def partly_refused(bench: Bench) -> object:
    """Send a valid and an invalid message in bulk."""
    report = await bench.client().sms.send_bulk([*bench.messages(2), SmsMessage("0912", TEXT)])
    report.raise_for_failures()
    return report


async def partly_unknown(bench: Bench) -> object:
    """Send in bulk, and get an answer that leaves a message out."""
    bench.emulator.faults.arm(Fault.missing_items(1))
    return await bulk(bench)


async def broken_source(bench: Bench) -> object:
    """Send messages from an iterable that raises."""

    def messages() -> Iterator[SmsMessage]:
        yield SmsMessage(RECEIVER, TEXT)
        raise OSError

    return await bench.client().sms.send_bulk(messages())


async def broken_hook(bench: Bench) -> object:
    """Send with a hook that raises."""

    async def before_send(_: Sequence[OutgoingMessage]) -> None:
        raise OSError

    report = await bench.client().sms.send_bulk(bench.messages(), before_send=before_send)
    raise report.results[0].error or AssertionError


def suppressed(**options: Any) -> Raises:
    """Return what withholds the second of two messages."""

    async def raise_it(bench: Bench) -> object:
        messages = [SmsMessage("09120000001", TEXT), SmsMessage("09120000001", TEXT)]
        report = await bench.client().sms.send_bulk(messages, **options)
        raise report.results[1].error or AssertionError

    return raise_it


async def full_outbox(bench: Bench) -> object:
    """Post more than an outbox holds."""
    async with bench.client().sms.outbox(max_waiting=1) as outbox:
        outbox.post(RECEIVER, TEXT)
        return outbox.post(RECEIVER, TEXT)
