"""What a bulk send awaits around each request: a turn, the caller's hook before it leaves, a note of its outcomes."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from wikipayam_async.bulk.chunker import Chunk
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.core.operation import format_track_ids
from wikipayam_async.errors import BeforeSendError, WikipayamError
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.publish import publish_in_package
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.structs import Model

__all__ = ["AfterSend", "Announcement", "BeforeSend", "OutgoingMessage", "WaitTurn", "outgoing_of", "refusal_of"]


class OutgoingMessage(Model, frozen=True):
    """A message of a bulk send whose request is about to leave, as `before_send` gets it.

    Attributes:
        index: The index of the message in the input, counted from 0.
        track_id: The track id that it is sent with: the message's own, or a generated one.
        message: The message as the caller passed it.
    """

    index: int
    track_id: str
    message: SmsMessage


BeforeSend: TypeAlias = Callable[[Sequence[OutgoingMessage]], Awaitable[object]]
"""Awaited with the messages of a request before it leaves; if it raises, they are not attempted and the run stops."""

AfterSend: TypeAlias = Callable[[Sequence[SendResult]], Awaitable[object]]
"""Awaited with the results of a chunk before the worker reads the next one; shielded from cancellation."""

WaitTurn: TypeAlias = Callable[[Sequence[OutgoingMessage]], Awaitable[object]]
"""Awaited with the messages of every request before any other wait; if it raises, they are not attempted and the run
stops."""


class Announcement:
    """Calls `before_send` for the messages of one chunk, once.

    A chunk may take several requests (after a 413 or a 422, or once a throttled gateway takes it): it is announced
    before the first.

    Args:
        hook: The caller's function.
        chunk: The messages.
        withdraw: Takes an announcement back; None if that is not wanted.
    """

    __slots__ = ("_chunk", "_hook", "_withdraw", "done")

    def __init__(self, hook: BeforeSend, chunk: Chunk, withdraw: BeforeSend | None = None) -> None:
        self._hook = hook
        self._withdraw = withdraw
        self._chunk = chunk
        self.done = False

    async def __call__(self) -> None:
        """Await the hook, unless it was awaited before.

        Raises:
            BeforeSendError: The hook raised.
        """
        if not self.done:
            await self._await_hook(self._hook)
            self.done = True

    async def withdraw(self) -> None:
        """Take the announcement back before a wait: nothing was accepted, and the hook is awaited again after it.

        Raises:
            BeforeSendError: The function that takes it back raised.
        """
        if self.done and self._withdraw is not None:
            await self._await_hook(self._withdraw)
            self.done = False

    async def _await_hook(self, hook: BeforeSend) -> None:
        chunk = self._chunk
        try:
            await _awaitable(hook(outgoing_of(chunk)))
        except anyio.get_cancelled_exc_class() as error:
            await checkpoint_if_cancelled()
            raise _hook_error(chunk, error) from error  # of a task that the hook awaited: nobody cancelled this one
        except Exception as error:
            raise _hook_error(chunk, error) from error


def _awaitable(returned: object) -> Awaitable[object]:
    if not inspect.isawaitable(returned):
        raise TypeError(f"before_send: expected an async function; it returned {shape_of(returned)}")
    return returned


def outgoing_of(chunk: Chunk) -> tuple[OutgoingMessage, ...]:
    """Return the messages of a chunk as hooks get them."""
    batch = chunk.batch
    return tuple(map(OutgoingMessage, chunk.indexes, batch.track_ids, batch.messages))


def refusal_of(error: Exception) -> WikipayamError:
    """Return the error that stops a run after an internal hook raised: the hook's own, if it is one of the package."""
    if isinstance(error, WikipayamError):
        return error
    wrapped = WikipayamError(f"sms.send: the run was stopped: a hook of it raised {type(error).__name__}")
    wrapped.__cause__ = error
    return wrapped


def _hook_error(chunk: Chunk, error: BaseException) -> BeforeSendError:
    count = len(chunk)
    return BeforeSendError(
        f"sms.send: not sent: before_send raised {type(error).__name__} for {count} message{'s' * (count > 1)} "
        f"({format_track_ids(chunk.batch.track_ids)}); none of them was attempted, and the run stops. Fix the cause, "
        "then send them again"
    )


publish_in_package(["OutgoingMessage"], globals())
