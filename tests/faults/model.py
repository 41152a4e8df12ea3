"""The model that random programs are held against, and what carries their steps out."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from typing import Any

import anyio
from anyio.lowlevel import checkpoint
from attrs import define, field

from tests.faults.programs import RECEIVERS, Arm, Bulk, Many, Program
from wikipayam_async import (
    APIConnectionError,
    APIStatusError,
    AsyncWikipayam,
    CallFinished,
    Event,
    SendResult,
    SendStatus,
    SentMessage,
    SmsMessage,
    UnknownOutcomeError,
)
from wikipayam_async.emulator import Emulator

__all__ = ["Stage", "play"]

BAD = "nobody"


class SourceBroke(Exception):  # noqa: N818 - it is what the source's own code raises
    """What a source raises in the middle."""


class Given(list[SmsMessage]):
    """A list that counts what was taken from it.

    Attributes:
        taken: How many messages were.
    """

    taken = 0

    def __iter__(self) -> Iterator[SmsMessage]:
        for message in list.__iter__(self):
            self.taken += 1
            yield message


class ConsumerLeft(Exception):  # noqa: N818 - it is what the consumer's own code raises
    """What a consumer raises in the middle."""


@define
class Stage:
    """A gateway, a client, and what is known of every message that was handed in.

    Attributes:
        name: Begins every text of this stage, since a gateway may be used by several, one after the other.
        outcomes: What was told of each text, as often as it was told.
        ids: The gateway's ids of what was accepted, by text.
        events: What `on_event` was told, by track id.
        made: How many messages were made.
        most_pulled: The most messages that a source had given without getting results, in parts of what is allowed.
    """

    emulator: Emulator
    name: str
    outcomes: dict[str, list[SendStatus]] = field(factory=dict)
    ids: dict[str, str | None] = field(factory=dict)
    events: dict[str | None, list[SendStatus]] = field(factory=dict)
    most_pulled: float = 0.0
    made: int = 0

    def hear(self, event: Event) -> None:
        """Take an event of the client's."""
        if isinstance(event, CallFinished):
            for one in event.messages:
                self.events.setdefault(one.track_id, []).append(one.status)

    def message(self, *, bad: bool = False, named: bool = True) -> SmsMessage:
        """Make the next message."""
        number = self.made
        self.made += 1
        text = f"{self.name}-{number}"
        self.outcomes[text] = []
        return SmsMessage(BAD if bad else RECEIVERS[number % 3], text, track_id=f"T{text}" if named else None)

    def tell(self, message: Any, status: SendStatus, id_: str | None = None) -> None:
        """Note what was told of a message."""
        self.outcomes[message.message].append(status)
        if status is SendStatus.ACCEPTED:
            self.ids[message.message] = id_

    def check(self) -> None:
        """Hold what was told against the gateway's ledger."""
        ledger = [entry for entry in self.emulator.ledger if entry.message.startswith(f"{self.name}-")]
        texts = Counter(entry.message for entry in ledger)
        assert [text for text, times in texts.items() if times > 1] == []
        track_ids = Counter(entry.track_id for entry in ledger)
        assert [track_id for track_id, times in track_ids.items() if times > 1 or track_id is None] == []
        assert {text: told for text, told in self.outcomes.items() if len(told) != 1} == {}
        outcomes = {text: told[0] for text, told in self.outcomes.items()}
        by_text = {entry.message: entry.id for entry in ledger}
        accepted = {text for text, status in outcomes.items() if status is SendStatus.ACCEPTED}
        unknown = {text for text, status in outcomes.items() if status is SendStatus.UNKNOWN}
        assert (accepted - by_text.keys(), by_text.keys() - accepted - unknown) == (set(), set())
        assert {text: id_ for text, id_ in self.ids.items() if by_text[text] != id_} == {}
        assert self.most_pulled <= 1


async def play(program: Program, stage: Stage, client: AsyncWikipayam) -> int:
    """Carry a program out, and check after every step; return how many messages were handed in."""
    for step in program:
        client._shared.gate.not_before = 0.0
        if isinstance(step, Arm):
            stage.emulator.faults.arm(step.fault, on="POST /sms/send", times=step.times)
        elif isinstance(step, Many):
            await _cancelled_after(step.cancel, _send(step, stage, client))
        else:
            await _send_bulk(step, stage, client)
        stage.check()
    return stage.made


async def _cancelled_after(steps: int | None, job: Awaitable[None]) -> None:
    """Carry out a job, and cancel it after so many steps of the event loop."""
    with anyio.CancelScope() as scope:

        async def cancel() -> None:
            for _ in range(steps or 0):
                await checkpoint()
            scope.cancel()

        async with anyio.create_task_group() as group:
            if steps is not None:
                group.start_soon(cancel)
            await job
            group.cancel_scope.cancel()


