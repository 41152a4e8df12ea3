from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, cast

import anyio
import httpx
import pytest
from attrs import frozen
from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from openapi_spec_validator import validate
from starlette.websockets import WebSocketDisconnect

from tests.support.net import EventRecorder
from wikipayam_async import AsyncWikipayam, RetryPolicy, SendStatus, SmsMessage
from wikipayam_async.bulk.results import BulkError, BulkReport, BulkSourceError, SendResult
from wikipayam_async.core.events import CallFinished
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault, When, serve
from wikipayam_async.errors import (
    APIConnectionError,
    ConfigurationError,
    NotFoundError,
    OutboxFullError,
    RateLimitError,
    SuppressedError,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.integrations.fastapi import (
    WIKIPAYAM_RESPONSES,
    InboundWorkerDep,
    OutboxDep,
    WikipayamDep,
    get_outbox,
    get_wikipayam,
    install_error_handlers,
    wikipayam_lifespan,
)
from wikipayam_async.integrations.fastapi.answers import answer_to, location_of

RECEIVER = "09123456789"
SEND = "POST /sms/send"


@pytest.fixture
def emulator() -> Emulator:
    """A gateway of its own for each test."""
    return Emulator()


def factory(emulator: Emulator, **options: Any) -> Callable[[], AsyncWikipayam]:
    """Return what makes a client of an emulator in process, which tries everything once."""
    settings: dict[str, Any] = {"sender": DEFAULT_LINE, "retry": RetryPolicy(attempts=1), **options}
    return lambda: AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator), **settings)


def add_routes(app: FastAPI | APIRouter) -> None:
    """Give an app what the tests ask for."""

    @app.post("/orders/{order}/notice", responses=WIKIPAYAM_RESPONSES)
    async def notify(order: str, client: WikipayamDep, receiver: str = RECEIVER) -> dict[str, str]:
        sent = await client.sms.send(receiver, "Your order is ready", track_id=order)
        return {"track_id": sent.track_id or ""}

    @app.post("/notices", responses=WIKIPAYAM_RESPONSES, status_code=202)
    async def post(outbox: OutboxDep) -> dict[str, str]:
        return {"track_id": outbox.post(RECEIVER, "Later")}

    @app.get("/balance", responses=WIKIPAYAM_RESPONSES)
    async def balance(client: WikipayamDep) -> dict[str, float]:
        return {"balance": float((await client.balance()).balance)}

    @app.get("/worker")
    async def worker(worker: InboundWorkerDep) -> dict[str, bool]:
        return {"there": worker.health is not None}

    @app.websocket("/live")
    async def live(web_socket: WebSocket, client: WikipayamDep) -> None:
        await web_socket.accept()
        async for receiver in web_socket.iter_text():
            sent = await client.sms.send(receiver, "Live")
            await web_socket.send_text(sent.receiver or "")


def make_app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any]]] | None = None) -> FastAPI:
    """Make an app with the routes and the handlers."""
    app = FastAPI(lifespan=lifespan)
    add_routes(app)
    install_error_handlers(app)
    return app


@pytest.fixture
def http(emulator: Emulator) -> Iterator[TestClient]:
    """The app at the emulator, entered."""
    with TestClient(make_app(wikipayam_lifespan(factory(emulator)))) as http:
        yield http


# The lifespan


def test_a_handler_sends_with_the_client_of_the_lifespan(emulator: Emulator, http: TestClient) -> None:
    """A path operation asks for the client, and its message arrives."""
    assert http.post("/orders/A-1/notice").json() == {"track_id": "A-1"}
    assert [sms.track_id for sms in emulator.sent_to(RECEIVER)] == ["A-1"]


def test_the_client_comes_from_the_environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument the environment says everything, and the messages go over a real socket."""
    with serve(emulator) as server:
        monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
        monkeypatch.setenv("SMS_SENDER", DEFAULT_LINE)
        monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", server.url)
        with TestClient(make_app(wikipayam_lifespan())) as http:
            assert http.post("/orders/A-1/notice").status_code == 200
    assert len(emulator.ledger) == 1


def test_an_app_without_a_token_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is found out at the start, and not by the first customer."""
    monkeypatch.delenv("SMS_AUTH_TOKEN", raising=False)
    with pytest.raises(ConfigurationError, match="token"), TestClient(make_app(wikipayam_lifespan())):
        pytest.fail("it started")


