"""Routes that verify numbers by a code, and the dependency that requires a verified number."""

# No `from __future__ import annotations`: FastAPI resolves the annotations of the routes, which use local names.

import logging
import math
from collections.abc import Awaitable, Callable, Coroutine
from ipaddress import ip_address
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from wikipayam_async.errors import ConfigurationError, WikipayamError
from wikipayam_async.integrations.fastapi.answers import answer_to_refused_code
from wikipayam_async.integrations.fastapi.dependencies import get_verifier
from wikipayam_async.integrations.fastapi.handlers import response_of, response_to
from wikipayam_async.integrations.fastapi.verification_bodies import (
    RESPONSES,
    CheckCode,
    CodeAccepted,
    ResendCode,
    StartVerification,
    VerificationStarted,
)
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.verification import Challenge, Verifier
from wikipayam_async.verification.client_address import check_trusted_hops, client_address
from wikipayam_async.verification.proof import InvalidProofError, NumberProofs, VerifiedNumber
from wikipayam_async.verification.subjects import check_purpose

__all__ = ["VerifierSource", "verification_router", "verified_number"]

VerifierSource: TypeAlias = Verifier | Callable[..., Verifier | Awaitable[Verifier]] | None
"""A verifier; a dependency that returns one; or None for the one that the app's lifespan opened."""

logger = logging.getLogger("wikipayam_async")

_BEARER = HTTPBearer(
    scheme_name="VerifiedNumber", description="The proof from `/check`, as `Authorization: Bearer …`.", auto_error=False
)


def verification_router(
    verifier: VerifierSource = None,
    *,
    purpose: str = "login",
    trusted_hops: int = 0,
    proofs: NumberProofs | None = None,
) -> APIRouter:
    """Return a router that verifies numbers: `app.include_router(verification_router(verifier), prefix="/login")`.

    | route | body | success | otherwise |
    | --- | --- | --- | --- |
    | `POST /start` | `receiver` | 202 `challenge_id`, `channel`, `expires_in`, `resend_in` | 422, 429, 502, 503, 504 |
    | `POST /resend` | `challenge_id` | 202, the same | 401, 422, 429, 502, 503, 504 |
    | `POST /check` | `challenge_id`, `code` | 200 `proof`, `expires_in` | 401, 422, 429, 503 |

    A code whose outcome is unknown is a 202, too: it may arrive, and is valid. A wrong code, an expired one, a used one and
    an unknown challenge have the same 401. A limit that is reached, and a challenge with too many wrong codes, is a 429 with
    Retry-After; which limit it was is in the log and in the verifier's events only. A store that fails is a 503. The routes
    respond to the package's errors themselves, with the bodies of `install_error_handlers`, and repeat no number and no code.

    The router sends a code to every number that is allowed. Look the user up after the check, not before: a response that
    depends on whether a number is registered would tell it.

    Args:
        verifier: The verifier. By default the one that `wikipayam_lifespan(verifier=...)` opened.
        purpose: What the codes and the proofs are for. One router per purpose.
        trusted_hops: The number of proxies of your own in front of the app that append to `X-Forwarded-For`. With 0 the
            header is not read, and the address is that of the connection.
        proofs: Signs the proofs; by default with a key of the verifier's secrets.

    Raises:
        ConfigurationError: An argument is invalid.
        InvalidInputError: The purpose is invalid.
    """
    find = _dependency_of(verifier)
    check_purpose(purpose)
    check_trusted_hops(trusted_hops)
    address_of = _AddressReader(trusted_hops)
    router = APIRouter(route_class=_Route, tags=["verification"])

    @router.post("/start", status_code=202, responses=RESPONSES["start"])
    async def start(
        body: StartVerification, request: Request, verifier: Annotated[Verifier, Depends(find)]
    ) -> VerificationStarted:
        """Send a code to a mobile."""
        return _started(await verifier.start(body.receiver, purpose=purpose, ip=address_of(request)))

    @router.post("/resend", status_code=202, responses=RESPONSES["resend"])
    async def resend(
        body: ResendCode, request: Request, verifier: Annotated[Verifier, Depends(find)]
    ) -> VerificationStarted:
        """Send the same code again, over the next channel, such as a voice call."""
        return _started(await verifier.resend(body.challenge_id, ip=address_of(request)))

    @router.post("/check", responses=RESPONSES["check"], response_model=CodeAccepted)
    async def check(
        body: CheckCode, response: Response, verifier: Annotated[Verifier, Depends(find)]
    ) -> CodeAccepted | JSONResponse:
        """Check a code. The proof of the response is for routes that require a verified number."""
        result = await verifier.check(body.challenge_id, body.code, purpose=purpose)
        if result.receiver is None:
            return response_of(answer_to_refused_code(result.status, result.retry_after))
        response.headers["Cache-Control"] = "no-store"
        signer = proofs or verifier.proofs
        proof = signer.issue(result.receiver, purpose=purpose, challenge_id=body.challenge_id)
        return CodeAccepted(proof=proof, expires_in=int(signer.lifetime.total_seconds()))

    return router


