"""What the shop remembers while it runs."""

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
    """What somebody ordered.

    Attributes:
        mobile: Who.
        item: What.
    """

    mobile: str = field(repr=False)
    item: str


@frozen
class Shop:
    """Everything that path operations share. A real shop has a database in its place.

    Attributes:
        settings: The settings.
        codes: The login codes.
        fallback: Calls those whom the SMS does not reach.
        opt_outs: Who wants no announcements.
        journal: What became of the messages.
        tasks: Runs what outlives a request, until the shop shuts down.
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
        """Set a shop up, and start what runs beside its requests."""
        codes = Codes(lifetime=settings.code_lifetime, tries=settings.code_tries, pause=settings.code_pause)
        fallback = VoiceFallback(client, after=settings.voice_after, look_every=settings.look_every)
        tasks.start_soon(fallback.run)
        return cls(settings, codes, fallback, opt_outs, journal, tasks)


async def get_shop(request: Request) -> Shop:
    """Return the shop that the lifespan opened."""
    return cast("Shop", request.state.shop)


ShopDep: TypeAlias = Annotated[Shop, Depends(get_shop)]
