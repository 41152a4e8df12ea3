"""What became of messages after they were accepted: asking once, waiting, and watching."""

from __future__ import annotations

import functools
import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import anyio
from attrs import field, frozen, validators

from wikipayam_async.core.converter import JsonValue, OpenStrEnum, to_items
from wikipayam_async.core.limits import Clock, Sleep
from wikipayam_async.core.retry import Uniform
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import mask_mapping, shape_of
from wikipayam_async.services.base import TRANSIENT, chunked

__all__ = [
    "FINAL_STATES",
    "DeliveryReport",
    "DeliveryState",
    "DeliveryStatus",
    "DeliveryWatch",
    "Polling",
    "read_statuses",
]

_IDS_A_REQUEST = 100
_REQUESTS_AT_ONCE = 8

_LAST_ANSWER = 1.0
"""Seconds kept back at the end for the last answer."""


class DeliveryState(OpenStrEnum):
    """How far a message got. Only `WAITING_FOR_UPDATE` is documented; the others are words that such gateways use.

    A word that is not listed becomes a value like a member, which keeps the word and is never final.
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
        """Whether nothing more is to come."""
        return self in FINAL_STATES


FINAL_STATES: frozenset[DeliveryState] = frozenset(
    {
        DeliveryState.DELIVERED,
        DeliveryState.UNDELIVERED,
        DeliveryState.FAILED,
        DeliveryState.REJECTED,
        DeliveryState.EXPIRED,
        DeliveryState.BLOCKED,
    }
)
"""The states after which nothing more is to come, as far as is known."""


@frozen
class DeliveryStatus:
    """What the gateway knows of one message.

    Attributes:
        id: The gateway's id.
        status: How far the message got.
        track_id: The reference that it was sent with, where the gateway repeats it.
        extra: Fields that this version does not know.
    """

    id: str
    status: DeliveryState
    track_id: str | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


@frozen
class DeliveryReport:
    """What was known when the waiting ended.

    Attributes:
        statuses: The last status of every message that the gateway spoke of, by id.
        pending: The ids whose outcome is still open, in the order asked; those that the gateway never mentioned too.
    """

    statuses: Mapping[str, DeliveryStatus]
    pending: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every message has come to its end."""
        return not self.pending

    @property
    def delivered(self) -> tuple[str, ...]:
        """The ids of the messages that arrived."""
        return tuple(id_ for id_, one in self.statuses.items() if one.status is DeliveryState.DELIVERED)


@frozen(kw_only=True)
class Polling:
    """How often to ask: soon at first, then less and less, never in step with other clients.

    Attributes:
        first_interval: Seconds until the second question.
        growth: What each interval is multiplied by to get the next.
        longest_interval: Seconds, the longest interval.
        jitter: The part of an interval that is left to chance, 0 to 1.
    """

    first_interval: float = field(default=1.0, validator=validators.gt(0))
    growth: float = field(default=1.5, validator=validators.ge(1))
    longest_interval: float = field(default=15.0, validator=validators.gt(0))
    jitter: float = field(default=0.2, validator=[validators.ge(0), validators.le(1)])

    def interval(self, asked: int, uniform: Uniform) -> float:
        """Return the seconds to wait after so many questions."""
        plain = min(self.longest_interval, self.first_interval * self.growth ** min(asked - 1, 100))
        return plain * uniform(1 - self.jitter, 1 + self.jitter)


@frozen
class _Wire:
    """One item of the answer, by its names on the payload."""

    id: str
    deliver_status: str = ""
    track_id: str | None = None
    extra: Mapping[str, Any] = field(factory=dict)


Ask: TypeAlias = Callable[[Sequence[str]], Awaitable[Sequence[DeliveryStatus]]]
Note: TypeAlias = Callable[[Sequence[DeliveryStatus]], object]
Tolerated: TypeAlias = tuple[type[Exception], ...]


def read_statuses(data: JsonValue) -> list[DeliveryStatus]:
    """Read `POST /sms/deliver`. Ids that the gateway does not know are simply absent."""
    return [
        DeliveryStatus(item.id, DeliveryState(item.deliver_status), item.track_id, item.extra)
        for item in to_items(data, _Wire)
        if item.id
    ]


