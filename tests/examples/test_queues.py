"""The task queues of the documentation, each with its broker and its workers as processes of their own."""

from __future__ import annotations

import functools
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
from tests.support.raw import RawRequest, raw_gateway
from tests.support.servers import postgres_server, redis_server

DOCS = Path(__file__).parent.parent.parent / "docs"
QUEUES = DOCS / "examples" / "queues"
PAGE = DOCS / "en" / "queues.md"

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
    """

    needs: tuple[str, ...]
    broker: Callable[[], AbstractContextManager[str]]
    worker: tuple[str, ...]
    enqueue: str
    prepare: str = ""


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
        ("-m", "rq.cli", "worker", "notices", "--with-scheduler"),
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
    """Answers slowly; accepts a message whose track id begins with `LOST`, and loses the answer."""

    async def __call__(self, request: RawRequest, stream: ByteStream) -> object:
        """Record a request, and answer it unless the answer is lost."""
        answered = await super().__call__(request, stream)
        if isinstance(request.json, list) and request.json[0]["track_id"].startswith("LOST"):
            return False
        return answered


class Shop:
    """A queue in use: its broker, its gateway, its workers."""

    def __init__(self, program: Program, environment: dict[str, str], gateway: QueueGateway, log: Path) -> None:
        self._program = program
        self._environment = environment
        self._log = log
        self.gateway = gateway

    @property
    def log(self) -> str:
        """What the workers wrote so far."""
        return self._log.read_text("utf-8", errors="replace")

    def run(self, statements: str) -> None:
        """Run statements in a process of their own."""
        command = [sys.executable, "-c", f"RECEIVER = {RECEIVER!r}\n{statements}"]
        subprocess.run(command, check=True, env=self._environment, cwd=QUEUES, timeout=DEADLINE)  # noqa: S603

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

    def wait_for(self, orders: set[str], *, within: float = DEADLINE) -> None:
        """Wait until the gateway has accepted a message for each order."""
        self.wait_until(lambda: orders <= set(self.gateway.accepted), within)

    def wait_until(self, is_met: Callable[[], bool], within: float = DEADLINE) -> None:
        """Wait for a condition; fail with the end of the workers' log."""
        deadline = time.monotonic() + within
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
        shop = Shop(program, environment, gateway, directory / "worker.log")
        if program.prepare:
            shop.run(program.prepare)
        yield shop


@pytest.fixture(params=PROGRAMS)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """Each queue."""
    program = PROGRAMS[request.param]
    for need in program.needs:
        if find_spec(need) is None:
            pytest.skip(f"{need} is not installed: python -m pip install --group recipes")
    with opened(program, tmp_path) as shop:
        yield shop


def test_a_worker_that_is_stopped_in_the_middle_doubles_nothing(shop: Shop) -> None:
    """SIGTERM while tasks send: what was cut off is delivered again, and nothing is sent twice; nor is a lost answer."""
    orders = ("LOST-1", *(f"ORDER-{number}" for number in range(12)))
    shop.enqueue(*orders)
    with shop.worker() as worker:
        shop.wait_until(lambda: len(shop.gateway.accepted) >= 3)
        worker.send_signal(signal.SIGTERM)
        worker.wait(DEADLINE)
    with shop.worker():
        shop.wait_for(set(orders))
        shop.enqueue("LAST")
        shop.wait_for({"LAST"})
    assert shop.gateway.doubled == []


def test_a_worker_that_is_killed_in_the_middle_doubles_nothing(shop: Shop) -> None:
    """SIGKILL while tasks send: what is delivered again is not sent twice. How soon it is depends on the queue."""
    shop.enqueue(*(f"ORDER-{number}" for number in range(8)))
    with shop.worker():
        shop.wait_until(lambda: bool(shop.gateway.accepted))
    with shop.worker():
        shop.enqueue("LAST")
        shop.wait_for({"LAST"})
    assert shop.gateway.doubled == []


@pytest.mark.skipif(sys.platform != "linux", reason="the processes are found in /proc")
@pytest.mark.parametrize("shop", ["celery"], indirect=True)
def test_a_celery_process_that_is_killed_in_the_middle_doubles_nothing(shop: Shop) -> None:
    """Celery delivers the task of a killed process again at once; its key, claimed and without an outcome, stops it."""
    with shop.worker() as worker:
        shop.enqueue(*(f"ORDER-{number}" for number in range(6)))
        shop.wait_until(lambda: bool(shop.gateway.accepted))
        for child in Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text("utf-8").split():
            os.kill(int(child), signal.SIGKILL)
        shop.enqueue("LAST")
        shop.wait_for({"LAST"})
        shop.wait_until(lambda: "UnknownOutcomeError" in shop.log)
    assert shop.gateway.doubled == []


@pytest.mark.parametrize("shop", ["celery"], indirect=True)
def test_an_error_comes_back_from_celery_as_it_was_raised(shop: Shop) -> None:
    """The result backend keeps it as JSON: class, text, fields and status are those of the worker's error."""
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
    assert dict(shop.gateway.accepted) == {"LOST-1": 1, "ORDER-2": 1}


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


def test_the_page_shows_every_program_unchanged() -> None:
    """The page holds every file verbatim, under a link to it, and no other Python code."""
    page = PAGE.read_text("utf-8")
    quoted = re.findall(r"\[`(\w+\.py)`\]\(\.\./examples/queues/\1\)\n\n```python\n(.*?)```\n", page, re.DOTALL)
    assert dict(quoted) == {file.name: file.read_text("utf-8") for file in QUEUES.glob("*.py")}
    assert page.count("```python") == len(quoted)
