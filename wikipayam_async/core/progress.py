"""The progress of an attempt, and its protection from cancellation while it is in flight."""

from __future__ import annotations

import math
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from wikipayam_async.core.connecting import address_of
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.options import Origin
from wikipayam_async.outcomes import Phase

__all__ = [
    "LATE_READ", "LATE_READS", "LONGEST_LATE_READ", "AttemptProgress", "Trace", "count_cancel_requests", "no_answer_fault",
    "run_in_child", "run_in_time", "timeout_fault",
]  # fmt: skip

T = TypeVar("T")

LATE_READ, LATE_READS, LONGEST_LATE_READ = 0.01, 2, 0.1
"""Seconds for the first bytes of a late read, the number of such waits, and seconds for all of it.

The second wait finds what arrived during the first if the event loop was blocked meanwhile, too.
"""


class AttemptProgress:
    """The progress of one attempt, written by the carrier and read by the pipeline.

    Attributes:
        phase: How far the attempt got.
        protected: Whether cancellation is deferred once the request starts to leave, as for a send.
        scope: The cancel scope that applies the time-out; None where a lane applies it without one, and before.
        started: The time when the time-out started to run; None before.
        deadline: The time when it ends.
        caller_deadline: Returns the deadline of the caller's task; minus infinity if the task is cancelled.
        ended: The time when the exchange succeeded; None otherwise.
        cancellation: A cancellation from outside anyio (`Task.cancel`), deferred until the exchange ends.
        late: The time-out's own cancellation, if the answer was there already and was read nevertheless.
        ready: Awaited by the carrier before the time-out starts, once it has a place for the request; None for most
            calls. If it raises, nothing leaves.
    """

    __slots__ = (
        "caller_deadline", "cancellation", "deadline", "ended", "late", "phase", "protected", "ready", "scope", "started",
    )  # fmt: skip

    def __init__(self, *, protected: bool) -> None:
        self.phase = Phase.WAITING
        self.protected = protected
        self.scope: anyio.CancelScope | None = None
        self.started: float | None = None
        self.deadline = math.inf
        self.caller_deadline = anyio.current_effective_deadline
        self.ended: float | None = None
        self.cancellation: BaseException | None = None
        self.late: BaseException | None = None
        self.ready: Callable[[], Awaitable[object]] | None = None

    def begin(self, now: float, deadline: float) -> None:
        """Record that the time-out runs."""
        self.started = now
        self.deadline = deadline
        self.phase = Phase.CONNECTING

    def may_leave(self, now: float) -> bool:
        """Return whether neither the time-out of the attempt nor a deadline of the caller has passed."""
        return now < self.deadline and now < self.caller_deadline()

    async def check_deadline(self, *, handed_over: bool = False) -> None:
        """Check, at the last moment at which nothing has left, that no deadline has passed.

        While another task blocks the event loop, a deadline passes without a cancellation, and the request would leave
        long after its time-out.

        Args:
            handed_over: Whether an earlier try of the same attempt may have left.

        Raises:
            ExchangeFault: The time-out of the attempt has passed. A deadline of the caller raises its cancellation.
        """
        now = anyio.current_time()
        if self.may_leave(now):
            return
        if now < self.deadline:
            await anyio.sleep_until(self.deadline)
        raise ExchangeFault(
            ExchangeFaultKind.TIMEOUT, "the request could not leave within the time-out", handed_over=handed_over
        )

    async def read_late(self, read: Callable[[], Awaitable[bool]]) -> bool:
        """Read what had arrived when the time-out ended the wait for it; return whether the answer is complete.

        After another task blocked the event loop, the answer and the time-out are found at the same moment, and the
        answer counts: without it, the outcome of a send is unknown. Bytes that arrive within a few milliseconds cannot be
        told from those, so they count, too.

        Args:
            read: Reads the next bytes and returns whether the answer is complete.
        """
        attempt = self.scope
        if attempt is None or not attempt.cancel_called:
            return False
        end = anyio.current_time() + LONGEST_LATE_READ
        try:
            for _ in range(LATE_READS):
                with anyio.CancelScope(deadline=anyio.current_time() + LATE_READ, shield=True) as self.scope:
                    while not await read():
                        self.scope.deadline = end
                    return True
        finally:
            self.scope = attempt
        return False

    def settle(self, cancel_requests: int) -> None:
        """Restore a cancellation from outside anyio that came together with the time-out of an answer read late.

        asyncio delivers both as one, and the scope of the attempt takes it for its own.

        Args:
            cancel_requests: `count_cancel_requests()` when the attempt began.
        """
        if self.late is not None and self.cancellation is None and count_cancel_requests() > cancel_requests:
            self.cancellation = self.late

    def hand_over(self) -> None:
        """Record that the request starts to leave. From here on, a send cannot be cancelled."""
        self.phase = Phase.SENDING
        if self.protected and self.scope is not None:
            self.scope.shield = True

    def defer(self, cancellation: BaseException) -> bool:
        """Record a cancellation and return whether it is deferred and the exchange continues.

        Where a scope applies the time-out, it is shielded, so a cancellation comes either from its own deadline or from
        outside anyio (`asyncio.wait_for`, `asyncio.timeout`, `Task.cancel`), from which no scope shields.
        """
        if not self.protected or self.phase in {Phase.WAITING, Phase.CONNECTING}:
            return False
        if self.scope is not None and self.scope.cancel_called:
            return False
        self.cancellation = cancellation
        return True


def count_cancel_requests() -> int:
    """Return how often the current task was cancelled from outside anyio and not yet reprieved; 0 on trio."""
    asyncio = sys.modules.get("asyncio")
    try:
        task = None if asyncio is None else asyncio.current_task()
    except RuntimeError:  # asyncio is loaded, but trio runs
        return 0
    return 0 if task is None else task.cancelling()


def timeout_fault(progress: AttemptProgress, origin: Origin) -> ExchangeFault:
    """Return the fault of an exchange that exceeded its time-out."""
    if progress.phase not in {Phase.WAITING, Phase.CONNECTING}:
        return no_answer_fault()
    detail = f"no connection to the gateway at {address_of(origin.host, origin.port)} within the time-out"
    return ExchangeFault(ExchangeFaultKind.TIMEOUT, detail, handed_over=False)


def no_answer_fault() -> ExchangeFault:
    """Return the fault of an exchange that exceeded its time-out after its request began to leave."""
    return ExchangeFault(ExchangeFaultKind.TIMEOUT, "no complete answer within the time-out", handed_over=True)


async def run_in_time(job: Callable[[], Awaitable[T]], progress: AttemptProgress, origin: Origin) -> T:
    """Await a step of an attempt in a cancel scope that applies its time-out.

    Raises:
        ExchangeFault: The time-out has passed.
    """
    cancel_requests = count_cancel_requests()
    results: list[T] = []
    try:
        with anyio.CancelScope(deadline=progress.deadline) as progress.scope:
            results.append(await job())
    finally:
        progress.scope = None
    if not results:
        raise timeout_fault(progress, origin)
    progress.settle(cancel_requests)
    return results[0]


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
            await self.progress.check_deadline(handed_over=self._unproven > 0)
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
