"""Logging in by a code that comes by SMS, or else by a call."""

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
    """Who wants to log in."""

    mobile: Mobile


class TypedCode(Login):
    """What somebody typed."""

    code: str = Field(max_length=32, examples=["۱۲۳۴۵۶"])


class CodeSent(BaseModel):
    """A code is on its way."""

    valid_for: float = Field(description="Seconds.")


@router.post("/login", status_code=202, responses=WIKIPAYAM_RESPONSES)
async def log_in(body: Login, client: WikipayamDep, shop: ShopDep) -> CodeSent:
    """Send a code; if the SMS does not arrive in time, it is read out by a call."""
    try:
        code = shop.codes.issue(body.mobile)
    except TooSoonError as error:
        raise HTTPException(429, str(error), {"Retry-After": str(error.retry_after)}) from None
    try:
        sent = await client.otp.send(body.mobile, code)
    except (APIStatusError, APIConnectionError):
        shop.codes.forget(body.mobile)  # it was not sent; after an unknown outcome it may arrive, and stays good
        raise
    shop.fallback.watch(sent.id, body.mobile, code)
    return CodeSent(valid_for=shop.settings.code_lifetime)


@router.post("/login/check", status_code=204, response_model=None)
async def check(body: TypedCode, shop: ShopDep) -> None:
    """Check a code. The answer does not tell a wrong code from one that is too old or tried too often."""
    if not shop.codes.check(body.mobile, body.code):
        raise HTTPException(401, "The code is not right, or not good any more.")
