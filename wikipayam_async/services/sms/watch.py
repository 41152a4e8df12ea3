"""Polling of delivery statuses: the intervals, the chunked query, and the watch that polls until they are final."""

from __future__ import annotations

import functools
import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from typing import ClassVar, TypeAlias

import anyio
from attrs import field, frozen, validators

from wikipayam_async.core.limits import Clock, Sleep
from wikipayam_async.core.retry import Uniform
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.misuse import AsyncIteration
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.services.base import TRANSIENT, chunked
from wikipayam_async.services.sms.delivery import FINAL_STATES, Delivery, DeliveryReport, DeliveryStatus, report_of

__all__ = [
    "DeliveryWatch",
    "Polling",
    "check_final_states",
    "check_polling",
    "check_wait",
    "poll_interval",
    "query_in_chunks",
]

_IDS_PER_REQUEST = 100
_MAX_CONCURRENT_REQUESTS = 8

_LAST_ANSWER = 1.0
"""Seconds before the deadline that are reserved for the last answer."""


Query: TypeAlias = Callable[[Sequence[str]], Awaitable[Sequence[Delivery]]]
"""Requests the statuses of at most 100 ids."""


@frozen(kw_only=True)
class Polling:
    """The polling intervals: exponential growth up to a limit, with jitter.

    Attributes:
        initial_interval: Seconds between the first request and the second.
        growth: The factor from one interval to the next.
        max_interval: The maximum interval, in seconds.
        jitter: The random share of an interval, 0 to 1.
    """

    initial_interval: float = field(default=1.0, validator=validators.gt(0))
    growth: float = field(default=1.5, validator=validators.ge(1))
    max_interval: float = field(default=15.0, validator=validators.gt(0))
    jitter: float = field(default=0.2, validator=[validators.ge(0), validators.le(1)])


def poll_interval(polling: Polling, asked: int, uniform: Uniform) -> float:
    """Return the seconds to wait after `asked` requests."""
    plain = min(polling.max_interval, polling.initial_interval * polling.growth ** min(asked - 1, 100))
    return plain * uniform(1 - polling.jitter, 1 + polling.jitter)


async def query_in_chunks(
    ids: Sequence[str],
    query: Query,
    on_answer: Callable[[Sequence[Delivery]], object],
    ignored: tuple[type[Exception], ...] = (),
) -> None:
    """Request the statuses of any number of ids, in concurrent requests.

    Args:
        ids: The ids.
        query: Requests the statuses of one chunk.
        on_answer: Called with the statuses of each answer as it arrives.
        ignored: Errors that drop the chunk's statuses. Any other error stops the requests.

    Raises:
        WikipayamError: The first error that is not ignored.
    """
    chunks = iter(chunked(ids, _IDS_PER_REQUEST))
    failures: list[Exception] = []

    async def work() -> None:
        for chunk in chunks:
            if failures:
                return
            try:
                on_answer(await query(chunk))
            except ignored:
                continue
            except Exception as error:  # noqa: BLE001 - the source's own; raised to the consumer after the results
                failures.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(min(_MAX_CONCURRENT_REQUESTS, -(-len(ids) // _IDS_PER_REQUEST))):
            group.start_soon(work)
    if failures:
        raise failures[0]


def check_final_states(states: Iterable[str] | None) -> frozenset[str]:
    """Return the valid final states; `FINAL_STATES` if None."""
    if states is None:
        return FINAL_STATES
    if isinstance(states, str) or not isinstance(states, Iterable):
        raise InvalidInputError("final_states", rule="expected an iterable of status words", got=shape_of(states))
    words = list(states)
    if not all(isinstance(word, str) for word in words):
        raise InvalidInputError("final_states", rule="expected an iterable of status words", got="other things in it")
    return frozenset(map(DeliveryStatus, words))


def check_polling(polling: Polling | None) -> Polling:
    """Return valid polling intervals; the usual ones if None."""
    if polling is None:
        return Polling()
    if not isinstance(polling, Polling):
        rule = "expected a Polling, such as Polling(initial_interval=5)"
        raise InvalidInputError("polling", rule=rule, got=shape_of(polling))
    return polling


def check_wait(timeout: float) -> float:
    """Return the valid seconds of a whole wait; they may be infinite."""
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or math.isnan(timeout) or timeout < 0:
        raise InvalidInputError("timeout", rule="expected seconds, not below 0", got=shape_of(timeout))
    return timeout


class DeliveryWatch(AsyncIteration):
    """Polls until every message has a final status or the timeout is reached. An async iterator of status changes.

    After a transient error (no connection, 429, 5xx, an unreadable answer) it polls again; other errors are raised.

    Attributes:
        report: The statuses known so far.
    """

    _usage: ClassVar[str] = (
        "deliveries are iterated with async for: async for delivery in client.sms.watch_delivery(ids): ...; "
        "to wait for the end, write await client.sms.wait_for_delivery(ids)"
    )

    def __init__(
        self,
        ids: Sequence[str],
        query: Query,
        *,
        timeout: float,
        final_states: Collection[str],
        polling: Polling,
        uniform: Uniform,
        clock: Clock = anyio.current_time,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        self._ids = tuple(ids)
        self._query = query
        self._timeout = timeout
        self._final = final_states
        self._polling = polling
        self._uniform = uniform
        self._clock = clock
        self._sleep = sleep
        self._deadline: float | None = None
        self._asked = 0
        self._known: dict[str, Delivery] = {}
        self._changes: deque[Delivery] = deque()

    @property
    def report(self) -> DeliveryReport:
        """The statuses known so far."""
        return report_of(self._ids, self._known, self._final)

    def __aiter__(self) -> AsyncIterator[Delivery]:
        return self

    async def __anext__(self) -> Delivery:
        while not self._changes:
            if not await self._poll():
                raise StopAsyncIteration
        return self._changes.popleft()

    async def wait(self) -> DeliveryReport:
        """Poll to the end; return the final report."""
        while await self._poll():
            self._changes.clear()
        return self.report

    async def _poll(self) -> bool:
        """Wait for the interval, request the statuses once and record the changes; return False at the end."""
        now = self._clock()
        if self._deadline is None:
            self._deadline = now + self._timeout
        pending = self.report.pending
        spare = self._deadline - now - min(_LAST_ANSWER, self._timeout / 10)
        if not pending or (self._asked and spare <= 0):
            return False
        if self._asked:
            await self._sleep(min(poll_interval(self._polling, self._asked, self._uniform), spare))
        minimum = 0.0 if self._asked else self._polling.initial_interval
        self._asked += 1
        on_answer = functools.partial(self._record, frozenset(pending))
        with anyio.move_on_after(max(self._deadline - self._clock(), minimum)):
            await query_in_chunks(pending, self._query, on_answer, ignored=TRANSIENT)
        return True

    def _record(self, pending: Collection[str], statuses: Sequence[Delivery]) -> None:
        for status in statuses:
            before = self._known.get(status.id)
            if status.id in pending and (before is None or before.status != status.status):
                self._changes.append(status)
            if status.id in pending:
                self._known[status.id] = status
