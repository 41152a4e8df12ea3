"""A model of every message's outcome, and the steps of random programs that are checked against it."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from typing import Any

import anyio
from anyio.lowlevel import checkpoint
from attrs import define, field

from tests.faults.programs import RECEIVERS, Arm, Program, SendBulk, SendMany
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

__all__ = ["Model", "play"]

INVALID_RECEIVER = "nobody"


class SourceError(Exception):
    """What a source raises."""


class CountingList(list[SmsMessage]):
    """A list that counts the messages taken from it.

    Attributes:
        taken: The number of messages taken.
    """

    taken = 0

    def __iter__(self) -> Iterator[SmsMessage]:
        for message in list.__iter__(self):
            self.taken += 1
            yield message


class ConsumerError(Exception):
    """What a consumer raises."""


@define
class Model:
    """What a client reported of every message that was passed to it.

    Attributes:
        emulator: The gateway.
        name: The prefix of every text of this model, since several models use one gateway in turn.
        outcomes: The outcomes reported for each text.
        ids: The reported ids of accepted messages, by text.
        events: The outcomes passed to `on_event`, by track id.
        made: The number of messages made.
        most_pulled: The highest number of messages pulled ahead of their results, as a share of the allowed number.
    """

    emulator: Emulator
    name: str
    outcomes: dict[str, list[SendStatus]] = field(factory=dict)
    ids: dict[str, str | None] = field(factory=dict)
    events: dict[str | None, list[SendStatus]] = field(factory=dict)
    most_pulled: float = 0.0
    made: int = 0

    def record_event(self, event: Event) -> None:
        """Record the outcomes of an event."""
        if isinstance(event, CallFinished):
            for one in event.messages:
                self.events.setdefault(one.track_id, []).append(one.status)

    def make_message(self, *, valid: bool = True, named: bool = True) -> SmsMessage:
        """Return the next message, with a valid receiver or not and with a track id or not."""
        number = self.made
        self.made += 1
        text = f"{self.name}-{number}"
        self.outcomes[text] = []
        receiver = RECEIVERS[number % 3] if valid else INVALID_RECEIVER
        return SmsMessage(receiver, text, track_id=f"T{text}" if named else None)

    def record(self, message: Any, status: SendStatus, id_: str | None = None) -> None:
        """Record the outcome of a message."""
        self.outcomes[message.message].append(status)
        if status is SendStatus.ACCEPTED:
            self.ids[message.message] = id_

    def check(self) -> None:
        """Assert that the reported outcomes agree with the gateway's ledger."""
        ledger = [entry for entry in self.emulator.ledger if entry.message.startswith(f"{self.name}-")]
        texts = Counter(entry.message for entry in ledger)
        assert [text for text, times in texts.items() if times > 1] == []
        track_ids = Counter(entry.track_id for entry in ledger)
        assert [track_id for track_id, times in track_ids.items() if times > 1 or track_id is None] == []
        assert {text: reported for text, reported in self.outcomes.items() if len(reported) != 1} == {}
        outcomes = {text: reported[0] for text, reported in self.outcomes.items()}
        by_text = {entry.message: entry.id for entry in ledger}
        accepted = {text for text, status in outcomes.items() if status is SendStatus.ACCEPTED}
        unknown = {text for text, status in outcomes.items() if status is SendStatus.UNKNOWN}
        assert (accepted - by_text.keys(), by_text.keys() - accepted - unknown) == (set(), set())
        assert {text: id_ for text, id_ in self.ids.items() if by_text[text] != id_} == {}
        assert self.most_pulled <= 1


async def play(program: Program, model: Model, client: AsyncWikipayam) -> int:
    """Run a program and check the model after every step; return the number of messages made."""
    for step in program:
        client._shared.gate.not_before = 0.0
        if isinstance(step, Arm):
            model.emulator.faults.arm(step.fault, on="POST /sms/send", times=step.times)
        elif isinstance(step, SendMany):
            await _cancelled_after(step.cancel_after, _send(step, model, client))
        else:
            await _send_bulk(step, model, client)
        model.check()
    return model.made


async def _cancelled_after(steps: int | None, job: Awaitable[None]) -> None:
    """Run a job and cancel it after a number of checkpoints; None means never."""
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


