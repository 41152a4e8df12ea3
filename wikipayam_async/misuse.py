"""The error for an asynchronous object in a plain `with` or `for`, or after `await`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NoReturn

__all__ = ["AsyncOnly"]


class AsyncOnly:
    """A base class of objects that are used with `async with` or `async for`.

    A plain `with`, a plain `for` and `await` raise a `TypeError` that says what to write instead. Type checkers do not
    see these methods, so that they report the mistake too.

    Attributes:
        _usage: What to write, such as `async with client.sms.batcher() as batcher`.
    """

    __slots__ = ()

    _usage: ClassVar[str]

    if TYPE_CHECKING:
        pass
    else:

        def __enter__(self) -> NoReturn:
            raise self._misuse("with")

        __exit__ = __enter__  # Python looks it up before it calls `__enter__`

        def __iter__(self) -> NoReturn:
            raise self._misuse("for")

        def __await__(self) -> NoReturn:
            raise self._misuse("await")

        def _misuse(self, keyword: str) -> TypeError:
            return TypeError(f"{type(self).__name__} does not support a plain `{keyword}`; write `{self._usage}`")
