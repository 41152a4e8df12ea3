"""Servers of PostgreSQL and Redis for tests: each on a port and in a directory of its own."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import anyio
import psycopg
import pytest

from wikipayam_async.integrations.procrastinate import migrate

__all__ = [
    "PostgresServer",
    "database_url",
    "empty_database_url",
    "pgbouncer",
    "postgres",
    "postgres_server",
    "postgres_url",
    "redis_server",
    "redis_url",
]

_START_SECONDS = 120
_STOP_SECONDS = 6


def missing(program: str, package: str) -> None:
    """Skip a test whose server is not installed; in CI, where everything is, fail it."""
    text = f"{program} is not installed: apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


def find(program: str, package: str) -> str:
    """Return the path of a program; skip the test if there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin") or (
        str(debian[-1]) if debian else None
    )
    if found is None:
        missing(program, package)
    return str(found)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def served(command: Sequence[str], port: int, log: Path, user: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; enter it once the port accepts connections."""
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output, user=user) as process,  # noqa: S603 - our own command
    ):
        try:
            wait_until(lambda: accepts(port) or process.poll() is not None)
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended: {log.read_text('utf-8', 'replace')[-2000:]}")
            yield process
        finally:
            process.terminate()


def accepts(port: int) -> bool:
    """Return whether a port accepts connections."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + _START_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("a server did not start")
        time.sleep(0.02)


def other_user() -> str | None:
    """Return the user that PostgreSQL runs as: it refuses to be root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class PostgresServer:
    """A server of PostgreSQL that a test can stop and start again.

    Args:
        directory: Where its data are.
        settings: Options beside the port and the directory.
    """

    def __init__(self, directory: Path, *settings: str) -> None:
        self._directory = directory
        self._user = other_user()
        self._data, self._port = directory / "data", free_port()
        self._process: subprocess.Popen[bytes] | None = None
        own = [f"port={self._port}", f"unix_socket_directories={directory}", "listen_addresses=127.0.0.1", "fsync=off"]
        self._command = [find("postgres", "postgresql"), "-D", str(self._data)]
        self._command += [part for one in (*own, *settings) for part in ("-c", one)]
        if self._user is not None:
            shutil.chown(directory, self._user)
        subprocess.run(  # noqa: S603 - our own command
            [
                find("initdb", "postgresql"),
                *("-D", str(self._data), "-U", "tests", "-A", "trust", "-N", "-E", "UTF8", "--no-locale"),
            ],
            check=True,
            capture_output=True,
            user=self._user,
            cwd=directory,
        )

    @property
    def port(self) -> int:
        """Its port."""
        return self._port

    @property
    def url(self) -> str:
        """The URL of its database."""
        return f"postgresql://tests@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        log = self._directory / "log"
        with log.open("ab") as output:
            self._process = process = subprocess.Popen(  # noqa: S603 - our own command
                self._command, stdout=output, stderr=output, user=self._user
            )
        wait_until(lambda: self._answers() or process.poll() is not None)
        if process.poll() is not None:
            raise RuntimeError(f"postgres ended: {log.read_text('utf-8', 'replace')[-2000:]}")

    def _answers(self) -> bool:
        """Return whether it takes statements; after a crash, it accepts connections before."""
        try:
            psycopg.connect(self.url, connect_timeout=_START_SECONDS).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop it; kill it with its children if it does not end in time, as a machine that crashes does.

        Args:
            number: SIGINT ends its connections; SIGQUIT ends it without a checkpoint, as a crash does.
        """
        process, self._process = self._process, None
        if process is None:
            return
        for signal_number in (number, signal.SIGQUIT):  # PostgreSQL 15 may wait for clients that come anew
            process.send_signal(signal_number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
                return
        children = _children_of(process.pid)
        process.kill()
        process.wait()
        for child in children:  # each has a process group of its own
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))


