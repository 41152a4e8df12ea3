from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient

from tests.integrations.fastapi.app import RECEIVER, SEND, add_routes, factory, make_app
from tests.support.net import EventRecorder
from wikipayam_async import AsyncWikipayam, SendStatus
from wikipayam_async.core.events import CallFinished
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault, serve
from wikipayam_async.errors import (
    ConfigurationError,
)
from wikipayam_async.integrations.fastapi import (
    OutboxDep,
    wikipayam_lifespan,
)


def test_a_handler_sends_with_the_client_of_the_lifespan(emulator: Emulator, http: TestClient) -> None:
    """A path operation sends a message with the client it depends on."""
    assert http.post("/orders/A-1/notice").json() == {"track_id": "A-1"}
    assert [sms.track_id for sms in emulator.sent_to(RECEIVER)] == ["A-1"]


def test_the_client_comes_from_the_environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments the client is configured by the environment."""
    with serve(emulator) as server:
        monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
        monkeypatch.setenv("SMS_SENDER", DEFAULT_LINE)
        monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", server.url)
        with TestClient(make_app(wikipayam_lifespan())) as http:
            assert http.post("/orders/A-1/notice").status_code == 200
    assert len(emulator.ledger) == 1


def test_an_app_without_a_token_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing token stops the start of the app."""
    monkeypatch.delenv("SMS_AUTH_TOKEN", raising=False)
    with pytest.raises(ConfigurationError, match="token"), TestClient(make_app(wikipayam_lifespan())):
        pytest.fail("it started")


def test_two_apps_have_a_client_each(emulator: Emulator) -> None:
    """Two apps running in one process share no client."""
    other = Emulator()
    first, second = (make_app(wikipayam_lifespan(factory(gateway))) for gateway in (emulator, other))
    with TestClient(first) as one, TestClient(second) as two:
        one.post("/orders/A-1/notice")
        two.post("/orders/B-1/notice")
    assert [sms.track_id for sms in emulator.ledger] == ["A-1"]
    assert [sms.track_id for sms in other.ledger] == ["B-1"]


def test_one_app_may_run_twice_at_once(emulator: Emulator) -> None:
    """Two test clients of one app have a client each; closing one does not affect the other."""
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


class Record:
    """A record of openings, closings and outcomes, in order."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def factory(self, emulator: Emulator) -> Callable[[], AsyncWikipayam]:
        """Return a factory of clients that record their closing."""
        notes = self.notes

        class RecordingClient(AsyncWikipayam):
            async def aclose(self) -> None:
                await super().aclose()
                notes.append("client closed")

        return lambda: RecordingClient(DEFAULT_TOKEN, sender=DEFAULT_LINE, transport=EmulatorTransport(emulator))

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[dict[str, object]]:
        """An app's own lifespan, which uses the client at both ends."""
        balance = await app.state.wikipayam.balance()
        self.notes.append(f"own opened at balance {balance.balance > 0}")
        yield {"database": "a database"}
        await app.state.wikipayam.sms.send(RECEIVER, "Good night", track_id="last")
        self.notes.append("own closed")


