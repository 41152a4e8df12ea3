"""Errors that say what to write, for objects that only work with `async`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NoReturn

__all__ = ["AsyncIteration", "AsyncOnly"]


class AsyncOnly:
    """Raises a `TypeError` that says what to write, if it is entered or iterated like a plain object.

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

        __exit__ = __iter__ = __enter__


class AsyncIteration(AsyncOnly):
    """Raises the same `TypeError` if it is awaited, too.

    It is for objects that are used up where they are made. Containers for dependency injection await whatever is
    awaitable, so an object that an application keeps must not be.
    """

    __slots__ = ()

    if not TYPE_CHECKING:
        __await__ = AsyncOnly.__enter__
