"""Servers that tests start: Redis and PostgreSQL, each with an empty data directory of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

__all__ = ["free_port", "postgres_server", "redis_server"]

_DEADLINE = 30.0
_POSTGRES = Path("/usr/lib/postgresql")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def redis_server(directory: Path) -> Iterator[str]:
    """Run a Redis that writes every change to disk; yield its URL. Skip the test if it is not installed."""
    program = _program("redis-server", "apt-get install redis-server")
    port = free_port()
    options = ["--port", str(port), "--dir", str(directory), "--save", "", "--appendonly", "yes", "--appendfsync", "always"]
    with _running([program, "--bind", "127.0.0.1", *options], port, directory / "redis.log"):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def postgres_server(directory: Path) -> Iterator[str]:
    """Run a PostgreSQL with a database `tests`; yield its URL. Skip the test if it is not installed."""
    how = "apt-get install postgresql"
    initdb, postgres = _program("initdb", how), _program("postgres", how)
    user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
    data = directory / "data"
    data.mkdir()
    if user is not None:
        shutil.chown(data, user)
        for parent in (directory, *directory.parents):  # the folders of pytest are private
            if parent.owner() == "root" and parent.is_relative_to("/tmp"):  # noqa: S108 - only there
                parent.chmod(parent.stat().st_mode | 0o011)
    command = [initdb, "--pgdata", str(data), "--username", "tests", "--auth", "trust", "--no-sync", "--encoding", "UTF8"]
    subprocess.run(command, check=True, capture_output=True, user=user, cwd=data)  # noqa: S603 - as above
    port = free_port()
    run = [postgres, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(data)]
    with _running(run, port, directory / "postgres.log", user):
        yield f"postgresql://tests@127.0.0.1:{port}/template1"


def _program(name: str, how: str) -> str:
    found = shutil.which(name)
    if found is None:
        versions = sorted(_POSTGRES.glob(f"*/bin/{name}"))
        found = str(versions[-1]) if versions else None
    return found or _missing(name, how)


def _missing(name: str, how: str) -> NoReturn:
    text = f"{name} is not installed, and this test needs it: {how}"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


@contextmanager
def _running(command: list[str], port: int, log: Path, user: str | None = None) -> Iterator[None]:
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, user=user) as process:  # noqa: S603 - the tests' own
        try:
            _wait(port, process, log)
            yield
        finally:
            process.kill()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _DEADLINE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{process.args!r} did not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)
        else:
            return
