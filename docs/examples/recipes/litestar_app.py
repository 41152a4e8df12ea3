"""Litestar: one client for the process, opened by a lifespan and given to handlers as a dependency."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from wikipayam_async import AsyncWikipayam, InvalidInputError, UnknownOutcomeError


class Notice(msgspec.Struct):
    """The body of a request; Litestar answers 400 if it does not fit."""

    order: str
    mobile: str
    text: str


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """Open the client when the process starts, close it when it ends."""
    async with AsyncWikipayam() as client:
        app.state.wikipayam = client
        yield


def provide_client(state: State) -> AsyncWikipayam:
    """Give the client to whoever asks for it."""
    client: AsyncWikipayam = state.wikipayam
    return client


@post("/notices")
async def notify(data: JSONBody[Notice], client: NamedDependency[AsyncWikipayam]) -> dict[str, str]:
    """Send a notice; its order number is the track id."""
    sent = await client.sms.send(data.mobile, data.text, track_id=data.order)
    return {"id": sent.id}


def refuse(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    """Say what is wrong with the request. Nothing was sent."""
    return Response({"detail": str(error)}, status_code=422)


def may_be_sent(_: Request[Any, Any, Any], __: Exception) -> Response[dict[str, str]]:
    """Say that nobody knows: a caller who simply tries again may send it twice."""
    return Response({"detail": "The message may have been sent. Do not send it again blindly."}, status_code=502)


app = Litestar(
    [notify],
    lifespan=[lifespan],
    dependencies={"client": Provide(provide_client, sync_to_thread=False)},
    exception_handlers={InvalidInputError: refuse, UnknownOutcomeError: may_be_sent},
)
