"""The shop under uvicorn, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["HERE", "Service", "running_service"]

HERE = Path(__file__).parent.parent
START_TIMEOUT = 60.0
_STARTED = "Application startup complete"
_LISTENS = re.compile(r"running on (http://127\.0\.0\.1:[0-9]+)")


class Service:
    """A running shop.

    Args:
        url: The base URL.
        process: The process.
    """

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        self._process = process
        self._timer: threading.Thread | None = None
        self._shutdown = 0.0

    def terminate(self) -> None:
        """Send SIGTERM, once, and start to measure the shutdown."""
        if self._timer is None:
            self._process.terminate()
            self._timer = threading.Thread(target=self._measure, args=(time.monotonic(),), daemon=True)
            self._timer.start()

    def stop(self, timeout: float) -> float:
        """Send SIGTERM, unless that was done, and wait for the process; return the duration of the shutdown in seconds.

        Raises:
            subprocess.TimeoutExpired: The process did not exit in time.
        """
        self.terminate()
        self._process.wait(timeout)
        assert self._timer is not None  # noqa: S101
        self._timer.join()
        return self._shutdown

    def _measure(self, began: float) -> None:
        self._process.wait()
        self._shutdown = time.monotonic() - began


@contextmanager
def running_service(environ: Mapping[str, str], log: Path, *, workers: int = 1) -> Iterator[Service]:
    """Run a shop within a `with` block, and kill it at the end if it still runs.

    Args:
        environ: Its environment variables, added to this process's.
        log: Its log file.
        workers: The number of its processes.

    Raises:
        RuntimeError: The shop did not start.
    """
    command = [sys.executable, "-m", "uvicorn", "shop.app:create_app", "--factory", "--port", "0", "--no-access-log"]
    command += ["--timeout-graceful-shutdown", "5", *([] if workers == 1 else ["--workers", str(workers)])]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - no outside input
            command, cwd=HERE, env={**os.environ, **environ}, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield Service(_wait_for_url(process, log, workers), process)
    finally:
        with contextlib.suppress(ProcessLookupError):  # they have exited
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for_url(process: subprocess.Popen[bytes], log: Path, workers: int) -> str:
    """Wait until every process has started; with several, the URL is logged before."""
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        text = log.read_text("utf-8")
        found = _LISTENS.search(text)
        if found and text.count(_STARTED) == workers:
            return found[1]
        time.sleep(0.01)
    raise RuntimeError(f"the shop did not start:\n{log.read_text('utf-8')}")
