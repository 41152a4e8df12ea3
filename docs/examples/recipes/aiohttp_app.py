"""aiohttp server: one client per process, stored under an `AppKey`, opened and closed by a cleanup context."""

from collections.abc import AsyncIterator

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from wikipayam_async import AsyncWikipayam, InvalidInputError, UnknownOutcomeError

WIKIPAYAM = web.AppKey("wikipayam", AsyncWikipayam)


class Notice(msgspec.Struct):
    """The request body."""

    order: str
    mobile: str
    text: str


async def wikipayam(app: web.Application) -> AsyncIterator[None]:
    """Open the client when the process starts; close it after the last handler has finished."""
    async with AsyncWikipayam() as client:
        app[WIKIPAYAM] = client
        yield


async def notify(request: web.Request) -> web.Response:
    """Send a notice, with the order number as its track id."""
    notice = msgspec.json.decode(await request.read(), type=Notice)
    sent = await request.app[WIKIPAYAM].sms.send(notice.mobile, notice.text, track_id=notice.order)
    return web.json_response({"id": sent.id}, status=201)


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Map errors to responses: 422 if the request is invalid, 502 if the message may have been sent."""
    try:
        return await handler(request)
    except (msgspec.DecodeError, InvalidInputError) as error:
        return web.json_response({"detail": str(error)}, status=422)
    except UnknownOutcomeError:
        return web.json_response(
            {"detail": "The message may have been sent. Do not send it again blindly."}, status=502
        )


def create_app() -> web.Application:
    """Create the application."""
    app = web.Application(middlewares=[errors])
    app.cleanup_ctx.append(wikipayam)
    app.add_routes([web.post("/notices", notify)])
    return app


if __name__ == "__main__":
    web.run_app(create_app())
