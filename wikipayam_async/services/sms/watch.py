"""Polling of delivery statuses: the intervals, and the watch that polls until the statuses are final."""

from __future__ import annotations

import functools
import logging
import math
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from typing import ClassVar

import anyio
from attrs import field, frozen, validators

from wikipayam_async.core.limits import Clock, Sleep
from wikipayam_async.core.retry import Uniform
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.misuse import AsyncIteration
from wikipayam_async.publish import publish_in_package
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.services.base import chunked, is_transient
from wikipayam_async.services.pauses import MIN_INTERVAL, Pause
from wikipayam_async.services.sms.asking import IDS_PER_REQUEST, ChunkedQuery, Query
from wikipayam_async.services.sms.delivery import FINAL_STATES, Delivery, DeliveryReport, DeliveryStatus, report_of

__all__ = [
    "DeliveryWatch",
    "Polling",
    "check_final_states",
    "check_polling",
    "check_wait",
    "poll_interval",
]

logger = logging.getLogger("wikipayam_async")

_MAX_REQUESTS_FOR_SUSPECTS = 32
_SPLIT = 4

_LAST_ANSWER = 1.0
"""Seconds before the deadline that are reserved for the last answer."""


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

    After a transient error (no connection, 408, 421, 425, 429, 5xx, an unreadable answer) it polls again. An id that the gateway
    refuses delays no other: it is asked for again now and then, until only such ids are left. If the gateway refuses
    every id, or the account, the error is raised.

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
        self._refused: dict[str, Pause] = {}
        self._suspects: frozenset[str] = frozenset()
        self._size = IDS_PER_REQUEST

    @property
    def report(self) -> DeliveryReport:
        """The statuses known so far."""
        return report_of(self._ids, self._known, self._final, self._refused)

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
        if all(id_ in self._refused for id_ in pending) or (self._asked and spare <= 0):
            return False
        if self._asked:
            interval = max(poll_interval(self._polling, self._asked, self._uniform), MIN_INTERVAL)
            await self._sleep(min(interval, spare))
        minimum = 0.0 if self._asked else self._polling.initial_interval
        self._asked += 1
        with anyio.move_on_after(max(self._deadline - self._clock(), minimum)):
            await self._ask([id_ for id_ in pending if self._is_askable(id_)])
        return True

    def _is_askable(self, id_: str) -> bool:
        return id_ not in self._refused or self._refused[id_].is_over(self._clock())

    async def _ask(self, ids: Sequence[str]) -> None:
        query = ChunkedQuery(self._query, functools.partial(self._record, frozenset(ids)), ignored=is_transient)
        suspects = [id_ for id_ in ids if id_ in self._suspects]
        try:
            await query.run(
                [
                    *chunked([id_ for id_ in ids if id_ not in self._suspects], IDS_PER_REQUEST),
                    *chunked(suspects, self._size),
                ]
            )
        finally:
            self._suspect(query.unclear)
        for id_ in query.refused:
            if id_ not in self._refused:
                text = "sms.watch_delivery: the gateway refuses to look up %s; the other messages are followed"
                logger.warning(text, id_)
            self._refused.setdefault(id_, Pause()).fail(self._clock(), self._polling.max_interval)

    def _suspect(self, ids: Collection[str]) -> None:
        """Ask for these in smaller requests next time: the gateway may fail at one of them."""
        self._suspects = frozenset(ids)
        self._size = (
            max(1, self._size // _SPLIT, -(-len(ids) // _MAX_REQUESTS_FOR_SUSPECTS)) if ids else IDS_PER_REQUEST
        )
        self._size = min(self._size, IDS_PER_REQUEST)

    def _record(self, asked: Collection[str], statuses: Sequence[Delivery]) -> None:
        for status in statuses:
            before = self._known.get(status.id)
            if status.id in asked and (before is None or before.status != status.status):
                self._changes.append(status)
            if status.id in asked:
                self._known[status.id] = status
                self._refused.pop(status.id, None)


publish_in_package(["DeliveryWatch", "Polling"], globals())
