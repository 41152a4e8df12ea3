"""Keeping secrets in: what may be shown of a token, a number, a text or an answer."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from typing import NoReturn, final

__all__ = ["MASK", "Scrubber", "SealedBytes", "Secret", "mask_mapping", "mask_number", "mask_text", "scrub", "shape_of"]

MASK = "***"
_SHOWN_AT_THE_FRONT, _SHOWN_AT_THE_END, _SHORTEST_MASKED_NUMBER = 4, 2, 8
_LONGEST_QUOTE, _LONGEST_READ = 300, 3000
_SHORTEST_SENSITIVE = 3
_UNPRINTABLE = re.compile(
    r"[^\w\s.,:;!?()\[\]{}<>'\"/@#%&*+=|~^$€«»،؛؟-]|[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
_LONG_DIGITS = re.compile(r"(?:\d[ .()?-]{0,3}){6,}\d")  # 7 and more, however they are grouped


@final
class Secret:
    """A string that shows itself only through `reveal()`: masked in `repr`, `str` and formats, and never pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the string itself."""
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
        raise TypeError("a secret is not pickled: hand the token to the other process in its environment")


@final
class SealedBytes(bytes):
    """Bytes that hold texts, numbers or a token: whoever prints them (a debugger, a traceback with locals) sees a length."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"

    __str__ = __repr__


def mask_number(number: object) -> str:
    """Return what may be shown of a phone number: `0912*****89`."""
    if not isinstance(number, str):
        return _mask_other(number)
    if len(number) < _SHORTEST_MASKED_NUMBER:
        return MASK
    hidden = len(number) - _SHOWN_AT_THE_FRONT - _SHOWN_AT_THE_END
    return number[:_SHOWN_AT_THE_FRONT] + "*" * hidden + number[-_SHOWN_AT_THE_END:]


def mask_text(text: object) -> str:
    """Return what may be shown of a message text or a code: its length."""
    return f"<{len(text)} characters>" if isinstance(text, str) else _mask_other(text)


def _mask_other(value: object) -> str:
    return "None" if value is None else f"<{shape_of(value)}>"


def mask_mapping(values: object) -> str:
    """Return what may be shown of fields that nobody knew of: their names."""
    return f"<{', '.join(sorted(map(str, values)))}>" if isinstance(values, dict) and values else "{}"


def shape_of(value: object) -> str:
    """Describe a bad value without showing it."""
    if isinstance(value, str):
        kinds = [name for name, test in _CHARACTER_KINDS if any(map(test, value))]
        return f"a string of {len(value)} characters" + (f" with {', '.join(kinds)}" if kinds else "")
    if isinstance(value, int | float) or value is None:
        return repr(value) if value is None or isinstance(value, bool) else f"a number ({type(value).__name__})"
    return f"an object of type {type(value).__name__}"


_CHARACTER_KINDS = (
    ("digits", str.isdecimal),
    ("letters", str.isalpha),
    ("spaces", str.isspace),
    ("other signs", lambda c: not (c.isdecimal() or c.isalpha() or c.isspace())),
)


class Scrubber:
    """Makes a stranger's texts fit to quote: short, printable, on one line, without the given values or long numbers.

    Args:
        sensitive: What must not come through, in whatever way the spaces in it are written.
    """

    __slots__ = ("_longest", "_values")

    def __init__(self, sensitive: Iterable[str] = ()) -> None:
        tidied = {_tidy(value) for value in sensitive}
        self._values = sorted((value for value in tidied if len(value) >= _SHORTEST_SENSITIVE), key=len, reverse=True)
        self._longest = len(self._values[0]) if self._values else 0

    def __call__(self, text: str) -> str:
        """Return what may be quoted of a text."""
        most = _LONGEST_READ + self._longest
        clean = _tidy(text[:most])
        for value in self._values:
            clean = clean.replace(value, MASK)
        if len(text) > most and self._longest:
            clean = clean[: -self._longest]  # where the cut went through a value, its first half stands here
        clean = _LONG_DIGITS.sub(MASK, clean)
        return clean if len(clean) <= _LONGEST_QUOTE else clean[:_LONGEST_QUOTE] + "…"


def scrub(text: str, sensitive: Iterable[str] = ()) -> str:
    """Return a stranger's text made fit to quote."""
    return Scrubber(sensitive)(text)


def _tidy(text: str) -> str:
    return _UNPRINTABLE.sub("?", " ".join(text.split()))
