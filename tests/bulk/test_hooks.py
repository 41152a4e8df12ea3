from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tests.bulk.chunks import chunk
from tests.bulk.doubles import ON_ASYNCIO
from wikipayam_async import BeforeSendError, OutgoingMessage, RateLimitError, SendStatus, SmsMessage, WikipayamError
from wikipayam_async.bulk.hooks import Announcement, outgoing_of, refusal_of

pytestmark = pytest.mark.anyio


def test_outgoing_messages() -> None:
    """A hook gets index, track id and message of every message, in order."""
    assert outgoing_of(chunk(3, 7)) == (
        OutgoingMessage(3, "T3", SmsMessage("09123456789", "m3")),
        OutgoingMessage(7, "T7", SmsMessage("09123456789", "m7")),
    )


def test_an_outgoing_message_shows_no_number_and_no_text() -> None:
    """The repr has index and track id, and the message masks itself."""
    shown = repr(outgoing_of(chunk(3))[0])
    assert shown == f"OutgoingMessage(index=3, track_id='T3', message={SmsMessage('09123456789', 'm3')!r})"
    assert "09123456789" not in shown


async def test_an_announcement_is_made_once() -> None:
    """The hook is awaited with the messages the first time only."""
    seen: list[Sequence[OutgoingMessage]] = []

    async def hook(batch: Sequence[OutgoingMessage]) -> None:
        await checkpoint()
        seen.append(batch)

    announcement = Announcement(hook, chunk(1, 2))
    await announcement()
    await announcement()
    assert seen == [outgoing_of(chunk(1, 2))]


async def test_an_announcement_can_be_withdrawn() -> None:
    """It is then made again; one that was not made, or has nobody to withdraw it, is not withdrawn."""
    calls: list[str] = []

    async def hook(_: Sequence[OutgoingMessage]) -> None:
        await checkpoint()
        calls.append("hook")

    async def withdraw(batch: Sequence[OutgoingMessage]) -> None:
        await checkpoint()
        calls.append(f"withdraw {len(batch)}")

    announcement = Announcement(hook, chunk(1, 2), withdraw)
    await announcement.withdraw()
    done = [announcement.done]
    await announcement()
    done.append(announcement.done)
    await announcement.withdraw()
    done.append(announcement.done)
    assert done == [False, True, False]
    await announcement.withdraw()
    await announcement()
    assert calls == ["hook", "withdraw 2", "hook"]
    announcement = Announcement(hook, chunk(1))
    await announcement()
    await announcement.withdraw()
    assert announcement.done


async def test_an_announcement_that_failed_is_made_again() -> None:
    """Messages count as announced only after the hook returned."""
    calls: list[int] = []

    async def hook(batch: Sequence[OutgoingMessage]) -> None:
        await checkpoint()
        calls.append(len(batch))
        if len(calls) == 1:
            raise OSError("disk full")

    announcement = Announcement(hook, chunk(1))
    with pytest.raises(BeforeSendError):
        await announcement()
    await announcement()
    await announcement()
    assert calls == [1, 1]


@pytest.mark.parametrize(
    "error", [OSError("disk full"), RateLimitError("no", status_code=429), ExceptionGroup("g", [OSError()])]
)
async def test_an_exception_of_the_hook(error: Exception) -> None:
    """Whatever the hook raises becomes a `BeforeSendError`, also an error of this package, with the exception as its cause."""

    async def hook(_: Sequence[OutgoingMessage]) -> None:
        await checkpoint()
        raise error

    with pytest.raises(BeforeSendError) as caught:
        await Announcement(hook, chunk(*range(7)))()
    assert caught.value.__cause__ is error
    assert caught.value.send_status is SendStatus.NOT_ATTEMPTED
    assert str(caught.value) == (
        f"sms.send: not sent: before_send raised {type(error).__name__} for 7 messages (T0, T1, T2, T3, T4, …); none of "
        "them was attempted, and the run stops. Fix the cause, then send them again"
    )


async def test_the_error_for_one_message() -> None:
    """The text says "message" for one."""

    def hook(_: Sequence[OutgoingMessage]) -> Any:
        raise KeyError

    with pytest.raises(BeforeSendError, match=r"before_send raised KeyError for 1 message \(T3\); none"):
        await Announcement(hook, chunk(3))()


async def test_the_error_for_two_messages() -> None:
    """The text says "messages" for more than one."""

    def hook(_: Sequence[OutgoingMessage]) -> Any:
        raise KeyError

    with pytest.raises(BeforeSendError, match=r"before_send raised KeyError for 2 messages \(T3, T4\); none"):
        await Announcement(hook, chunk(3, 4))()


async def test_a_plain_function() -> None:
    """A hook whose result cannot be awaited is refused, since nothing tells that it has done its work."""
    with pytest.raises(BeforeSendError) as caught:
        await Announcement(lambda _: None, chunk(1))()  # type: ignore[arg-type,return-value]
    assert repr(caught.value.__cause__) == ("TypeError('before_send: expected an async function; it returned None')")
    with pytest.raises(BeforeSendError) as caught:
        await Announcement(lambda _: 5, chunk(1))()  # type: ignore[arg-type,return-value]
    assert str(caught.value.__cause__) == "before_send: expected an async function; it returned a number (int)"


async def test_a_cancelled_hook() -> None:
    """A cancellation stays a cancellation."""

    async def hook(_: Sequence[OutgoingMessage]) -> None:
        await anyio.sleep_forever()

    announcement = Announcement(hook, chunk(1))
    with anyio.CancelScope() as scope:
        scope.cancel()
        await announcement()
    assert scope.cancelled_caught
    assert not announcement.done


@ON_ASYNCIO
async def test_a_hook_whose_own_task_was_cancelled() -> None:
    """A `CancelledError` although nobody cancelled the run is a failure of the hook: it ends no worker silently."""

    async def hook(_: Sequence[OutgoingMessage]) -> None:
        task = asyncio.ensure_future(asyncio.sleep(60))
        task.cancel()
        await task

    with pytest.raises(BeforeSendError) as caught:
        await Announcement(hook, chunk(1))()
    assert type(caught.value.__cause__) is asyncio.CancelledError
    assert str(caught.value).startswith("sms.send: not sent: before_send raised CancelledError for 1 message (T1); ")


def test_the_error_after_an_internal_hook() -> None:
    """An error of the package stops the run as it is; any other exception is its cause."""
    own, foreign = WikipayamError("paused"), OSError("disk full")
    assert refusal_of(own) is own
    wrapped = refusal_of(foreign)
    assert (type(wrapped), wrapped.__cause__) == (WikipayamError, foreign)
    assert str(wrapped) == "sms.send: the run was stopped: a hook of it raised OSError"
