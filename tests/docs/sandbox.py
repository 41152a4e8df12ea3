"""Where a page is run: clocks that pauses move, the main thread beside the event loop, a process left as it was."""

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

import anyio
import anyio.to_thread

from wikipayam_async.core.limits import RateLimiter
from wikipayam_async.core.pipeline import Shared
from wikipayam_async.services.sms.delivery import DeliveryWatch

__all__ = ["Desk", "Times", "process_as_it_was"]


class Times:
    """Pauses of clients that cost no time, and move their clocks and the emulator's all the same."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def clock(self) -> float:
        """Return the time of the event loop, and all that was paused."""
        return anyio.current_time() + self._ahead

    def emulated(self) -> float:
        """Return the time for the emulator."""
        return time.monotonic() + self._ahead

    async def sleep(self, seconds: float) -> None:
        """Move the clocks."""
        self._ahead += seconds
        await anyio.lowlevel.checkpoint()

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Give these clocks to every client that is made meanwhile."""
        with contextlib.ExitStack() as stack:
            for maker in (Shared.__init__, RateLimiter.__init__, DeliveryWatch.__init__):
                defaults: Any = maker.__kwdefaults__
                stack.enter_context(mock.patch.dict(defaults, {"clock": self.clock, "sleep": self.sleep}))
            yield


class Desk:
    """The main thread, for what cannot be done below an event loop: programs that start one, and listen for signals."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._work: queue.SimpleQueue[tuple[Callable[[], object], Future[Any]] | None] = queue.SimpleQueue()

    async def do(self, work: Callable[[], object]) -> Any:
        """Have something done there; return what it returns."""
        done: Future[Any] = Future()
        self._work.put((work, done))
        return await anyio.to_thread.run_sync(done.result, abandon_on_cancel=True)

    def serve_until(self, end: Future[Any]) -> None:
        """Do what comes, until the end is there."""
        end.add_done_callback(lambda _: self._work.put(None))
        while (job := self._work.get()) is not None:
            work, done = job
            try:
                with _alarm(self._longest):
                    done.set_result(work())
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it is raised where the work comes from
                done.set_exception(error)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Break off what hangs, where the system can."""

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
def process_as_it_was(folder: Path, environ: Mapping[str, str]) -> Iterator[None]:
    """Set the working directory and the environment; undo at the end what a page changed of them, and of the logging."""
    loggers = [logging.getLogger(), logging.getLogger("wikipayam_async")]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    with mock.patch.dict(os.environ, environ), contextlib.chdir(folder):
        yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers
