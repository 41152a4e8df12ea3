"""How far an attempt has got, and what protects it from being cut off in the middle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.outcomes import Phase

__all__ = ["AttemptProgress", "Trace", "run_in_child"]

T = TypeVar("T")


class AttemptProgress:
    """How far one attempt has got, kept by whoever carries it out and read by the pipeline.

    Attributes:
        phase: Where it is.
        protected: Whether it may not be cancelled once its request has begun to leave (a send may not).
        scope: The cancel scope of the attempt, whose deadline is the time-out.
        started: When the attempt's time began to run; None before.
        ended: When the exchange was over, if it ended well.
        cancellation: A cancellation from outside anyio (`Task.cancel`) that was put off until the exchange is over.
    """

    __slots__ = ("cancellation", "ended", "phase", "protected", "scope", "started")

    def __init__(self, *, protected: bool) -> None:
        self.phase = Phase.WAITING
        self.protected = protected
        self.scope: anyio.CancelScope | None = None
        self.started: float | None = None
        self.ended: float | None = None
        self.cancellation: BaseException | None = None

    def begin(self, scope: anyio.CancelScope, now: float) -> None:
        """Note that the attempt's time runs."""
        self.scope = scope
        self.started = now
        self.phase = Phase.CONNECTING

    def hand_over(self) -> None:
        """Note that the request begins to leave. From here on a send is carried to its end."""
        self.phase = Phase.SENDING
        if self.protected and self.scope is not None:
            self.scope.shield = True

    def puts_off(self, cancellation: BaseException) -> bool:
        """Take note of a cancellation; return whether the exchange goes on all the same.

        The scope is shielded, so what arrives here is either its own deadline or a cancellation from outside anyio
        (`asyncio.wait_for`, `asyncio.timeout`, `Task.cancel`), which no scope can hold off.
        """
        if not self.protected or self.scope is None or self.scope.cancel_called:
            return False
        self.cancellation = cancellation
        return True


class Trace:
    """Reads httpcore's trace events, which are all that tells how far a request on a connection of httpx's got.

    Attributes:
        seen: Whether there were any events of our request at all. None prove nothing.
    """

    def __init__(self, progress: AttemptProgress, *, decisive: str) -> None:
        """Watch for the event (`send_request_body` or `send_request_headers`) that hands over the end of the request."""
        self.progress = progress
        self._decisive = decisive
        self._tunnelling = False
        self._begun = False
        self._write_failed = False
        self.seen = False

    async def __call__(self, name: str, info: dict[str, object]) -> None:
        """Take one event, as in `http11.send_request_body.started`."""
        protocol, _, event = name.partition(".")
        if event == "send_request_headers.started":
            self._tunnelling = getattr(info.get("request"), "method", b"") == b"CONNECT"
        if self._tunnelling:
            return
        self.seen = True
        if event == "send_request_headers.started":
            self.progress.hand_over()
        if event == f"{self._decisive}.started":
            self._begun = True
        elif event == f"{self._decisive}.complete":
            self.progress.phase = Phase.SENT
        elif event == f"{self._decisive}.failed":
            # Over HTTP/2 another stream's write may have carried the request, so that a failed write proves nothing.
            self._write_failed = protocol == "http11" and type(info.get("exception")).__name__ == "WriteError"

    @property
    def proves_nothing_left(self) -> bool:
        """Whether the gateway cannot have the whole request."""
        return self.seen and (not self._begun or self._write_failed)


async def run_in_child(job: Callable[[], Awaitable[T]], progress: AttemptProgress) -> T:
    """Run a send in a task of its own, where a cancellation from outside anyio cannot reach it.

    What cancels the caller meanwhile is kept in `progress.cancellation`, if the job came to an end all the same.
    """
    results: list[T] = []
    errors: list[Exception] = []

    async def run() -> None:
        try:
            results.append(await job())
        except Exception as error:  # noqa: BLE001 - carried over to the caller's task, and raised there
            errors.append(error)

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(run)
    except anyio.get_cancelled_exc_class() as cancellation:
        if not results and not errors:
            raise
        progress.cancellation = cancellation
    if errors:
        raise errors[0]
    if not results:  # what ran in there was cancelled, and nobody outside had asked for that
        raise ExchangeFault(ExchangeFaultKind.DISCONNECTED, "the exchange was broken off from within", handed_over=True)
    return results[0]
