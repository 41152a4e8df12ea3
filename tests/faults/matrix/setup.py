"""The gateway's ledger and the setup of a fault."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

from anyio.abc import ByteStream
from attrs import define, field

from tests.support.raw import RawRequest, raw_gateway, sent_items

__all__ = ["Fault", "Handler", "Ledger", "Setup", "gateway"]


@define
class Ledger:
    """What the gateway received and processed.

    Attributes:
        seen: The number of complete requests.
        processed: How often each message was accepted, by its track id, and how often a message was marked as read.
    """

    seen: int = 0
    processed: Counter[str] = field(factory=Counter)

    def process(self, request: RawRequest) -> object:
        """Process a request, and return the documented answer."""
        if request.target.endswith("/user/balance"):
            return {"data": {"balance": 7, "currency": "IRR", "user_id": 1, "user_name": "admin"}}
        if request.target.endswith("/receives/mark-read"):
            self.processed["mark_read"] += 1
            return {"data": {"marked_count": 1, "requested_count": 1}}
        self.processed.update(str(message["track_id"]) for message in request.json)
        return {"data": sent_items(request)}

    def documented(self, request: RawRequest) -> bytes:
        """Process a request, and return the body of the documented answer."""
        return json.dumps(self.process(request)).encode()


Handler: TypeAlias = Callable[[RawRequest, ByteStream, Ledger], Awaitable[object]]
"""Handles a complete request. Returned bytes are sent; False closes the connection."""


@define
class Setup:
    """A gateway with a fault, ready for a call.

    Attributes:
        url: The URL for the client.
        ledger: The gateway's ledger.
        options: The client's settings.
        text: The text of a message.
        messages: The number of messages per call.
        interlude: If set, a first call succeeds, then the interlude runs, then the call under test is made.
        violations: Counts, after the call, what must not have happened.
    """

    url: str
    ledger: Ledger = field(factory=Ledger)
    options: dict[str, Any] = field(factory=dict)
    text: str = "text"
    messages: int = 1
    interlude: Callable[[], Awaitable[object]] | None = None
    violations: Callable[[], int] = lambda: 0


Fault: TypeAlias = Callable[[], AbstractAsyncContextManager[Setup]]


def gateway(handler: Handler, *, messages: int = 1, **options: Any) -> Fault:
    """Return the fault of a gateway that reads complete requests and passes them to a handler."""

    @asynccontextmanager
    async def set_up() -> AsyncIterator[Setup]:
        ledger = Ledger()

        async def handle(request: RawRequest, stream: ByteStream) -> object:
            ledger.seen += 1
            return await handler(request, stream, ledger)

        async with raw_gateway(handle) as raw:
            yield Setup(raw.url, ledger, options, messages=messages)

    return set_up
