"""Litestar: one client per process, opened by a lifespan and injected into handlers."""

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
    """The request body. Litestar answers 400 if it is invalid."""

    order: str
    mobile: str
    text: str


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """Open the client at startup and close it at shutdown."""
    async with AsyncWikipayam() as client:
        app.state.wikipayam = client
        yield


def provide_client(state: State) -> AsyncWikipayam:
    """Return the process's client."""
    client: AsyncWikipayam = state.wikipayam
    return client


@post("/notices")
async def notify(data: JSONBody[Notice], client: NamedDependency[AsyncWikipayam]) -> dict[str, str]:
    """Send a notice, with the order number as its track id."""
    sent = await client.sms.send(data.mobile, data.text, track_id=data.order)
    return {"id": sent.id}


def invalid_input(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    """Answer 422: the request is invalid, and nothing was sent."""
    return Response({"detail": str(error)}, status_code=422)


def unknown_outcome(_: Request[Any, Any, Any], __: Exception) -> Response[dict[str, str]]:
    """Answer 502: the message may have been sent, and a blind retry could send it twice."""
    return Response({"detail": "The message may have been sent. Do not send it again blindly."}, status_code=502)


app = Litestar(
    [notify],
    lifespan=[lifespan],
    dependencies={"client": Provide(provide_client, sync_to_thread=False)},
    exception_handlers={InvalidInputError: invalid_input, UnknownOutcomeError: unknown_outcome},
)
