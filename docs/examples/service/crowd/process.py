"""The shop under uvicorn, as a process."""

from __future__ import annotations

import os
import re
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
_LISTENS = re.compile(r"running on (http://127\.0\.0\.1:[0-9]+)")


class Service:
    """A shop that runs.

    Args:
        url: Where.
        process: Its process.
    """

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        self._process = process
        self._watch: threading.Thread | None = None
        self._took = 0.0

    def terminate(self) -> None:
        """Ask it to end (SIGTERM), once, and take the time."""
        if self._watch is None:
            self._process.terminate()
            self._watch = threading.Thread(target=self._take_time, args=(time.monotonic(),), daemon=True)
            self._watch.start()

    def stop(self, timeout: float) -> float:
        """Ask it to end, if nobody has, and wait until it has; return how many seconds it took since it was asked.

        Raises:
            subprocess.TimeoutExpired: It takes longer.
        """
        self.terminate()
        self._process.wait(timeout)
        assert self._watch is not None  # noqa: S101
        self._watch.join()
        return self._took

    def _take_time(self, began: float) -> None:
        self._process.wait()
        self._took = time.monotonic() - began


@contextmanager
def running_service(environ: Mapping[str, str], log: Path) -> Iterator[Service]:
    """Run a shop for the length of a block. If it still runs at the end, it is killed.

    Args:
        environ: Its settings.
        log: Where it writes its log.

    Raises:
        RuntimeError: It did not start.
    """
    command = [sys.executable, "-m", "uvicorn", "shop.app:create_app", "--factory", "--port", "0", "--no-access-log"]
    command += ["--timeout-graceful-shutdown", "5"]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - nothing of it comes from outside
            command, cwd=HERE, env={**os.environ, **environ}, stdout=output, stderr=output
        )
    try:
        yield Service(_wait_for_url(process, log), process)
    finally:
        process.kill()  # does nothing to a process that has ended
        process.wait()


def _wait_for_url(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        found = _LISTENS.search(log.read_text("utf-8"))
        if found:
            return found[1]
        time.sleep(0.01)
    raise RuntimeError(f"the shop did not start:\n{log.read_text('utf-8')}")