def _children_of(parent: int) -> list[int]:
    """Return the ids of the processes that a process started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            _state, its_parent, *_ = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
            if int(its_parent) == parent:
                found.append(int(stat.parent.name))
    return found


@contextlib.contextmanager
def postgres(*settings: str, folder: Path | None = None) -> Iterator[PostgresServer]:
    """Run a server of PostgreSQL that can be stopped and started.

    Args:
        settings: Options beside the port and the directory.
        folder: Where its files are; by default with the temporary ones.
    """
    find("initdb", "postgresql")
    with tempfile.TemporaryDirectory(prefix="wikipayam-postgres-", dir=folder, ignore_cleanup_errors=True) as directory:
        server = PostgresServer(Path(directory), *settings)
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)


@contextlib.contextmanager
def postgres_server(*, fsync: bool = False, folder: Path | None = None) -> Iterator[str]:
    """Run a server of PostgreSQL; yield the URL of its database.

    Args:
        fsync: Whether commits are synchronized with the disk.
        folder: Where its files are; by default with the temporary ones.
    """
    with postgres(*(["fsync=on"] if fsync else []), folder=folder) as server:
        yield server.url


@contextlib.contextmanager
def pgbouncer(server: PostgresServer) -> Iterator[str]:
    """Run pgbouncer in transaction mode before a server of PostgreSQL; yield the URL of its database."""
    program = find("pgbouncer", "pgbouncer")
    user = other_user()
    with tempfile.TemporaryDirectory(prefix="wikipayam-pgbouncer-", ignore_cleanup_errors=True) as name:
        directory, port = Path(name), free_port()
        (directory / "users").write_text('"tests" ""\n', "utf-8")
        (directory / "pgbouncer.ini").write_text(
            f"[databases]\npostgres = host=127.0.0.1 port={server.port} dbname=postgres user=tests\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = trust\n"
            f"auth_file = {directory / 'users'}\npool_mode = transaction\ndefault_pool_size = 4\n"
            f"unix_socket_dir =\nlogfile = {directory / 'pgbouncer.log'}\n",
            "utf-8",
        )
        if user is not None:
            for path in (directory, *directory.iterdir()):
                shutil.chown(path, user)
        with served([program, str(directory / "pgbouncer.ini")], port, directory / "log", user):
            yield f"postgresql://tests@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def redis_server(*settings: str, folder: Path | None = None) -> Iterator[str]:
    """Run a server of Redis, or of Valkey where only that is installed; yield its URL.

    Args:
        settings: Options of its command line beside the port and the directory; an append-only file by default.
        folder: Where its files are; by default with the temporary ones.
    """
    program = shutil.which("valkey-server") if shutil.which("redis-server") is None else None
    program = program or find("redis-server", "redis-server")
    with tempfile.TemporaryDirectory(prefix="wikipayam-redis-", dir=folder, ignore_cleanup_errors=True) as directory:
        port = free_port()
        options = settings or ("--appendonly", "yes")
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", directory, "--save", "", *options]
        with served(command, port, Path(directory) / "log"):
            yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a database of PostgreSQL that the tests of this process share."""
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a Redis with an append-only file that the tests of this process share."""
    with redis_server() as url:
        yield url


_databases = itertools.count()


@pytest.fixture(scope="session")
def journal_template(postgres_url: str) -> str:
    """The name of a database with the tables of journals, which others are copied from."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE journals")
    connection.close()
    anyio.run(migrate, _named(postgres_url, "journals"))
    return "journals"


@pytest.fixture
def database_url(postgres_url: str, journal_template: str) -> str:
    """The URL of a database of PostgreSQL with the tables of journals, for one test."""
    name = f"journals_{next(_databases)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {journal_template}".encode())
    connection.close()
    return _named(postgres_url, name)


@pytest.fixture
def empty_database_url(postgres_url: str) -> str:
    """The URL of an empty database of PostgreSQL, for one test."""
    name = f"empty_{next(_databases)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    connection.close()
    return _named(postgres_url, name)


def _named(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"