async def _send(step: Many, stage: Stage, client: AsyncWikipayam) -> None:
    messages = [stage.message() for _ in range(step.count)]
    try:
        if step.count == 1:
            only = messages[0]
            sents = [await client.sms.send(only.receiver, only.message or "", track_id=only.track_id)]
        else:
            sents = await client.sms.send_many(messages)
    except UnknownOutcomeError as error:
        _tell_unknown(messages, error, stage)
    except (APIStatusError, APIConnectionError) as error:
        refused = isinstance(error, APIStatusError) and error.attempts
        for one in messages:
            stage.tell(one, SendStatus.REJECTED if refused else SendStatus.NOT_ATTEMPTED)
    except anyio.get_cancelled_exc_class():
        for one in messages:  # what became of it was told to `on_event`, or it never began
            for status in stage.events.get(one.track_id, [SendStatus.NOT_ATTEMPTED]):
                stage.tell(one, status, _id_in(stage, one))
        raise
    else:
        for one, sent in zip(messages, sents, strict=True):
            stage.tell(one, SendStatus.ACCEPTED, sent.id)


def _tell_unknown(messages: Sequence[SmsMessage], error: UnknownOutcomeError, stage: Stage) -> None:
    """Note an error that leaves some messages open, and tells of the others, in their order, that they were accepted."""
    told = [one for one in messages if one.track_id not in error.track_ids]
    for one in messages:
        if one not in told:
            stage.tell(one, SendStatus.UNKNOWN)
    for one, sent in zip(told, error.accepted, strict=True):
        assert isinstance(sent, SentMessage)
        stage.tell(one, SendStatus.ACCEPTED, sent.id)


def _id_in(stage: Stage, message: SmsMessage) -> str | None:
    return next((entry.id for entry in stage.emulator.ledger if entry.message == message.message), None)


@define
class _Input:
    """What a bulk send is fed with, and how far ahead of its results it runs.

    Attributes:
        given: Every message that was made, in order.
        taken: How many results the consumer has taken.
    """

    step: Bulk
    stage: Stage
    given: list[SmsMessage] = field(factory=list)
    taken: int = 0

    def give(self) -> Iterator[SmsMessage]:
        """Give the messages, and raise where the step says so."""
        step = self.step
        allowed = step.concurrency * 2 * 2 * step.batch_size
        for index in range(step.count):
            if index == step.breaks:
                raise SourceBroke
            bad = step.bad > 0 and index % step.bad == 1
            self.given.append(self.stage.message(bad=bad, named=index % 3 > 0))
            if step.source != "list":  # what stands in a list is no matter of the window
                ahead = (len(self.given) - self.taken) / allowed
                self.stage.most_pulled = max(self.stage.most_pulled, ahead)
            yield self.given[-1]

    async def give_slowly(self) -> AsyncIterator[SmsMessage]:
        """Give the messages, each after a step of the event loop."""
        messages = self.give()
        while True:
            await checkpoint()
            message = next(messages, None)
            if message is None:
                return
            yield message

    def source(self) -> Any:
        """Return the iterable."""
        if self.step.source == "async generator":
            return self.give_slowly()
        if self.step.source == "generator":
            return self.give()
        listed = Given()
        with contextlib.suppress(SourceBroke):
            listed.extend(self.give())
        return listed


async def _send_bulk(step: Bulk, stage: Stage, client: AsyncWikipayam) -> None:
    feed = _Input(step, stage)
    source = feed.source()
    run = client.sms.bulk(source, step.batch_size, step.concurrency, step.ordered, on_error=step.on_error)
    results: list[SendResult] = []

    async def consume() -> None:
        async with run:
            async for result in run:
                results.append(result)
                feed.taken += 1
                if step.leave is not None and len(results) >= step.leave:
                    if step.how == "raise":
                        raise ConsumerLeft
                    break

    try:
        await _cancelled_after(step.cancel, consume())
    except* (ConsumerLeft, SourceBroke):
        pass
    if isinstance(source, Given):
        for message in feed.given[source.taken :]:
            del stage.outcomes[message.message or ""]
    _tell_results(step, stage, feed, results, run.leftover)


def _tell_results(
    step: Bulk, stage: Stage, feed: _Input, results: Sequence[SendResult], leftover: Sequence[SendResult]
) -> None:
    indexes = [result.index for result in results]
    assert indexes == sorted(indexes) or not step.ordered
    for result in (*results, *leftover):
        assert result.message is feed.given[result.index]
        assert (result.status is SendStatus.ACCEPTED) == (result.id is not None)
        stage.tell(result.message, result.status, result.id)
