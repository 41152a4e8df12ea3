"""Run every recipe of the documentation unchanged, between a real server and the emulator."""

from __future__ import annotations

import importlib.util
import json
import logging.config
import re
import secrets
import ssl
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import httpx
import pytest
import uvicorn
from anyio.abc import TaskStatus
from anyio.from_thread import start_blocking_portal

from tests.support.effort import long_or_short
from tests.support.net import on_virtual_time
from tests.support.verification import random_steps
from wikipayam_async import AsyncWikipayam, ConfigurationError
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, Fault, When, serve
from wikipayam_async.idempotency import IdempotencyStoreError
from wikipayam_async.idempotency.contract import STORE_CONTRACT
from wikipayam_async.testing import emulator_client
from wikipayam_async.verification import MemoryStore, SmsChannel, VerificationStoreError, Verifier
from wikipayam_async.verification.contract import STORE_CONTRACT as CODE_STORE_CONTRACT

DOCS = Path(__file__).parent.parent.parent / "docs"
RECIPES = DOCS / "examples" / "recipes"
PAGES = [DOCS / language / "recipes.md" for language in ("en", "fa")]

if not DOCS.is_dir():
    pytest.skip("the documentation is not part of what is tested here", allow_module_level=True)

NOTICE = {"order": "ORDER-1001", "mobile": "+98 912 345 6789", "text": "Your order is ready"}
LANDLINE = {**NOTICE, "mobile": "02188776655"}
JSON = {"Content-Type": "application/json"}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading the usual certificates takes longer than a whole test
ACCEPTED_THEN_CUT_OFF = Fault.reset(when=When.AFTER)

SERVICES = {
    "starlette_app": ("starlette",),
    "litestar_app": ("litestar",),
    "aiohttp_app": ("aiohttp",),
    "django_app": ("django",),
    "dishka_app": ("dishka", "litestar"),
    "svcs_app": ("svcs", "starlette"),
}
"""The recipes that are web services, and the packages they need."""

LOGINS = {
    "starlette_login": ("starlette", "redis"),
    "litestar_login": ("litestar", "redis"),
    "django_login": ("django", "redis"),
}
"""Those that log users in by a code."""


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio only, which is what the frameworks support."""
    return "asyncio"


@pytest.fixture(autouse=True)
def own_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the frameworks from configuring the root logger, which all tests of the process share."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    monkeypatch.setattr(logging.config, "dictConfig", lambda _: None)
    yield
    assert (root.level, root.handlers) == before


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulator on a free port, with the environment pointing to it."""
    emulator = Emulator()
    with serve(emulator) as served:
        monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
        monkeypatch.setenv("SMS_SENDER", DEFAULT_LINE)
        monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", served.url)
        yield emulator


@pytest.fixture
def lifetimes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record when clients are opened and closed."""
    lifetimes: list[str] = []
    opening, closing = AsyncWikipayam.__init__, AsyncWikipayam.aclose

    def init(self: AsyncWikipayam, *args: Any, **options: Any) -> None:
        lifetimes.append("opened")
        opening(self, *args, **options)

    async def aclose(self: AsyncWikipayam) -> None:
        lifetimes.append("closed")
        await closing(self)

    monkeypatch.setattr(AsyncWikipayam, "__init__", init)
    monkeypatch.setattr(AsyncWikipayam, "aclose", aclose)
    return lifetimes


def load(name: str, *needs: str) -> ModuleType:
    """Import a recipe, or skip the test if its framework is not installed.

    Django can be set up only once per process, so its recipe is imported once; the others anew for every test.
    """
    for need in needs:
        pytest.importorskip(need)
    known = f"recipes_{name}"
    if name == "django_app" and known in sys.modules:
        return sys.modules[known]
    spec = importlib.util.spec_from_file_location(known, RECIPES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[known] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class PromptServer(uvicorn.Server):
    """A server that stops at once, without waiting for uvicorn's tick of 0.1 seconds."""

    async def run(self, stop: anyio.Event, *, task_status: TaskStatus[int]) -> None:  # type: ignore[override]
        """Serve until `stop` is set; report the port."""
        self.stop, self.status = stop, task_status
        with suppress(SystemExit):  # newer releases raise it if the application did not start
            await self.serve()
        if not self.started:
            raise RuntimeError("the application did not start")

    async def main_loop(self) -> None:
        """Wait until `stop` is set."""
        self.status.started(self.servers[0].sockets[0].getsockname()[1])
        await self.stop.wait()


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "aiohttp_app"])
@pytest.mark.usefixtures("emulator")
def test_no_mode_of_the_server_starts_it_without_a_token(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With uvicorn's default, `--lifespan auto`, an exception would let it start; the application reports the failure."""
    monkeypatch.delenv("SMS_AUTH_TOKEN")
    module = load(name, *SERVICES[name])
    app = getattr(module, "app", None) or module.application
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="auto", log_config=None, log_level="critical"))
    server.should_exit = True  # it would end as soon as it has started
    with suppress(SystemExit):
        anyio.run(server.serve)
    assert not server.started


