from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from anyio.lowlevel import checkpoint

from wikipayam_async import ReceivedMessage, ResponseError, ServerError
from wikipayam_async.cli.readable import readable

pytestmark = pytest.mark.anyio


class Messages(AsyncIterator[ReceivedMessage]):
    """Yields messages, and raises errors, as `receives.iter` does."""

    def __init__(self, *steps: str | Exception) -> None:
        self._steps = list(steps)

    async def __anext__(self) -> ReceivedMessage:
        await checkpoint()
        if not self._steps:
            raise StopAsyncIteration
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return ReceivedMessage(step)


async def test_unreadable_messages_are_noted() -> None:
    """Messages that cannot be read are noted by their offsets, and the others are yielded."""
    failure = ServerError("no", status_code=500)
    messages = Messages("a", ResponseError("gibberish").at_offset(1), failure.at_offset(2), "b")
    noted: list[int] = []
    assert [message.id async for message in readable(messages, noted.append)] == ["a", "b"]
    assert noted == [1, 2]


async def test_other_errors_are_raised() -> None:
    """An error that is not about one message is raised."""
    with pytest.raises(ServerError):
        assert [message async for message in readable(Messages(ServerError("no", status_code=500)), print)] == []
