from __future__ import annotations

import pytest

from tests.integrations.fastapi.app import RECEIVER
from wikipayam_async import SendStatus, SmsMessage
from wikipayam_async.bulk.results import BulkError, BulkReport, BulkSourceError, SendResult
from wikipayam_async.errors import (
    APIConnectionError,
    ClosedError,
    ConfigurationError,
    NotFoundError,
    OutboxFullError,
    RateLimitError,
    SuppressedError,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.idempotency import IdempotencyConflictError, IdempotencyStoreError, InFlightError
from wikipayam_async.integrations.fastapi.answers import answer_to, location_of
from wikipayam_async.services.holoo import HolooResult


@pytest.mark.parametrize(
    ("field", "loc"),
    [
        ("receiver", ["query", "receiver"]),
        ("track_id", ["path", "track_id"]),
        ("messages[3].receiver", ["body", "messages", 3, "receiver"]),
        ("message", ["body", "message"]),
    ],
)
def test_the_location_of_an_invalid_value(field: str, loc: list[str | int]) -> None:
    """A path or query parameter of that name is the location; otherwise the body is."""
    assert location_of(field, {"track_id": "A-1"}, {"receiver": "x"}) == loc


def results(*statuses: SendStatus) -> BulkReport:
    """Return the report of a bulk send with these outcomes."""
    return BulkReport(
        [
            SendResult(index, SmsMessage(RECEIVER, "text"), status, track_id=f"T-{index}")
            for index, status in enumerate(statuses)
        ]
    )


BULK = {
    "partly": (BulkError, (SendStatus.ACCEPTED, SendStatus.REJECTED), (502, "partly_sent")),
    "unknown": (BulkSourceError, (SendStatus.ACCEPTED, SendStatus.UNKNOWN), (502, "outcome_unknown")),
    "refused": (BulkError, (SendStatus.REJECTED,), (502, "gateway_refused")),
    "source": (BulkSourceError, (SendStatus.NOT_ATTEMPTED,), (500, "internal_error")),
}


@pytest.mark.parametrize(("kind", "statuses", "expected"), BULK.values(), ids=BULK.keys())
def test_a_partly_failed_bulk_send(
    kind: type[BulkError], statuses: tuple[SendStatus, ...], expected: tuple[int, str]
) -> None:
    """If messages were or may have been sent, the response says so and names their track ids."""
    answer = answer_to(kind("text", report=results(*statuses)))
    body = answer.body.model_dump()
    assert (answer.status, body["code"]) == expected
    if SendStatus.ACCEPTED in statuses:
        assert body["accepted_track_ids"] == ["T-0"]
        assert body["track_ids"] == [f"T-{n}" for n, status in enumerate(statuses) if status is SendStatus.UNKNOWN]


ERRORS: list[tuple[WikipayamError, int]] = [
    (ConfigurationError("no sender"), 500),
    (ClosedError("the outbox is closed"), 503),
    (SuppressedError("not sent", reason="duplicate"), 409),
    (IdempotencyConflictError("another message"), 409),
    (InFlightError("in progress"), 409),
    (IdempotencyStoreError("the disk is full"), 503),
    (NotFoundError("no such message", status_code=404), 502),
    (APIConnectionError("refused"), 502),
    (RateLimitError("slow down", status_code=429, retry_after=1e300), 503),
    (OutboxFullError("full", retry_after=0.2), 503),
    (UnknownOutcomeError("lost", track_ids=[None, "A-1"], accepted=[HolooResult("1")]), 502),
]


@pytest.mark.parametrize(("error", "status"), ERRORS, ids=lambda value: type(value).__name__)
def test_every_error_has_a_response(error: WikipayamError, status: int) -> None:
    """Every error maps to a status, Retry-After is at most an hour, and the reason fits a close frame."""
    answer = answer_to(error)
    assert answer.status == status
    assert answer.retry_after in {None, 1, 3600}
    assert len(answer.reason.encode()) <= 123