def test_two_apps_have_a_client_each(emulator: Emulator) -> None:
    """Two apps in one process do not meet, even while both run."""
    other = Emulator()
    first, second = (make_app(wikipayam_lifespan(factory(gateway))) for gateway in (emulator, other))
    with TestClient(first) as one, TestClient(second) as two:
        one.post("/orders/A-1/notice")
        two.post("/orders/B-1/notice")
    assert [sms.track_id for sms in emulator.ledger] == ["A-1"]
    assert [sms.track_id for sms in other.ledger] == ["B-1"]


def test_one_app_may_run_twice_at_once(emulator: Emulator) -> None:
    """Two test clients of one app have a client each; the end of one leaves the other at work."""
    app = make_app(wikipayam_lifespan(factory(emulator)))
    with TestClient(app) as one:
        with TestClient(app) as two:
            assert two.post("/orders/A-1/notice").status_code == 200
            latest = app.state.wikipayam
            assert one.post("/orders/A-2/notice").status_code == 200
        assert not hasattr(app.state, "wikipayam")
        app.state.wikipayam = latest
        assert one.post("/orders/A-3/notice").status_code == 200
    assert app.state.wikipayam is latest


class Diary:
    """Notes what happens, in order."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def factory(self, emulator: Emulator) -> Callable[[], AsyncWikipayam]:
        """Return what makes a client that notes its closing."""
        notes = self.notes

        class Noting(AsyncWikipayam):
            async def aclose(self) -> None:
                await super().aclose()
                notes.append("client closed")

        return lambda: Noting(DEFAULT_TOKEN, sender=DEFAULT_LINE, transport=EmulatorTransport(emulator))

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[dict[str, object]]:
        """An app's own lifespan."""
        balance = await app.state.wikipayam.balance()
        self.notes.append(f"own opened at balance {balance.balance > 0}")
        yield {"database": "a database"}
        await app.state.wikipayam.sms.send(RECEIVER, "Good night", track_id="last")
        self.notes.append("own closed")


def test_the_order_of_opening_and_closing(emulator: Emulator) -> None:
    """The app's own lifespan uses the client at both ends, and is there until the outbox and the worker are done."""
    diary = Diary()

    async def handler(_: object) -> None:
        diary.notes.append("received")

    app = make_app(
        wikipayam_lifespan(
            diary.factory(emulator),
            lifespan=diary.lifespan,
            outbox=lambda client: client.sms.outbox(
                linger=60, on_outcome=lambda result: diary.notes.append(f"outbox: {result.status.value}")
            ),
            inbound=lambda client: client.receives.worker(handler, poll_interval=0.01),
        )
    )

    @app.get("/database")
    async def database(request: Request) -> str:
        return cast("str", request.state.database)

    with TestClient(app) as http:
        assert http.get("/database").json() == "a database"
        assert http.get("/worker").json() == {"there": True}
        assert http.post("/notices").status_code == 202
    assert diary.notes == [
        "own opened at balance True",
        "outbox: accepted",
        "own closed",
        "client closed",
    ]
    assert [sms.message for sms in emulator.ledger] == ["Later", "Good night"]


def test_received_messages_come_to_the_handler(emulator: Emulator) -> None:
    """The worker of the lifespan hands over what comes in while the app runs."""
    emulator.inbound(sender="989123456789", message="لغو")
    received: list[str] = []
    arrived = anyio.Event()

    async def handler(message: Any) -> None:
        received.append(message.message)
        arrived.set()

    app = make_app(wikipayam_lifespan(factory(emulator), inbound=lambda client: client.receives.worker(handler)))

    @app.get("/wait")
    async def wait() -> None:
        with anyio.fail_after(10):
            await arrived.wait()

    with TestClient(app) as http:
        http.get("/wait")
    assert received == ["لغو"]


def test_a_lifespan_without_a_state_is_fine(emulator: Emulator) -> None:
    """Most lifespans yield nothing."""
    ran: list[str] = []

    @asynccontextmanager
    async def own(_: FastAPI) -> AsyncIterator[None]:
        ran.append("start")
        yield
        ran.append("end")

    with TestClient(make_app(wikipayam_lifespan(factory(emulator), lifespan=own))) as http:
        assert http.post("/orders/A-1/notice").status_code == 200
    assert ran == ["start", "end"]


def test_the_client_is_closed_if_the_app_fails_to_start(emulator: Emulator) -> None:
    """An exception of the app's own lifespan comes out as it is, and leaves nothing open."""
    diary = Diary()

    @asynccontextmanager
    async def own(_: FastAPI) -> AsyncIterator[None]:
        raise LookupError("no database")
        yield

    app = make_app(wikipayam_lifespan(diary.factory(emulator), lifespan=own))
    with pytest.raises(LookupError, match="no database"), TestClient(app):
        pytest.fail("it started")
    assert diary.notes == ["client closed"]
    assert not hasattr(app.state, "wikipayam")


async def undecorated(_: FastAPI) -> AsyncIterator[None]:
    """A lifespan whose decorator was forgotten."""
    yield


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"client": object()},
            "client: expected a function, since every run of the app has its own; got an object of type object",
        ),
        ({"outbox": True}, "outbox: expected a function, since every run of the app has its own; got True"),
        ({"lifespan": undecorated}, "lifespan: decorate it with contextlib.asynccontextmanager"),
    ],
    ids=["client", "outbox", "lifespan"],
)
def test_a_bad_argument_is_told_at_once(arguments: dict[str, Any], text: str) -> None:
    """A slip is found where the app is built, with what to do about it."""
    with pytest.raises(ConfigurationError) as caught:
        wikipayam_lifespan(**arguments)
    assert str(caught.value) == text


# The dependencies


@pytest.mark.parametrize("path", ["/balance", "/worker"])
def test_without_the_lifespan_the_error_says_what_to_do(emulator: Emulator, path: str) -> None:
    """A test client that was not entered runs no lifespan, which is what everybody forgets once."""
    http = TestClient(make_app(wikipayam_lifespan(factory(emulator))))
    with pytest.raises(RuntimeError) as caught:
        http.get(path)
    assert "FastAPI(lifespan=wikipayam_lifespan())" in str(caught.value)
    assert "with TestClient(app) as http" in str(caught.value)
    dependency = {"/balance": "get_wikipayam", "/worker": "get_inbound_worker"}[path]
    assert f"app.dependency_overrides[{dependency}]" in str(caught.value)


def test_an_outbox_that_was_not_asked_for_is_told_so(http: TestClient) -> None:
    """The lifespan ran, but opened no outbox: the error says how to get one."""
    with pytest.raises(RuntimeError, match=r"wikipayam_lifespan\(outbox=lambda client: client.sms.outbox\(\)\)"):
        http.post("/notices")


def test_dependencies_can_be_overridden(emulator: Emulator) -> None:
    """A test puts a client of its own in place, and needs no lifespan."""
    app = make_app()
    app.dependency_overrides[get_wikipayam] = factory(emulator)
    assert TestClient(app).post("/orders/A-1/notice").status_code == 200
    assert len(emulator.ledger) == 1


def test_an_outbox_can_be_overridden(emulator: Emulator) -> None:
    """So can the outbox, with anything that has a `post`."""

    class Pigeonhole:
        def post(self, receiver: str, message: str) -> str:
            return f"{message} to {receiver}"

    app = make_app()
    app.dependency_overrides[get_outbox] = Pigeonhole
    assert TestClient(app).post("/notices").json() == {"track_id": f"Later to {RECEIVER}"}


def test_mounted_apps_share_the_client(emulator: Emulator) -> None:
    """The lifespan of a mounted app does not run; it uses what the outer one has opened."""
    outer = FastAPI(lifespan=wikipayam_lifespan(factory(emulator)))
    outer.mount("/inner", make_app())
    with TestClient(outer) as http:
        assert http.post("/inner/orders/A-1/notice").status_code == 200
    assert len(emulator.ledger) == 1


def test_a_router_may_bring_the_lifespan(emulator: Emulator) -> None:
    """A router of its own, with the lifespan and the routes, is included like any other."""
    router = APIRouter(prefix="/sms", lifespan=wikipayam_lifespan(factory(emulator)))
    add_routes(router)
    app = FastAPI()
    app.include_router(router)
    with TestClient(app) as http:
        assert http.post("/sms/orders/A-1/notice").status_code == 200


async def patient(client: WikipayamDep) -> AsyncWikipayam:
    """A dependency of an app's own."""
    return client.with_options(timeout=60)


def test_a_dependency_of_one_s_own_can_build_on_it(emulator: Emulator) -> None:
    """A client with other settings shares the connections."""
    app = FastAPI(lifespan=wikipayam_lifespan(factory(emulator)))

    @app.get("/balance")
    async def balance(client: Annotated[AsyncWikipayam, Depends(patient)]) -> bool:
        return (await client.balance()).balance > 0

    with TestClient(app) as http:
        assert http.get("/balance").json() is True