async def _send(step: SendMany, model: Model, client: AsyncWikipayam) -> None:
    messages = [model.make_message() for _ in range(step.count)]
    try:
        if step.count == 1:
            only = messages[0]
            sents = [await client.sms.send(only.receiver, only.message or "", track_id=only.track_id)]
        else:
            sents = await client.sms.send_many(messages)
    except UnknownOutcomeError as error:
        _record_unknown(messages, error, model)
    except (APIStatusError, APIConnectionError) as error:
        refused = isinstance(error, APIStatusError) and error.attempts
        for one in messages:
            model.record(one, SendStatus.REJECTED if refused else SendStatus.NOT_ATTEMPTED)
    except anyio.get_cancelled_exc_class():
        for one in messages:  # the outcome was passed to `on_event`, or the call never started
            for status in model.events.get(one.track_id, [SendStatus.NOT_ATTEMPTED]):
                model.record(one, status, _id_in(model, one))
        raise
    else:
        for one, sent in zip(messages, sents, strict=True):
            model.record(one, SendStatus.ACCEPTED, sent.id)


def _record_unknown(messages: Sequence[SmsMessage], error: UnknownOutcomeError, model: Model) -> None:
    """Record an error that names the unknown messages and, in order, the ids of the accepted ones."""
    accepted = [one for one in messages if one.track_id not in error.track_ids]
    for one in messages:
        if one not in accepted:
            model.record(one, SendStatus.UNKNOWN)
    for one, sent in zip(accepted, error.accepted, strict=True):
        assert isinstance(sent, SentMessage)
        model.record(one, SendStatus.ACCEPTED, sent.id)


def _id_in(model: Model, message: SmsMessage) -> str | None:
    return next((entry.id for entry in model.emulator.ledger if entry.message == message.message), None)


@define
class _Input:
    """The source of a bulk send, which measures how far it is pulled ahead of the results.

    Attributes:
        step: The step.
        model: The model.
        yielded: Every message made, in order.
        taken: The number of results the consumer has taken.
    """

    step: SendBulk
    model: Model
    yielded: list[SmsMessage] = field(factory=list)
    taken: int = 0

    def messages(self) -> Iterator[SmsMessage]:
        """Yield the messages; raise where the step says so."""
        step = self.step
        allowed = step.concurrency * 2 * 2 * step.batch_size
        for index in range(step.count):
            if index == step.raise_after:
                raise SourceError
            valid = step.invalid_every == 0 or index % step.invalid_every != 1
            self.yielded.append(self.model.make_message(valid=valid, named=index % 3 > 0))
            if step.source != "list":  # a list is filled before the send starts
                ahead = (len(self.yielded) - self.taken) / allowed
                self.model.most_pulled = max(self.model.most_pulled, ahead)
            yield self.yielded[-1]

    async def messages_slowly(self) -> AsyncIterator[SmsMessage]:
        """Yield the messages, each after a checkpoint."""
        messages = self.messages()
        while True:
            await checkpoint()
            message = next(messages, None)
            if message is None:
                return
            yield message

    def source(self) -> Any:
        """Return the iterable."""
        if self.step.source == "async generator":
            return self.messages_slowly()
        if self.step.source == "generator":
            return self.messages()
        listed = CountingList()
        with contextlib.suppress(SourceError):
            listed.extend(self.messages())
        return listed


async def _send_bulk(step: SendBulk, model: Model, client: AsyncWikipayam) -> None:
    feed = _Input(step, model)
    source = feed.source()
    run = client.sms.bulk(
        source,
        batch_size=step.batch_size,
        concurrency=step.concurrency,
        ordered=step.ordered,
        stop_on_error=step.stop_on_error,
    )
    results: list[SendResult] = []

    async def consume() -> None:
        async with run:
            async for result in run:
                results.append(result)
                feed.taken += 1
                if step.leave_after is not None and len(results) >= step.leave_after:
                    if step.leave_by == "raise":
                        raise ConsumerError
                    break

    try:
        await _cancelled_after(step.cancel_after, consume())
    except* (ConsumerError, SourceError):
        pass
    if isinstance(source, CountingList):
        for message in feed.yielded[source.taken :]:
            del model.outcomes[message.message or ""]
    _record_results(step, model, feed, results, run.leftover)


def _record_results(
    step: SendBulk, model: Model, feed: _Input, results: Sequence[SendResult], leftover: Sequence[SendResult]
) -> None:
    indexes = [result.index for result in results]
    assert indexes == sorted(indexes) or not step.ordered
    for result in (*results, *leftover):
        assert result.message is feed.yielded[result.index]
        assert (result.status is SendStatus.ACCEPTED) == (result.id is not None)
        model.record(result.message, result.status, result.id)
