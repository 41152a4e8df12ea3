"""Every recipe of the documentation is run as it stands: a real server before it, the emulator behind it."""

from __future__ import annotations

import importlib.util
import json
import logging.config
import re
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

from tests.support.net import on_virtual_time
from wikipayam_async import AsyncWikipayam, ConfigurationError
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, Fault, When, serve

DOCS = Path(__file__).parent.parent.parent / "docs"
RECIPES = DOCS / "examples" / "recipes"
PAGE = DOCS / "en" / "recipes.md"

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
"""The recipes that are web services, and what they need."""


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio alone: the frameworks know nothing else."""
    return "asyncio"


@pytest.fixture(autouse=True)
def own_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the frameworks from configuring the root logger, which the other tests of this process share."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    monkeypatch.setattr(logging.config, "dictConfig", lambda _: None)
    yield
    assert (root.level, root.handlers) == before


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulator on a port, named in the environment as a deployment would."""
    emulator = Emulator()
    with serve(emulator) as served:
        monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
        monkeypatch.setenv("SMS_SENDER", DEFAULT_LINE)
        monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", served.url)
        yield emulator


@pytest.fixture
def lives(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down when clients are opened and closed."""
    lives: list[str] = []
    opening, closing = AsyncWikipayam.__init__, AsyncWikipayam.aclose

    def init(self: AsyncWikipayam, *args: Any, **options: Any) -> None:
        lives.append("opened")
        opening(self, *args, **options)

    async def aclose(self: AsyncWikipayam) -> None:
        lives.append("closed")
        await closing(self)

    monkeypatch.setattr(AsyncWikipayam, "__init__", init)
    monkeypatch.setattr(AsyncWikipayam, "aclose", aclose)
    return lives


def load(name: str, *needs: str) -> ModuleType:
    """Execute a recipe, or skip the test where its framework is not installed.

    Django is set up once in a process, so its recipe is executed once; the others are new for every test.
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
    """Ends when it is told to, without uvicorn's ticks of a tenth of a second."""

    async def run(self, stop: anyio.Event, *, task_status: TaskStatus[int]) -> None:  # type: ignore[override]
        """Serve until stopped; tell the port."""
        self.stop, self.status = stop, task_status
        with suppress(SystemExit):  # which newer releases raise when the application did not start
            await self.serve()
        if not self.started:
            raise RuntimeError("the application did not start")

    async def main_loop(self) -> None:
        """Wait for the end."""
        self.status.started(self.servers[0].sockets[0].getsockname()[1])
        await self.stop.wait()


async def run_uvicorn(app: Any, stop: anyio.Event, *, task_status: TaskStatus[int]) -> None:
    """Serve an ASGI application, lifespan and all."""
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
    """Serve a recipe on a free port; give a client that calls it."""
    module = load(name, *SERVICES[name])
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
def test_a_service_sends_with_one_client_for_all_its_requests(name: str, emulator: Emulator, lives: list[str]) -> None:
    """The client is opened with the process and closed with it; the order number is the track id."""
    with running(name) as client:
        assert lives == ["opened"]
        answers = [client.post("/notices", json={**NOTICE, "order": order}) for order in ("ORDER-1", "ORDER-2")]
    assert lives == ["opened", "closed"]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [answer.json() for answer in answers] == [{"id": entry.id} for entry in emulator.ledger]
    assert [(entry.receiver, entry.message, entry.track_id) for entry in emulator.ledger] == [
        ("09123456789", "Your order is ready", "ORDER-1"),
        ("09123456789", "Your order is ready", "ORDER-2"),
    ]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_says_that_a_message_may_have_been_sent(name: str, emulator: Emulator) -> None:
    """A send whose outcome is unknown is a 502 that says so, and is not tried again."""
    emulator.faults.arm(ACCEPTED_THEN_CUT_OFF, on="POST /sms/send")
    with running(name) as client:
        answer = client.post("/notices", json=NOTICE)
    assert answer.status_code == 502
    assert answer.json() == {"detail": "The message may have been sent. Do not send it again blindly."}
    assert emulator.requests_to("POST /sms/send") == 1
    assert len(emulator.ledger) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_refuses_what_cannot_be_sent(name: str, emulator: Emulator) -> None:
    """A receiver that is no mobile is a 422 that names the rule and not the number; so is a body that does not fit."""
    bodies = [b"{", b'{"order": "ORDER-1", "mobile": 9123456789, "text": "x"}', json.dumps(LANDLINE).encode()]
    with running(name) as client:
        *unfit, bad = [client.post("/notices", content=body, headers=JSON) for body in bodies]
    assert [answer.status_code for answer in unfit] == [400 if "litestar" in SERVICES[name] else 422] * 2
    assert bad.status_code == 422
    assert bad.json()["detail"].startswith("receiver: ")
    assert "88776655" not in bad.text
    assert emulator.requests_to("POST /sms/send") == 0


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.usefixtures("emulator")
def test_a_service_without_a_token_does_not_start(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake is found when the process starts, and not by the first request."""
    monkeypatch.delenv("SMS_AUTH_TOKEN")
    with pytest.raises((ConfigurationError, RuntimeError), match=r"SMS_AUTH_TOKEN|did not start"), running(name):
        pass


def test_django_under_wsgi_gives_every_request_a_client_of_its_own(emulator: Emulator, lives: list[str]) -> None:
    """Each async view runs in an event loop of its own there, many at once in threads: nothing is lost or shared."""
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
    assert sorted(lives) == ["closed"] * 12 + ["opened"] * 12
    assert sorted(entry.track_id or "" for entry in emulator.ledger) == sorted(orders)


def test_svcs_asks_the_gateway_whether_the_client_works(emulator: Emulator) -> None:
    """The recipe's ping is the balance, which checks the token too."""
    svcs = pytest.importorskip("svcs")
    module = load("svcs_app", "svcs", "starlette")

    async def ping() -> list[str]:
        async with module.lifespan(module.app) as state, svcs.Container(state["svcs_registry"]) as container:
            for one in container.get_pings():
                await one.aping()
            return [one.name for one in container.get_pings()]

    assert anyio.run(ping) == ["wikipayam_async.client.AsyncWikipayam"]
    assert emulator.requests_to("GET /user/balance") == 1


async def run_task(**notice: str) -> Any:
    """Let the queue do a task with all its retries, the client's pauses on virtual time; return its last result."""
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
async def test_a_task_sends(emulator: Emulator, lives: list[str]) -> None:
    """A task sends with the client of its worker, which lives as long as that."""
    result = await run_task(**NOTICE)
    assert lives == ["opened", "closed"]
    assert [result.return_value] == [f"ORDER-1001 was sent as {entry.id}" for entry in emulator.ledger]


@pytest.mark.anyio
async def test_a_task_is_acknowledged_before_it_sends(emulator: Emulator) -> None:
    """A worker that dies in the middle of a send does not get its task handed out to another."""
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
async def test_a_task_that_may_have_sent_is_not_tried_again(emulator: Emulator) -> None:
    """An unknown outcome is a result to the queue, so there is one request and one message."""
    emulator.faults.arm(ACCEPTED_THEN_CUT_OFF, on="POST /sms/send")
    result = await run_task(**NOTICE)
    assert result.return_value == "ORDER-1001 may have been sent; look it up before you send it again"
    assert emulator.requests_to("POST /sms/send") == 1
    assert len(emulator.ledger) == 1


@pytest.mark.anyio
async def test_a_task_that_sent_nothing_is_tried_again(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    """The client tries three times and gives up; the queue then tries the task again, and one message goes out."""
    caplog.set_level("INFO", logger="taskiq")
    emulator.faults.arm(Fault.status(429, retry_after=0), on="POST /sms/send", times=3)
    result = await run_task(**NOTICE)
    assert [result.return_value] == [f"ORDER-1001 was sent as {entry.id}" for entry in emulator.ledger]
    assert emulator.requests_to("POST /sms/send") == 4
    assert caplog.text.count("Executing task") == 2


@pytest.mark.anyio
async def test_a_task_with_bad_input_is_not_tried_again(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    """What will never succeed is not repeated: the task ends with the error."""
    caplog.set_level("INFO", logger="taskiq")
    result = await run_task(**LANDLINE)
    assert type(result.error).__name__ == "InvalidInputError"
    assert caplog.text.count("Executing task") == 1
    assert emulator.requests_to("POST /sms/send") == 0


def test_the_page_shows_the_recipes_as_they_are() -> None:
    """Every recipe stands on the page, under a link to its file, to the letter; and no other code does."""
    page = PAGE.read_text("utf-8")
    quoted = re.findall(r"\[`(\w+\.py)`\]\(\.\./examples/recipes/\1\)\n\n```python\n(.*?)```\n", page, re.DOTALL)
    assert dict(quoted) == {file.name: file.read_text("utf-8") for file in RECIPES.glob("*.py")}
    assert page.count("```python") == len(quoted)


def test_every_recipe_is_run_here() -> None:
    """None was added without a test."""
    assert sorted(file.stem for file in RECIPES.glob("*.py")) == sorted([*SERVICES, "taskiq_app"])
