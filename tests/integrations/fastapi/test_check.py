from __future__ import annotations

import logging
import subprocess
import sys
import traceback
from collections.abc import Iterator

import anyio
import pytest
from anyio.abc import ByteStream
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.integrations.fastapi.app import factory, make_app
from tests.support.net import BALANCE
from tests.support.raw import RawRequest, raw_gateway
from wikipayam_async import APIStatusError, AsyncWikipayam, RetryPolicy
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, Fault, When, serve
from wikipayam_async.errors import (
    APIConnectionError,
    AuthenticationError,
    BadRequestError,
    InsufficientBalanceError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    ServerError,
    WikipayamError,
)
from wikipayam_async.integrations.fastapi import check as check_module
from wikipayam_async.integrations.fastapi import wikipayam_lifespan
from wikipayam_async.integrations.fastapi.check import check_token, stops_the_start

BALANCE_ENDPOINT = "GET /user/balance"


@pytest.mark.parametrize(
    ("error", "stops"),
    [
        (AuthenticationError("401", status_code=401), True),
        (PermissionDeniedError("403", status_code=403), True),
        (NotFoundError("404", status_code=404), True),
        (BadRequestError("400", status_code=400), True),
        (APIStatusError("405", status_code=405), True),
        (APIStatusError("302", status_code=302), True),
        (InsufficientBalanceError("402", status_code=402), False),
        (APIStatusError("408", status_code=408), False),
        (APIStatusError("409", status_code=409), False),
        (RateLimitError("429", status_code=429), False),
        (ServerError("503", status_code=503), False),
        (APIConnectionError("unreachable"), False),
        (ResponseError("unreadable"), False),
    ],
    ids=lambda value: f"{value}",
)
def test_only_a_refusal_of_the_settings_stops_the_start(error: WikipayamError, stops: bool) -> None:
    """What may pass by itself does not keep a service down."""
    assert stops_the_start(error) is stops


@pytest.fixture
def served(emulator: Emulator) -> Iterator[str]:
    """The URL of the emulator on a port."""
    with serve(emulator) as server:
        yield server.url


@pytest.mark.anyio
async def test_a_wrong_token_stops_the_start(served: str) -> None:
    """Over a socket, the app does not start, and the error names the cause and the settings, but not the token."""
    app = FastAPI(lifespan=wikipayam_lifespan(lambda: AsyncWikipayam("wrong-token", base_url=served), check=True))
    with pytest.raises(AuthenticationError) as caught:
        async with app.router.lifespan_context(app):
            pytest.fail("it started")
    shown = "".join(traceback.format_exception(caught.value))
    assert "balance: the gateway answered 401" in shown
    assert f"wikipayam_lifespan(check=True): the app does not start, because {served} refused" in shown
    assert "check SMS_AUTH_TOKEN" in shown
    assert "wrong-token" not in shown
    assert not hasattr(app.state, "wikipayam")


@pytest.mark.anyio
async def test_a_right_token_starts_the_app(emulator: Emulator, served: str, caplog: pytest.LogCaptureFixture) -> None:
    """The balance is read once, before the app's own lifespan, and nothing is logged."""
    with caplog.at_level(logging.WARNING, "wikipayam_async"):
        app = FastAPI(lifespan=wikipayam_lifespan(lambda: AsyncWikipayam(DEFAULT_TOKEN, base_url=served), check=True))
        async with app.router.lifespan_context(app):
            assert emulator.requests_to(BALANCE_ENDPOINT) == 1
    assert caplog.messages == []


def test_without_check_no_request_is_made(emulator: Emulator) -> None:
    """By default the start of the app makes no request."""
    with TestClient(make_app(wikipayam_lifespan(factory(emulator)))):
        assert emulator.requests == 0


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.reset(when=When.BEFORE), "APIConnectionError: account.balance: "),
        (Fault.status(503), "ServerError: account.balance: the gateway answered 503"),
        (Fault.status(429, retry_after=600), "RateLimitError: account.balance: the gateway answered 429"),
        (Fault.status(402), "InsufficientBalanceError: account.balance: the gateway answered 402"),
        (Fault.malformed_json(), "ResponseError: account.balance: "),
    ],
    ids=["reset", "503", "429", "402", "unreadable"],
)
def test_a_gateway_that_fails_only_warns(
    emulator: Emulator, caplog: pytest.LogCaptureFixture, fault: Fault, reason: str
) -> None:
    """The app starts, and a warning gives the reason."""
    emulator.faults.arm(fault, on=BALANCE_ENDPOINT)
    with TestClient(make_app(wikipayam_lifespan(factory(emulator), check=True))) as http:
        assert http.post("/orders/A-1/notice").status_code == 200 or fault == Fault.status(429, retry_after=600)
    (warning, *_) = [record for record in caplog.records if record.name == "wikipayam_async"]
    start = "fastapi: the token could not be checked, and the app starts all the same ("
    assert (warning.levelname, warning.getMessage()[: len(start + reason)]) == ("WARNING", start + reason)