def verified_number(
    verifier: VerifierSource = None, *, purpose: str = "login", proofs: NumberProofs | None = None
) -> Callable[..., Awaitable[VerifiedNumber]]:
    """Return a dependency that requires a verified number: `Annotated[VerifiedNumber, Depends(verified_number())]`.

    It reads the proof of `/check` from `Authorization: Bearer …`. Without a valid proof for the purpose, the response is a
    401 that does not tell why; the reason is logged as INFO.

    Args:
        verifier: The verifier, as for `verification_router`.
        purpose: The purpose that the proof must be for.
        proofs: Checks the proofs, if the router was given one.

    Raises:
        ConfigurationError: An argument is invalid.
        InvalidInputError: The purpose is invalid.
    """
    find = _dependency_of(verifier)
    check_purpose(purpose)

    async def get_proofs(verifier: Annotated[Verifier, Depends(find)]) -> NumberProofs:
        return verifier.proofs

    async def get_own_proofs() -> NumberProofs | None:
        return proofs

    async def verify(
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
        signer: Annotated[NumberProofs, Depends(get_proofs if proofs is None else get_own_proofs)],
    ) -> VerifiedNumber:
        try:
            return signer.verify("" if given is None else given.credentials, purpose=purpose)
        except InvalidProofError as error:
            logger.info("fastapi: a verified number for %r is required: %s", purpose, error)
        raise HTTPException(401, "Verify your number first.", {"WWW-Authenticate": "Bearer"})

    return verify


class _Route(APIRoute):
    """Responds to the package's errors, and repeats no input in the response to an invalid request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except WikipayamError as error:
                return response_to(request, error)
            except RequestValidationError as error:
                shown = [{name: one[name] for name in ("loc", "msg", "type")} for one in error.errors()]
                return JSONResponse({"detail": shown}, 422)

        return guarded


class _AddressReader:
    """Returns the address of a request's caller. Warns once if the limit by address is off, or shared by all callers."""

    def __init__(self, trusted_hops: int) -> None:
        self._hops = trusted_hops
        self._warned = False

    def __call__(self, request: Request) -> str | None:
        peer = None if request.client is None else request.client.host
        headers = request.headers.getlist("x-forwarded-for")
        found = client_address(peer, headers, trusted_hops=self._hops)
        if found is None:
            self._warn("the address of callers is not known, so codes are not limited by address")
        elif headers and not self._hops and ip_address(found).is_private:
            self._warn("all callers have the address of a proxy, and share its limit of codes")
        return found

    def _warn(self, problem: str) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(
                "fastapi: %s: pass the number of your proxies to verification_router, as trusted_hops=1", problem
            )


def _dependency_of(verifier: object) -> Callable[..., Any]:
    if verifier is None:
        return get_verifier
    if isinstance(verifier, Verifier):

        async def get() -> Verifier:
            return verifier

        return get
    if not callable(verifier) or isinstance(verifier, type):
        raise ConfigurationError(
            f"verifier: expected a Verifier, a dependency that returns one, or None; got {shape_of(verifier)}"
        )
    return verifier


def _started(challenge: Challenge) -> VerificationStarted:
    return VerificationStarted(
        challenge_id=challenge.id,
        channel=challenge.channel,
        expires_in=math.floor(challenge.expires_in),
        resend_in=math.ceil(challenge.resend_in) if challenge.resends_left else None,
    )
