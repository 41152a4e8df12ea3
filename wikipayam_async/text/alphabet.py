"""The encodings of an SMS: the GSM 7-bit alphabet of 3GPP TS 23.038 and UCS-2, and how much a part holds of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import TypeVar, final

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of

__all__ = ["BASIC", "EXTENSION", "LIMITS", "Encoding", "NonGsm7Characters", "cut", "measure", "units_in"]

T = TypeVar("T")

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The characters that take one unit, in the order of the table, without the escape."""

EXTENSION = "\f^{}\\[~]|€"
"""The characters that take two units: the escape and a position in the extension table."""

_NON_GSM7 = re.compile(f"[^{re.escape(BASIC + EXTENSION)}]")
_ASCII_BASIC, _ASCII_EXTENSION = (table.encode("ascii", "ignore") for table in (BASIC, EXTENSION))

_PAIR = "\ud800"
"""Marks each character of two units while a text is cut. No text contains it: a lone surrogate is refused."""


class Encoding(StrEnum):
    """The encoding of an SMS; one character that GSM-7 lacks makes the whole text UCS-2."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


_GSM7, _UCS2 = Encoding.GSM7, Encoding.UCS2

LIMITS = {_GSM7: (160, 153), _UCS2: (70, 67)}
"""Units per part: in a message of one part, and in a message of several."""

_TWO_UNITS = {_GSM7: re.compile(f"[{re.escape(EXTENSION)}]"), _UCS2: re.compile("[\U00010000-\U0010ffff]")}


def measure(text: str) -> tuple[Encoding, int]:
    """Return the encoding of a text, and its length in units.

    Raises:
        InvalidInputError: It is not a string, or contains a lone surrogate.
    """
    if not isinstance(text, str):
        raise InvalidInputError("text", rule="expected a text", got=shape_of(text))
    if text.isascii():
        rest = text.encode().translate(None, _ASCII_BASIC)
        if rest.translate(None, _ASCII_EXTENSION):
            return _UCS2, len(text)
        return _GSM7, len(text) + len(rest)
    if _NON_GSM7.search(text):
        return _UCS2, _utf16_units(text)
    return _GSM7, units_in(text, _GSM7)


def units_in(text: str, encoding: Encoding) -> int:
    """Return the length of a text in units of an encoding."""
    return len(text) + len(_TWO_UNITS[encoding].findall(text))


def _utf16_units(text: str) -> int:
    try:
        # Less the byte order mark. "utf-16-le" has none, but is slower.
        return len(text.encode("utf-16")) // 2 - 1
    except UnicodeEncodeError:
        pass  # it holds the text, so it must not become the context of the error below
    raise InvalidInputError("text", rule="expected valid Unicode", got="a lone surrogate")


def cut(text: str, encoding: Encoding) -> list[str]:
    """Return the parts of a text that is too long for one; no character is divided."""
    limit = LIMITS[encoding][1]
    units = _TWO_UNITS[encoding].sub(rf"{_PAIR}\g<0>", text)
    parts: list[str] = []
    start = 0
    while start < len(units):
        end = start + limit
        if units[end - 1 : end] == _PAIR:
            end -= 1
        parts.append(units[start:end].replace(_PAIR, ""))
        start = end
    return parts


@final
class NonGsm7Characters(AbstractSet[str]):
    """The distinct characters of a text that GSM-7 lacks, sorted. They are found on first use, which is rare.

    The `repr` does not show them: it could reveal a code in Persian digits.
    """

    __slots__ = ("_source",)

    def __init__(self, text: str) -> None:
        self._source: str | frozenset[str] = text

    def _found(self) -> frozenset[str]:
        source = self._source
        if isinstance(source, str):
            source = self._source = frozenset(_NON_GSM7.findall(source))
        return source

    def __contains__(self, character: object) -> bool:
        return character in self._found()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._found()))

    def __len__(self) -> int:
        return len(self._found())

    def __hash__(self) -> int:
        return hash(self._found())

    def __repr__(self) -> str:
        return f"<{len(self)} different characters>"

    def __reduce__(self) -> tuple[type[frozenset[str]], tuple[frozenset[str]]]:
        """Pickle the characters, not the text."""
        return frozenset, (self._found(),)

    @classmethod
    def _from_iterable(cls, it: Iterable[T]) -> frozenset[T]:
        return frozenset(it)