@pytest.mark.anyio
async def test_a_silent_gateway_does_not_hold_the_start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After the time limit the app starts, although the client would wait longer."""
    monkeypatch.setattr(check_module, "_TIME_LIMIT", 0.05)

    async def hang(_request: RawRequest, _stream: ByteStream) -> object:
        await anyio.sleep(30)
        return BALANCE

    async with raw_gateway(hang) as gateway, AsyncWikipayam("token", base_url=gateway.url, timeout=30) as client:
        with anyio.fail_after(10):
            await check_token(client)
    assert caplog.messages == [
        "fastapi: the token could not be checked, and the app starts all the same (no answer within 0 s)"
    ]


@pytest.mark.anyio
async def test_a_cancelled_start_is_cancelled(emulator: Emulator) -> None:
    """A server that stops during the check cancels it."""
    emulator.faults.arm(Fault.hang(when=When.BEFORE), on=BALANCE_ENDPOINT)
    client = factory(emulator, timeout=30, retry=RetryPolicy(max_attempts=1))()
    with anyio.move_on_after(0.05) as scope:
        await check_token(client)
    assert scope.cancelled_caught


PROGRAM = """
import sys
import uvicorn
from fastapi import FastAPI
from wikipayam_async.integrations.fastapi import OutboxDep, install_error_handlers, wikipayam_lifespan, WikipayamDep

app = FastAPI(lifespan=wikipayam_lifespan(outbox=lambda client: client.sms.outbox(), check=sys.argv[1] == "check"))
install_error_handlers(app)

@app.post("/orders")
async def order(outbox: OutboxDep) -> str:
    return outbox.post("09123456789", "text", track_id="ORDER-1")

@app.post("/notices")
async def notice(client: WikipayamDep) -> None:
    await client.sms.send("09123456789", "text", track_id="NOTICE-1")

@app.get("/health")
async def health(outbox: OutboxDep) -> bool:
    return outbox.healthy

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        if self.started:
            import httpx
            port = self.servers[0].sockets[0].getsockname()[1]
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
                import asyncio
                task = asyncio.create_task(self.requests(http))
                serving = asyncio.create_task(self.main_loop())
                await task
                self.should_exit = True
                await serving

    async def requests(self, http):
        print((await http.post("/orders")).status_code, (await http.post("/notices")).status_code, flush=True)
        while (await http.get("/health")).json():
            pass

Server(uvicorn.Config(app, port=0, log_level="warning")).run()
"""


def run_program(url: str, check: str) -> subprocess.CompletedProcess[str]:
    """Run an app under uvicorn with a wrong token and without any logging of its own."""
    environ = {
        "SMS_AUTH_TOKEN": "wrong-token-81f3",
        "SMS_SENDER": "10002000",
        "WIKIPAYAM_SMS_API_BASE_URL": url,
        "PYTHONPATH": ":".join(sys.path),
    }
    return subprocess.run(  # noqa: S603 - the code is in this file
        [sys.executable, "-c", PROGRAM, check], env=environ, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_lost_message_is_on_stderr(served: str) -> None:
    """Under uvicorn with a wrong token, each lost message and each swallowed error is on stderr, without secrets."""
    done = run_program(served, "no check")
    assert done.stdout.split() == ["200", "500"]
    assert "sms.outbox ORDER-1: rejected (AuthenticationError: sms.send: the gateway answered 401" in done.stderr
    assert "fastapi: answered 500 to AuthenticationError: sms.send: the gateway answered 401" in done.stderr
    assert "wrong-token-81f3" not in done.stderr


def test_a_wrong_token_stops_uvicorn(served: str) -> None:
    """With the check, uvicorn exits with an error whose text names the setting."""
    done = run_program(served, "check")
    assert done.returncode != 0
    assert done.stdout == ""
    assert "the app does not start" in done.stderr
    assert "wrong-token-81f3" not in done.stderr
