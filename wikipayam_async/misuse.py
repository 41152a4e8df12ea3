"""Errors for objects that are used without `async` or `await`, which say what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NoReturn

__all__ = ["AsyncOnly"]


class AsyncOnly:
    """The base of objects that work only with `async with`, `async for` or a method that is awaited."""

    __slots__ = ()

    _usage: ClassVar[str]
    """What to write, such as `async with client.sms.batcher() as batcher`."""

    if not TYPE_CHECKING:  # type checkers report the mistake themselves

        def __enter__(self) -> NoReturn:
            raise TypeError(f"write: {self._usage}")

        def __exit__(self, *_: object) -> None:
            """Exist, since Python looks for it before it enters."""

        def __iter__(self) -> NoReturn:
            raise TypeError(f"write: {self._usage}")

        def __await__(self) -> NoReturn:
            raise TypeError(f"write: {self._usage}")
