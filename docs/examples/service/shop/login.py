"""Login by a code: by SMS, and by a voice call if that is not delivered. The routes are those of `verification_router`."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from shop.settings import Settings
from shop.state import ShopDep
from wikipayam_async import AsyncWikipayam
from wikipayam_async.integrations.fastapi import verified_number
from wikipayam_async.verification import (
    MemoryStore,
    SmsChannel,
    VerificationLimits,
    VerificationStore,
    VerifiedNumber,
    Verifier,
    VoiceChannel,
)

__all__ = ["make_store", "make_verifier", "router"]

router = APIRouter(tags=["login"])

NumberDep = Annotated[VerifiedNumber, Depends(verified_number())]
"""The number that the caller has verified."""


class MyOrder(BaseModel):
    """An order of the caller's."""

    track_id: str
    item: str


@router.get("/me/orders")
async def my_orders(number: NumberDep, shop: ShopDep) -> list[MyOrder]:
    """Return the orders of the caller, who has logged in with a code."""
    return [
        MyOrder(track_id=track_id, item=order.item)
        for track_id, order in shop.orders.items()
        if order.mobile == number.receiver
    ]


def make_store(settings: Settings) -> VerificationStore:
    """Return the store of codes: in Redis, which several processes share, or in memory for one.

    Raises:
        ValueError: With a Redis, the processes need a secret that they share.
    """
    if settings.redis is None:
        return MemoryStore()
    if settings.code_secret is None:
        raise ValueError(
            "SHOP_REDIS needs SHOP_CODE_SECRET: processes with secrets of their own accept no code of others"
        )
    from wikipayam_async.integrations.redis import RedisStore  # noqa: PLC0415 - an extra

    return RedisStore(settings.redis)


def make_verifier(settings: Settings, client: AsyncWikipayam, store: VerificationStore) -> Verifier:
    """Return the verifier. The task that calls those to whom no SMS is delivered runs with the app."""
    return Verifier(
        client,
        store,
        secret=settings.code_secret or secrets.token_hex(),
        channels=[SmsChannel(otp_pattern_id=settings.otp_pattern), VoiceChannel()],
        lifetime=settings.code_lifetime,
        fallback_after=settings.voice_after,
        limits=VerificationLimits(
            ip_sends_per_hour=settings.codes_per_address,
            prefix_sends_per_hour=settings.codes_per_prefix,
            destination_sends_per_hour=settings.codes_per_hour,
            account_sends_per_hour=settings.codes_per_hour,
            account_sends_per_day=10 * settings.codes_per_hour,
        ),
    )
