"""Scrubbing of text to be quoted, such as the gateway's: short, printable, without the values of the request."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from urllib.parse import unquote

from wikipayam_async.redact.masks import MASK

__all__ = ["Scrubber", "scrub"]

_MAX_QUOTED, _MAX_READ = 300, 3000
_MIN_SENSITIVE = 3
_PIECE = 8
"""The number of consecutive characters of a sensitive value that are masked wherever they occur."""
_MAX_SEARCHED = 300_000_000
"""The limit of characters searched, about a tenth of a second. Beyond it every piece is masked."""
_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|([\"'/bfnrt]))")
_UNPRINTABLE = re.compile(
    r"[^\w\s.,:;!?()\[\]{}<>'\"/@#%&*+=|~^$€«»،؛؟-]|[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
_LONG_DIGITS = re.compile(r"(?:\d[ .()?-]{0,3}){6,}\d")  # 7 and more, however they are grouped


class Scrubber:
    """Makes texts safe to quote: short, printable, on one line, without sensitive values and long numbers.

    A value is found regardless of its spacing and case, also escaped as in JSON, HTML or a URL, and in parts: any eight
    consecutive characters of it are masked.

    Args:
        sensitive: The values to mask.
    """

    __slots__ = ("_haystack", "_known", "_left", "_longest", "_short")

    def __init__(self, sensitive: Iterable[str] = ()) -> None:
        values = {_fold(_tidy(value)) for value in sensitive}
        self._short: dict[int, set[str]] = {}
        for value in values:
            if _MIN_SENSITIVE <= len(value) < _PIECE:
                self._short.setdefault(len(value), set()).add(value)
        self._haystack = "\n".join(value for value in values if len(value) >= _PIECE)
        self._longest = max((len(value) for value in values if len(value) >= _MIN_SENSITIVE), default=0)
        self._known: dict[str, bool] = {}
        self._left = _MAX_SEARCHED

    def __call__(self, text: str) -> str:
        """Return the text as it may be quoted."""
        limit = _MAX_READ + self._longest
        clean = self._mask(_tidy(text[:limit]))
        plain = _unescape(clean)
        if plain != clean:
            clean = self._mask(_tidy(plain))
        if len(text) > limit and self._longest:
            clean = clean[: -self._longest]  # may be the first half of a value that the cut went through
        clean = _LONG_DIGITS.sub(MASK, clean)
        return clean if len(clean) <= _MAX_QUOTED else clean[:_MAX_QUOTED] + "…"

    def _mask(self, text: str) -> str:
        folded = _fold(text)
        hidden = bytearray(len(text))
        if self._haystack:
            for start in range(len(folded) - _PIECE + 1):
                if self._occurs(folded[start : start + _PIECE]):
                    hidden[start : start + _PIECE] = b"x" * _PIECE
        for size in sorted(self._short, reverse=True):
            for start in range(len(folded) - size + 1):
                if folded[start : start + size] in self._short[size] and b"x" not in hidden[start : start + size]:
                    hidden[start : start + size] = b"x" * size
        kept: list[str] = []
        end = 0
        for run in re.finditer(b"x+", hidden):
            kept += (text[end : run.start()], MASK)
            end = run.end()
        return "".join((*kept, text[end:]))

    def _occurs(self, piece: str) -> bool:
        known = self._known.get(piece)
        if known is None:
            self._left -= len(self._haystack)
            known = self._known[piece] = self._left < 0 or piece in self._haystack
        return known


def scrub(text: str, sensitive: Iterable[str] = ()) -> str:
    """Return a text as it may be quoted: see `Scrubber`."""
    return Scrubber(sensitive)(text)


def _tidy(text: str) -> str:
    return _UNPRINTABLE.sub("?", " ".join(text.split()))


def _unescape(text: str) -> str:
    """Decode the escapes of URLs, HTML and JSON."""
    if "%" in text:
        text = unquote(text)
    if "&" in text:
        text = html.unescape(text)
    if "\\" in text:
        text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _PLAIN.get(found[2], " "), text)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


_PLAIN = {sign: sign for sign in "\"'/"}


def _fold(text: str) -> str:
    """Return the text in lower case, with the plus signs of a URL as spaces, in the same length."""
    folded = text.lower()
    if len(folded) != len(text):
        folded = "".join(lower if len(lower := letter.lower()) == 1 else letter for letter in text)
    return folded.replace("+", " ").replace("ς", "σ")
