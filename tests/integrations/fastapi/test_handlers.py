from __future__ import annotations

import logging
import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import frozen
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tests.integrations.fastapi.app import RECEIVER, SEND, add_routes, factory, make_app
from wikipayam_async import AsyncWikipayam
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault, When
from wikipayam_async.errors import RateLimitError
from wikipayam_async.idempotency import InFlightError, MemoryIdempotencyStore
from wikipayam_async.integrations.fastapi import (
    WIKIPAYAM_RESPONSES,
    OutboxDep,
    WikipayamDep,
    install_error_handlers,
    wikipayam_lifespan,
)


@frozen
class Case:
    """A fault of the gateway, and the response to the caller."""

    fault: Fault
    status: int
    code: str
    on: str = SEND


CASES = {
    "lost after accepting": Case(Fault.reset(when=When.AFTER), 502, "outcome_unknown"),
    "bad gateway": Case(Fault.html(502), 502, "outcome_unknown"),
    "refused": Case(Fault.status(400), 502, "gateway_refused"),
    "unprocessable": Case(Fault.status(422), 502, "gateway_refused"),
    "token": Case(Fault.status(401), 500, "internal_error"),
    "permission": Case(Fault.status(403), 500, "internal_error"),
    "balance": Case(Fault.status(402), 503, "unavailable"),
    "rate": Case(Fault.status(429, retry_after=90), 503, "rate_limited"),
    "read: fails": Case(Fault.status(500), 502, "gateway_failed", "GET /user/balance"),
    "read: unreadable": Case(Fault.malformed_json(), 502, "gateway_failed", "GET /user/balance"),
    "read: gone": Case(Fault.reset(when=When.BEFORE), 502, "gateway_unreachable", "GET /user/balance"),
    "read: silent": Case(Fault.hang(when=When.BEFORE), 504, "gateway_timeout", "GET /user/balance"),
}


def ask(http: TestClient, on: str) -> Any:
    """Make the request that calls the gateway's endpoint."""
    return http.post("/orders/A-1/notice") if on == SEND else http.get("/balance")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_failure_of_the_gateway_has_a_response(emulator: Emulator, case: Case) -> None:
    """Each failure has its status and code, and the body matches a documented model."""
    emulator.faults.arm(case.fault, on=case.on)
    app = make_app(wikipayam_lifespan(factory(emulator, timeout=0.1)))
    with TestClient(app) as http:
        answer = ask(http, case.on)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (case.status, case.code)
    assert answer.headers.get("retry-after") == ("90" if case.code == "rate_limited" else None)
    model = WIKIPAYAM_RESPONSES[case.status]["model"]
    kinds = getattr(model, "__args__", (model,))
    assert body in [kind.model_validate(body).model_dump() for kind in kinds if case.code in codes_of(kind)]


def codes_of(model: Any) -> tuple[str, ...]:
    """Return the codes that a body model allows."""
    return cast("tuple[str, ...]", model.model_fields["code"].annotation.__args__)


def test_an_unknown_outcome_names_the_message_and_warns(emulator: Emulator, http: TestClient) -> None:
    """The body says that the message may have been sent, and names its track id."""
    emulator.faults.arm(Fault.reset(when=When.AFTER), on=SEND)
    assert http.post("/orders/A-1/notice").json() == {
        "detail": "The message may have been sent. Do not send it again blindly.",
        "code": "outcome_unknown",
        "track_ids": ["A-1"],
        "accepted_track_ids": [],
    }
    assert len(emulator.ledger) == 1


@pytest.mark.parametrize(("named", "header"), [(90, "90"), (61.2, "62"), (None, "1")])
def test_a_rate_limit_sets_retry_after(emulator: Emulator, http: TestClient, named: float | None, header: str) -> None:
    """Retry-After holds whole seconds, rounded up."""
    emulator.faults.arm(Fault.status(429, retry_after=named), on=SEND)
    answer = http.post("/orders/A-1/notice")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, header)


def test_a_rate_limit_may_be_429(emulator: Emulator) -> None:
    """`rate_limit_status=429` passes the gateway's rate limit on to callers."""
    app = FastAPI(lifespan=wikipayam_lifespan(factory(emulator)))
    add_routes(app)
    install_error_handlers(app, rate_limit_status=429)
    emulator.faults.arm(Fault.status(429, retry_after=90), on=SEND)
    with TestClient(app) as http:
        answer = http.post("/orders/A-1/notice")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "90")


def test_a_closed_client_is_unavailable(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    """A request that finds the client closed, such as at the end of the app, sends nothing and may be repeated."""
    app = make_app(wikipayam_lifespan(factory(emulator)))

    @app.post("/late")
    async def late(client: WikipayamDep) -> None:
        await client.aclose()
        await client.sms.send(RECEIVER, "Too late")

    with TestClient(app) as http:
        answer = http.post("/late")
    assert (answer.status_code, answer.json()) == (
        503,
        {"detail": "Messages cannot be sent at the moment.", "code": "unavailable"},
    )
    assert "retry-after" not in answer.headers
    assert len(emulator.ledger) == 0
    assert ("wikipayam_async", logging.ERROR) in [(name, level) for name, level, _ in caplog.record_tuples]


def test_a_full_outbox_sets_retry_after(emulator: Emulator) -> None:
    """A message that finds the outbox full is refused at once; the queued one is sent."""
    app = make_app(wikipayam_lifespan(factory(emulator), outbox=lambda client: client.sms.outbox(max_waiting=1)))

    @app.post("/two")
    async def post_two(outbox: OutboxDep) -> list[str]:
        return [outbox.post(RECEIVER, "First"), outbox.post(RECEIVER, "Second")]

    with TestClient(app) as http:
        answer = http.post("/two")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "1")
    assert [sms.message for sms in emulator.ledger] == ["First"]


def test_invalid_input_is_422_in_fastapi_s_own_form(emulator: Emulator, http: TestClient) -> None:
    """The body holds the rule and the location, but not the value."""
    answer = http.post("/orders/A-1/notice", params={"receiver": "0912-not-a-number"})
    (detail,) = answer.json()["detail"]
    assert (answer.status_code, detail["loc"], detail["type"]) == (422, ["query", "receiver"], "value_error")
    assert set(detail) == {"loc", "msg", "type"}
    assert "not-a-number" not in answer.text
    assert "retry-after" not in answer.headers
    assert emulator.ledger == []


def test_the_log_holds_the_error_that_the_body_omits(
    emulator: Emulator, http: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The body of a 500 has no details; the log names the error, without the number and the text."""
    emulator.faults.arm(Fault.status(401), on=SEND)
    with caplog.at_level(logging.INFO, logger="wikipayam_async"):
        answer = http.post("/orders/A-1/notice")
    assert answer.json() == {"detail": "Internal Server Error", "code": "internal_error"}
    (record,) = [record for record in caplog.records if record.getMessage().startswith("fastapi: ")]
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("fastapi: answered 500 to AuthenticationError: sms.send")
    assert record.getMessage().endswith(" (POST /orders/{order}/notice)")
    assert (vars(record)["wikipayam_error"], vars(record)["wikipayam_status_code"]) == ("AuthenticationError", 500)
    assert not [secret for secret in (RECEIVER, "Your order", DEFAULT_TOKEN) if secret in caplog.text]


def test_an_app_s_own_handler_takes_precedence(emulator: Emulator) -> None:
    """A handler that the app adds for a subclass handles it."""
    app = make_app(wikipayam_lifespan(factory(emulator)))

    @app.exception_handler(RateLimitError)
    async def teapot(request: Request, error: RateLimitError) -> Any:
        return PlainTextResponse("teapot", 418)

    emulator.faults.arm(Fault.status(429, retry_after=90), on=SEND)
    with TestClient(app) as http:
        assert http.post("/orders/A-1/notice").status_code == 418


@pytest.mark.parametrize(
    ("fault", "receiver", "code", "reason"),
    [
        (Fault.reset(when=When.AFTER), RECEIVER, 1011, "The message may have been sent. Do not send it again blindly."),
        (Fault.status(402), RECEIVER, 1013, "Messages cannot be sent at the moment."),
        (None, "12", 1008, "expected an Iranian mobile number"),
    ],
    ids=["unknown", "balance", "input"],
)
def test_an_error_closes_a_web_socket_with_its_reason(
    emulator: Emulator, http: TestClient, fault: Fault | None, receiver: str, code: int, reason: str
) -> None:
    """The close code and the reason carry the error."""
    if fault is not None:
        emulator.faults.arm(fault, on=SEND)
    with http.websocket_connect("/live") as socket:
        socket.send_text(receiver)
        with pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_text()
    assert caught.value.code == code
    assert caught.value.reason.startswith(reason)
    assert len(caught.value.reason.encode()) <= 123


def test_a_repeated_request_with_an_idempotency_key(emulator: Emulator) -> None:
    """Another message under its key is a 409, and so is one in flight, which may be tried again later."""
    store = MemoryIdempotencyStore()
    app = FastAPI()
    install_error_handlers(app)

    @app.post("/notice")
    async def notice(text: str) -> str:
        async with AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator), idempotency=store) as client:
            return (await client.voice.send(RECEIVER, text, idempotency_key="order-42")).id

    @app.websocket("/in-flight")
    async def in_flight(socket: WebSocket) -> None:
        await socket.accept()
        raise InFlightError("in progress", key="order-42")

    with TestClient(app) as http:
        first, again, other = (http.post("/notice", params={"text": text}) for text in ("111111", "111111", "222222"))
        with http.websocket_connect("/in-flight") as socket, pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_text()
    assert (first.status_code, again.text, len(emulator.ledger)) == (200, first.text, 1)
    assert (other.status_code, other.json()["code"]) == (409, "key_conflict")
    assert (caught.value.code, caught.value.reason[:40]) == (1013, "Another request is sending this message.")


@pytest.mark.anyio
async def test_an_error_after_the_end_of_a_web_socket_is_only_logged(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A closed web socket is not closed again."""
    app = make_app(wikipayam_lifespan(factory(emulator)))

    @app.websocket("/brief")
    async def brief(web_socket: WebSocket, client: WikipayamDep) -> None:
        await web_socket.accept()
        await web_socket.close()
        await client.sms.send(RECEIVER, "Too late")

    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])

    emulator.faults.arm(Fault.status(402), on=SEND)
    # A test client may end the app as soon as its own side is closed, so the app is called directly.
    scope = {"type": "websocket", "path": "/brief", "query_string": b"", "headers": [], "subprotocols": []}
    async with app.router.lifespan_context(app):
        await app(scope, receive, send)
    assert sent == ["websocket.accept", "websocket.close"]
    assert "fastapi: answered 503 to InsufficientBalanceError" in caplog.text


PAGE = Path(__file__).parents[3] / "docs" / "en" / "fastapi.md"


def test_the_page_lists_every_response() -> None:
    """The page's table lists each code with its status."""
    rows = re.findall(r"^\|[^|]*\| (\d+)[^|]*\| `(\w+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    listed = {code: int(status) for status, code in rows}
    expected = {case.code: case.status for case in CASES.values()}
    others = {"partly_sent": 502, "busy": 503, "too_many_requests": 429, "code_refused": 401}
    others |= dict.fromkeys(("suppressed", "key_conflict", "in_flight"), 409)
    assert listed == {**expected, **others}
