"""An inbox on a real socket, with rows that make a page unreadable and with marking that fails in every way."""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import anyio
from anyio.abc import ByteStream
from attrs import define, field

from tests.support.clock import VirtualClock
from tests.support.raw import RawRequest, answer, raw_gateway
from wikipayam_async import AsyncWikipayam, RetryPolicy
from wikipayam_async.services.receives.consumer import Consumer
from wikipayam_async.services.receives.queries import filter_query

__all__ = ["BAD_ROWS", "InboxGateway", "Row", "consume_for", "message_row", "until"]

Row: TypeAlias = bytes
"""The JSON of one row, as it stands in the page; `ENCODING_FAILS` makes the gateway answer 500."""

ENCODING_FAILS = b"500"


def message_row(id_: object, text: str = "text") -> Row:
    """Return the row of a message."""
    fields = {"id": id_, "sender": "989127782175", "receiver": "10002000", "message": text}
    return json.dumps(fields | {"received_at": "2024-01-31 12:00:00"}).encode()


BAD_ROWS = {
    "lone surrogate": b'{"id": "bad", "message": "secret \\ud800"}',
    "invalid UTF-8": b'{"id": "bad", "message": "secret \xff"}',
    "control character": b'{"id": "bad", "message": "secret \x01"}',
    "no JSON": b'{"id": "bad", "message": secret}',
    "500": ENCODING_FAILS,
}
"""Rows that make a page unreadable."""

Mark: TypeAlias = Callable[[list[str]], bytes | None]
"""Answers a mark-as-read request; None marks the messages and answers with the counts."""


@define
class InboxGateway:
    """The state of the inbox, and what was requested.

    Attributes:
        rows: The unread rows by id, in the order of the list.
        mark: What a mark-as-read request does; None marks and answers with the counts.
        poll: What a poll is answered with instead of the page.
        marks: The ids of every mark-as-read request.
        polls: The limit and the offset of every poll.
    """

    rows: dict[str, Row] = field(factory=dict)
    mark: Mark | None = None
    poll: Callable[[int, int], bytes | None] | None = None
    marks: list[list[str]] = field(factory=list)
    polls: list[tuple[int, int]] = field(factory=list)

    def put(self, *ids: str) -> None:
        """Receive messages."""
        self.rows.update({id_: message_row(id_) for id_ in ids})

    def read(self, ids: Sequence[str]) -> None:
        """Mark messages as read."""
        for id_ in ids:
            self.rows.pop(id_, None)

    async def handle(self, request: RawRequest, _: ByteStream) -> bytes:
        """Answer a request."""
        if request.method == "POST":
            ids: list[str] = request.json["receive_ids"]
            self.marks.append(ids)
            reply = None if self.mark is None else self.mark(ids)
            if reply is None:
                self.read(ids)
                reply = answer({"data": {"marked_count": len(ids), "requested_count": len(ids)}})
            return reply
        query = dict(parse_qsl(urlsplit(request.target).query))
        limit, offset = int(query["limit"]), int(query["offset"])
        self.polls.append((limit, offset))
        reply = None if self.poll is None else self.poll(limit, offset)
        return self._page(limit, offset) if reply is None else reply

    def _page(self, limit: int, offset: int) -> bytes:
        rows = list(self.rows.values())
        page = rows[offset : offset + limit]
        if ENCODING_FAILS in page:
            return answer({"message": "Malformed UTF-8 characters, possibly incorrectly encoded"}, 500)
        head = b'{"data": {"total_unread": %d, "pagination": {"total": %d}, "receives": [' % (len(rows), len(rows))
        return answer(head + b", ".join(page) + b"]}}")

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[AsyncWikipayam]:
        """Serve the inbox on a port, and yield a client without retries of its own."""
        options = {"retry": RetryPolicy(max_attempts=1)} | options
        async with raw_gateway(self.handle) as gateway, AsyncWikipayam("t", base_url=gateway.url, **options) as client:
            yield client


async def until(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    """Wait until a condition holds."""
    with anyio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - the gateway and the client know of no event
            await anyio.sleep(0.005)


async def consume_for(client: AsyncWikipayam, handler: Any, seconds: float, **options: Any) -> Consumer:
    """Consume for some seconds of virtual time over a client's connections; return the consumer."""
    clock = VirtualClock()
    clock.ahead = -anyio.current_time()

    async def sleep(length: float) -> None:
        await clock.sleep(length)
        if clock.now() >= seconds:
            scope.cancel()
            await anyio.sleep_forever()

    receives = client.receives
    consumer = Consumer(
        fetch=functools.partial(receives._unread, filter_query(), timeout=None),
        mark_read=receives.mark_read,
        handler=handler,
        on_error=options.pop("on_error", None),
        poll_interval=options.pop("poll_interval", 1.0),
        concurrency=options.pop("concurrency", 1),
        handled=receives._handled(),
        clock=clock.now,
        sleep=sleep,
    )
    with anyio.CancelScope() as scope:
        await consumer.run()
    return consumer
