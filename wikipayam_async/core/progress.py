"""The progress of an attempt, and its protection from cancellation while it is in flight."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.outcomes import Phase

__all__ = ["AttemptProgress", "Trace", "run_in_child"]

T = TypeVar("T")


class AttemptProgress:
    """The progress of one attempt, written by the carrier and read by the pipeline.

    Attributes:
        phase: How far the attempt got.
        protected: Whether cancellation is deferred once the request starts to leave, as for a send.
        scope: The cancel scope of the attempt, whose deadline is the time-out.
        started: The time when the time-out started to run; None before.
        ended: The time when the exchange succeeded; None otherwise.
        cancellation: A cancellation from outside anyio (`Task.cancel`), deferred until the exchange ends.
        ready: Awaited by the carrier before the time-out starts, once it has a place for the request; None for most calls.
            If it raises, nothing leaves.
    """

    __slots__ = ("cancellation", "ended", "phase", "protected", "ready", "scope", "started")

    def __init__(self, *, protected: bool) -> None:
        self.phase = Phase.WAITING
        self.protected = protected
        self.scope: anyio.CancelScope | None = None
        self.started: float | None = None
        self.ended: float | None = None
        self.cancellation: BaseException | None = None
        self.ready: Callable[[], Awaitable[object]] | None = None

    def begin(self, scope: anyio.CancelScope, now: float) -> None:
        """Record that the time-out runs."""
        self.scope = scope
        self.started = now
        self.phase = Phase.CONNECTING

    def hand_over(self) -> None:
        """Record that the request starts to leave. From here on, a send cannot be cancelled."""
        self.phase = Phase.SENDING
        if self.protected and self.scope is not None:
            self.scope.shield = True

    def defer(self, cancellation: BaseException) -> bool:
        """Record a cancellation and return whether it is deferred and the exchange continues.

        The scope is shielded, so a cancellation comes either from its own deadline or from outside anyio
        (`asyncio.wait_for`, `asyncio.timeout`, `Task.cancel`), from which no scope shields.
        """
        if not self.protected or self.scope is None or self.scope.cancel_called:
            return False
        self.cancellation = cancellation
        return True


class Trace:
    """Follows httpcore's trace events, the only record of how far a request over an httpx connection got.

    Args:
        progress: The attempt.
        decisive: The event that sends the end of the request, `send_request_body` or `send_request_headers`.

    Attributes:
        seen: Whether any event of the request arrived. Without events nothing is proven.
    """

    def __init__(self, progress: AttemptProgress, *, decisive: str) -> None:
        self.progress = progress
        self._decisive = decisive
        self._tunnelling = False
        self._unproven = 0
        self.seen = False

    async def __call__(self, name: str, info: dict[str, object]) -> None:
        """Handle one event, such as `http11.send_request_body.started`."""
        protocol, _, event = name.partition(".")
        if event == "send_request_headers.started":
            self._tunnelling = getattr(info.get("request"), "method", b"") == b"CONNECT"
        if self._tunnelling:
            return
        self.seen = True
        if event == "send_request_headers.started":
            self.progress.hand_over()
        if event == f"{self._decisive}.started":
            self._unproven += 1  # more than one if a caller's transport retries by itself
        elif event == f"{self._decisive}.complete":
            self.progress.phase = Phase.SENT
        elif event == f"{self._decisive}.failed":
            # In HTTP/2 the write of another stream may have sent the request, so a failed write proves nothing.
            self._unproven -= protocol == "http11" and type(info.get("exception")).__name__ == "WriteError"

    @property
    def proves_not_sent(self) -> bool:
        """Whether the gateway cannot have the whole request."""
        return self.seen and self._unproven == 0


async def run_in_child(job: Callable[[], Awaitable[T]], progress: AttemptProgress) -> T:
    """Run a send in a child task, which a cancellation from outside anyio does not reach.

    If the caller is cancelled and the job still ends, the cancellation is stored in `progress.cancellation`.
    """
    results: list[T] = []
    errors: list[Exception] = []

    async def run() -> None:
        try:
            results.append(await job())
        except Exception as error:  # noqa: BLE001 - raised again in the caller's task
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
    if not results:  # the job was cancelled although the caller was not
        raise ExchangeFault(ExchangeFaultKind.DISCONNECTED, "the exchange was cancelled internally", handed_over=True)
    return results[0]
