"""The bodies of the routes that verify numbers, and their OpenAPI descriptions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from wikipayam_async.integrations.fastapi.bodies import WIKIPAYAM_RESPONSES

__all__ = [
    "RESPONSES",
    "CheckCode",
    "CodeAccepted",
    "CodeRefused",
    "ResendCode",
    "StartVerification",
    "TooManyRequests",
    "VerificationStarted",
]


class StartVerification(BaseModel):
    """The number to verify."""

    receiver: str = Field(
        max_length=32, description="The mobile, in any usual spelling.", examples=["09123456789", "+98 912 345 6789"]
    )


class _OfChallenge(BaseModel):
    challenge_id: str = Field(min_length=1, max_length=64, description="The id from the response of `/start`.")


class ResendCode(_OfChallenge):
    """The challenge whose code is to be sent again, over the next channel."""


class CheckCode(_OfChallenge):
    """A challenge, and the code that was entered."""

    code: str = Field(
        min_length=1, max_length=32, description="The code, in any digits and with spaces.", examples=["۱۲۳۴۵۶"]
    )


class VerificationStarted(BaseModel):
    """A code was sent, or may have been: let the user enter it."""

    challenge_id: str = Field(description="Names the verification in `/resend` and `/check`.")
    channel: str = Field(description="How the code was sent, such as `sms` or `voice`.")
    expires_in: int = Field(description="Seconds until the code expires.")
    resend_in: int | None = Field(
        description="Seconds until `/resend` may be called; null if it may not be called again."
    )


class CodeAccepted(BaseModel):
    """The code was right. The proof says so to the other routes, as `Authorization: Bearer …`."""

    proof: str = Field(description="The signed proof. It is valid for one purpose, and for `expires_in` seconds.")
    expires_in: int = Field(description="Seconds until the proof expires.")


class CodeRefused(BaseModel):
    """401: the code is wrong or expired, was used, or belongs to no verification. Which of them is not told."""

    detail: str = Field(description="The error, for people.")
    code: Literal["code_refused"] = Field(description="The error, for programs.")


class TooManyRequests(BaseModel):
    """429: a limit is reached. No code was sent or checked."""

    detail: str = Field(description="The error, for people.")
    code: Literal["too_many_requests"] = Field(description="The error, for programs.")


_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait before trying again.", "schema": {"type": "integer"}}}
_REFUSED = {
    "model": CodeRefused,
    "description": "The code or the verification is not accepted. The reason is not told.",
}
_TOO_MANY = {"model": TooManyRequests, "description": "Try again later.", "headers": _RETRY_AFTER}
_SENDS: dict[int | str, dict[str, Any]] = {status: WIKIPAYAM_RESPONSES[status] for status in (422, 500, 502, 503, 504)}

RESPONSES: dict[str, dict[int | str, dict[str, Any]]] = {
    "start": {**_SENDS, 429: _TOO_MANY},
    "resend": {**_SENDS, 401: _REFUSED, 429: _TOO_MANY},
    "check": {401: _REFUSED, 422: WIKIPAYAM_RESPONSES[422], 429: _TOO_MANY, 503: WIKIPAYAM_RESPONSES[503]},
}
"""The responses of each route besides its success, for OpenAPI."""
