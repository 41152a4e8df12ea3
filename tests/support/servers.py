"""Servers of PostgreSQL and Redis for tests: each on a port and in a directory of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

__all__ = ["postgres_server", "postgres_url", "redis_server", "redis_url"]

_START_SECONDS = 30


def missing(program: str, package: str) -> None:
    """Skip a test whose server is not installed; in CI, where everything is, fail it."""
    text = f"{program} is not installed: apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


def find(program: str, package: str) -> str:
    """Return the path of a program; skip the test if there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    found = shutil.which(program) or (str(debian[-1]) if debian else None)
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


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """Run a server of PostgreSQL; yield the URL of its database."""
    initdb, postgres = find("initdb", "postgresql"), find("postgres", "postgresql")
    user = other_user()
    with tempfile.TemporaryDirectory(prefix="wikipayam-postgres-", ignore_cleanup_errors=True) as directory:
        if user is not None:
            shutil.chown(directory, user)
        data, port = Path(directory) / "data", free_port()
        subprocess.run(  # noqa: S603 - our own command
            [initdb, "-D", str(data), "-U", "tests", "-A", "trust", "-N", "-E", "UTF8", "--no-locale"],
            check=True,
            capture_output=True,
            user=user,
            cwd=directory,
        )
        settings = [f"port={port}", f"unix_socket_directories={directory}", "listen_addresses=127.0.0.1", "fsync=off"]
        command = [postgres, "-D", str(data), *(part for one in settings for part in ("-c", one))]
        with served(command, port, Path(directory) / "log", user):
            yield f"postgresql://tests@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def redis_server(*settings: str) -> Iterator[str]:
    """Run a server of Redis, or of Valkey where only that is installed; yield its URL.

    Args:
        settings: Options of its command line beside the port and the directory; an append-only file by default.
    """
    program = shutil.which("valkey-server") if shutil.which("redis-server") is None else None
    program = program or find("redis-server", "redis-server")
    with tempfile.TemporaryDirectory(prefix="wikipayam-redis-", ignore_cleanup_errors=True) as directory:
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
