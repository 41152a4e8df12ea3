"""Orders, each confirmed by a notice."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from shop.bodies import Mobile
from shop.state import Order, ShopDep
from wikipayam_async import WikipayamError
from wikipayam_async.integrations.fastapi import WIKIPAYAM_RESPONSES, OutboxDep

__all__ = ["router"]

router = APIRouter(tags=["orders"])


class OrderRequest(BaseModel):
    """A mobile and the item it orders."""

    mobile: Mobile
    item: str = Field(min_length=1, max_length=60, examples=["چای"])


class OrderAccepted(BaseModel):
    """The order is accepted, and its notice will be sent with this track id."""

    track_id: str


@router.post("/orders", status_code=202, responses=WIKIPAYAM_RESPONSES)
async def order(body: OrderRequest, outbox: OutboxDep, shop: ShopDep) -> OrderAccepted:
    """Accept an order. If the outbox or the disk is full, the response is 503 with Retry-After, and no order is placed."""
    track_id = f"ORDER-{secrets.token_hex(8)}"
    try:
        shop.journal.posted(track_id)  # before the message: a message that was not recorded cannot be found again
    except OSError:
        raise HTTPException(503, "Orders cannot be recorded at the moment.", {"Retry-After": "10"}) from None
    try:
        outbox.post(body.mobile, f"سفارش شما ثبت شد: {body.item}", track_id=track_id)
    except WikipayamError:
        shop.journal.withdrawn(track_id)
        raise
    shop.orders[track_id] = Order(body.mobile, body.item)
    return OrderAccepted(track_id=track_id)
