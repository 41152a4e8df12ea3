"""Opaque values: tokens, bodies, texts, numbers.

Debuggers, loggers and error trackers show the locals of a failing program. Some print the `repr` of a value; others never
ask for it, and walk through mappings, sequences and strings themselves. A sealed value is none of these: it is an
object without readable attributes, and only `reveal()` returns its content.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any, Generic, NoReturn, TypeVar, cast, final

from wikipayam_async.redact.masks import MASK, mask_mapping

__all__ = ["Sealed", "SealedBytes", "SealedFields", "Secret", "reveal", "seal"]

T = TypeVar("T")


def _keep(value: T) -> Callable[[], T]:
    """Return a function that returns the value: no attribute of an object holds it."""
    return lambda: value


@final
class Secret:
    """A string that only `reveal()` returns: masked in `repr`, `str` and format strings, and never pickled."""

    __slots__ = ("_content",)

    def __init__(self, value: str) -> None:
        self._content = _keep(value)

    def reveal(self) -> str:
        """Return the string."""
        return self._content()

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.reveal().encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash((Secret, self.reveal()))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled: pass the token to the other process in its environment")


@final
class SealedBytes(bytes):
    """Bytes with texts, numbers or a token. A debugger or a traceback with locals shows only their length."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"

    __str__ = __repr__

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)  # some tools slice long bytes before they print them
        return part if isinstance(part, int) else SealedBytes(part)


@final
class Sealed(Generic[T]):
    """Any value. Only `reveal()` returns it."""

    __slots__ = ("_content",)

    def __init__(self, value: T) -> None:
        self._content = _keep(value)

    def reveal(self) -> T:
        """Return the value."""
        return self._content()

    def __repr__(self) -> str:
        return f"Sealed({MASK})"


def seal(value: T | None) -> Sealed[T] | None:
    """Seal an argument; None stays None, so that it still reads as no argument."""
    return None if value is None else Sealed(value)


def reveal(value: T | Sealed[T]) -> T:
    """Return an argument, sealed or not."""
    return cast("T", value.reveal() if isinstance(value, Sealed) else value)


@final
class SealedFields:
    """Fields with texts, numbers or a token. Their `repr` shows only the names. They are no mapping, since tools walk those."""

    __slots__ = ("_content",)

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._content = _keep(dict(fields))

    def reveal(self) -> dict[str, str]:
        """Return a copy of the fields."""
        return dict(self._content())

    def after(self, fields: Mapping[str, str]) -> SealedFields:
        """Return the fields behind others."""
        return SealedFields({**fields, **self._content()})

    def __bool__(self) -> bool:
        return bool(self._content())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SealedFields):
            other = other._content()
        return self._content() == other

    __hash__ = None  # type: ignore[assignment] # as for any mapping

    def __repr__(self) -> str:
        return mask_mapping(self._content())
