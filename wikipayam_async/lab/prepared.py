"""Calls that are ready to be made: each can be made once, as it was shown."""

from __future__ import annotations

import secrets
from collections import OrderedDict

from attrs import define, field, frozen

from wikipayam_async.lab.call import SdkCall

__all__ = ["PreparedCall", "PreparedCalls"]

CAPACITY = 200
"""The number of calls that are kept; the oldest are dropped."""


@frozen
class PreparedCall:
    """A call that was shown.

    Attributes:
        operation: The `operationId`.
        call: The call.
    """

    operation: str
    call: SdkCall


@define
class PreparedCalls:
    """The calls that were shown and not made yet.

    A browser repeats a request whose connection broke, and people click twice. A call is taken by its number once, so
    neither sends a second message.
    """

    _calls: OrderedDict[str, PreparedCall] = field(init=False, factory=OrderedDict)

    def add(self, prepared: PreparedCall) -> str:
        """Keep a call, and return the number to take it by.

        Args:
            prepared: The call.
        """
        number = secrets.token_urlsafe(16)
        self._calls[number] = prepared
        if len(self._calls) > CAPACITY:
            self._calls.popitem(last=False)
        return number

    def take(self, number: str) -> PreparedCall | None:
        """Return a call and forget it; None if it was taken before, or is unknown.

        Args:
            number: Its number.
        """
        return self._calls.pop(number, None)
