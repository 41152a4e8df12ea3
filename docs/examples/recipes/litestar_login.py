"""Litestar: login by a code, with a voice call as fall-back, and a dependency that requires a verified number."""

import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

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
    VerifiedNumber,
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
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """Open the client and the verifier, whose task calls those who do not receive the SMS."""
    store = RedisStore(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
    async with (
        AsyncWikipayam() as client,
        Verifier(client, store, secret=os.environ["CODE_SECRET"], channels=CHANNELS) as verifier,
    ):
        app.state.verifier = verifier
        yield
    await store.aclose()


def provide_verifier(state: State) -> Verifier:
    """Return the process's verifier."""
    verifier: Verifier = state.verifier
    return verifier


def provide_address(request: Request[Any, Any, Any]) -> str | None:
    """Return the address of the caller, for the limits."""
    peer = None if request.client is None else request.client.host
    return client_address(peer, request.headers.getall("x-forwarded-for", []), trusted_hops=PROXIES)


def provide_number(request: Request[Any, Any, Any], verifier: NamedDependency[Verifier]) -> VerifiedNumber:
    """Return the verified number of the caller."""
    proof = request.headers.get("authorization", "").removeprefix("Bearer ")
    return verifier.proofs.verify(proof, purpose="login")


@post("/login/start", status_code=202)
async def start(
    data: JSONBody[Start], verifier: NamedDependency[Verifier], address: NamedDependency[str | None]
) -> dict[str, str | int]:
    """Send a code. The answer is the same for mobiles that are registered and others."""
    challenge = await verifier.start(data.mobile, purpose="login", ip=address)
    return {"challenge": challenge.id, "expires_in": int(challenge.expires_in)}


@post("/login/resend", status_code=202)
async def resend(
    data: JSONBody[Entered], verifier: NamedDependency[Verifier], address: NamedDependency[str | None]
) -> dict[str, str | int]:
    """Send the same code over the next channel."""
    challenge = await verifier.resend(data.challenge, ip=address)
    return {"challenge": challenge.id, "expires_in": int(challenge.expires_in)}


@post("/login/check", status_code=200)
async def check(data: JSONBody[Entered], verifier: NamedDependency[Verifier]) -> Response[dict[str, str]]:
    """Check a code; the proof in the answer opens the other routes."""
    result = await verifier.check(data.challenge, data.code, purpose="login")
    if result.receiver is None:
        return refused(result.status, result.retry_after)
    proof = verifier.proofs.issue(result.receiver, purpose="login", challenge_id=data.challenge)
    return Response({"proof": proof}, headers={"Cache-Control": "no-store"})


@get("/orders")
async def orders(number: NamedDependency[VerifiedNumber]) -> dict[str, str]:
    """Answer those only whose number is verified."""
    return {"orders_of": number.receiver}


def refused(status: CheckStatus | None, retry_after: float = 0) -> Response[dict[str, str]]:
    """Answer a wrong, expired, used or unknown code alike; too many wrong ones are a 429."""
    if status is CheckStatus.LOCKED:
        seconds = str(max(1, math.ceil(retry_after)))
        return Response({"detail": "Too many attempts."}, status_code=429, headers={"Retry-After": seconds})
    return Response({"detail": "The code is wrong or expired."}, status_code=401)


def failed(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    """Answer an error. Its text is for the log, not for the caller, except for invalid input."""
    match error:
        case InvalidInputError():
            return Response({"detail": str(error)}, status_code=422)
        case VerificationLimitError():
            return refused(CheckStatus.LOCKED, error.retry_after)
        case ChallengeClosedError():
            return refused(error.status)
        case InvalidProofError():
            headers = {"WWW-Authenticate": "Bearer"}
            return Response({"detail": "Log in first."}, status_code=401, headers=headers)
        case VerificationStoreError():
            return Response({"detail": "Login is not possible at the moment."}, status_code=503)
        case _:
            return Response({"detail": "The code could not be sent."}, status_code=502)


app = Litestar(
    [start, resend, check, orders],
    lifespan=[lifespan],
    dependencies={
        "verifier": Provide(provide_verifier, sync_to_thread=False),
        "address": Provide(provide_address, sync_to_thread=False),
        "number": Provide(provide_number, sync_to_thread=False),
    },
    exception_handlers={WikipayamError: failed},
)
