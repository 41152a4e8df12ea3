"""The task queues of the documentation, each with its broker and its workers as processes of their own."""

from __future__ import annotations

import functools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from importlib.util import find_spec
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteStream
from anyio.from_thread import start_blocking_portal
from attrs import frozen

from tests.support.ledger_gateway import LedgerGateway
from tests.support.net import RECEIVER, TOKEN
from tests.support.raw import RawRequest, answer, raw_gateway
from tests.support.servers import postgres_server, redis_server

DOCS = Path(__file__).parent.parent.parent / "docs"
QUEUES = DOCS / "examples" / "queues"
PAGES = [DOCS / language / "queues.md" for language in ("en", "fa")]

if not DOCS.is_dir():
    pytest.skip("the documentation is not part of what is tested here", allow_module_level=True)

DEADLINE = 100.0


@frozen
class Program:
    """The processes of a queue.

    Attributes:
        needs: The packages.
        broker: Starts the broker and yields its URL.
        worker: The arguments of Python that run a worker.
        enqueue: Statements that enqueue a notice for each of `orders`.
        prepare: Statements that prepare the broker.
        install: The arguments of pip that install the packages.
    """

    needs: tuple[str, ...]
    broker: Callable[[], AbstractContextManager[str]]
    worker: tuple[str, ...]
    enqueue: str
    prepare: str = ""
    install: str = "--group recipes"


PROGRAMS = {
    "celery": Program(
        ("celery", "redis"),
        redis_server,
        ("-m", "celery", "-A", "celery_app", "worker", "--concurrency", "2", "--without-gossip", "--without-mingle"),
        "import celery_app\nfor order in orders: celery_app.notify.delay(order, RECEIVER, 'ready')",
    ),
    "rq": Program(
        ("rq",),
        redis_server,
        ("rq_app.py",),
        "import rq_app\nfor order in orders: rq_app.enqueue(order, RECEIVER, 'ready')",
    ),
    "arq": Program(
        ("arq",),
        redis_server,
        ("-m", "arq", "arq_app.WorkerSettings"),
        "import anyio, arq, arq_app\n"
        "async def main():\n"
        "    pool = await arq.create_pool(arq_app.WorkerSettings.redis_settings)\n"
        "    for order in orders: await pool.enqueue_job('notify', order, RECEIVER, 'ready')\n"
        "anyio.run(main)",
    ),
    "dramatiq": Program(
        ("dramatiq",),
        redis_server,
        ("-m", "dramatiq", "dramatiq_app", "--processes", "1", "--threads", "4"),
        "import dramatiq_app\nfor order in orders: dramatiq_app.notify.send(order, RECEIVER, 'ready')",
    ),
    "taskiq": Program(
        ("taskiq_redis",),
        redis_server,
        ("-m", "taskiq", "worker", "taskiq_app:broker", "--workers", "1", "--max-async-tasks", "2"),
        "for order in orders: asyncio.run(kick(order))",
        prepare="import asyncio, taskiq_app\n"
        "async def kick(order):\n"
        "    await taskiq_app.broker.startup()\n"
        "    await taskiq_app.notify.kiq(order, RECEIVER, 'ready')\n"
        "    await taskiq_app.broker.shutdown()",
        install="--no-deps 'taskiq-redis>=1.2.4'",
    ),
    "procrastinate": Program(
        ("procrastinate", "psycopg"),
        postgres_server,
        ("procrastinate_app.py",),
        "import anyio, procrastinate_app as shop\n"
        "async def main():\n"
        "    async with shop.app.open_async():\n"
        "        for order in orders: await shop.notify.defer_async(order=order, mobile=RECEIVER, text='ready')\n"
        "anyio.run(main)",
        prepare="import anyio, procrastinate_app as shop\n"
        "async def main():\n"
        "    async with shop.app.open_async(): await shop.app.schema_manager.apply_schema_async()\n"
        "anyio.run(main)",
    ),
}


class QueueGateway(LedgerGateway):
    """Answers slowly; accepts a message whose track id begins with `LOST`, and loses the answer; refuses `BUSY`."""

    async def __call__(self, request: RawRequest, stream: ByteStream) -> object:
        """Record a request, and answer it unless the answer is lost."""
        if isinstance(request.json, list) and request.json[0]["track_id"].startswith("BUSY"):
            return answer({"message": "busy"}, 429, headers={"Retry-After": "100"})
        answered = await super().__call__(request, stream)
        if isinstance(request.json, list) and request.json[0]["track_id"].startswith("LOST"):
            return False
        return answered


