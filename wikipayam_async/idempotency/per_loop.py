"""A value for each event loop: locks and limiters of anyio work only in the loop that they were first used in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from anyio.lowlevel import RunVar

__all__ = ["PerLoop"]

T = TypeVar("T")

_values: RunVar[WeakKeyDictionary[PerLoop[Any], Any]] = RunVar("wikipayam_async_per_loop")


class PerLoop(Generic[T]):
    """Makes a value in each event loop on first use, and drops it with the loop.

    Args:
        make: Makes the value.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make

    def get(self) -> T:
        """Return the value of the current event loop."""
        values = _values.get(None)
        if values is None:
            values = WeakKeyDictionary()
            _values.set(values)
        value: T | None = values.get(self)
        if value is None:
            value = values[self] = self._make()
        return value
