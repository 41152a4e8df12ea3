"""The processes of a run: the gateway and the workers."""

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

from tests.benchmarks.job import CAP, Job, Measurement, as_line, read_measurements

__all__ = ["ROOT", "Gateway", "Worker", "Workers", "gateway"]

ROOT = Path(__file__).parents[2]

_JOB_TIMEOUT = 8 * CAP
_FAILING = 0.01


def _spawn(module: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def _stop(process: subprocess.Popen[str]) -> None:
    """Close the standard input of a process, which ends it; kill it after 5 seconds."""
    with process:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()


@attrs.frozen
class Gateway:
    """The addresses of the gateway.

    Attributes:
        ports: The ports by scheme and latency, for example `https 20`; the one that is `refusing`;
            and those of the networks, for example `network 20`.
        authority: The file of the certificate authority.
    """

    ports: dict[str, int]
    authority: str

    def target(self, job: Job, latency: int = 0, scheme: str = "http") -> Job:
        """Return a job for the gateway with a latency in milliseconds."""
        return attrs.evolve(
            job,
            url=f"{scheme}://127.0.0.1:{self.ports[f'{scheme} {latency}']}",
            statistics_port=self.ports["http 0"],
            authority=self.authority,
        )

    def refusing(self, job: Job) -> Job:
        """Return a job for the gateway that refuses 1 % of the sends, with `Retry-After: 0`."""
        return attrs.evolve(self.target(job), url=f"http://127.0.0.1:{self.ports['refusing']}")

    def network(self, job: Job, latency: int) -> Job:
        """Return a job for the gateway with TLS, jitter and 1 % of failures, and at least this latency in milliseconds."""
        url = f"https://127.0.0.1:{self.ports[f'network {latency}']}"
        return attrs.evolve(self.target(job), url=url, failing=_FAILING)


@contextmanager
def gateway() -> Iterator[Gateway]:
    """Run a gateway, with and without TLS."""
    import trustme  # noqa: PLC0415 - only for a run; the tests do not need it

    with TemporaryDirectory() as folder, ExitStack() as stack:
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        authority.cert_pem.write_to_path(f"{folder}/authority.pem")
        certificate.private_key_and_cert_chain_pem.write_to_path(f"{folder}/server.pem")
        process = _spawn("server", f"{folder}/server.pem")
        stack.callback(_stop, process)
        assert process.stdout is not None
        yield Gateway(json.loads(process.stdout.readline()), f"{folder}/authority.pem")


class Worker:
    """A process that runs jobs one after the other."""

    def __init__(self) -> None:
        self._process = _spawn("worker")

    def measure(self, job: Job) -> list[Measurement]:
        """Run a job. A worker that takes too long is killed."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        watchdog = threading.Timer(_JOB_TIMEOUT, process.kill)
        watchdog.start()
        try:
            process.stdin.write(as_line(job))
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watchdog.cancel()
        return read_measurements(line) if line else [Measurement(note="failed: the process ended or was killed")]

    def close(self) -> None:
        """Stop the process."""
        _stop(self._process)


class Workers:
    """A worker for each implementation, kept between rounds."""

    def __init__(self) -> None:
        self._workers: dict[str, Worker] = {}

    def measure(self, job: Job, *, fresh: bool = False) -> list[Measurement]:
        """Run a job in the process of its implementation, or in a new process."""
        if fresh:
            self.close(job.implementation)
        if job.implementation not in self._workers:
            self._workers[job.implementation] = Worker()
        try:
            return self._workers[job.implementation].measure(job)
        finally:
            if fresh:
                self.close(job.implementation)

    def close(self, name: str) -> None:
        """Stop the process of an implementation, if there is one."""
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
