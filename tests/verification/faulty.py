"""A store that fails, hangs or is cancelled at one of its calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from wikipayam_async import AsyncWikipayam
from wikipayam_async.verification import CodeMessage, SmsChannel, VerificationStore

__all__ = ["InterruptedChannel", "InterruptedStore", "Interruption", "cancelling", "fail", "hang"]

Interruption = Callable[[], Awaitable[None]]
"""What happens at the call: it raises, hangs, or cancels a scope and lets it take effect."""


class InterruptedStore:
    """Passes calls to a store, and lets something happen before or after one of them.

    Args:
        store: The store.
        at: The number of the call, from 0; None for every call.
        when: `before` or `after` its step.
        what: What happens.
    """

    def __init__(self, store: VerificationStore, *, at: int | None, when: str, what: Interruption) -> None:
        self._store = store
        self._at = at
        self._when = when
        self._what = what
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        step = getattr(self._store, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            struck = self._at in {None, len(self.calls)}
            self.calls.append(name)
            if struck and self._when == "before":
                await self._what()
            result = await step(*args, **kwargs)
            if struck and self._when == "after":
                await self._what()
            return result

        return call


class InterruptedChannel:
    """Sends by SMS in a pattern, and lets something happen before or after it.

    Args:
        when: `before` or `after` its message is accepted.
        what: What happens.
    """

    name = "sms"
    is_call = False
    reports_delivery = True

    def __init__(self, *, when: str, what: Interruption) -> None:
        self._when = when
        self._what = what

    async def send(self, client: AsyncWikipayam, message: CodeMessage) -> str | None:
        """Send a code."""
        if self._when == "before":
            await self._what()
        id_ = await SmsChannel(otp_pattern_id=13).send(client, message)
        if self._when == "after":
            await self._what()
        return id_


async def hang() -> None:
    """Never return."""
    await anyio.sleep_forever()


async def fail() -> None:
    """Raise what a driver raises."""
    raise ConnectionRefusedError("redis://10.0.0.1 09123456789")


def cancelling(scope: anyio.CancelScope) -> Interruption:
    """Return what cancels a scope, and lets it take effect."""

    async def cancel() -> None:
        scope.cancel()
        await anyio.lowlevel.checkpoint()

    return cancel
