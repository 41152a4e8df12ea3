"""Looking at the inbox again and again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import NoReturn

import anyio

from wikipayam_async.cli.session import Session
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.services.base import TRANSIENT
from wikipayam_async.services.receives.models import Receive, key_of

__all__ = ["watch_inbox"]


async def watch_inbox(
    session: Session, show: Callable[[Receive], None], *, every: float, mark: bool, sender: str | None
) -> NoReturn:
    """Show every unread message once, until cancelled. Troubles that pass are told and waited out.

    Args:
        session: The command's.
        show: Shows a message.
        every: Seconds between two looks.
        mark: Mark each message as read once it was shown.
        sender: Only from this number.

    Raises:
        InvalidInputError: An argument breaks a rule, or nobody reads any more what is shown.
        AuthenticationError: The token is wrong; so for every refusal that waiting does not mend.
    """
    failure = InvalidInputError("output", rule="expected somebody who reads it", got="a closed one")

    def show_to_somebody(message: Receive) -> None:
        show(message)
        if session.out.is_lost:  # nothing is marked as read that nobody could see
            scope.cancel()
            raise failure

    with anyio.CancelScope() as scope:
        await _watch(session, show_to_somebody, every=every, mark=mark, sender=sender)
    raise failure


async def _watch(
    session: Session, show: Callable[[Receive], None], *, every: float, mark: bool, sender: str | None
) -> NoReturn:
    receives = session.client.receives
    if mark:
        await receives.consume(show, every, sender=sender)
    shown: set[Hashable] = set()
    while True:
        unread: set[Hashable] = set()
        try:
            async for message in receives.iter_unread(sender=sender, page_size=500):
                if key_of(message) not in shown:
                    show(message)
                unread.add(key_of(message))
        except TRANSIENT as error:
            session.out.warn(f"{type(error).__name__}: {error}")
            shown |= unread  # what was not reached may have been shown before
        else:
            shown = unread
        await anyio.sleep(every)
