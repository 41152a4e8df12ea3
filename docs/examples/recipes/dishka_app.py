"""dishka, here in Litestar: the client has the scope of the application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from dishka import Provider, Scope, make_async_container, provide
from dishka.integrations.litestar import FromDishka, inject, setup_dishka
from litestar import Litestar, Request, Response, post
from litestar.params import JSONBody

from wikipayam_async import AsyncWikipayam, InvalidInputError, UnknownOutcomeError


class Wikipayam(Provider):
    """Makes the client, and closes it with the container."""

    @provide(scope=Scope.APP)
    async def client(self) -> AsyncIterator[AsyncWikipayam]:
        """Make one client for the process."""
        async with AsyncWikipayam() as client:
            yield client


class Notice(msgspec.Struct):
    """The body of a request; Litestar answers 400 if it does not fit."""

    order: str
    mobile: str
    text: str


@post("/notices")
@inject
async def notify(data: JSONBody[Notice], client: FromDishka[AsyncWikipayam]) -> dict[str, str]:
    """Send a notice; its order number is the track id."""
    sent = await client.sms.send(data.mobile, data.text, track_id=data.order)
    return {"id": sent.id}


def refuse(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    """Say what is wrong with the request. Nothing was sent."""
    return Response({"detail": str(error)}, status_code=422)


def may_be_sent(_: Request[Any, Any, Any], __: Exception) -> Response[dict[str, str]]:
    """Say that nobody knows: a caller who simply tries again may send it twice."""
    return Response({"detail": "The message may have been sent. Do not send it again blindly."}, status_code=502)


container = make_async_container(Wikipayam())


@asynccontextmanager
async def lifespan(_: Litestar) -> AsyncIterator[None]:
    """Make the client at once, so that a missing token stops the start and not the first request."""
    await container.get(AsyncWikipayam)
    try:
        yield
    finally:
        await container.close()


app = Litestar(
    [notify], lifespan=[lifespan], exception_handlers={InvalidInputError: refuse, UnknownOutcomeError: may_be_sent}
)
setup_dishka(container, app)
