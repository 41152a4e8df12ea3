"""The processes of a run, as whoever directs it sees them: the gateway, and the workers."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import attrs

from tests.benchmarks.job import CAP, Job, Outcome, as_line, read_outcomes

__all__ = ["ROOT", "Gateway", "Worker", "Workers", "gateway"]

ROOT = Path(__file__).parents[2]

_PATIENCE = 8 * CAP


def _spawn(module: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def _end(process: subprocess.Popen[str]) -> None:
    """Let a process end by itself, which it does when nobody talks to it any more."""
    with process:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()


@attrs.frozen
class Gateway:
    """Where the gateway listens.

    Attributes:
        ports: By scheme and latency, as `https 20`.
        authority: The file of the certificate authority.
    """

    ports: dict[str, int]
    authority: str

    def aim(self, job: Job, latency: int = 0, scheme: str = "http") -> Job:
        """Return a job aimed at the gateway with a latency in milliseconds."""
        return attrs.evolve(
            job,
            url=f"{scheme}://127.0.0.1:{self.ports[f'{scheme} {latency}']}",
            books=self.ports["http 0"],
            authority=self.authority,
        )


@contextmanager
def gateway() -> Iterator[Gateway]:
    """Run a gateway, in the clear and on TLS."""
    import trustme  # noqa: PLC0415 - only for a run; the tests of this package do without

    with TemporaryDirectory() as folder, ExitStack() as stack:
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        authority.cert_pem.write_to_path(f"{folder}/authority.pem")
        certificate.private_key_and_cert_chain_pem.write_to_path(f"{folder}/server.pem")
        process = _spawn("server", f"{folder}/server.pem")
        stack.callback(_end, process)
        assert process.stdout is not None
        yield Gateway(json.loads(process.stdout.readline()), f"{folder}/authority.pem")


class Worker:
    """A process that measures, one job after the other."""

    def __init__(self) -> None:
        self._process = _spawn("worker")

    def measure(self, job: Job) -> list[Outcome]:
        """Carry out a job; a worker that takes far too long is ended, and tells nothing any more."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        watchdog = threading.Timer(_PATIENCE, process.kill)
        watchdog.start()
        try:
            process.stdin.write(as_line(job))
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watchdog.cancel()
        return read_outcomes(line) if line else [Outcome(note="failed: the process ended or was ended")]

    def close(self) -> None:
        """End the process."""
        _end(self._process)


class Workers:
    """A worker for each contender, kept from round to round."""

    def __init__(self) -> None:
        self._workers: dict[str, Worker] = {}

    def measure(self, job: Job, *, fresh: bool = False) -> list[Outcome]:
        """Carry out a job in the process of its contender, or in one made for this job alone."""
        if fresh:
            self.close(job.contender)
        if job.contender not in self._workers:
            self._workers[job.contender] = Worker()
        try:
            return self._workers[job.contender].measure(job)
        finally:
            if fresh:
                self.close(job.contender)

    def close(self, name: str) -> None:
        """End the process of a contender, if there is one."""
        worker = self._workers.pop(name, None)
        if worker is not None:
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self._workers):
            self.close(name)
