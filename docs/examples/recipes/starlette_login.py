"""Starlette: login by a code, with a voice call as fall-back, and a proof that another route requires."""

import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

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

PROXIES = int(os.environ.get("PROXIES", "0"))  # of your own, in front of this app
CHANNELS: list[VerificationChannel] = [SmsChannel(otp_pattern_id=13), VoiceChannel()]


class Start(msgspec.Struct):
    """The mobile that logs in."""

    mobile: str


class Entered(msgspec.Struct):
    """A challenge, and the code that its user entered; none asks for the code once more."""

    challenge: str
    code: str = ""


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Verifier]]:
    """Open the client and the verifier, whose task calls those who do not receive the SMS."""
    store = RedisStore(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
    async with (
        AsyncWikipayam() as client,
        Verifier(client, store, secret=os.environ["CODE_SECRET"], channels=CHANNELS) as verifier,
    ):
        yield {"verifier": verifier}
    await store.aclose()


def address_of(request: Request) -> str | None:
    """Return the address of the caller, for the limits."""
    peer = None if request.client is None else request.client.host
    return client_address(peer, request.headers.getlist("x-forwarded-for"), trusted_hops=PROXIES)


async def start(request: Request) -> JSONResponse:
    """Send a code. The answer is the same for mobiles that are registered and others."""
    body = msgspec.json.decode(await request.body(), type=Start)
    verifier: Verifier = request.state.verifier
    challenge = await verifier.start(body.mobile, purpose="login", ip=address_of(request))
    return JSONResponse({"challenge": challenge.id, "expires_in": int(challenge.expires_in)}, 202)


async def resend(request: Request) -> JSONResponse:
    """Send the same code over the next channel."""
    body = msgspec.json.decode(await request.body(), type=Entered)
    verifier: Verifier = request.state.verifier
    challenge = await verifier.resend(body.challenge, ip=address_of(request))
    return JSONResponse({"challenge": challenge.id, "expires_in": int(challenge.expires_in)}, 202)


async def check(request: Request) -> JSONResponse:
    """Check a code; the proof in the answer opens the other routes."""
    body = msgspec.json.decode(await request.body(), type=Entered)
    verifier: Verifier = request.state.verifier
    result = await verifier.check(body.challenge, body.code, purpose="login")
    if result.receiver is None:
        return refused(result.status, result.retry_after)
    proof = verifier.proofs.issue(result.receiver, purpose="login", challenge_id=body.challenge)
    return JSONResponse({"proof": proof}, headers={"Cache-Control": "no-store"})


async def orders(request: Request) -> JSONResponse:
    """Answer those only whose number is verified."""
    verifier: Verifier = request.state.verifier
    proof = request.headers.get("authorization", "").removeprefix("Bearer ")
    number = verifier.proofs.verify(proof, purpose="login")
    return JSONResponse({"orders_of": number.receiver})


def refused(status: CheckStatus | None, retry_after: float = 0) -> JSONResponse:
    """Answer a wrong, expired, used or unknown code alike; too many wrong ones are a 429."""
    if status is CheckStatus.LOCKED:
        return JSONResponse({"detail": "Too many attempts."}, 429, {"Retry-After": str(max(1, math.ceil(retry_after)))})
    return JSONResponse({"detail": "The code is wrong or expired."}, 401)


async def failed(_: Request, error: Exception) -> JSONResponse:
    """Answer an error. Its text is for the log, not for the caller, except for invalid input."""
    match error:
        case InvalidInputError() | msgspec.DecodeError():
            return JSONResponse({"detail": str(error)}, 422)
        case VerificationLimitError():
            return refused(CheckStatus.LOCKED, error.retry_after)
        case ChallengeClosedError():
            return refused(error.status)
        case InvalidProofError():
            return JSONResponse({"detail": "Log in first."}, 401, {"WWW-Authenticate": "Bearer"})
        case VerificationStoreError():
            return JSONResponse({"detail": "Login is not possible at the moment."}, 503)
        case _:
            return JSONResponse({"detail": "The code could not be sent."}, 502)


app = Starlette(
    routes=[
        Route("/login/start", start, methods=["POST"]),
        Route("/login/resend", resend, methods=["POST"]),
        Route("/login/check", check, methods=["POST"]),
        Route("/orders", orders),
    ],
    lifespan=lifespan,
    exception_handlers={msgspec.DecodeError: failed, WikipayamError: failed},
)
