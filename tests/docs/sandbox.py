"""Where a page is run: on virtual time, with work for the main thread, in a process that is restored afterwards."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import anyio.to_thread

from tests.support.clock import VirtualClock
from wikipayam_async.core.limits import RateLimiter
from wikipayam_async.core.shared_state import SharedState
from wikipayam_async.services.sms.watch import DeliveryWatch

__all__ = ["MainThread", "PageClock", "restored_process"]


class PageClock(VirtualClock):
    """The virtual clock of a page's clients and of its emulator."""

    def emulated(self) -> float:
        """Return the time for the emulator, which has no event loop."""
        return time.monotonic() + self.ahead

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Give this clock to every client that is made in the block."""
        with contextlib.ExitStack() as stack:
            for maker in (SharedState.__init__, RateLimiter.__init__, DeliveryWatch.__init__):
                defaults: Any = maker.__kwdefaults__
                stack.enter_context(mock.patch.dict(defaults, {"clock": self.now, "sleep": self.sleep}))
            yield


class MainThread:
    """Runs in the main thread what cannot run in an event loop: programs that start one or handle signals."""

    def __init__(self, time_limit: float) -> None:
        self._time_limit = time_limit
        self._work: queue.SimpleQueue[tuple[Callable[[], object], Future[Any]] | None] = queue.SimpleQueue()

    async def do(self, work: Callable[[], object]) -> Any:
        """Run a function in the main thread, and return its result."""
        done: Future[Any] = Future()
        self._work.put((work, done))
        return await anyio.to_thread.run_sync(done.result, abandon_on_cancel=True)

    def serve_until(self, end: Future[Any]) -> None:
        """Run functions until a future is done."""
        end.add_done_callback(lambda _: self._work.put(None))
        while (job := self._work.get()) is not None:
            work, done = job
            try:
                with _alarm(self._time_limit):
                    done.set_result(work())
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it is raised in `do`
                done.set_exception(error)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` in a block that hangs, where the system has an alarm."""

    def ring(*_: object) -> None:
        raise TimeoutError

    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def restored_process(folder: Path, environ: Mapping[str, str]) -> Iterator[None]:
    """Set the working directory and the environment; at the end restore them and the logging."""
    loggers = [logging.getLogger(), logging.getLogger("wikipayam_async")]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    with mock.patch.dict(os.environ, environ), contextlib.chdir(folder):
        yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers
