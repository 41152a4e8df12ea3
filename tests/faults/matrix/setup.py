"""The gateway's own books, and the stage on which a fault is played."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

from anyio.abc import ByteStream
from attrs import define, field

from tests.support.raw import RawRequest, raw_gateway, sent_items

__all__ = ["Fault", "Handler", "Ledger", "Stage", "gateway"]


@define
class Ledger:
    """What the gateway itself knows: what came whole, and what it has carried out.

    Attributes:
        seen: How many requests came whole.
        carried_out: How often each message was accepted, by its track id, and how often each marking was made.
    """

    seen: int = 0
    carried_out: Counter[str] = field(factory=Counter)

    def carry_out(self, request: RawRequest) -> object:
        """Do what a request asks, and return the documented answer."""
        if request.target.endswith("/user/balance"):
            return {"data": {"balance": 7, "currency": "IRR", "user_id": 1, "user_name": "admin"}}
        if request.target.endswith("/receives/mark-read"):
            self.carried_out["marking"] += 1
            return {"data": {"marked_count": 1, "requested_count": 1}}
        self.carried_out.update(str(message["track_id"]) for message in request.json)
        return {"data": sent_items(request)}

    def documented(self, request: RawRequest) -> bytes:
        """Do what a request asks, and return the body of the documented answer."""
        return json.dumps(self.carry_out(request)).encode()


Handler: TypeAlias = Callable[[RawRequest, ByteStream, Ledger], Awaitable[object]]
"""Does something about a request that came whole. Bytes are sent; False closes the connection."""


@define
class Stage:
    """A fault that is ready to happen.

    Attributes:
        url: Where the client goes.
        ledger: The gateway's books.
        options: The client's settings.
        text: The text of a message.
        messages: How many messages one call sends.
        interlude: If there is one, the call is made twice: once in peace, then the interlude, then the call that counts.
        touched: Counts what nothing may have touched, when the call is over.
    """

    url: str
    ledger: Ledger = field(factory=Ledger)
    options: dict[str, Any] = field(factory=dict)
    text: str = "text"
    messages: int = 1
    interlude: Callable[[], Awaitable[object]] | None = None
    touched: Callable[[], int] = lambda: 0


Fault: TypeAlias = Callable[[], AbstractAsyncContextManager[Stage]]


def gateway(handler: Handler, *, messages: int = 1, **options: Any) -> Fault:
    """Return the fault of a gateway that reads requests whole, and then does something about them."""

    @asynccontextmanager
    async def play() -> AsyncIterator[Stage]:
        ledger = Ledger()

        async def handle(request: RawRequest, stream: ByteStream) -> object:
            ledger.seen += 1
            return await handler(request, stream, ledger)

        async with raw_gateway(handle) as raw:
            yield Stage(raw.url, ledger, options, messages=messages)

    return play
