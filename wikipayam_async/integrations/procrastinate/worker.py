"""A worker: a process that sends queued campaigns, on any machine."""

from __future__ import annotations

import logging
import signal
from collections.abc import Awaitable, Sequence

import anyio
import psycopg
from anyio.abc import TaskStatus
from anyio.lowlevel import current_token
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker

from wikipayam_async.campaigns.errors import JournalError
from wikipayam_async.checks import check_number
from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.errors import APIConnectionError, ConfigurationError, InvalidInputError, WikipayamError
from wikipayam_async.integrations.answering import AnsweringAsyncConnection
from wikipayam_async.integrations.connection_failures import cause_of
from wikipayam_async.integrations.connections import check_url, silence_limit, with_network_limits
from wikipayam_async.integrations.procrastinate.database import (
    PATIENCE,
    STALLED_AFTER,
    Database,
    DatabaseAwayError,
    check_seconds,
)
from wikipayam_async.integrations.procrastinate.engine import NAMESPACE, PatientJobManager
from wikipayam_async.integrations.procrastinate.presence import WorkerInfo, read_workers, worker_name
from wikipayam_async.integrations.procrastinate.tasks import blueprint_of
from wikipayam_async.integrations.procrastinate.work import ChunkWork
from wikipayam_async.redact.masks import shape_of

__all__ = ["CampaignWorker", "list_workers"]

logger = logging.getLogger("wikipayam_async")

_LONGEST_NAME = 200
_DELAYS = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to start again, while the database or the gateway is away."""


class _EngineError(Exception):
    """procrastinate's worker has ended by an error, which is the cause."""


async def _failure_of(running: Awaitable[None]) -> Exception | None:
    """Return what ended something by an error, instead of a task group's wrapping of it."""
    try:
        await running
    except Exception as error:  # noqa: BLE001 - raised by the caller, outside of its task group
        return error
    return None


def _check_name(name: str) -> str:
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
        rule = f"expected 1 to {_LONGEST_NAME} printable characters, or None"
        raise InvalidInputError("name", rule=rule, got=shape_of(name))
    return name


def _reason_of(error: Exception) -> str:
    """Return what an error says, without what a text of the driver may quote: the URL, or a row."""
    if isinstance(error, WikipayamError):
        return str(error)
    cause = error.__cause__ or error
    return cause_of(cause) if isinstance(cause, psycopg.Error) else type(cause).__name__


async def list_workers(url: str, *, stalled_after: float = STALLED_AFTER) -> Sequence[WorkerInfo]:
    """Return the workers of a database, and the processes that send a campaign by `Campaign.run`, dead ones included.

    Args:
        url: The database.
        stalled_after: Seconds without a heartbeat after which a process counts as dead.

    Raises:
        JournalError: The database cannot be used.
    """
    database = Database(check_url(url), check_seconds(stalled_after, "stalled_after"), PATIENCE, 1)
    del url
    try:
        return await database.run(lambda connection: read_workers(connection, stalled_after), "workers")
    finally:
        await database.aclose()