async def run_uvicorn(app: Any, stop: anyio.Event, *, task_status: TaskStatus[int]) -> None:
    """Serve an ASGI application, including its lifespan."""
    server = PromptServer(uvicorn.Config(app, port=0, lifespan="on", log_config=None, log_level="critical"))
    await server.run(stop, task_status=task_status)


async def run_aiohttp(app: Any, stop: anyio.Event, *, task_status: TaskStatus[int]) -> None:
    """Serve an aiohttp application."""
    from aiohttp import web  # noqa: PLC0415 - not installed everywhere

    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    task_status.started(runner.addresses[0][1])
    await stop.wait()
    await runner.cleanup()


@contextmanager
def running(name: str) -> Iterator[httpx.Client]:
    """Serve a recipe on a free port; yield an HTTP client for it."""
    module = load(name, *(SERVICES | LOGINS)[name])
    app = module.create_app() if name == "aiohttp_app" else getattr(module, "app", None) or module.application
    run: Callable[..., Any] = run_aiohttp if name == "aiohttp_app" else run_uvicorn
    with start_blocking_portal("asyncio") as portal:
        stop = portal.call(anyio.Event)
        served, port = portal.start_task(run, app, stop)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", verify=NO_TLS) as client:
                yield client
        finally:
            portal.call(stop.set)
            served.result()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_sends_with_one_client_for_all_its_requests(
    name: str, emulator: Emulator, lifetimes: list[str]
) -> None:
    """The client is opened and closed with the process; the order number is the track id."""
    with running(name) as client:
        assert lifetimes == ["opened"]
        answers = [client.post("/notices", json={**NOTICE, "order": order}) for order in ("ORDER-1", "ORDER-2")]
    assert lifetimes == ["opened", "closed"]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [answer.json() for answer in answers] == [{"id": entry.id} for entry in emulator.ledger]
    assert [(entry.receiver, entry.message, entry.track_id) for entry in emulator.ledger] == [
        ("09123456789", "Your order is ready", "ORDER-1"),
        ("09123456789", "Your order is ready", "ORDER-2"),
    ]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_says_that_a_message_may_have_been_sent(name: str, emulator: Emulator) -> None:
    """A send whose outcome is unknown is a 502 that says so, and is not retried."""
    emulator.faults.arm(ACCEPTED_THEN_CUT_OFF, on="POST /sms/send")
    with running(name) as client:
        answer = client.post("/notices", json=NOTICE)
    assert answer.status_code == 502
    assert answer.json() == {"detail": "The message may have been sent. Do not send it again blindly."}
    assert emulator.requests_to("POST /sms/send") == 1
    assert len(emulator.ledger) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_rejects_invalid_requests(name: str, emulator: Emulator) -> None:
    """A receiver that is no mobile is a 422 that names the rule, not the number; a malformed body is a 400 or 422."""
    bodies = [b"{", b'{"order": "ORDER-1", "mobile": 9123456789, "text": "x"}', json.dumps(LANDLINE).encode()]
    with running(name) as client:
        *malformed, invalid = [client.post("/notices", content=body, headers=JSON) for body in bodies]
    assert [answer.status_code for answer in malformed] == [400 if "litestar" in SERVICES[name] else 422] * 2
    assert invalid.status_code == 422
    assert invalid.json()["detail"].startswith("receiver: ")
    assert "88776655" not in invalid.text
    assert emulator.requests_to("POST /sms/send") == 0


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.usefixtures("emulator")
def test_a_service_without_a_token_does_not_start(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes when the process starts, not at the first request."""
    monkeypatch.delenv("SMS_AUTH_TOKEN")
    with pytest.raises((ConfigurationError, RuntimeError), match=r"SMS_AUTH_TOKEN|did not start"), running(name):
        pass


@pytest.fixture
def login(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> Iterator[str]:
    """The name of a recipe for logins, with its settings in the environment and an empty Redis."""
    name = str(request.param)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("CODE_SECRET", secrets.token_hex(32))
    with suppress(ImportError):
        import redis  # noqa: PLC0415 - not installed everywhere

        with redis.Redis.from_url(redis_url) as server:
            server.flushdb()
    if name == "django_login":
        load("django_app", "django")  # it has the settings of the process
        from django.test.utils import override_settings  # noqa: PLC0415 - not installed everywhere

        with override_settings(ROOT_URLCONF="recipes_django_login"):
            yield name
    else:
        yield name


@pytest.mark.parametrize("login", LOGINS, indirect=True)
def test_a_user_logs_in_with_a_code(login: str, emulator: Emulator) -> None:
    """By SMS or by a call; the proof opens the orders, wrong codes and limits have their answers."""
    with running(login) as http:
        started = http.post("/login/start", json={"mobile": "+98 912 345 6789"})
        assert (started.status_code, started.json()["expires_in"] > 110) == (202, True)
        code, challenge = emulator.last_code("09123456789"), started.json()["challenge"]
        entered = [
            http.post("/login/check", json={"challenge": challenge, "code": one}) for one in ("none", code, code)
        ]
        unknown = http.post("/login/check", json={"challenge": "0" * 32, "code": code})
        proof = entered[1].json()["proof"]
        orders = [http.get("/orders", headers={"Authorization": value}) for value in (f"Bearer {proof}", "Bearer x")]
        again = http.post("/login/start", json={"mobile": "09123456789"})
        over = http.post("/login/resend", json={"challenge": challenge})
        landline = http.post("/login/start", json={"mobile": "02188776655"})
    assert [answer.status_code for answer in entered] == [401, 200, 401]
    assert (unknown.status_code, unknown.text) == (401, entered[2].text)
    assert [answer.status_code for answer in orders] == [200, 401]
    assert orders[0].json() == {"orders_of": "09123456789"}
    assert (again.status_code, 1 <= int(again.headers["Retry-After"]) <= 30) == (429, True)
    assert (over.status_code, landline.status_code) == (401, 422)
    assert "88776655" not in landline.text


@pytest.mark.parametrize("login", LOGINS, indirect=True)
def test_a_login_tells_when_no_code_can_be_sent(
    login: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that refuses is a 502, a store that is down a 503, and an early resend a 429."""
    with running(login) as http:
        challenge = http.post("/login/start", json={"mobile": "09123456789"}).json()["challenge"]
        early = http.post("/login/resend", json={"challenge": challenge})
        emulator.faults.arm(Fault.status(402), on="POST /otp/sms/send")
        refused = http.post("/login/start", json={"mobile": "09120000001"})
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    with running(login) as http:
        down = http.post("/login/start", json={"mobile": "09120000002"})
    assert [answer.status_code for answer in (early, refused, down)] == [429, 502, 503]
    assert [entry.receiver for entry in emulator.ledger] == ["09123456789"]


@pytest.mark.parametrize("login", LOGINS, indirect=True)
@pytest.mark.usefixtures("emulator")
def test_a_login_without_a_secret_does_not_start(login: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes would be guessable, or different in every process."""
    monkeypatch.delenv("CODE_SECRET")
    with pytest.raises((KeyError, RuntimeError), match=r"CODE_SECRET|did not start"), running(login):
        pass


def test_django_under_wsgi_opens_a_client_per_request(emulator: Emulator, lifetimes: list[str]) -> None:
    """Concurrent requests, each in its own thread and event loop, share no client and lose no message."""
    load("django_app", "django")
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415 - not installed everywhere

    orders = [f"ORDER-{number}" for number in range(12)]
    app: Any = get_wsgi_application()
    with (
        httpx.Client(transport=httpx.WSGITransport(app), base_url="http://shop") as client,
        ThreadPoolExecutor(4) as threads,
    ):
        answers = list(threads.map(lambda order: client.post("/notices", json={**NOTICE, "order": order}), orders))
    assert [answer.status_code for answer in answers] == [201] * 12
    assert sorted(lifetimes) == ["closed"] * 12 + ["opened"] * 12
    assert sorted(entry.track_id or "" for entry in emulator.ledger) == sorted(orders)


def test_the_svcs_ping_checks_the_balance(emulator: Emulator) -> None:
    """The ping requests the balance, which also checks the token."""
    svcs = pytest.importorskip("svcs")
    module = load("svcs_app", "svcs", "starlette")

    async def ping() -> list[str]:
        async with module.lifespan(module.app) as state, svcs.Container(state["svcs_registry"]) as container:
            for one in container.get_pings():
                await one.aping()
            return [one.name for one in container.get_pings()]

    assert anyio.run(ping) == ["wikipayam_async.AsyncWikipayam"]
    assert emulator.requests_to("GET /user/balance") == 1


async def run_task(**notice: str) -> Any:
    """Run a task with all its retries, with the client's delays on virtual time; return its last result."""
    module = load("taskiq_app", "taskiq")
    broker = module.broker
    await broker.startup()
    on_virtual_time(broker.state.wikipayam)
    task = await module.notify.kiq(**notice)
    result = await task.wait_result(check_interval=0.005, timeout=10)
    await broker.wait_all()
    await broker.shutdown()
    return result


@pytest.mark.anyio
async def test_a_task_sends(emulator: Emulator, lifetimes: list[str]) -> None:
    """A task sends with the worker's client, which is opened and closed with the worker."""
    result = await run_task(**NOTICE)
    assert lifetimes == ["opened", "closed"]
    assert [result.return_value] == [f"ORDER-1001 was sent as {entry.id}" for entry in emulator.ledger]


@pytest.mark.anyio
async def test_a_task_is_acknowledged_before_it_sends(emulator: Emulator) -> None:
    """If a worker dies during a send, its task is not delivered to another."""
    module = load("taskiq_app", "taskiq")
    from taskiq import AckableMessage  # noqa: PLC0415 - not installed everywhere

    sent_before: list[int] = []
    await module.broker.startup()
    message = module.broker.formatter.dumps(module.notify.kicker()._prepare_message(**NOTICE))
    ackable = AckableMessage(data=message.message, ack=lambda: sent_before.append(len(emulator.ledger)))
    await module.broker.receiver.callback(ackable)
    await module.broker.shutdown()
    assert sent_before == [0]
    assert len(emulator.ledger) == 1


@pytest.mark.anyio
async def test_a_task_that_may_have_sent_is_not_retried(emulator: Emulator) -> None:
    """An unknown outcome is a result for the queue, so there is one request and one message."""
    emulator.faults.arm(ACCEPTED_THEN_CUT_OFF, on="POST /sms/send")
    result = await run_task(**NOTICE)
    assert result.return_value == "ORDER-1001 may have been sent; look it up before you send it again"
    assert emulator.requests_to("POST /sms/send") == 1
    assert len(emulator.ledger) == 1


@pytest.mark.anyio
async def test_a_task_that_sent_nothing_is_retried(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    """After the client's three attempts the queue retries the task, and one message is sent."""
    caplog.set_level("INFO", logger="taskiq")
    emulator.faults.arm(Fault.status(429, retry_after=0), on="POST /sms/send", times=3)
    result = await run_task(**NOTICE)
    assert [result.return_value] == [f"ORDER-1001 was sent as {entry.id}" for entry in emulator.ledger]
    assert emulator.requests_to("POST /sms/send") == 4
    assert caplog.text.count("Executing task") == 2


@pytest.mark.anyio
async def test_a_task_with_invalid_input_is_not_retried(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    """The task ends with the error."""
    caplog.set_level("INFO", logger="taskiq")
    result = await run_task(**LANDLINE)
    assert type(result.error).__name__ == "InvalidInputError"
    assert caplog.text.count("Executing task") == 1
    assert emulator.requests_to("POST /sms/send") == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_the_page_shows_every_recipe_unchanged(page: Path) -> None:
    """The page holds every recipe verbatim, under a link to its file, and no other Python code."""
    text = page.read_text("utf-8")
    quoted = re.findall(r"\[`(\w+\.py)`\]\(\.\./examples/recipes/\1\)\n\n```python\n(.*?)```\n", text, re.DOTALL)
    assert dict(quoted) == {file.name: file.read_text("utf-8") for file in RECIPES.glob("*.py")}
    assert text.count("```python") == len(quoted)


def test_every_recipe_is_tested() -> None:
    """Every recipe file has a test in this module."""
    assert sorted(file.stem for file in RECIPES.glob("*.py")) == sorted(
        [*SERVICES, *LOGINS, "sqlalchemy_store", "sqlalchemy_codes", "taskiq_app"]
    )


@pytest.mark.anyio
async def test_sqlalchemy_keeps_keys_with_the_orders(postgres_url: str) -> None:
    """The store passes the contract, and an outcome is committed together with the order that it belongs to."""
    module = load("sqlalchemy_store", "sqlalchemy")
    from sqlalchemy import create_engine  # noqa: PLC0415 - not installed everywhere
    from sqlalchemy.orm import Session  # noqa: PLC0415

    engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    module.Base.metadata.create_all(engine)
    store = module.NoticeStore(engine)
    for check in STORE_CONTRACT:
        await check(lambda: store)
    with Session(engine) as session, session.begin():
        session.add(module.Order(number="ORDER-1001"))
    emulator = Emulator()
    async with emulator_client(emulator).with_options(idempotency=store) as client:
        sent = await client.sms.send(NOTICE["mobile"], NOTICE["text"], idempotency_key="ORDER-1001:shipped")
        again = await client.sms.send(NOTICE["mobile"], NOTICE["text"], idempotency_key="ORDER-1001:shipped")
    assert (again, emulator.requests_to("POST /sms/send")) == (sent, 1)
    with Session(engine) as session:
        assert session.get_one(module.Order, "ORDER-1001").notice == "accepted"
    module.Base.metadata.drop_all(engine)
    with pytest.raises(IdempotencyStoreError, match="the table of notices: ProgrammingError"):
        await store.read("k")
    engine.dispose()


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Any]:
    """An engine for the database, without open connections afterwards."""
    pytest.importorskip("sqlalchemy")
    from sqlalchemy import create_engine  # noqa: PLC0415 - not installed everywhere

    engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    yield engine
    engine.dispose()


@pytest.mark.anyio
async def test_codes_in_a_table_of_ones_own(engine: Any) -> None:
    """The store of the recipe keeps the contract, and does what the store in memory does."""
    module = load("sqlalchemy_codes", "sqlalchemy")
    store = module.CodeStore(engine)
    module.Base.metadata.create_all(engine)
    for check in CODE_STORE_CONTRACT:
        await check(lambda: store)
    for seed in range(long_or_short(40, 2)):
        module.Base.metadata.drop_all(engine)
        module.Base.metadata.create_all(engine)
        memory = MemoryStore()
        for name, step in random_steps(seed, 80):
            assert (name, await step(store)) == (name, await step(memory))
    assert await store.purge(now=1e12) > 0
    module.Base.metadata.drop_all(engine)


@pytest.mark.anyio
async def test_codes_are_not_accepted_without_the_table(engine: Any) -> None:
    """A user logs in with it; when it fails, nothing is sent."""
    module = load("sqlalchemy_codes", "sqlalchemy")
    module.Base.metadata.create_all(engine)
    emulator, store = Emulator(), module.CodeStore(engine)
    async with emulator_client(emulator) as client:
        verifier = Verifier(client, store, secret=secrets.token_hex(32), channels=[SmsChannel(otp_pattern_id=13)])
        challenge = await verifier.start("09123456789", purpose="login")
        result = await verifier.check(challenge.id, emulator.last_code("09123456789") or "", purpose="login")
        assert result.receiver == "09123456789"
        module.Base.metadata.drop_all(engine)
        with pytest.raises(VerificationStoreError, match="the table of codes: ProgrammingError"):
            await verifier.start("09120000001", purpose="login")
    assert len(emulator.ledger) == 1
