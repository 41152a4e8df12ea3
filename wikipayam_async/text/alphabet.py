"""How a text is written on the air: the GSM 7-bit alphabet of 3GPP TS 23.038, UCS-2, and what a part holds of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import TypeVar, final

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of

__all__ = ["BASIC", "EXTENSION", "LIMITS", "Encoding", "ForeignCharacters", "cut", "measure", "units_in"]

T = TypeVar("T")

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The characters of one unit, in the table's order without its escape."""

EXTENSION = "\f^{}\\[~]|€"
"""The characters of two units: the escape, and a place in the second table."""

_FOREIGN = re.compile(f"[^{re.escape(BASIC + EXTENSION)}]")
_ASCII_BASIC, _ASCII_EXTENSION = (table.encode("ascii", "ignore") for table in (BASIC, EXTENSION))

_PAIR = "\ud800"
"""Stands before each character of two units while a text is cut. No text holds it: half a surrogate pair is refused."""


class Encoding(StrEnum):
    """How a text is written on the air; one character that GSM-7 does not have makes the whole text UCS-2."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


_GSM7, _UCS2 = Encoding.GSM7, Encoding.UCS2

LIMITS = {_GSM7: (160, 153), _UCS2: (70, 67)}
"""Units in the part of a message that has one, and in each part of a message that has several."""

_TWO_UNITS = {_GSM7: re.compile(f"[{re.escape(EXTENSION)}]"), _UCS2: re.compile("[\U00010000-\U0010ffff]")}


def measure(text: str) -> tuple[Encoding, int]:
    """Return how a text is written, and its length in units.

    Raises:
        InvalidInputError: It is no text, or holds half of a surrogate pair.
    """
    if not isinstance(text, str):
        raise InvalidInputError("text", rule="expected a text", got=shape_of(text))
    if text.isascii():
        rest = text.encode().translate(None, _ASCII_BASIC)
        if rest.translate(None, _ASCII_EXTENSION):
            return _UCS2, len(text)
        return _GSM7, len(text) + len(rest)
    if _FOREIGN.search(text):
        return _UCS2, _utf16_units(text)
    return _GSM7, units_in(text, _GSM7)


def units_in(text: str, encoding: Encoding) -> int:
    """Return the length in units of a text that is written so."""
    return len(text) + len(_TWO_UNITS[encoding].findall(text))


def _utf16_units(text: str) -> int:
    try:
        return (
            len(text.encode("utf-16")) // 2 - 1
        )  # without the mark of byte order; "utf-16-le" has none, but is slower
    except UnicodeEncodeError:
        pass  # it holds the text, so it must not be the context of what is raised
    raise InvalidInputError("text", rule="expected valid Unicode", got="half of a surrogate pair")


def cut(text: str, encoding: Encoding) -> list[str]:
    """Return a text that is too long for one part in parts, each character whole."""
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
class ForeignCharacters(AbstractSet[str]):
    """The different characters of a text that GSM-7 does not have, sorted; found when somebody asks, since few do.

    They show themselves one by one, never in a `repr`: a code in Persian digits could be read out of it.
    """

    __slots__ = ("_source",)

    def __init__(self, text: str) -> None:
        self._source: str | frozenset[str] = text

    def _found(self) -> frozenset[str]:
        source = self._source
        if isinstance(source, str):
            source = self._source = frozenset(_FOREIGN.findall(source))
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
        """Leave the text behind."""
        return frozenset, (self._found(),)

    @classmethod
    def _from_iterable(cls, it: Iterable[T]) -> frozenset[T]:
        return frozenset(it)
