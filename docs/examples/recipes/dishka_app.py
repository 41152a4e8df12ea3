"""dishka, here with Litestar: the client has application scope."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from dishka import Provider, Scope, make_async_container, provide
from dishka.integrations.litestar import FromDishka, inject, setup_dishka
from litestar import Litestar, Request, Response, post
from litestar.params import JSONBody

from wikipayam_async import AsyncWikipayam, InvalidInputError, UnknownOutcomeError


class WikipayamProvider(Provider):
    """Provides the client, and closes it with the container."""

    @provide(scope=Scope.APP)
    async def client(self) -> AsyncIterator[AsyncWikipayam]:
        """Create one client per process."""
        async with AsyncWikipayam() as client:
            yield client


class Notice(msgspec.Struct):
    """The request body. Litestar answers 400 if it is invalid."""

    order: str
    mobile: str
    text: str


@post("/notices")
@inject
async def notify(data: JSONBody[Notice], client: FromDishka[AsyncWikipayam]) -> dict[str, str]:
    """Send a notice, with the order number as its track id."""
    sent = await client.sms.send(data.mobile, data.text, track_id=data.order)
    return {"id": sent.id}


def invalid_input(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    """Answer 422: the request is invalid, and nothing was sent."""
    return Response({"detail": str(error)}, status_code=422)


def unknown_outcome(_: Request[Any, Any, Any], __: Exception) -> Response[dict[str, str]]:
    """Answer 502: the message may have been sent, and a blind retry could send it twice."""
    return Response({"detail": "The message may have been sent. Do not send it again blindly."}, status_code=502)


container = make_async_container(WikipayamProvider())


@asynccontextmanager
async def lifespan(_: Litestar) -> AsyncIterator[None]:
    """Create the client at startup, so that a missing token stops the start and not the first request."""
    await container.get(AsyncWikipayam)
    try:
        yield
    finally:
        await container.close()


app = Litestar(
    [notify],
    lifespan=[lifespan],
    exception_handlers={InvalidInputError: invalid_input, UnknownOutcomeError: unknown_outcome},
)
setup_dishka(container, app)
