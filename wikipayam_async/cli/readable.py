"""Received messages around those that cannot be read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from wikipayam_async.errors import ResponseError, ServerError
from wikipayam_async.services.receives.models import ReceivedMessage

__all__ = ["readable"]


async def readable(
    messages: AsyncIterator[ReceivedMessage], note: Callable[[int], object]
) -> AsyncIterator[ReceivedMessage]:
    """Yield all messages that can be read.

    Args:
        messages: The messages, as `receives.iter` returns them.
        note: Called with the offset of each message that cannot be read.

    Raises:
        WikipayamError: The gateway failed for another reason than one message.
    """
    while True:
        try:
            message = await anext(messages)
        except StopAsyncIteration:
            return
        except (ResponseError, ServerError) as error:
            if error.offset is None:
                raise
            note(error.offset)
        else:
            yield message
