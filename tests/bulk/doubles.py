"""Test doubles for bulk sends, the batcher and the outbox: gateways that take the place of the pipeline, and tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint
from trio.testing import MockClock

from wikipayam_async import (
    APIStatusError,
    RateLimitError,
    SendStatus,
    SentMessage,
    SmsMessage,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.batching.batcher import Batcher
from wikipayam_async.core.operation import BeforeAttempt, Observer
from wikipayam_async.messages.payload import Batch

RECEIVER = "09123456789"
MOCK_TIME = pytest.mark.parametrize("anyio_backend", [("trio", {"clock": MockClock(autojump_threshold=0)})])
ON_ASYNCIO = pytest.mark.parametrize("anyio_backend", ["asyncio"])
FOREVER = 86_400.0
"""A `linger`, in seconds, for batches that are sent for another reason."""


class Killed(BaseException):
    """An exception that ends a worker."""


def of_a_send(error: BaseException) -> BaseException:
    """Give an error the `send_status` that the pipeline gives it, and return it."""
    if isinstance(error, WikipayamError) and error.send_status is None:
        answered = isinstance(error, APIStatusError) and not (isinstance(error, RateLimitError) and not error.attempts)
        error.send_status = SendStatus.REJECTED if answered else SendStatus.NOT_ATTEMPTED
    return error


class RecordingGateway:
    """Accepts every request and records it.

    Attributes:
        requests: The texts of every request.
        times: The event loop's time of every request.
        gate: Requests wait for this event; it is set unless a test replaces it.
        failures: The exceptions that the next requests raise.
    """

    def __init__(self, *failures: BaseException) -> None:
        self.requests: list[list[str | None]] = []
        self.times: list[float] = []
        self.gate = anyio.Event()
        self.gate.set()
        self.failures = list(failures)

    async def __call__(self, batch: Batch[SmsMessage], *_: object) -> Sequence[SentMessage | None]:
        """Answer one request."""
        self.requests.append([message.message for message in batch.messages])
        self.times.append(anyio.current_time())
        await self.gate.wait()
        if self.failures:
            raise of_a_send(self.failures.pop(0))
        payloads: Sequence[Any] = batch.payloads
        return [
            SentMessage(f"id-{payload.message}", payload.sender, payload.receiver, payload.track_id)
            for payload in payloads
        ]

    @property
    def sizes(self) -> list[int]:
        """The number of messages of every request."""
        return [len(request) for request in self.requests]

    @property
    def texts(self) -> list[str | None]:
        """The texts of all requests, in order."""
        return [text for request in self.requests for text in request]


class ScriptedGateway:
    """Answers each request with the next step of a script, and accepts all requests after the last step.

    A step is an exception to raise, a collection of positions that the answer leaves out, or a function that returns
    the outcomes to report (None reports nothing) before the request hangs.

    Args:
        script: The steps.
        item: Makes the answer to a payload; by default an id.

    Attributes:
        requests: The track ids of every request.
    """

    def __init__(self, *script: Any, item: Callable[[Any], Any] = lambda payload: f"id-{payload.track_id}") -> None:
        self._script = list(script)
        self._item = item
        self.requests: list[list[str]] = []

    async def __call__(
        self,
        batch: Batch[SmsMessage],
        observer: Observer,
        before_attempt: BeforeAttempt | None = None,
        before_wait: BeforeAttempt | None = None,
        /,
    ) -> Sequence[Any]:
        """Answer one request."""
        del before_attempt, before_wait
        self.requests.append(list(batch.track_ids))
        step: Any = self._script.pop(0) if self._script else ()
        if isinstance(step, BaseException):
            raise of_a_send(step)
        if callable(step):
            outcomes: Any = step(batch)
            if outcomes is not None:
                observer(lambda: outcomes)
            await anyio.sleep_forever()
        left_out: Any = step
        return [
            None if position in left_out else self._item(payload) for position, payload in enumerate(batch.payloads)
        ]


def error_422(*keys: str) -> UnprocessableError:
    """Make a 422 with errors under these keys."""
    return UnprocessableError("no", status_code=422, message="no", errors=dict.fromkeys(keys, ("bad", "very bad")))


class SendTasks:
    """Sends each message in a task of its own and records its outcome.

    Attributes:
        group: The task group.
        outcomes: The answer or the error, by track id.
        scopes: The cancel scope of each task, by track id.
    """

    def __init__(self, batcher: Batcher, group: TaskGroup) -> None:
        self._batcher = batcher
        self.group = group
        self.outcomes: dict[str, SentMessage | WikipayamError] = {}
        self.scopes: dict[str, anyio.CancelScope] = {}

    def send(self, *names: str) -> None:
        """Start a task for each track id, which is also the text. The order in which they run is random on trio."""
        for name in names:
            self.group.start_soon(self._send, name)

    async def send_in_order(self, *names: str) -> None:
        """Start the tasks one after the other."""
        for name in names:
            self.send(name)
            await let_others_run()

    async def _send(self, name: str) -> None:
        with anyio.CancelScope() as scope:
            self.scopes[name] = scope
            try:
                self.outcomes[name] = await self._batcher.send(RECEIVER, name, track_id=name)
            except WikipayamError as error:
                self.outcomes[name] = error

    def of(self, kind: type[object]) -> set[str]:
        """Return the track ids with an outcome of this type."""
        return {name for name, outcome in self.outcomes.items() if isinstance(outcome, kind)}

    @property
    def accepted(self) -> set[str]:
        """The track ids whose answer is that of a `RecordingGateway` to the very message."""
        return {
            name
            for name, sent in self.outcomes.items()
            if isinstance(sent, SentMessage) and (sent.id, sent.receiver) == (f"id-{name}", RECEIVER)
        }

    @property
    def errors(self) -> dict[str, type[BaseException]]:
        """The type of each error, by track id."""
        return {name: type(error) for name, error in self.outcomes.items() if isinstance(error, BaseException)}


@asynccontextmanager
async def send_tasks(batcher: Batcher) -> AsyncIterator[SendTasks]:
    """Yield tasks that use a batcher, and wait for them at the end."""
    async with anyio.create_task_group() as group:
        yield SendTasks(batcher, group)


async def let_others_run() -> None:
    """Yield to the event loop until all other tasks wait for something."""
    for _ in range(20):
        await checkpoint()


def names(count: int, prefix: str = "m") -> list[str]:
    """Make track ids."""
    return [f"{prefix}{number}" for number in range(count)]
