"""Which answer an error gets. Pure: no request and no response, only what stands in one."""

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
from wikipayam_async.integrations.fastapi.bodies import (
    GatewayProblem,
    InvalidInput,
    InvalidInputDetail,
    Problem,
    UncertainSend,
)

__all__ = ["Answer", "RateLimitStatus", "answer_to", "location_of"]

Body: TypeAlias = InvalidInput | Problem | GatewayProblem | UncertainSend
RateLimitStatus: TypeAlias = Literal[429, 503]

_LONGEST_PAUSE = 3600
_LONGEST_REASON = 123


@frozen
class Answer:
    """What an error is answered with.

    Attributes:
        status: The HTTP status.
        body: The body.
        level: How loudly the log tells of the error.
        retry_after: Seconds for the header Retry-After; None for no such header.
    """

    status: int
    body: Body
    level: int = logging.WARNING
    retry_after: int | None = None

    @property
    def reason(self) -> str:
        """What happened, in no more bytes than the closing of a web socket may hold."""
        detail = self.body.detail
        said = detail if isinstance(detail, str) else detail[0].msg
        return said.encode()[:_LONGEST_REASON].decode(errors="ignore")


_INTERNAL = Answer(500, Problem(detail="Internal Server Error", code="internal_error"), logging.ERROR)
_REFUSED = Answer(502, GatewayProblem(detail="The SMS gateway refused the request.", code="gateway_refused"))
_FAILED = Answer(502, GatewayProblem(detail="The SMS gateway failed.", code="gateway_failed"))
_UNREACHABLE = GatewayProblem(detail="The SMS gateway could not be reached.", code="gateway_unreachable")
_RATE_LIMITED = Problem(detail="Too many messages are being sent. Try again later.", code="rate_limited")
_BUSY = Problem(detail="Too many messages wait to be sent. Try again later.", code="busy")
_UNAVAILABLE = Problem(detail="Messages cannot be sent at the moment.", code="unavailable")
_MAY_HAVE_BEEN_SENT = "The message may have been sent. Do not send it again blindly."
_PARTLY_SENT = "Some of the messages were sent, and others were not. Do not send them all again."
_SUPPRESSED = Problem(detail="The message was held back, and not sent.", code="suppressed")

_ANSWERS: Mapping[type[BaseException], Answer] = {
    WikipayamError: _INTERNAL,
    AuthenticationError: _INTERNAL,
    PermissionDeniedError: _INTERNAL,
    SuppressedError: Answer(409, _SUPPRESSED, logging.INFO),
    APIConnectionError: Answer(502, _UNREACHABLE),
    APITimeoutError: Answer(504, Problem(detail="The SMS gateway did not answer in time.", code="gateway_timeout")),
    APIStatusError: _REFUSED,
    ServerError: _FAILED,
    ResponseError: _FAILED,
    InsufficientBalanceError: Answer(503, _UNAVAILABLE, logging.ERROR),
}


def answer_to(
    error: WikipayamError, *, loc: Sequence[str | int] = (), rate_limit_status: RateLimitStatus = 503
) -> Answer:
    """Return what an error is answered with.

    Args:
        error: The error.
        loc: Where the bad value of an `InvalidInputError` stands.
        rate_limit_status: The status for a `RateLimitError`.
    """
    if isinstance(error, InvalidInputError):
        complaint = InvalidInputDetail(loc=list(loc), msg=error.rule, type="value_error")
        return Answer(422, InvalidInput(detail=[complaint]), logging.INFO)
    if isinstance(error, RateLimitError):
        return Answer(rate_limit_status, _RATE_LIMITED, retry_after=_whole_seconds(error.retry_after))
    if isinstance(error, OutboxFullError):
        return Answer(503, _BUSY, retry_after=_whole_seconds(error.retry_after))
    if isinstance(error, UnknownOutcomeError):
        return _uncertain(_known(error.track_ids), _track_ids(error.accepted))
    if isinstance(error, BulkError):
        return _answer_to_bulk(error)
    return next(_ANSWERS[kind] for kind in type(error).__mro__ if kind in _ANSWERS)


def location_of(field: str, path_params: Container[str], query_params: Container[str]) -> list[str | int]:
    """Return where a value stands, as FastAPI writes it: `messages[3].receiver` is body, messages, 3, receiver.

    The error knows the name of a field alone. A parameter of the same name in the path or the query is taken for it.
    """
    names = re.findall(r"[^.\[\]]+", field)
    place = "path" if names[0] in path_params else "query" if names[0] in query_params else "body"
    return [place, *(int(name) if name.isdecimal() else name for name in names)]


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


def _track_ids(sent: Iterable[object]) -> list[str]:
    return _known(getattr(one, "track_id", None) for one in sent)


def _known(track_ids: Iterable[str | None]) -> list[str]:
    return [track_id for track_id in track_ids if track_id is not None]


def _whole_seconds(pause: float | None) -> int:
    """Round a pause up; one of a second, where nobody named any."""
    return max(1, math.ceil(min(pause or 1, _LONGEST_PAUSE)))
