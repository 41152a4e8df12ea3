"""Polls the inbox for unread messages."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import NoReturn

import anyio

from wikipayam_async.cli.readable import readable
from wikipayam_async.cli.session import Session
from wikipayam_async.cli.wording import in_words_of_the_command_line
from wikipayam_async.errors import InvalidInputError, WikipayamError
from wikipayam_async.services.base import is_transient
from wikipayam_async.services.pauses import MIN_INTERVAL
from wikipayam_async.services.receives.models import ReceivedMessage, key_of

__all__ = ["watch_inbox"]


async def watch_inbox(
    session: Session, show: Callable[[ReceivedMessage], None], *, every: float, mark: bool, sender: str | None
) -> NoReturn:
    """Show every unread message once, until cancelled. Transient errors are shown, and polling continues.

    A message that cannot be read is named by its offset, and the others are shown.

    Args:
        session: The session of the command.
        show: Shows a message.
        every: The polling interval, in seconds.
        mark: Mark each message as read after it is shown.
        sender: Only messages from this number.

    Raises:
        InvalidInputError: An argument is invalid, or the output is closed.
        AuthenticationError: The token is wrong. Other permanent errors are raised too.
    """
    failure = InvalidInputError("output", rule="expected an open stream", got="a closed one")

    def show_or_stop(message: ReceivedMessage) -> None:
        show(message)
        if session.out.is_lost:  # a message that was not shown is not marked as read
            scope.cancel()
            raise failure

    with anyio.CancelScope() as scope:
        await _watch(session, show_or_stop, every=every, mark=mark, sender=sender)
    raise failure


async def _watch(
    session: Session, show: Callable[[ReceivedMessage], None], *, every: float, mark: bool, sender: str | None
) -> NoReturn:
    receives = session.client.receives
    if mark:
        await receives.consume(show, poll_interval=every, sender=sender)
    shown: set[Hashable] = set()
    warned = 0
    while True:
        unread: set[Hashable] = set()
        unreadable: list[int] = []
        try:
            messages = receives.iter_unread(sender=sender, page_size=500)
            async for message in readable(messages, unreadable.append):
                if key_of(message) not in shown:
                    show(message)
                unread.add(key_of(message))
        except WikipayamError as error:
            if not is_transient(error):
                raise
            session.out.warn(in_words_of_the_command_line(str(error)))
            shown |= unread  # messages on later pages may have been shown before
        else:
            shown = unread
            if len(unreadable) > warned:
                session.out.warn(f"cannot be read: unread messages at offset {', '.join(map(str, unreadable))}")
            warned = len(unreadable)
        await anyio.sleep(max(every, MIN_INTERVAL))
