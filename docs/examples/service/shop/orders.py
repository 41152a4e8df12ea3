"""Orders, and the notice that each is confirmed by."""

from __future__ import annotations

import secrets

from fastapi import APIRouter
from pydantic import BaseModel, Field

from shop.bodies import Mobile
from shop.state import Order, ShopDep
from wikipayam_async.integrations.fastapi import WIKIPAYAM_RESPONSES, OutboxDep

__all__ = ["router"]

router = APIRouter(tags=["orders"])


class Wish(BaseModel):
    """What somebody orders."""

    mobile: Mobile
    item: str = Field(min_length=1, max_length=60, examples=["چای"])


class Receipt(BaseModel):
    """The order is taken, and its notice will be sent."""

    track_id: str


@router.post("/orders", status_code=202, responses=WIKIPAYAM_RESPONSES)
async def order(wish: Wish, outbox: OutboxDep, shop: ShopDep) -> Receipt:
    """Take an order. A full outbox is a 503 with Retry-After, and no order."""
    track_id = f"ORDER-{secrets.token_hex(8)}"
    outbox.post(wish.mobile, f"سفارش شما ثبت شد: {wish.item}", track_id=track_id)
    shop.journal.posted(track_id)
    shop.orders[track_id] = Order(wish.mobile, wish.item)
    return Receipt(track_id=track_id)
