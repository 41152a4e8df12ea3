"""A client for programs without async: one event loop, in a thread of its own, for the whole process."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Generic, Literal, ParamSpec, Self, TypeVar

import anyio
from anyio.from_thread import BlockingPortal
from attrs import frozen

from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.errors import ClosedError
from wikipayam_async.publish import publish

__all__ = ["ClientPortal"]

P = ParamSpec("P")
T = TypeVar("T")

_OPENING = threading.RLock()
"""Held while a portal opens or closes. A fork waits for it, so that no child process starts with it locked."""

with suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(before=_OPENING.acquire, after_in_parent=_OPENING.release, after_in_child=_OPENING.release)


@frozen
class _Opened:
    """An open portal: it belongs to one process, since threads do not survive a fork."""

    process: int
    thread: threading.Thread
    portal: BlockingPortal
    client: AsyncWikipayam


class ClientPortal:
    """Calls a client's methods from code without async: Django's plain views, Flask, scripts, task queues.

    The event loop runs in a thread of its own, with one client. Both start with the first call, and stop with `close` or
    when the program ends. Any thread may use a portal, and calls of several threads run concurrently. In a forked process
    the first call starts a new thread and a new client, so a portal may be a global variable under gunicorn or Celery.

    ::

        sms = ClientPortal(lambda: AsyncWikipayam(sender="10002000"))
        sent = sms.call(sms.client.sms.send, "09123456789", "Your order is ready", track_id="ORDER-1001")

    Args:
        client: Creates the client. By default it is configured by the environment.
        backend: The event loop: `asyncio` or `trio`.
    """

    def __init__(
        self, client: Callable[[], AsyncWikipayam] = AsyncWikipayam, *, backend: Literal["asyncio", "trio"] = "asyncio"
    ) -> None:
        self._make = client
        self._backend = backend
        self._opened: _Opened | None = None
        self._closed = False

    @property
    def client(self) -> AsyncWikipayam:
        """The client of this process.

        Raises:
            ClosedError: The portal is closed.
            ConfigurationError: A setting of the client is invalid.
        """
        return self._open().client

    def call(self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call an async function in the event loop, and return what it returns or raise what it raises.

        Ctrl-C, or any other exception that a signal handler raises meanwhile, cancels the call and waits for its end: a send
        of which bytes have left is finished first, within the client's `timeout`. What ended the call is then the
        `__cause__` of the exception. A second Ctrl-C does not wait.

        Args:
            function: A method of `client`, or an async function of your own that uses it.
            *args: Its positional arguments.
            **kwargs: Its keyword arguments.

        Raises:
            ClosedError: The portal is closed; nothing was called.
            RuntimeError: This is the thread of the event loop, which would wait for itself.
        """
        opened = self._open()
        portal = opened.portal
        if opened.thread is threading.current_thread():
            raise RuntimeError("this is the thread of the portal's event loop: await the function instead")
        run = _Run(partial(function, *args, **kwargs))
        try:
            portal.start_task_soon(run)
            run.ended.wait()
        except BaseException as interruption:
            if portal.call(run.cancel):
                run.ended.wait()
                run.explain(interruption)
            raise
        return run.result()

    def close(self) -> None:
        """Close the client, wait for the calls in flight, and stop the thread. Later calls raise `ClosedError`."""
        with _OPENING:
            opened, self._opened, self._closed = self._opened, None, True
        atexit.unregister(self.close)
        if opened is not None and opened.process == os.getpid():
            opened.portal.call(opened.portal.stop)
            opened.thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> _Opened:
        opened = self._opened
        if opened is not None and opened.process == os.getpid():
            return opened
        with _OPENING:
            if self._closed:
                raise ClosedError("the portal is closed; nothing was called")
            opened = self._opened
            if opened is None or opened.process != os.getpid():
                opened = self._opened = self._start()
            return opened

    def _start(self) -> _Opened:
        client = self._make()
        ready: Future[BlockingPortal] = Future()

        async def serve() -> None:
            async with client, BlockingPortal() as portal:
                ready.set_result(portal)
                await portal.sleep_until_stopped()

        def run() -> None:
            try:
                anyio.run(serve, backend=self._backend)
            except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for the start
                with suppress(InvalidStateError):  # at the end, nobody waits
                    ready.set_exception(error)

        # Not anyio's `start_blocking_portal`: in a forked process its generator would wait for the parent's thread.
        thread = threading.Thread(target=run, name="wikipayam-portal", daemon=True)
        thread.start()
        portal = ready.result()
        atexit.register(self.close)
        return _Opened(os.getpid(), thread, portal, client)


class _Run(Generic[T]):
    """One call in the event loop.

    Attributes:
        ended: Set when it has a result or an error.
    """

    def __init__(self, function: Callable[[], Awaitable[T]]) -> None:
        self._function = function
        self._cancelled = False
        self._scope: anyio.CancelScope | None = None
        self._error: BaseException | None = None
        self._results: list[T] = []
        self.ended = threading.Event()

    async def __call__(self) -> None:
        try:
            with anyio.CancelScope() as scope:
                await self._run(scope)
        finally:
            self.ended.set()

    async def _run(self, scope: anyio.CancelScope) -> None:
        if self._cancelled:
            return
        self._scope = scope
        try:
            self._results.append(await self._function())
        except Exception as error:  # noqa: BLE001 - raised in the thread of the caller
            self._error = error
        except BaseException as error:
            self._error = error
            raise

    def cancel(self) -> bool:
        """Cancel the function, or never call it; return whether it was called."""
        self._cancelled = True
        if self._scope is None:
            return False
        self._scope.cancel("interrupted")
        return True

    def result(self) -> T:
        """Return what the function returned, or raise what it raised."""
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # it refers to this frame
        return self._results.pop()

    def explain(self, interruption: BaseException) -> None:
        """Make the exception that interrupted the call carry its outcome."""
        if self._error is not None:
            interruption.__cause__ = self._error
            for note in getattr(self._error, "__notes__", ()):
                interruption.add_note(note)
        else:
            interruption.add_note(f"wikipayam_async: the call had ended: {self._results!r}")


publish(__name__, __all__, globals())