@pytest.mark.anyio
async def test_an_async_test_runs_the_lifespan_itself(emulator: Emulator) -> None:
    """`httpx.ASGITransport` passes no lifespan state on; the client is found all the same, on asyncio and on trio."""
    app = make_app(wikipayam_lifespan(factory(emulator), outbox=lambda client: client.sms.outbox()))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as http,
    ):
        assert (await http.post("/orders/A-1/notice")).status_code == 200
        assert (await http.post("/notices")).status_code == 202
    assert [sms.message for sms in emulator.ledger] == ["Your order is ready", "Later"]


@pytest.mark.anyio
async def test_a_request_cancelled_in_mid_send_loses_nothing(emulator: Emulator) -> None:
    """A caller who goes away ends the handler; the send is finished first, and its outcome told."""
    ear = EventRecorder()
    emulator.faults.arm(Fault.delay(0.3), on=SEND)
    with serve(emulator) as server:
        app = make_app(
            wikipayam_lifespan(
                lambda: AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, base_url=server.url, on_event=ear)
            )
        )
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://test") as http,
        ):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(http.post, "/orders/A-1/notice")
                    while not emulator.requests_to(SEND):  # noqa: ASYNC110 - counted in another thread
                        await anyio.sleep(0.01)
                    scope.cancel()
            assert [end.messages[0].status for end in ear.of(CallFinished)] == [SendStatus.ACCEPTED]
            assert (await http.post("/orders/A-2/notice")).status_code == 200
    assert [sms.track_id for sms in emulator.ledger] == ["A-1", "A-2"]


# The errors


@frozen
class Case:
    """A fault of the gateway, and what the caller gets."""

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
    """Make the request that reaches the gateway's endpoint."""
    return http.post("/orders/A-1/notice") if on == SEND else http.get("/balance")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_failure_of_the_gateway_has_its_answer(emulator: Emulator, case: Case) -> None:
    """The status and the code say whose fault it was, and the body is one that OpenAPI announces."""
    emulator.faults.arm(case.fault, on=case.on)
    app = make_app(wikipayam_lifespan(factory(emulator, timeout=0.1)))
    with TestClient(app) as http:
        answer = ask(http, case.on)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (case.status, case.code)
    model = WIKIPAYAM_RESPONSES[case.status]["model"]
    kinds = getattr(model, "__args__", (model,))
    assert body in [kind.model_validate(body).model_dump() for kind in kinds if case.code in codes_of(kind)]


def codes_of(model: Any) -> tuple[str, ...]:
    """Return the codes that a body may hold."""
    return cast("tuple[str, ...]", model.model_fields["code"].annotation.__args__)


def test_an_unknown_outcome_names_the_message_and_warns(emulator: Emulator, http: TestClient) -> None:
    """The caller is told that the message may have been sent, and by which reference to look for it."""
    emulator.faults.arm(Fault.reset(when=When.AFTER), on=SEND)
    assert http.post("/orders/A-1/notice").json() == {
        "detail": "The message may have been sent. Do not send it again blindly.",
        "code": "outcome_unknown",
        "track_ids": ["A-1"],
        "accepted_track_ids": [],
    }
    assert len(emulator.ledger) == 1


@pytest.mark.parametrize(("named", "header"), [(90, "90"), (61.2, "62"), (None, "1")])
def test_a_rate_limit_says_when_to_come_again(
    emulator: Emulator, http: TestClient, named: float | None, header: str
) -> None:
    """Retry-After holds whole seconds, rounded up."""
    emulator.faults.arm(Fault.status(429, retry_after=named), on=SEND)
    answer = http.post("/orders/A-1/notice")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, header)


def test_a_rate_limit_may_be_429(emulator: Emulator) -> None:
    """Who hands the gateway's limit on to callers says so."""
    app = FastAPI(lifespan=wikipayam_lifespan(factory(emulator)))
    add_routes(app)
    install_error_handlers(app, rate_limit_status=429)
    emulator.faults.arm(Fault.status(429, retry_after=90), on=SEND)
    with TestClient(app) as http:
        answer = http.post("/orders/A-1/notice")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "90")


