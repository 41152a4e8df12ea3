"""The shop's state in memory."""

from __future__ import annotations

from typing import Annotated, TypeAlias, cast

from anyio.abc import TaskGroup
from attrs import field, frozen
from fastapi import Depends, Request

from shop.codes import Codes
from shop.fallback import VoiceFallback
from shop.journal import Journal
from shop.opting_out import OptOuts
from shop.settings import Settings
from wikipayam_async import AsyncWikipayam

__all__ = ["Order", "Shop", "ShopDep"]


@frozen
class Order:
    """An order.

    Attributes:
        mobile: The customer's mobile.
        item: The item ordered.
    """

    mobile: str = field(repr=False)
    item: str


@frozen
class Shop:
    """The state that path operations share. A real shop would use a database.

    Attributes:
        settings: The settings.
        codes: The login codes.
        fallback: Calls mobiles to which the SMS was not delivered.
        opt_outs: The opted-out numbers.
        journal: The outcomes of messages.
        tasks: Runs tasks that outlive a request, until the shop shuts down.
        orders: The orders, by track id.
    """

    settings: Settings
    codes: Codes
    fallback: VoiceFallback
    opt_outs: OptOuts
    journal: Journal
    tasks: TaskGroup
    orders: dict[str, Order] = field(factory=dict)

    @classmethod
    def open(
        cls, settings: Settings, client: AsyncWikipayam, tasks: TaskGroup, opt_outs: OptOuts, journal: Journal
    ) -> Shop:
        """Create the shop, and start its background task."""
        codes = Codes(
            lifetime=settings.code_lifetime,
            max_attempts=settings.code_max_attempts,
            interval=settings.code_interval,
        )
        fallback = VoiceFallback(client, after=settings.voice_after, poll_interval=settings.delivery_poll_interval)
        tasks.start_soon(fallback.run)
        return cls(settings, codes, fallback, opt_outs, journal, tasks)


async def get_shop(request: Request) -> Shop:
    """Return the shop that the lifespan opened."""
    return cast("Shop", request.state.shop)


ShopDep: TypeAlias = Annotated[Shop, Depends(get_shop)]
