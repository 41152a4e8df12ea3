"""Values whose `repr` hides their content: tokens, bodies, texts."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any, Generic, NoReturn, TypeVar, final

from wikipayam_async.redact.masks import MASK, mask_mapping, mask_text

__all__ = ["Sealed", "SealedBytes", "SealedFields", "SealedStr", "Secret", "seal"]

T = TypeVar("T")


@final
class Secret:
    """A string that only `reveal()` returns: masked in `repr`, `str` and format strings, and never pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the string."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

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
class SealedStr(str):
    """A string whose `repr` shows only its length, for example in a traceback with locals."""

    __slots__ = ()

    def __repr__(self) -> str:
        return mask_text(self)

    def __getitem__(self, key: Any) -> SealedStr:
        return SealedStr(super().__getitem__(key))


def seal(value: T) -> T | SealedStr:
    """Seal an argument if it is a string. Any other value is returned for the checks to refuse."""
    return SealedStr(value) if isinstance(value, str) else value


@final
class Sealed(Generic[T]):
    """Any value, with a `repr` that hides it."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """Return the value."""
        return self._value

    def __repr__(self) -> str:
        return f"Sealed({MASK})"


@final
class SealedFields(Mapping[str, str]):
    """Fields with texts, numbers or a token. Their `repr` shows only the names."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = dict(fields)

    def __getitem__(self, name: str) -> str:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return mask_mapping(self._fields)