async def ask_in_parts(ids: Sequence[str], ask: Ask, note: Note, tolerated: Tolerated = ()) -> None:
    """Ask about any number of ids, some requests at once; give every answer to `note` as it comes.

    Args:
        ids: The ids.
        ask: Asks about a hundred of them at most.
        note: Takes the statuses of one answer.
        tolerated: Errors that cost no more than the answer they stand for. Any other ends the asking.

    Raises:
        WikipayamError: The first error that is not tolerated.
    """
    parts = iter(chunked(ids, _IDS_A_REQUEST))
    failures: list[Exception] = []

    async def work() -> None:
        for part in parts:
            if failures:
                return
            try:
                note(await ask(part))
            except tolerated:
                continue
            except Exception as error:  # noqa: BLE001 - raised again below, without a group around it
                failures.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(min(_REQUESTS_AT_ONCE, -(-len(ids) // _IDS_A_REQUEST))):
            group.start_soon(work)
    if failures:
        raise failures[0]


def check_final_states(states: Iterable[str] | None) -> frozenset[str]:
    """Return the words that end the waiting for a message; the known ones if none are given."""
    if states is None:
        return FINAL_STATES
    if isinstance(states, str) or not isinstance(states, Iterable):
        raise InvalidInputError("final_states", rule="expected an iterable of status words", got=shape_of(states))
    words = list(states)
    if not all(isinstance(word, str) for word in words):
        raise InvalidInputError("final_states", rule="expected an iterable of status words", got="other things in it")
    return frozenset(map(DeliveryState, words))


def check_timeout(timeout: float) -> float:
    """Return seconds to wait; infinity waits for ever."""
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or math.isnan(timeout) or timeout < 0:
        raise InvalidInputError("timeout", rule="expected seconds, not below 0", got=shape_of(timeout))
    return timeout


class DeliveryWatch:
    """Follows messages until each has come to its end, or the time is up. An async iterator of changes.

    Troubles that pass (no connection, 429, 5xx, an unreadable answer) are waited out; others are raised.

    Attributes:
        report: What is known by now.
    """

    def __init__(
        self,
        ids: Sequence[str],
        ask: Ask,
        *,
        timeout: float,
        final_states: Collection[str],
        polling: Polling,
        uniform: Uniform,
        clock: Clock = anyio.current_time,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        self._ids = tuple(ids)
        self._ask = ask
        self._timeout = timeout
        self._final = final_states
        self._polling = polling
        self._uniform = uniform
        self._clock = clock
        self._sleep = sleep
        self._deadline: float | None = None
        self._asked = 0
        self._known: dict[str, DeliveryStatus] = {}
        self._changes: deque[DeliveryStatus] = deque()

    @property
    def report(self) -> DeliveryReport:
        """What is known by now."""
        return DeliveryReport(dict(self._known), self._pending())

    def __aiter__(self) -> AsyncIterator[DeliveryStatus]:
        return self

    async def __anext__(self) -> DeliveryStatus:
        while not self._changes:
            if not await self._look():
                raise StopAsyncIteration
        return self._changes.popleft()

    async def wait(self) -> DeliveryReport:
        """Follow to the end; return what is known then."""
        while await self._look():
            self._changes.clear()
        return self.report

    def _pending(self) -> tuple[str, ...]:
        known = self._known
        return tuple(id_ for id_ in self._ids if id_ not in known or known[id_].status not in self._final)

    async def _look(self) -> bool:
        """Pause if one is due, ask once, note what changed; False when the end has come."""
        now = self._clock()
        if self._deadline is None:
            self._deadline = now + self._timeout
        pending = self._pending()
        spare = self._deadline - now - min(_LAST_ANSWER, self._timeout / 10)
        if not pending or (self._asked and spare <= 0):
            return False
        if self._asked:
            await self._sleep(min(self._polling.interval(self._asked, self._uniform), spare))
        least = 0.0 if self._asked else self._polling.first_interval
        self._asked += 1
        note = functools.partial(self._note, frozenset(pending))
        with anyio.move_on_after(max(self._deadline - self._clock(), least)):
            await ask_in_parts(pending, self._ask, note, tolerated=TRANSIENT)
        return True

    def _note(self, pending: Collection[str], answers: Sequence[DeliveryStatus]) -> None:
        for answer in answers:
            before = self._known.get(answer.id)
            if answer.id in pending and (before is None or before.status != answer.status):
                self._changes.append(answer)
            if answer.id in pending:
                self._known[answer.id] = answer
