"""The shop's state in memory."""

from __future__ import annotations

from typing import Annotated, TypeAlias, cast

from anyio.abc import TaskGroup
from attrs import field, frozen
from fastapi import Depends, Request

from shop.journal import Journal
from shop.opting_out import OptOuts
from shop.settings import Settings

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
        opt_outs: The opted-out numbers.
        journal: The outcomes of messages.
        tasks: Runs tasks that outlive a request, until the shop shuts down.
        orders: The orders, by track id.
    """

    settings: Settings
    opt_outs: OptOuts
    journal: Journal
    tasks: TaskGroup
    orders: dict[str, Order] = field(factory=dict)


async def get_shop(request: Request) -> Shop:
    """Return the shop that the lifespan opened."""
    return cast("Shop", request.state.shop)


ShopDep: TypeAlias = Annotated[Shop, Depends(get_shop)]