class CampaignWorker:
    """Sends the campaigns that were enqueued in a database, those of its client's account and line.

    Any number of workers may run, on any machines. Use it as `await CampaignWorker(client, url).run()`, in a process of
    its own or beside other tasks; it needs asyncio.

    Args:
        client: The client that sends. Campaigns of another account, line or API prefix are left to other workers.
        url: The database, such as `postgresql://user:password@host/sms`.
        concurrency: The maximum number of requests in flight; the client's `max_connections` limits it too.
        name: The name in the table of workers; the machine's and the process's if None.
        stalled_after: Seconds without a heartbeat after which a process counts as dead; the same for all processes.
        sweep_interval: Seconds between two sweeps for what dead workers left; a third of `stalled_after` if None.
        polling_interval: Seconds between two looks for jobs, where no notification announces them.
        listen_notify: Whether the database announces jobs; False behind pgbouncer in transaction mode.
        handle_signals: Stop at SIGINT and SIGTERM: finish what is in flight, record it, and return. Not on Windows.
        max_connections: The maximum number of connections of the journals, beside those of procrastinate.

    Raises:
        InvalidInputError: An argument is invalid.
    """

    def __init__(
        self,
        client: AsyncWikipayam,
        url: str,
        *,
        concurrency: int = 8,
        name: str | None = None,
        stalled_after: float = STALLED_AFTER,
        sweep_interval: float | None = None,
        polling_interval: float = 5.0,
        listen_notify: bool = True,
        handle_signals: bool = True,
        max_connections: int = 4,
    ) -> None:
        if not isinstance(client, AsyncWikipayam):
            raise InvalidInputError("client", rule="expected an AsyncWikipayam", got=shape_of(client))
        check_number(concurrency, field="concurrency", minimum=1)
        check_number(max_connections, field="max_connections", minimum=1)
        self._url = check_url(url)
        del url
        self._client = client
        self._concurrency = concurrency
        self._name = worker_name() if name is None else _check_name(name)
        self._stalled_after = check_seconds(stalled_after, "stalled_after")
        self._sweep_interval = stalled_after / 3 if sweep_interval is None else sweep_interval
        check_seconds(self._sweep_interval, "sweep_interval")
        self._polling_interval = check_seconds(polling_interval, "polling_interval")
        self._listen_notify = listen_notify
        self._handle_signals = handle_signals
        self._max_connections = max_connections
        self._asked = anyio.Event()
        self._at_work: ChunkWork | None = None

    @property
    def name(self) -> str:
        """The name in the table of workers."""
        return self._name

    @property
    def waiting(self) -> int:
        """The number of messages that wait in the campaigns of this account and line, as of the last sweep.

        With it, `healthy` and its class's name, a worker is a queue of the hooks of OpenTelemetry and Prometheus:
        `hook.observe(worker)`. All workers report the same number.
        """
        return 0 if self._at_work is None else self._at_work.waiting

    @property
    def healthy(self) -> bool:
        """Whether it works: the database and the gateway were reached at the last attempt."""
        return self._at_work is not None and self._at_work.healthy

    def stop(self) -> None:
        """Stop after what is in flight; `run` returns then."""
        self._asked.set()

    async def run(self) -> None:
        """Send until SIGINT or SIGTERM, `stop`, or cancellation; then finish what is in flight, and record it.

        While the database or the gateway is away, it waits and tries again.

        Raises:
            AuthenticationError: The gateway refused the token at the start. Later, it pauses the campaign for all workers.
            ConfigurationError: The event loop is not asyncio's.
            JournalError: The tables in the database are of another version.
        """
        if not current_token().backend_class.__module__.endswith("_asyncio"):
            raise ConfigurationError("CampaignWorker runs on asyncio, as procrastinate does; use anyio.run(worker.run)")
        database = Database(self._url, self._stalled_after, PATIENCE, self._max_connections)
        work = ChunkWork(self._client, database, self._name, sleep=self._wait, stopped=self._asked.is_set)
        self._at_work = work
        failure: Exception | None = None
        try:
            async with anyio.create_task_group() as group:
                if self._handle_signals:
                    await group.start(self._watch_signals)
                failure = await _failure_of(self._run(work))
                group.cancel_scope.cancel()
        finally:
            self._at_work = None
            with anyio.CancelScope(shield=True):
                await work.finish()
                await database.aclose()
        if failure is not None:
            raise failure

    async def _run(self, work: ChunkWork) -> None:
        """Work until the stop; start again after a failure of the database."""
        failures = 0
        while not self._asked.is_set():
            try:
                await self._work(await work.queue(), work)
                await self._wait(_DELAYS[0])  # it may have ended by itself, because its connection broke
            except (DatabaseAwayError, APIConnectionError, ConnectorException, psycopg.Error, _EngineError) as error:
                delay = _DELAYS[min(failures, len(_DELAYS) - 1)]
                failures += 1
                logger.warning(
                    "worker %s: it cannot go on (%s); next attempt in %g s", self._name, _reason_of(error), delay
                )
                await self._wait(delay)

    def _make_app(self, work: ChunkWork) -> App:
        url = with_network_limits(self._url)
        limit = silence_limit(url)

        async def configure(connection: AnsweringAsyncConnection) -> None:
            """Leave out the BEGIN and the COMMIT around each single statement of procrastinate.

            A process that stands still between them would keep the lock of a job, and the sweeps of all others would wait
            for it.
            """
            connection.silence_limit = limit
            await connection.set_autocommit(True)

        connector = PsycopgConnector(
            conninfo=url.reveal(),
            connection_class=AnsweringAsyncConnection,
            kwargs={"prepare_threshold": None, "connect_timeout": 5},
            configure=configure,
            min_size=1,
            max_size=3,
            timeout=10.0,
        )
        app = App(connector=connector)
        app.add_tasks_from(blueprint_of(work), namespace=NAMESPACE)
        return app

    async def _work(self, queue: str, work: ChunkWork) -> None:
        """Run procrastinate's worker until the stop."""
        app = self._make_app(work)
        try:
            await app.open_async()
            await self._run_worker(app, queue, work)
        finally:
            with anyio.CancelScope(shield=True):
                await app.close_async()

    async def _run_worker(self, app: App, queue: str, work: ChunkWork) -> None:
        """Do it: procrastinate's worker finishes its jobs by itself, so no cancellation reaches it."""
        worker = Worker(
            app=app,
            queues=[queue],
            name=self._name,
            concurrency=self._concurrency,
            fetch_job_polling_interval=self._polling_interval,
            listen_notify=self._listen_notify,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=min(10.0, self._stalled_after / 4),
            stalled_worker_timeout=self._stalled_after,
        )
        app.job_manager = PatientJobManager(app.job_manager.connector, worker.stop)
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._stop_when_asked, worker)
            group.start_soon(self._sweep_until_end, app, work)
            with anyio.CancelScope(shield=True):
                failure = await _failure_of(worker.run())
            group.cancel_scope.cancel()
        if failure is not None:
            raise _EngineError("procrastinate's worker ended") from failure

    async def _stop_when_asked(self, worker: Worker) -> None:
        try:
            await self._asked.wait()
        finally:
            worker.stop()

    async def _sweep_until_end(self, app: App, work: ChunkWork) -> None:
        while True:
            try:
                await work.sweep(app.job_manager)
            except (JournalError, ConnectorException, psycopg.Error) as error:
                logger.warning("worker %s: a sweep failed (%s)", self._name, _reason_of(error))
            await anyio.sleep(self._sweep_interval)

    async def _watch_signals(self, *, task_status: TaskStatus[None]) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for _ in signals:
                self.stop()

    async def _wait(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await self._asked.wait()