_SHELL = """
import json, sys, traceback
names = {"RECEIVER": sys.argv[1]}
for line in sys.stdin:
    try:
        exec(json.loads(line), names)
    except BaseException:
        print(json.dumps(traceback.format_exc()), flush=True)
    else:
        print(json.dumps(""), flush=True)
"""
"""Runs statements in one process, since to start another and to import a queue takes longer than to use it."""


class Shop:
    """A queue in use: its broker, its gateway, its workers."""

    def __init__(self, program: Program, environment: dict[str, str], gateway: QueueGateway, log: Path) -> None:
        self._program = program
        self._environment = environment
        self._log = log
        self._shell: subprocess.Popen[str] | None = None
        self.gateway = gateway

    @property
    def log(self) -> str:
        """What the workers wrote so far."""
        return self._log.read_text("utf-8", errors="replace")

    @contextmanager
    def shell(self) -> Iterator[None]:
        """Start the process of `run`, and end it after the block."""
        with subprocess.Popen(  # noqa: S603 - the statements of this module
            [sys.executable, "-c", _SHELL, RECEIVER],
            env=self._environment,
            cwd=QUEUES,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ) as self._shell:
            try:
                yield
            finally:
                self._shell.kill()

    def run(self, statements: str) -> None:
        """Run statements in a process of a producer; each finds the names that those before it made."""
        assert self._shell is not None
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(json.dumps(statements) + "\n")
        self._shell.stdin.flush()
        assert json.loads(self._shell.stdout.readline()) == ""

    def enqueue(self, *orders: str) -> None:
        """Enqueue a notice for each order."""
        self.run(f"orders = {orders!r}\n{self._program.enqueue}")

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker in a process group of its own; end it with SIGKILL after the block."""
        with (
            self._log.open("ab") as log,
            subprocess.Popen(  # noqa: S603 - the programs above
                [sys.executable, *self._program.worker],
                env=self._environment,
                cwd=QUEUES,
                stdout=log,
                stderr=log,
                start_new_session=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def wait_for(self, *orders: str) -> None:
        """Wait until the gateway has accepted a message for each order."""
        self.wait_until(lambda: set(orders) <= set(self.gateway.accepted))

    def wait_until(self, is_met: Callable[[], bool]) -> None:
        """Wait for a condition; fail with the end of the workers' log."""
        deadline = time.monotonic() + DEADLINE
        while not is_met():
            if time.monotonic() > deadline:
                pytest.fail(f"accepted {dict(self.gateway.accepted)}\n{self.log[-6000:]}")
            time.sleep(0.02)


@contextmanager
def opened(program: Program, directory: Path) -> Iterator[Shop]:
    """Open a queue with an empty broker, and a gateway in another thread."""
    gateway = QueueGateway(functools.partial(anyio.sleep, 0.2))
    with (
        program.broker() as url,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(raw_gateway(gateway)) as raw,
    ):
        environment = os.environ | {
            "BROKER_URL": url,
            "RQ_REDIS_URL": url,
            "DATABASE_URL": url,
            "SENT_DB": str(directory / "sent.db"),
            "SMS_AUTH_TOKEN": TOKEN,
            "SMS_SENDER": "10002000",
            "WIKIPAYAM_SMS_API_BASE_URL": raw.url,
            "PYTHONPATH": os.pathsep.join([str(DOCS.parent), str(QUEUES)]),
        }
        yield Shop(program, environment, gateway, directory / "worker.log")


@pytest.fixture(params=PROGRAMS)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """Each queue."""
    program = PROGRAMS[request.param]
    for need in program.needs:
        if find_spec(need) is None:
            pytest.skip(f"{need} is not installed: python -m pip install {program.install}")
    with opened(program, tmp_path) as shop, shop.shell():
        if program.prepare:
            shop.run(program.prepare)
        yield shop


def test_workers_that_are_stopped_and_killed_in_the_middle_double_nothing(shop: Shop) -> None:
    """SIGTERM, then SIGKILL, while tasks send: what was cut off is delivered again, and not sent twice; nor is a lost answer.

    How soon the tasks of a killed worker are delivered again depends on the queue.
    """
    first = ("LOST-1", *(f"ORDER-{number}" for number in range(6)))
    second = tuple(f"ORDER-{number}" for number in range(10, 14))
    with shop.worker() as worker:
        shop.enqueue(*first)
        shop.wait_until(lambda: len(shop.gateway.accepted) >= 2)
        worker.send_signal(signal.SIGTERM)
        worker.wait(DEADLINE)
    with shop.worker():
        shop.wait_for(*first)
        shop.enqueue(*second)
        shop.wait_until(lambda: not shop.gateway.accepted.keys().isdisjoint(second))
    with shop.worker():
        shop.enqueue("LAST")
        shop.wait_for("LAST")
    assert shop.gateway.doubled == []


