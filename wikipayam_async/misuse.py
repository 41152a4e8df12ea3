"""Errors that say what to write, for objects that only work with `async`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NoReturn

__all__ = ["AsyncOnly"]


class AsyncOnly:
    """Raises a `TypeError` that says what to write, if it is entered, iterated or awaited like a plain object.

    Type checkers do not see these methods, and report the misuse themselves.
    """

    __slots__ = ()

    _usage: ClassVar[str]
    """What to write."""

    if TYPE_CHECKING:
        pass
    else:

        def __enter__(self) -> NoReturn:
            raise TypeError(self._usage)

        __exit__ = __iter__ = __await__ = __enter__
