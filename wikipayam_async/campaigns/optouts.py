"""Opt-outs of a campaign: whoever has opted out once is never sent to, whatever lists later runs are given."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Iterable

from anyio import to_thread

from wikipayam_async.bulk.screening import OptOut, OptOutPredicate, Screen, ScreenResult
from wikipayam_async.campaigns.journal import Journal
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.optout import OptOutList
from wikipayam_async.redact.masks import shape_of

__all__ = ["OptOuts", "read_opt_out"]


async def read_opt_out(opt_out: OptOut | None) -> OptOutList | OptOutPredicate | None:
    """Return an opt-out as a list or a function; a file is read in a thread.

    Raises:
        InvalidInputError: It is neither, or a number is invalid.
    """
    if opt_out is None or isinstance(opt_out, OptOutList) or callable(opt_out):
        return opt_out
    if isinstance(opt_out, str | os.PathLike):
        return await to_thread.run_sync(OptOutList.read, opt_out)
    if isinstance(opt_out, Iterable) and not isinstance(opt_out, bytes):
        return OptOutList(opt_out)
    rule = "expected an OptOutList, numbers, the path of a file, or a predicate"
    raise InvalidInputError("opt_out", rule=rule, got=shape_of(opt_out))


class OptOuts:
    """Decides whether a message of a run is held back.

    Args:
        stored: The numbers that the journal knows.
        given: What this run was given. A list may change during the run.
    """

    def __init__(self, stored: Iterable[str], given: OptOutList | OptOutPredicate | None) -> None:
        self._stored = OptOutList(stored)
        self._given = given
        screens = [self._stored or None, given]
        self._screens = [Screen(opt_out=one) for one in screens if one is not None]

    @property
    def active(self) -> bool:
        """Whether any message may be held back."""
        return bool(self._screens)

    async def check(self, receiver: str, text: str) -> ScreenResult:
        """Return why a message is held back; None if it may be sent."""
        for screen in self._screens:
            verdict = screen.check(receiver, text)
            if isinstance(verdict, Awaitable):
                verdict = await verdict
            if verdict is not None:
                return verdict
        return None

    async def store(self, journal: Journal) -> None:
        """Keep the numbers of the given list in the journal."""
        if new := self.unstored():
            await journal.add_opt_outs(new)

    def unstored(self) -> list[str]:
        """Return the numbers of the given list that the journal does not know."""
        if not isinstance(self._given, OptOutList):
            return []
        return [number for number in self._given if number not in self._stored]