@pytest.mark.skipif(sys.platform != "linux", reason="the processes are found in /proc")
@pytest.mark.parametrize("shop", ["celery"], indirect=True)
def test_a_celery_process_that_is_killed_in_the_middle_doubles_nothing(shop: Shop) -> None:
    """Celery delivers the task of a killed process again at once; its key, claimed and without an outcome, stops it."""
    with shop.worker() as worker:
        shop.enqueue(*(f"ORDER-{number}" for number in range(4)))
        shop.wait_until(lambda: bool(shop.gateway.accepted))
        for child in Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text("utf-8").split():
            os.kill(int(child), signal.SIGKILL)
        shop.enqueue("LAST")
        shop.wait_for("LAST")
        shop.wait_until(lambda: "UnknownOutcomeError" in shop.log)
    assert shop.gateway.doubled == []


@pytest.mark.parametrize("shop", ["celery"], indirect=True)
def test_an_error_comes_back_from_celery_as_it_was_raised_and_in_one_piece(shop: Shop) -> None:
    """The result backend keeps it as JSON: class, text, fields and status are those of the worker's error.

    The process of a task writes its error in at most 16 KB, at once: a worker that is stopped with a part read never ends.
    """
    with shop.worker():
        shop.run(
            "import celery_app\n"
            "from wikipayam_async import InvalidInputError, SendStatus, UnknownOutcomeError\n"
            "def error_of(order, mobile):\n"
            "    try: celery_app.notify.delay(order, mobile, 'ready').get(timeout=60)\n"
            "    except Exception as error: return error\n"
            "invalid, lost = error_of('ORDER-1', '12'), error_of('LOST-1', RECEIVER)\n"
            "assert (type(invalid), invalid.field) == (InvalidInputError, 'receiver'), invalid\n"
            "assert (type(lost), lost.track_ids, lost.send_status) == "
            "(UnknownOutcomeError, ('LOST-1',), SendStatus.UNKNOWN), lost\n"
            "assert celery_app.notify.delay('ORDER-2', RECEIVER, 'ready').get(timeout=60)['track_id'] == 'ORDER-2'\n"
        )
        # The task that is to be repeated goes to the worker, where its 429 holds back the sends after it.
        shop.run(
            "import pickle, celery_app\n"
            "from celery.app.trace import build_tracer\n"
            "def result_of(order):\n"
            "    trace = build_tracer('notify', celery_app.notify, app=celery_app.app)\n"
            "    request = {'id': order, 'is_eager': False, 'called_directly': False, 'delivery_info': {}}\n"
            "    result, info, *_ = trace(order, (order, RECEIVER, 'ready'), {}, request)\n"
            "    return info.state, len(pickle.dumps(result)) < 16_000\n"
            "assert (result_of('LOST-2'), result_of('BUSY-1')) == (('FAILURE', True), ('RETRY', True))\n"
        )
    assert dict(shop.gateway.accepted) == {"LOST-2": 1, "LOST-1": 1, "ORDER-2": 1}


SCHEDULED = Program((), lambda: nullcontext("redis://127.0.0.1:9/0"), ("apscheduler_app.py",), "")


def test_a_scheduled_job_that_runs_again_sends_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job runs every second here; its key names the day, so the reminder is sent once a day."""
    pytest.importorskip("apscheduler")
    monkeypatch.setenv("RUN_SECONDS", "2.5")
    with opened(SCHEDULED, tmp_path) as scheduled, scheduled.worker() as worker:
        assert worker.wait(DEADLINE) == 0
        assert [*scheduled.gateway.accepted.values()] == [1]


def test_every_queue_is_tested() -> None:
    """Each file of the documentation is the program of a test."""
    assert sorted(file.stem for file in QUEUES.glob("*.py")) == sorted(
        [*(f"{name}_app" for name in PROGRAMS), "apscheduler_app"]
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_the_page_shows_every_program_unchanged(page: Path) -> None:
    """The page holds every file verbatim, under a link to it, and no other Python code."""
    text = page.read_text("utf-8")
    quoted = re.findall(r"\[`(\w+\.py)`\]\(\.\./examples/queues/\1\)\n\n```python\n(.*?)```\n", text, re.DOTALL)
    assert dict(quoted) == {file.name: file.read_text("utf-8") for file in QUEUES.glob("*.py")}
    assert text.count("```python") == len(quoted)
