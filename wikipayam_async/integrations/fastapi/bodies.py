"""The response bodies of errors, and their OpenAPI descriptions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

__all__ = ["WIKIPAYAM_RESPONSES", "GatewayProblem", "InvalidInput", "InvalidInputDetail", "Problem", "UncertainSend"]


class InvalidInputDetail(BaseModel):
    """One validation error, in FastAPI's form."""

    loc: list[str | int] = Field(description="The location of the invalid value.", examples=[["body", "receiver"]])
    msg: str = Field(description="The rule that the value breaks.")
    type: str = Field(description="The type of the error.")


class InvalidInput(BaseModel):
    """422: the request is invalid. Nothing was sent."""

    detail: list[InvalidInputDetail] = Field(description="What is wrong with each value.")


class Problem(BaseModel):
    """409, 500, 503 or 504: the request failed, and nothing is wrong with its values."""

    detail: str = Field(description="The error, for people.")
    code: Literal[
        "suppressed",
        "key_conflict",
        "in_flight",
        "internal_error",
        "rate_limited",
        "busy",
        "unavailable",
        "gateway_timeout",
    ] = Field(description="The error, for programs.")


class GatewayProblem(BaseModel):
    """502: the SMS gateway could not be reached, refused the request, failed, or gave an unreadable response."""

    detail: str = Field(description="The error, for people.")
    code: Literal["gateway_unreachable", "gateway_refused", "gateway_failed"] = Field(
        description="The error, for programs."
    )


class UncertainSend(BaseModel):
    """502: some messages were or may have been sent. Do not send them again blindly."""

    detail: str = Field(description="The error, for people.")
    code: Literal["outcome_unknown", "partly_sent"] = Field(description="The error, for programs.")
    track_ids: list[str] = Field(description="The track ids of the messages whose outcome is unknown.")
    accepted_track_ids: list[str] = Field(description="The track ids of the messages that were sent.")


_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait before trying again.", "schema": {"type": "integer"}}}

WIKIPAYAM_RESPONSES: dict[int | str, dict[str, Any]] = {
    409: {
        "model": Problem,
        "description": "The message was suppressed, or its idempotency key is another message's, or is in use. This "
        "request sent nothing.",
        "headers": _RETRY_AFTER,
    },
    422: {"model": InvalidInput, "description": "The request is invalid. Nothing was sent."},
    500: {"model": Problem, "description": "The service is misconfigured."},
    502: {
        "model": UncertainSend | GatewayProblem,
        "description": "The gateway failed. After `outcome_unknown` or `partly_sent`, do not send again blindly.",
    },
    503: {"model": Problem, "description": "Messages cannot be sent at the moment.", "headers": _RETRY_AFTER},
    504: {"model": Problem, "description": "The gateway did not answer in time."},
}
"""The responses of `install_error_handlers`, for OpenAPI: `APIRouter(responses=WIKIPAYAM_RESPONSES)`."""
