from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import pydantic
import pytest
from fastapi import Body, FastAPI
from fastapi.testclient import TestClient

from wikipayam_async import (
    Attempt,
    Balance,
    BulkProgress,
    BulkReport,
    BulkUnknownOutcomeError,
    CallFinished,
    CallOutcome,
    Delivery,
    DeliveryReport,
    DeliveryStatus,
    HolooResult,
    InvalidInputError,
    LegacyInbox,
    Phase,
    ReceivedMessage,
    SendResult,
    SendStatus,
    SentMessage,
    SmsMessage,
    Statistics,
    UnknownOutcomeError,
)
from wikipayam_async.cost import Tariff, estimate
from wikipayam_async.numbers import parse_number
from wikipayam_async.text import count_parts
from wikipayam_async.types import CostCheck

SENT = SentMessage(id="6651", sender="10002000", receiver="09123456789", track_id="T1")
RECEIVED = ReceivedMessage("7", "989123456789", "10002000", "سلام", datetime(2026, 1, 31, 9, 30, tzinfo=UTC))


class Order(pydantic.BaseModel):
    """A model of a user's program."""

    sent: SentMessage
    received: list[ReceivedMessage] = []
    delivery: Delivery | None = None


def test_a_model_is_serialized_with_its_fields() -> None:
    """`model_dump` and `model_dump_json` contain the fields of the class."""
    order = Order(sent=SENT, received=[RECEIVED], delivery=Delivery("6651", DeliveryStatus("ON_ITS_WAY"), "T1"))
    dumped = order.model_dump()
    assert dumped["sent"] == {
        "id": "6651", "sender": "10002000", "receiver": "09123456789", "track_id": "T1", "extra": {},
    }  # fmt: skip
    assert dumped["delivery"] == {"id": "6651", "status": "ON_ITS_WAY", "track_id": "T1", "extra": {}}
    assert json.loads(order.model_dump_json())["received"][0]["received_at"] == "2026-01-31T09:30:00Z"


def test_a_model_is_parsed_from_what_was_serialized() -> None:
    """Instances, plain objects and JSON give equal models."""
    order = Order(sent=SENT, received=[RECEIVED])
    assert Order.model_validate_json(order.model_dump_json()) == order
    assert Order.model_validate(order.model_dump()) == order
    with pytest.raises(pydantic.ValidationError, match="id"):
        Order.model_validate({"sent": {"sender": "10002000"}})


def test_an_error_is_serialized_as_its_text() -> None:
    """The error of a `SendResult` is its text, and its message is an object."""
    error = InvalidInputError("receiver", rule="expected a mobile", got="a string of 2 characters with digits")
    result = SendResult(0, SmsMessage("12", "hi"), SendStatus.REJECTED, error=error)
    dumped = pydantic.TypeAdapter(SendResult).dump_python(result)
    assert (dumped["status"], dumped["error"], dumped["message"]["receiver"]) == ("rejected", str(error), "12")


REPORT = DeliveryReport((Delivery("1", DeliveryStatus.DELIVERED), Delivery("2", DeliveryStatus("NEW"))), ("2",))


ESTIMATE = estimate([SmsMessage("09123456789", "سلام", sender="10002000")], Tariff(persian=895))


@pytest.mark.parametrize(
    "model",
    [
        REPORT,
        Statistics({"total": 1, "by_day": {"1": 2}}),
        HolooResult("1", "queued", {"id": "1", "message": "queued"}),
        LegacyInbox((RECEIVED,), [{"id": "7"}]),
        CostCheck(ESTIMATE, Balance(1_000)),
        BulkProgress(5, None, {SendStatus.ACCEPTED: 5}),
        count_parts("سلام"),
        parse_number("09123456789"),
        CallFinished("1", "sms.send", CallOutcome.UNKNOWN, 0.5, (Attempt(1, Phase.SENT, 0.5),), headers={"age": "1"}),
    ],
    ids=lambda model: type(model).__name__,
)
def test_nothing_is_lost(model: object) -> None:
    """What is parsed equals what was serialized, in JSON and in Python."""
    adapter = pydantic.TypeAdapter[Any](type(model))
    assert adapter.validate_python(model) is model
    assert adapter.validate_json(adapter.dump_json(model)) == model
    assert adapter.validate_python(adapter.dump_python(model)) == model


def test_parsed_models_work_like_others() -> None:
    """Statuses are words of the enum, and errors are errors."""
    adapter = pydantic.TypeAdapter(DeliveryReport)
    parsed = adapter.validate_json(adapter.dump_json(REPORT))
    assert (len(parsed.delivered), parsed.failed, parsed["2"].status.known) == (1, (), False)
    error = UnknownOutcomeError("sms.send: it is not known")
    report = BulkReport([SendResult(0, SmsMessage("09123456789", "hi"), SendStatus.UNKNOWN, error=error)])
    results = pydantic.TypeAdapter(BulkReport)
    with pytest.raises(BulkUnknownOutcomeError) as caught:
        results.validate_json(results.dump_json(report)).raise_for_failures()
    assert str(caught.value.__cause__) == "sms.send: it is not known"


def test_errors_name_the_field() -> None:
    """A validation error has the path of the wrong value, and quotes none of the others."""
    with pytest.raises(pydantic.ValidationError) as caught:
        pydantic.TypeAdapter(list[SmsMessage]).validate_python([{"receiver": "09123456789", "message": 5}])
    assert [error["loc"] for error in caught.value.errors()] == [(0, "message")]
    assert "09123456789" not in str(caught.value)


def test_routes_return_and_take_models() -> None:
    """FastAPI serializes a returned model, parses one in a body, and describes both in its OpenAPI schema."""
    app = FastAPI()

    @app.get("/balance")
    async def balance() -> Balance:
        return Balance(1_000, user_name="sara")

    @app.post("/send")
    async def send(message: Annotated[SmsMessage, Body()]) -> list[str | None]:
        return [message.receiver, message.message]

    with TestClient(app) as http:
        assert http.get("/balance").json() == {
            "balance": 1000, "currency": "IRR", "user_id": None, "user_name": "sara", "extra": {},
        }  # fmt: skip
        sent = http.post("/send", json={"receiver": "09123456789", "message": "hi"})
        assert sent.json() == ["09123456789", "hi"]
        schema = http.get("/openapi.json").json()
    described = schema["paths"]["/balance"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert described["required"] == ["balance"]
    assert sorted(described["properties"]) == ["balance", "currency", "extra", "user_id", "user_name"]
