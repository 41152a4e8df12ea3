"""Django's async views: one client per process under ASGI, one per request under WSGI."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from wikipayam_async import AsyncWikipayam, ConfigurationError, InvalidInputError, UnknownOutcomeError

# settings.py
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])

# asgi.py
django = get_asgi_application()


async def application(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    """Handle the lifespan, which Django does not: open the client at startup and close it at shutdown."""
    if scope["type"] != "lifespan":
        await django(scope, receive, send)
        return
    await receive()  # lifespan.startup
    try:
        opened = AsyncWikipayam()
    except ConfigurationError as error:  # a server without `--lifespan on` would start despite an exception
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        return
    async with opened as client:
        scope["state"]["wikipayam"] = client
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
    await send({"type": "lifespan.shutdown.complete"})


# views.py
class Notice(msgspec.Struct):
    """The request body."""

    order: str
    mobile: str
    text: str


@asynccontextmanager
async def wikipayam(request: HttpRequest) -> AsyncIterator[AsyncWikipayam]:
    """Return the process's client; a new one under WSGI and `runserver`, where each view has its own event loop."""
    if isinstance(request, ASGIRequest):
        yield request.scope["state"]["wikipayam"]
    else:
        async with AsyncWikipayam() as client:
            yield client


@csrf_exempt
@require_POST
async def notify(request: HttpRequest) -> JsonResponse:
    """Send a notice, with the order number as its track id."""
    try:
        notice = msgspec.json.decode(request.body, type=Notice)
        async with wikipayam(request) as client:
            sent = await client.sms.send(notice.mobile, notice.text, track_id=notice.order)
    except (msgspec.DecodeError, InvalidInputError) as error:  # nothing was sent
        return JsonResponse({"detail": str(error)}, status=422)
    except UnknownOutcomeError:  # a blind retry could send it twice
        return JsonResponse({"detail": "The message may have been sent. Do not send it again blindly."}, status=502)
    return JsonResponse({"id": sent.id}, status=201)


# urls.py
urlpatterns = [path("notices", notify)]
