"""svcs, here with Starlette: the client is a value of the registry, and closed with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import svcs
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from wikipayam_async import AsyncWikipayam, InvalidInputError, UnknownOutcomeError


class Notice(msgspec.Struct):
    """The request body."""

    order: str
    mobile: str
    text: str


@svcs.starlette.lifespan
@asynccontextmanager
async def lifespan(_: Starlette, registry: svcs.Registry) -> AsyncIterator[None]:
    """Register the client as a value: a factory would create one per request."""
    client = AsyncWikipayam()
    registry.register_value(AsyncWikipayam, client, ping=AsyncWikipayam.balance, on_registry_close=client.aclose)
    yield


async def notify(request: Request) -> JSONResponse:
    """Send a notice, with the order number as its track id."""
    notice = msgspec.json.decode(await request.body(), type=Notice)
    client = await svcs.starlette.aget(request, AsyncWikipayam)
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
    middleware=[Middleware(svcs.starlette.SVCSMiddleware)],
    exception_handlers={
        msgspec.DecodeError: invalid_input,
        InvalidInputError: invalid_input,
        UnknownOutcomeError: unknown_outcome,
    },
)
