"""Django's async views: login by a code, with a voice call as fall-back, and a proof that another view requires."""

import math
import os
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from wikipayam_async import AsyncWikipayam, InvalidInputError, WikipayamError
from wikipayam_async.integrations.redis import RedisStore
from wikipayam_async.verification import (
    ChallengeClosedError,
    CheckStatus,
    InvalidProofError,
    SmsChannel,
    VerificationChannel,
    VerificationLimitError,
    VerificationStoreError,
    Verifier,
    VoiceChannel,
    client_address,
)

# settings.py
if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])
PROXIES = int(os.environ.get("PROXIES", "0"))  # of your own, in front of this app
CHANNELS: list[VerificationChannel] = [SmsChannel(otp_pattern_id=13), VoiceChannel()]

# asgi.py
django = get_asgi_application()


async def application(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    """Handle the lifespan, which Django does not: open the client and the verifier, and close them at shutdown."""
    if scope["type"] != "lifespan":
        await django(scope, receive, send)
        return
    await receive()  # lifespan.startup
    try:
        client, store = AsyncWikipayam(), RedisStore(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
        verifier = Verifier(client, store, secret=os.environ["CODE_SECRET"], channels=CHANNELS)
    except (WikipayamError, KeyError) as error:  # a server without `--lifespan on` would start despite an exception
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        return
    async with client, verifier:
        scope["state"]["verifier"] = verifier
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
    await store.aclose()
    await send({"type": "lifespan.shutdown.complete"})


# views.py
class Start(msgspec.Struct):
    """The mobile that logs in."""

    mobile: str


class Entered(msgspec.Struct):
    """A challenge, and the code that its user entered; none asks for the code once more."""

    challenge: str
    code: str = ""


def verifier_of(request: HttpRequest) -> Verifier:
    """Return the process's verifier. Under WSGI and `runserver` it does not exist: serve these views under ASGI."""
    if not isinstance(request, ASGIRequest):
        raise TypeError("serve these views under ASGI")
    verifier: Verifier = request.scope["state"]["verifier"]
    return verifier


def address_of(request: HttpRequest) -> str | None:
    """Return the address of the caller, for the limits."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    return client_address(request.META.get("REMOTE_ADDR"), forwarded, trusted_hops=PROXIES)


def answer_to(error: Exception) -> JsonResponse:
    """Answer an error. Its text is for the log, not for the caller, except for invalid input."""
    match error:
        case InvalidInputError() | msgspec.DecodeError():
            return JsonResponse({"detail": str(error)}, status=422)
        case VerificationLimitError():
            return refused(CheckStatus.LOCKED, error.retry_after)
        case ChallengeClosedError():
            return refused(error.status)
        case InvalidProofError():
            return JsonResponse({"detail": "Log in first."}, status=401, headers={"WWW-Authenticate": "Bearer"})
        case VerificationStoreError():
            return JsonResponse({"detail": "Login is not possible at the moment."}, status=503)
        case _:
            return JsonResponse({"detail": "The code could not be sent."}, status=502)


View = Callable[[HttpRequest], Awaitable[JsonResponse]]


def answers_errors(view: View) -> View:
    """Answer the errors of a view."""

    async def answered(request: HttpRequest) -> JsonResponse:
        try:
            return await view(request)
        except (msgspec.DecodeError, WikipayamError) as error:
            return answer_to(error)

    return answered


@csrf_exempt
@require_POST
@answers_errors
async def start(request: HttpRequest) -> JsonResponse:
    """Send a code. The answer is the same for mobiles that are registered and others."""
    body = msgspec.json.decode(request.body, type=Start)
    challenge = await verifier_of(request).start(body.mobile, purpose="login", ip=address_of(request))
    return JsonResponse({"challenge": challenge.id, "expires_in": int(challenge.expires_in)}, status=202)


@csrf_exempt
@require_POST
@answers_errors
async def resend(request: HttpRequest) -> JsonResponse:
    """Send the same code over the next channel."""
    body = msgspec.json.decode(request.body, type=Entered)
    challenge = await verifier_of(request).resend(body.challenge, ip=address_of(request))
    return JsonResponse({"challenge": challenge.id, "expires_in": int(challenge.expires_in)}, status=202)


@csrf_exempt
@require_POST
@answers_errors
async def check(request: HttpRequest) -> JsonResponse:
    """Check a code; the proof in the answer opens the other views. With sessions, put the number into one instead."""
    body, verifier = msgspec.json.decode(request.body, type=Entered), verifier_of(request)
    result = await verifier.check(body.challenge, body.code, purpose="login")
    if result.receiver is None:
        return refused(result.status, result.retry_after)
    proof = verifier.proofs.issue(result.receiver, purpose="login", challenge_id=body.challenge)
    return JsonResponse({"proof": proof}, headers={"Cache-Control": "no-store"})


@answers_errors
async def orders(request: HttpRequest) -> JsonResponse:
    """Answer those only whose number is verified."""
    proof = request.META.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
    number = verifier_of(request).proofs.verify(proof, purpose="login")
    return JsonResponse({"orders_of": number.receiver})


def refused(status: CheckStatus | None, retry_after: float = 0) -> JsonResponse:
    """Answer a wrong, expired, used or unknown code alike; too many wrong ones are a 429."""
    if status is CheckStatus.LOCKED:
        seconds = str(max(1, math.ceil(retry_after)))
        return JsonResponse({"detail": "Too many attempts."}, status=429, headers={"Retry-After": seconds})
    return JsonResponse({"detail": "The code is wrong or expired."}, status=401)


# urls.py
urlpatterns = [
    path("login/start", start),
    path("login/resend", resend),
    path("login/check", check),
    path("orders", orders),
]