def test_a_full_outbox_asks_to_come_again(emulator: Emulator) -> None:
    """What finds no room is refused at once, and what had found some is sent."""
    app = make_app(wikipayam_lifespan(factory(emulator), outbox=lambda client: client.sms.outbox(max_waiting=1)))

    @app.post("/two")
    async def post_two(outbox: OutboxDep) -> list[str]:
        return [outbox.post(RECEIVER, "First"), outbox.post(RECEIVER, "Second")]

    with TestClient(app) as http:
        answer = http.post("/two")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "1")
    assert [sms.message for sms in emulator.ledger] == ["First"]


def test_bad_input_is_422_in_fastapi_s_own_shape(emulator: Emulator, http: TestClient) -> None:
    """The rule and the place are told, the value is not, and the same model fits FastAPI's own complaints."""
    answer = http.post("/orders/A-1/notice", params={"receiver": "0912-not-a-number"})
    (complaint,) = answer.json()["detail"]
    assert (answer.status_code, complaint["loc"], complaint["type"]) == (422, ["query", "receiver"], "value_error")
    assert set(complaint) == {"loc", "msg", "type"}
    assert "not-a-number" not in answer.text
    assert emulator.ledger == []


@pytest.mark.parametrize(
    ("field", "loc"),
    [
        ("receiver", ["query", "receiver"]),
        ("track_id", ["path", "track_id"]),
        ("messages[3].receiver", ["body", "messages", 3, "receiver"]),
        ("message", ["body", "message"]),
    ],
)
def test_the_place_of_a_bad_value(field: str, loc: list[str | int]) -> None:
    """A parameter of that name is taken for it; otherwise it stands in the body."""
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
def test_a_bulk_send_that_failed_in_part(
    kind: type[BulkError], statuses: tuple[SendStatus, ...], expected: tuple[int, str]
) -> None:
    """As soon as anything was sent, or may have been, the answer says so and names it."""
    answer = answer_to(kind("text", report=results(*statuses)))
    body = answer.body.model_dump()
    assert (answer.status, body["code"]) == expected
    if SendStatus.ACCEPTED in statuses:
        assert body["accepted_track_ids"] == ["T-0"]
        assert body["track_ids"] == [f"T-{n}" for n, status in enumerate(statuses) if status is SendStatus.UNKNOWN]


ERRORS: list[tuple[WikipayamError, int]] = [
    (ConfigurationError("no sender"), 500),
    (SuppressedError("not sent", reason="duplicate"), 409),
    (NotFoundError("no such message", status_code=404), 502),
    (APIConnectionError("refused"), 502),
    (RateLimitError("slow down", status_code=429, retry_after=1e300), 503),
    (OutboxFullError("full", retry_after=0.2), 503),
    (UnknownOutcomeError("lost", track_ids=[None, "A-1"], accepted=[object()]), 502),
]


@pytest.mark.parametrize(("error", "status"), ERRORS, ids=lambda value: type(value).__name__)
def test_errors_that_are_raised_elsewhere(error: WikipayamError, status: int) -> None:
    """Every error of the package has an answer; a pause is an hour at most."""
    answer = answer_to(error)
    assert answer.status == status
    assert answer.retry_after in {None, 1, 3600}
    assert len(answer.reason.encode()) <= 123


