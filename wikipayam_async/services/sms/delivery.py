"""Delivery statuses: the models, the chunked query, and the watch that polls until they are final."""

from __future__ import annotations

import functools
import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
from attrs import field, frozen, validators

from wikipayam_async.core.converter import JsonValue, OpenStrEnum, to_items
from wikipayam_async.core.limits import Clock, Sleep
from wikipayam_async.core.retry import Uniform
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import mask_mapping, shape_of
from wikipayam_async.services.base import TRANSIENT, chunked

if TYPE_CHECKING:
    from wikipayam_async.core.limits import Clock, Sleep
    from wikipayam_async.core.retry import Uniform

__all__ = [
    "FINAL_STATES",
    "Delivery",
    "DeliveryReport",
    "DeliveryStatus",
    "DeliveryWatch",
    "Polling",
    "check_final_states",
    "check_timeout",
    "query_in_chunks",
    "read_statuses",
]

_IDS_PER_REQUEST = 100
_MAX_CONCURRENT_REQUESTS = 8

_LAST_ANSWER = 1.0
"""Seconds before the deadline that are reserved for the last answer."""


class DeliveryStatus(OpenStrEnum):
    """The status of a message. Only `WAITING_FOR_UPDATE` is documented; the others are usual with such gateways.

    An unknown status becomes a value that behaves like a member, keeps the gateway's word and is never final.
    """

    WAITING_FOR_UPDATE = "WAITING_FOR_UPDATE"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    BLOCKED = "BLOCKED"

    @property
    def final(self) -> bool:
        """Whether the status can no longer change."""
        return self in FINAL_STATES


FINAL_STATES: frozenset[DeliveryStatus] = frozenset(
    {
        DeliveryStatus.DELIVERED,
        DeliveryStatus.UNDELIVERED,
        DeliveryStatus.FAILED,
        DeliveryStatus.REJECTED,
        DeliveryStatus.EXPIRED,
        DeliveryStatus.BLOCKED,
    }
)
"""The states that can no longer change, as far as is known."""


@frozen
class Delivery:
    """The delivery status of one message.

    Attributes:
        id: The gateway's id.
        status: The status.
        track_id: The track id that the message was sent with; None if the gateway does not return it.
        extra: Fields that this version does not know.
    """

    id: str
    status: DeliveryStatus
    track_id: str | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


@frozen
class DeliveryReport:
    """The statuses known when the polling ended.

    Attributes:
        statuses: The last status of every message that the gateway reported, by id.
        pending: The ids without a final status, in the order given; ids that the gateway never reported are included.
    """

    statuses: Mapping[str, Delivery]
    pending: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every message has a final status."""
        return not self.pending

    @property
    def delivered(self) -> tuple[str, ...]:
        """The ids of the delivered messages."""
        return tuple(id_ for id_, one in self.statuses.items() if one.status is DeliveryStatus.DELIVERED)


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

    def interval(self, asked: int, uniform: Uniform) -> float:
        """Return the seconds to wait after `asked` requests."""
        plain = min(self.max_interval, self.initial_interval * self.growth ** min(asked - 1, 100))
        return plain * uniform(1 - self.jitter, 1 + self.jitter)


@frozen
class _StatusItem:
    """One item of the answer, with the gateway's field names."""

    id: str
    deliver_status: str = ""
    track_id: str | None = None
    extra: Mapping[str, Any] = field(factory=dict)


Query: TypeAlias = Callable[[Sequence[str]], Awaitable[Sequence[Delivery]]]
"""Requests the statuses of at most 100 ids."""


def read_statuses(data: JsonValue) -> list[Delivery]:
    """Read `POST /sms/deliver`. Ids that the gateway does not know are absent."""
    return [
        Delivery(item.id, DeliveryStatus(item.deliver_status), item.track_id, item.extra)
        for item in to_items(data, _StatusItem)
        if item.id
    ]


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
            except Exception as error:  # noqa: BLE001 - raised again below, without a group around it
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


def check_timeout(timeout: float) -> float:
    """Return a valid timeout in seconds; it may be infinite."""
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or math.isnan(timeout) or timeout < 0:
        raise InvalidInputError("timeout", rule="expected seconds, not below 0", got=shape_of(timeout))
    return timeout


class DeliveryWatch:
    """Polls until every message has a final status or the timeout is reached. An async iterator of status changes.

    After a transient error (no connection, 429, 5xx, an unreadable answer) it polls again; other errors are raised.

    Attributes:
        report: The statuses known so far.
    """

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
        return DeliveryReport(dict(self._known), self._pending())

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

    def _pending(self) -> tuple[str, ...]:
        known = self._known
        return tuple(id_ for id_ in self._ids if id_ not in known or known[id_].status not in self._final)

    async def _poll(self) -> bool:
        """Wait for the interval, request the statuses once and record the changes; return False at the end."""
        now = self._clock()
        if self._deadline is None:
            self._deadline = now + self._timeout
        pending = self._pending()
        spare = self._deadline - now - min(_LAST_ANSWER, self._timeout / 10)
        if not pending or (self._asked and spare <= 0):
            return False
        if self._asked:
            await self._sleep(min(self._polling.interval(self._asked, self._uniform), spare))
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
