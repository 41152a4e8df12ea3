"""The mobiles of an emulated world: what came to one, and what its owner answers. For trying the shop out by hand."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from shop.bodies import Mobile
from wikipayam_async.emulator import Emulator

__all__ = ["phones"]


class Arrived(BaseModel):
    """What came to a mobile."""

    kind: str
    message: str


class Answer(BaseModel):
    """What somebody writes to the shop."""

    mobile: Mobile
    message: str


def phones(emulator: Emulator) -> APIRouter:
    """Return path operations that look into an emulator."""
    router = APIRouter(prefix="/phones", tags=["phones (emulated)"])

    @router.get("/{mobile}")
    async def read(mobile: Mobile) -> list[Arrived]:
        """Read what came to a mobile, the newest last. A call is its code."""
        return [Arrived(kind=entry.kind, message=entry.message) for entry in emulator.sent_to(mobile)]

    @router.post("", status_code=204, response_model=None)
    async def write(answer: Answer) -> None:
        """Write to the shop, as `لغو`."""
        emulator.inbound(sender=answer.mobile, message=answer.message)

    return router
