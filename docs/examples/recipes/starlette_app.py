"""Starlette: one client per process, in the lifespan's state."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from wikipayam_async import AsyncWikipayam, InvalidInputError, UnknownOutcomeError


class Notice(msgspec.Struct):
    """The request body."""

    order: str
    mobile: str
    text: str


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[dict[str, AsyncWikipayam]]:
    """Open the client at startup and close it at shutdown."""
    async with AsyncWikipayam() as client:
        yield {"wikipayam": client}


async def notify(request: Request) -> JSONResponse:
    """Send a notice, with the order number as its track id."""
    notice = msgspec.json.decode(await request.body(), type=Notice)
    client: AsyncWikipayam = request.state.wikipayam
    sent = await client.sms.send(notice.mobile, notice.text, track_id=notice.order)
    return JSONResponse({"id": sent.id}, status_code=201)


async def invalid_input(_: Request, error: Exception) -> JSONResponse:
    """Answer 422: the request is invalid, and nothing was sent."""
    return JSONResponse({"detail": str(error)}, status_code=422)


async def unknown_outcome(_: Request, __: Exception) -> JSONResponse:
    """Answer 502: the message may have been sent, and a blind retry could send it twice."""
    return JSONResponse({"detail": "The message may have been sent. Do not send it again blindly."}, status_code=502)


app = Starlette(
    routes=[Route("/notices", notify, methods=["POST"])],
    lifespan=lifespan,
    exception_handlers={
        msgspec.DecodeError: invalid_input,
        InvalidInputError: invalid_input,
        UnknownOutcomeError: unknown_outcome,
    },
)
