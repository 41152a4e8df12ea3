"""Map errors to HTTP statuses and bodies, without I/O."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from attrs import frozen

from wikipayam_async.bulk.results import BulkError, BulkSourceError
from wikipayam_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ClosedError,
    InsufficientBalanceError,
    InvalidInputError,
    OutboxFullError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    ServerError,
    SuppressedError,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.idempotency.errors import IdempotencyConflictError, IdempotencyStoreError, InFlightError
from wikipayam_async.integrations.fastapi.bodies import (
    GatewayProblem,
    InvalidInput,
    InvalidInputDetail,
    Problem,
    UncertainSend,
)
from wikipayam_async.integrations.fastapi.verification_bodies import CodeRefused, TooManyRequests
from wikipayam_async.verification import (
    ChallengeClosedError,
    CheckStatus,
    VerificationLimitError,
    VerificationStoreError,
)

__all__ = ["Answer", "RateLimitStatus", "answer_to", "answer_to_refused_code", "location_of"]

Body: TypeAlias = InvalidInput | Problem | GatewayProblem | UncertainSend | CodeRefused | TooManyRequests
RateLimitStatus: TypeAlias = Literal[429, 503]

_MAX_RETRY_AFTER, _MAX_WAIT_FOR_CODES = 3600, 86_400
_MAX_REASON_BYTES = 123


@frozen
class Answer:
    """The response to an error.

    Attributes:
        status: The HTTP status.
        body: The body.
        level: The level at which the error is logged.
        retry_after: The Retry-After header in seconds; None for no header.
    """

    status: int
    body: Body
    level: int = logging.WARNING
    retry_after: int | None = None

    @property
    def reason(self) -> str:
        """The reason for closing a web socket, cut to the 123 bytes that a close frame allows."""
        detail = self.body.detail
        text = detail if isinstance(detail, str) else detail[0].msg
        return text.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")


_INTERNAL = Answer(500, Problem(detail="Internal Server Error", code="internal_error"), logging.ERROR)
_REFUSED = Answer(502, GatewayProblem(detail="The SMS gateway refused the request.", code="gateway_refused"))
_FAILED = Answer(502, GatewayProblem(detail="The SMS gateway failed.", code="gateway_failed"))
_UNREACHABLE = GatewayProblem(detail="The SMS gateway could not be reached.", code="gateway_unreachable")
_RATE_LIMITED = Problem(detail="Too many messages are being sent. Try again later.", code="rate_limited")
_BUSY = Problem(detail="Too many messages wait to be sent. Try again later.", code="busy")
_UNAVAILABLE = Problem(detail="Messages cannot be sent at the moment.", code="unavailable")
_MAY_HAVE_BEEN_SENT = "The message may have been sent. Do not send it again blindly."
_PARTLY_SENT = "Some of the messages were sent, and others were not. Do not send them all again."
_CODE_REFUSED = CodeRefused(detail="The code is wrong or expired.", code="code_refused")
_TOO_MANY = TooManyRequests(detail="Too many attempts. Try again later.", code="too_many_requests")
_NO_CODES = Problem(detail="Codes cannot be sent or checked at the moment.", code="unavailable")
_SUPPRESSED = Problem(detail="The message was suppressed. It was not sent.", code="suppressed")
_KEY_CONFLICT = Problem(
    detail="The idempotency key was used for another message. This one was not sent.", code="key_conflict"
)
_IN_FLIGHT = Problem(
    detail="Another request is sending this message. Try again later with the same idempotency key.", code="in_flight"
)

_ANSWERS: Mapping[type[BaseException], Answer] = {
    WikipayamError: _INTERNAL,
    AuthenticationError: _INTERNAL,
    PermissionDeniedError: _INTERNAL,
    ClosedError: Answer(503, _UNAVAILABLE, logging.ERROR),
    SuppressedError: Answer(409, _SUPPRESSED, logging.INFO),
    IdempotencyConflictError: Answer(409, _KEY_CONFLICT),
    InFlightError: Answer(409, _IN_FLIGHT, logging.INFO, retry_after=1),
    IdempotencyStoreError: Answer(503, _UNAVAILABLE, logging.ERROR),
    APIConnectionError: Answer(502, _UNREACHABLE),
    APITimeoutError: Answer(504, Problem(detail="The SMS gateway did not answer in time.", code="gateway_timeout")),
    APIStatusError: _REFUSED,
    ServerError: _FAILED,
    ResponseError: _FAILED,
    InsufficientBalanceError: Answer(503, _UNAVAILABLE, logging.ERROR),
    VerificationStoreError: Answer(503, _NO_CODES, logging.ERROR),
}


def answer_to(
    error: WikipayamError, *, loc: Sequence[str | int] = (), rate_limit_status: RateLimitStatus = 503
) -> Answer:
    """Return the response to an error.

    Args:
        error: The error.
        loc: The location of the bad value, for an `InvalidInputError`.
        rate_limit_status: The status for a `RateLimitError`.
    """
    if isinstance(error, InvalidInputError):
        detail = InvalidInputDetail(loc=list(loc), msg=error.rule, type="value_error")
        return Answer(422, InvalidInput(detail=[detail]), logging.INFO)
    if isinstance(error, RateLimitError | OutboxFullError | VerificationLimitError):
        return _answer_later(error, rate_limit_status)
    if isinstance(error, UnknownOutcomeError):
        return _uncertain(_without_none(error.track_ids), _track_ids(error.accepted))
    if isinstance(error, BulkError):
        return _answer_to_bulk(error)
    if isinstance(error, ChallengeClosedError):
        return answer_to_refused_code(error.status)
    return next(_ANSWERS[kind] for kind in type(error).__mro__ if kind in _ANSWERS)


def answer_to_refused_code(status: CheckStatus | None, retry_after: float = 0) -> Answer:
    """Return the response to a code that is not accepted: the same for every reason but too many wrong codes.

    Args:
        status: The status of the check; None for a challenge that may not be sent again.
        retry_after: Seconds until another challenge may be started, if this one is locked.
    """
    if status is CheckStatus.LOCKED:
        return Answer(429, _TOO_MANY, logging.INFO, _whole_seconds(retry_after, _MAX_WAIT_FOR_CODES))
    return Answer(401, _CODE_REFUSED, logging.INFO)


def location_of(field: str, path_params: Container[str], query_params: Container[str]) -> list[str | int]:
    """Return the location of a field in FastAPI's form: `messages[3].receiver` is body, messages, 3, receiver.

    The error has only the field's name. A path or query parameter of that name takes precedence over the body.
    """
    names = re.findall(r"[^.\[\]]+", field)
    place = "path" if names[0] in path_params else "query" if names[0] in query_params else "body"
    return [place, *(int(name) if name.isdecimal() else name for name in names)]


def _answer_later(error: RateLimitError | OutboxFullError | VerificationLimitError, rate_limit_status: int) -> Answer:
    if isinstance(error, VerificationLimitError):
        return Answer(429, _TOO_MANY, retry_after=_whole_seconds(error.retry_after, _MAX_WAIT_FOR_CODES))
    status, body = (503, _BUSY) if isinstance(error, OutboxFullError) else (rate_limit_status, _RATE_LIMITED)
    return Answer(status, body, retry_after=_whole_seconds(error.retry_after))


def _answer_to_bulk(error: BulkError) -> Answer:
    unknown, accepted = _track_ids(error.report.unknown), _track_ids(error.report.accepted)
    if unknown or accepted:
        return _uncertain(unknown, accepted)
    return _INTERNAL if isinstance(error, BulkSourceError) else _REFUSED


def _uncertain(unknown: Sequence[str], accepted: Sequence[str]) -> Answer:
    return Answer(
        502,
        UncertainSend(
            detail=_MAY_HAVE_BEEN_SENT if unknown or not accepted else _PARTLY_SENT,
            code="outcome_unknown" if unknown or not accepted else "partly_sent",
            track_ids=list(unknown),
            accepted_track_ids=list(accepted),
        ),
        logging.ERROR,
    )


def _track_ids(results: Iterable[object]) -> list[str]:
    return _without_none(getattr(result, "track_id", None) for result in results)


def _without_none(track_ids: Iterable[str | None]) -> list[str]:
    return [track_id for track_id in track_ids if track_id is not None]


def _whole_seconds(delay: float | None, most: int = _MAX_RETRY_AFTER) -> int:
    """Round a delay up to whole seconds, of at least 1; None is 1."""
    return max(1, math.ceil(min(delay or 1, most)))
