"""Login by a code sent by SMS, with a voice call as fallback."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from shop.bodies import Mobile
from shop.codes import TooSoonError
from shop.state import ShopDep
from wikipayam_async import APIConnectionError, APIStatusError
from wikipayam_async.integrations.fastapi import WIKIPAYAM_RESPONSES, WikipayamDep

__all__ = ["router"]

router = APIRouter(tags=["login"])


class Login(BaseModel):
    """The mobile that logs in."""

    mobile: Mobile


class EnteredCode(Login):
    """A mobile and the code that its user entered."""

    code: str = Field(max_length=32, examples=["۱۲۳۴۵۶"])


class CodeSent(BaseModel):
    """A code was sent."""

    valid_for: float = Field(description="How long the code is valid, in seconds.")


@router.post("/login", status_code=202, responses=WIKIPAYAM_RESPONSES)
async def log_in(body: Login, client: WikipayamDep, shop: ShopDep) -> CodeSent:
    """Send a code. If the SMS is not delivered in time, a voice call reads the code out."""
    try:
        code = shop.codes.issue(body.mobile)
    except TooSoonError as error:
        raise HTTPException(429, str(error), {"Retry-After": str(error.retry_after)}) from None
    try:
        sent = await client.otp.send(body.mobile, code)
    except (APIStatusError, APIConnectionError):
        shop.codes.revoke(body.mobile)  # it was not sent; after an unknown outcome it may arrive, so it stays valid
        raise
    shop.fallback.watch(sent.id, body.mobile, code)
    return CodeSent(valid_for=shop.settings.code_lifetime)


@router.post("/login/check", status_code=204, response_model=None)
async def check(body: EnteredCode, shop: ShopDep) -> None:
    """Check a code. The response is the same for a wrong code, an expired code and too many attempts."""
    if not shop.codes.check(body.mobile, body.code):
        raise HTTPException(401, "The code is wrong or expired.")
