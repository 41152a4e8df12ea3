"""Scrubbing of text to be quoted, such as the gateway's: short, printable, without the values of the request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wikipayam_async.redact.decode import decode_fully, decode_latin_1, decode_once, encoded_words, readings_of
from wikipayam_async.redact.masks import MASK

__all__ = ["Scrubber", "scrub"]

_MAX_QUOTED, _MAX_READ = 300, 3000
_MIN_SENSITIVE = 3
_MIN_SQUEEZED = 4
_PIECE = 8
"""The number of consecutive characters of a sensitive value that are masked wherever they occur."""
_MAX_SEARCHED = 300_000_000
"""The limit of characters searched, about a tenth of a second. Beyond it every piece is masked."""
_MAX_ROUNDS = 6
_UNPRINTABLE = re.compile(
    r"[^\w\s.,:;!?()\[\]{}<>'\"/@#%&*+=|~^$€«»،؛؟-]|[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
_LONG_DIGITS = re.compile(r"(?:\d[ .()?+/_:-]{0,3}){6,}\d")  # 7 and more, however they are grouped
_OTHER_DIGITS = re.compile(r"(?![0-9])\d")
_LETTERS_AND_DIGITS = re.compile(r"[^\W_]")
_UNIFIED = str.maketrans({"+": " ", "ς": "σ", "ي": "ی", "ى": "ی", "ك": "ک"})


class _Pieces:
    """Finds sensitive values, and any eight consecutive characters of them, in folded text.

    Args:
        values: The values, folded.
        shortest: The length of the shortest value that is looked for.
    """

    __slots__ = ("_haystack", "_known", "_left", "_short", "longest")

    def __init__(self, values: Iterable[str], shortest: int) -> None:
        distinct = {value for value in values if len(value) >= shortest}
        self._short: dict[int, set[str]] = {}
        for value in distinct:
            if len(value) < _PIECE:
                self._short.setdefault(len(value), set()).add(value)
        self._haystack = "\n".join(value for value in distinct if len(value) >= _PIECE)
        self._known: dict[str, bool] = {}
        self._left = _MAX_SEARCHED
        self.longest = max(map(len, distinct), default=0)

    def find(self, folded: str) -> Iterator[tuple[int, int]]:
        """Yield where a text holds a value or a part of one: the places of the first and of the last character."""
        if self._haystack:
            for start in range(len(folded) - _PIECE + 1):
                if self._occurs(folded[start : start + _PIECE]):
                    yield start, start + _PIECE - 1
        for size, values in sorted(self._short.items(), reverse=True):
            for start in range(len(folded) - size + 1):
                if folded[start : start + size] in values:
                    yield start, start + size - 1

    def _occurs(self, piece: str) -> bool:
        known = self._known.get(piece)
        if known is None:
            self._left -= len(self._haystack)
            known = self._known[piece] = self._left < 0 or piece in self._haystack
        return known


class Scrubber:
    """Makes texts safe to quote: short, printable, on one line, without sensitive values and long numbers.

    A value is found regardless of its spacing, its case and the script of its digits, with other signs between its
    letters, escaped (as in JSON, HTML or a URL, also several times), in base64 or hexadecimal, and in parts: any eight
    consecutive characters of it are masked.

    Args:
        sensitive: The values to mask.
    """

    __slots__ = ("_literal", "_squeezed", "_words")

    def __init__(self, sensitive: Iterable[str] = ()) -> None:
        values = {form for value in sensitive for form in (value, decode_fully(value) or value)}
        folded = {_fold(_on_one_line(value)) for value in values}
        self._literal = _Pieces(folded, _MIN_SENSITIVE)
        self._squeezed = _Pieces(("".join(_LETTERS_AND_DIGITS.findall(value)) for value in folded), _MIN_SQUEEZED)
        self._words: dict[str, bool] = {}

    def __call__(self, text: str) -> str:
        """Return the text as it may be quoted."""
        longest = self._literal.longest
        limit = _MAX_READ + longest
        clean = _on_one_line(decode_latin_1(text[:limit]))
        for _ in range(_MAX_ROUNDS):
            clean = self._mask(clean)
            plain = _on_one_line(decode_once(clean))
            if plain == clean:
                break
            clean = plain
        else:
            return MASK
        clean = _UNPRINTABLE.sub("?", self._mask_words(clean))
        if len(text) > limit and longest:
            clean = clean[:-longest]  # may be the first half of a value that the cut went through
        clean = _LONG_DIGITS.sub(MASK, clean)
        return clean if len(clean) <= _MAX_QUOTED else clean[:_MAX_QUOTED] + "…"

    def _mask(self, text: str) -> str:
        hidden = self._hide(text)
        if b"x" not in hidden:
            return text
        kept: list[str] = []
        end = 0
        for run in re.finditer(b"x+", hidden):
            kept += (text[end : run.start()], MASK)
            end = run.end()
        return "".join((*kept, text[end:]))

    def _hide(self, text: str) -> bytearray:
        folded = _fold(text)
        hidden = bytearray(len(folded))
        for first, last in self._literal.find(folded):
            _cover(hidden, first, last, whole=last - first + 1 < _PIECE)
        if self._squeezed.longest:
            places = [found.start() for found in _LETTERS_AND_DIGITS.finditer(folded)]
            for start, end in self._squeezed.find("".join([folded[place] for place in places])):
                _cover(hidden, places[start], places[end], whole=end - start + 1 < _PIECE)
        return hidden

    def _mask_words(self, text: str) -> str:
        """Mask the words that hold a value in base64 or hexadecimal."""
        kept: list[str] = []
        end = 0
        for word in encoded_words(text):
            if self._holds_value(word[0]):
                kept += (text[end : word.start()], MASK)
                end = word.end()
        return "".join((*kept, text[end:]))

    def _holds_value(self, word: str) -> bool:
        known = self._words.get(word)
        if known is None:
            known = self._words[word] = any(map(self._shows_value, readings_of(word)))
        return known

    def _shows_value(self, reading: str) -> bool:
        plain = decode_fully(reading)
        if plain is None or _LONG_DIGITS.search(plain):
            return True
        return b"x" in self._hide(_on_one_line(plain))


def scrub(text: str, sensitive: Iterable[str] = ()) -> str:
    """Return a text as it may be quoted: see `Scrubber`."""
    return Scrubber(sensitive)(text)


def _cover(hidden: bytearray, first: int, last: int, *, whole: bool) -> None:
    """Mark characters as hidden; a short value only where no part of it belongs to another."""
    if not whole or b"x" not in hidden[first : last + 1]:
        hidden[first : last + 1] = b"x" * (last + 1 - first)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _fold(text: str) -> str:
    """Return the text in one spelling, in the same length: in lower case, with the digits of ASCII."""
    text = _UNPRINTABLE.sub("?", text)
    folded = text.lower()
    if len(folded) != len(text):
        folded = "".join(lower if len(lower := letter.lower()) == 1 else letter for letter in text)
    if not folded.isascii():
        folded = _OTHER_DIGITS.sub(lambda digit: str(int(digit[0])), folded)
    return folded.translate(_UNIFIED)
