"""The bodies of the answers to errors, and what OpenAPI says of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

__all__ = ["WIKIPAYAM_RESPONSES", "GatewayProblem", "InvalidInput", "InvalidInputDetail", "Problem", "UncertainSend"]


class InvalidInputDetail(BaseModel):
    """One complaint, as FastAPI writes them."""

    loc: list[str | int] = Field(description="Where the bad value stands.", examples=[["body", "receiver"]])
    msg: str = Field(description="The rule that it breaks.")
    type: str = Field(description="The kind of complaint.")


class InvalidInput(BaseModel):
    """422: something in the request breaks a rule. Nothing was sent."""

    detail: list[InvalidInputDetail]


class Problem(BaseModel):
    """Why a request came to nothing, with no fault of the caller's."""

    detail: str = Field(description="What happened, for people.")
    code: Literal["suppressed", "internal_error", "rate_limited", "busy", "unavailable", "gateway_timeout"] = Field(
        description="What happened, for programs."
    )


class GatewayProblem(BaseModel):
    """502: the SMS gateway could not be reached, refused the request, or gave an answer that cannot be read."""

    detail: str = Field(description="What happened, for people.")
    code: Literal["gateway_unreachable", "gateway_refused", "gateway_failed"] = Field(
        description="What happened, for programs."
    )


class UncertainSend(BaseModel):
    """502: messages may have been sent, or some of them were. Not to be sent again blindly."""

    detail: str = Field(description="What happened, for people.")
    code: Literal["outcome_unknown", "partly_sent"] = Field(description="What happened, for programs.")
    track_ids: list[str] = Field(description="The references of the messages that may or may not have been sent.")
    accepted_track_ids: list[str] = Field(description="The references of the messages that were sent.")


_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait, where they are known.", "schema": {"type": "integer"}}}

WIKIPAYAM_RESPONSES: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "The message was held back, and not sent."},
    422: {"model": InvalidInput, "description": "Something in the request breaks a rule. Nothing was sent."},
    500: {"model": Problem, "description": "The service is not set up as it should be."},
    502: {
        "model": UncertainSend | GatewayProblem,
        "description": "The gateway failed. With `outcome_unknown` or `partly_sent`: do not send again blindly.",
    },
    503: {"model": Problem, "description": "Nothing can be sent right now.", "headers": _RETRY_AFTER},
    504: {"model": Problem, "description": "The gateway did not answer in time."},
}
"""What `install_error_handlers` may answer, for OpenAPI: `APIRouter(responses=WIKIPAYAM_RESPONSES)`."""