def test_the_order_of_opening_and_closing(emulator: Emulator) -> None:
    """The app's own lifespan can use the client at both ends, and outlasts the outbox and the worker."""
    record = Record()

    async def handler(_: object) -> None:
        record.notes.append("received")

    app = make_app(
        wikipayam_lifespan(
            record.factory(emulator),
            lifespan=record.lifespan,
            outbox=lambda client: client.sms.outbox(
                linger=60, on_outcome=lambda result: record.notes.append(f"outbox: {result.status.value}")
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
    assert record.notes == [
        "own opened at balance True",
        "outbox: accepted",
        "own closed",
        "client closed",
    ]
    assert [sms.message for sms in emulator.ledger] == ["Later", "Good night"]


def test_received_messages_are_passed_to_the_handler(emulator: Emulator) -> None:
    """The worker of the lifespan passes received messages to the handler while the app runs."""
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


def test_messages_lost_at_shutdown_are_logged(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    """Each message that is not sent within the drain time-out has a WARNING with its track id."""
    app = make_app(
        wikipayam_lifespan(
            factory(emulator),
            outbox=lambda client: client.sms.outbox(linger=60, batch_size=1, concurrency=1, drain_timeout=0),
        )
    )

    @app.post("/many")
    async def post_many(outbox: OutboxDep) -> list[str]:
        return [outbox.post(RECEIVER, "text", track_id=f"MANY-{number}") for number in range(5)]

    emulator.faults.arm(Fault.delay(0.3), on=SEND)
    with TestClient(app) as http:
        assert http.post("/many").status_code == 200
    sent = {sms.track_id for sms in emulator.ledger}
    lost = {f"MANY-{number}" for number in range(5)} - sent
    texts = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    warnings = [text for text in texts if text.startswith("sms.outbox ")]
    assert len(lost) >= 4
    assert {warning.split()[1].rstrip(":") for warning in warnings} == lost
    assert all("not_attempted (ClosedError: sms.send: not sent, because the outbox" in text for text in warnings)


def test_a_lifespan_may_yield_no_state(emulator: Emulator) -> None:
    """An app's own lifespan that yields None works."""
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
    """An exception of the app's own lifespan propagates unchanged, and the client is closed."""
    record = Record()

    @asynccontextmanager
    async def own(_: FastAPI) -> AsyncIterator[None]:
        raise LookupError("no database")
        yield

    app = make_app(wikipayam_lifespan(record.factory(emulator), lifespan=own))
    with pytest.raises(LookupError, match="no database"), TestClient(app):
        pytest.fail("it started")
    assert record.notes == ["client closed"]
    assert not hasattr(app.state, "wikipayam")


async def undecorated(_: FastAPI) -> AsyncIterator[None]:
    """A lifespan without its decorator."""
    yield


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"client": object()},
            "client: expected a function, because each run of the app needs its own; got an object of type object",
        ),
        ({"outbox": True}, "outbox: expected a function, because each run of the app needs its own; got True"),
        ({"lifespan": undecorated}, "lifespan: decorate it with contextlib.asynccontextmanager"),
    ],
    ids=["client", "outbox", "lifespan"],
)
def test_an_invalid_argument_is_an_error_when_the_app_is_built(arguments: dict[str, Any], text: str) -> None:
    """The error comes when the app is built, and names the argument and the remedy."""
    with pytest.raises(ConfigurationError) as caught:
        wikipayam_lifespan(**arguments)
    assert str(caught.value) == text


def test_a_router_may_carry_the_lifespan(emulator: Emulator) -> None:
    """A router that carries the lifespan and the routes can be included in an app."""
    router = APIRouter(prefix="/sms", lifespan=wikipayam_lifespan(factory(emulator)))
    add_routes(router)
    app = FastAPI()
    app.include_router(router)
    with TestClient(app) as http:
        assert http.post("/sms/orders/A-1/notice").status_code == 200


@pytest.mark.anyio
async def test_an_async_test_runs_the_lifespan_itself(emulator: Emulator) -> None:
    """The dependencies work under `httpx.ASGITransport`, which passes no lifespan state on, on asyncio and trio."""
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
async def test_a_request_cancelled_during_a_send_loses_nothing(emulator: Emulator) -> None:
    """If the caller disconnects, the send completes and its outcome is reported before the handler ends."""
    recorder = EventRecorder()
    emulator.faults.arm(Fault.delay(0.3), on=SEND)
    with serve(emulator) as server:
        app = make_app(
            wikipayam_lifespan(
                lambda: AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, base_url=server.url, on_event=recorder)
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
            assert [end.messages[0].status for end in recorder.of(CallFinished)] == [SendStatus.ACCEPTED]
            assert (await http.post("/orders/A-2/notice")).status_code == 200
    assert [sms.track_id for sms in emulator.ledger] == ["A-1", "A-2"]
