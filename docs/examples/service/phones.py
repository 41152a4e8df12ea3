"""Emulated mobiles, to try the shop by hand: read the messages sent to a mobile, and send messages from it."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from shop.bodies import Mobile
from wikipayam_async.emulator import Emulator

__all__ = ["phones"]


class ReceivedMessage(BaseModel):
    """A message or call that a mobile received."""

    kind: str
    message: str


class InboundMessage(BaseModel):
    """A message from a mobile to the shop."""

    mobile: Mobile
    message: str


def phones(emulator: Emulator) -> APIRouter:
    """Return a router with the mobiles of an emulator."""
    router = APIRouter(prefix="/phones", tags=["phones (emulated)"])

    @router.get("/{mobile}")
    async def read(mobile: Mobile) -> list[ReceivedMessage]:
        """Return what a mobile received, newest last. A call is shown as its code."""
        return [ReceivedMessage(kind=entry.kind, message=entry.message) for entry in emulator.sent_to(mobile)]

    @router.post("", status_code=204, response_model=None)
    async def write(body: InboundMessage) -> None:
        """Send a message to the shop, for example `لغو`."""
        emulator.inbound(sender=body.mobile, message=body.message)

    return router