def test_the_log_tells_what_the_body_leaves_out(
    emulator: Emulator, http: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The body of a 500 says nothing; the log names the error, and neither the number nor the text."""
    emulator.faults.arm(Fault.status(401), on=SEND)
    with caplog.at_level(logging.INFO, logger="wikipayam_async"):
        answer = http.post("/orders/A-1/notice")
    assert answer.json() == {"detail": "Internal Server Error", "code": "internal_error"}
    (record,) = [record for record in caplog.records if record.getMessage().startswith("fastapi: ")]
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("fastapi: answered 500 to AuthenticationError: sms.send")
    assert not [secret for secret in (RECEIVER, "Your order", DEFAULT_TOKEN) if secret in caplog.text]


def test_a_handler_of_the_app_s_own_goes_first(emulator: Emulator) -> None:
    """Who wants another answer to one kind of error adds a handler for it, before or after."""
    app = make_app(wikipayam_lifespan(factory(emulator)))

    @app.exception_handler(RateLimitError)
    async def teapot(request: Request, error: RateLimitError) -> Any:
        return PlainTextResponse("teapot", 418)

    emulator.faults.arm(Fault.status(429, retry_after=90), on=SEND)
    with TestClient(app) as http:
        assert http.post("/orders/A-1/notice").status_code == 418


# Web sockets


def test_a_web_socket_sends(emulator: Emulator, http: TestClient) -> None:
    """The same dependency serves web sockets."""
    with http.websocket_connect("/live") as socket:
        socket.send_text("+98 912 345 6789")
        assert socket.receive_text() == RECEIVER
    assert len(emulator.ledger) == 1


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
    """Nothing can be answered there; the code and the reason of the closing say it."""
    if fault is not None:
        emulator.faults.arm(fault, on=SEND)
    with http.websocket_connect("/live") as socket:
        socket.send_text(receiver)
        with pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_text()
    assert caught.value.code == code
    assert caught.value.reason.startswith(reason)
    assert len(caught.value.reason.encode()) <= 123


@pytest.mark.anyio
async def test_an_error_after_the_end_of_a_web_socket_is_only_logged(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A web socket that is closed cannot be closed again."""
    app = make_app(wikipayam_lifespan(factory(emulator)))

    @app.websocket("/brief")
    async def brief(web_socket: WebSocket, client: WikipayamDep) -> None:
        await web_socket.accept()
        await web_socket.close()
        await client.sms.send(RECEIVER, "Too late")

    told: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        told.append(message["type"])

    emulator.faults.arm(Fault.status(402), on=SEND)
    # Without a test client, which may end the app as soon as its own side is closed.
    scope = {"type": "websocket", "path": "/brief", "query_string": b"", "headers": [], "subprotocols": []}
    async with app.router.lifespan_context(app):
        await app(scope, receive, send)
    assert told == ["websocket.accept", "websocket.close"]
    assert "fastapi: answered 503 to InsufficientBalanceError" in caplog.text


# OpenAPI


def test_the_openapi_document_is_valid_and_announces_the_answers(emulator: Emulator) -> None:
    """The document validates, names every status, and leaves the constant as it was."""
    before = {status: sorted(response) for status, response in WIKIPAYAM_RESPONSES.items()}
    document = make_app(wikipayam_lifespan(factory(emulator))).openapi()
    validate(cast("Any", document))
    announced = document["paths"]["/orders/{order}/notice"]["post"]["responses"]
    assert set(announced) == {"200", "409", "422", "500", "502", "503", "504"}
    assert announced["503"]["headers"]["Retry-After"]["schema"] == {"type": "integer"}
    references = [
        each["$ref"].rpartition("/")[2] for each in announced["502"]["content"]["application/json"]["schema"]["anyOf"]
    ]
    assert references == ["UncertainSend", "GatewayProblem"]
    assert {status: sorted(response) for status, response in WIKIPAYAM_RESPONSES.items()} == before


def test_fastapi_s_own_complaints_fit_the_announced_body(emulator: Emulator) -> None:
    """One model describes both kinds of 422."""
    app = make_app(wikipayam_lifespan(factory(emulator)))

    @app.get("/number", responses=WIKIPAYAM_RESPONSES)
    async def number(number: int) -> int:
        return number

    with TestClient(app) as http:
        body = http.get("/number", params={"number": "x"}).json()
    WIKIPAYAM_RESPONSES[422]["model"].model_validate(body)
    assert set(body["detail"][0]) >= {"loc", "msg", "type"}


# The extra


def test_without_fastapi_the_import_says_what_to_install() -> None:
    """The extra is named."""
    code = (
        "import sys; sys.modules['fastapi'] = None\n"
        "try:\n    import wikipayam_async.integrations.fastapi\nexcept ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own
    assert done.stdout.strip().endswith("needs FastAPI: pip install 'wikipayam_async[fastapi]'")


def test_the_core_does_not_import_fastapi() -> None:
    """Who installs the package alone gets along without it."""
    code = "import sys, wikipayam_async as w; w.AsyncWikipayam; print(sorted({'fastapi', 'pydantic', 'starlette'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own
    assert done.stdout.strip() == "[]"


# The documentation

PAGE = Path(__file__).parents[2] / "docs" / "en" / "fastapi.md"


def test_the_page_names_every_answer() -> None:
    """Each code that a body may hold stands in the page's table, with the status that OpenAPI announces."""
    rows = re.findall(r"^\|[^|]*\| (\d+)[^|]*\| `(\w+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    told = {code: int(status) for status, code in rows}
    expected = {case.code: case.status for case in CASES.values()}
    assert told == {**expected, "partly_sent": 502, "busy": 503, "suppressed": 409}
