"""Quoting a stranger: what the gateway said, made short and printable, without the values of the request."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from urllib.parse import unquote

from wikipayam_async.redact.masks import MASK

__all__ = ["Scrubber", "scrub"]

_LONGEST_QUOTE, _LONGEST_READ = 300, 3000
_SHORTEST_SENSITIVE = 3
_PIECE = 8
"""So many characters in a row of a value are taken for a part of it, wherever they stand."""
_MOST_SEARCHED = 300_000_000
"""Characters of our own that are searched for a stranger's words, which takes a tenth of a second; the rest is masked."""
_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|([\"'/bfnrt]))")
_UNPRINTABLE = re.compile(
    r"[^\w\s.,:;!?()\[\]{}<>'\"/@#%&*+=|~^$€«»،؛؟-]|[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
_LONG_DIGITS = re.compile(r"(?:\d[ .()?-]{0,3}){6,}\d")  # 7 and more, however they are grouped


class Scrubber:
    """Makes a stranger's texts fit to quote: short, printable, on one line, without the given values or long numbers.

    A value is found in whatever way its spaces and capitals are written, escaped as in JSON, HTML or a URL, and in
    parts: any eight characters in a row of it are masked.

    Args:
        sensitive: What must not come through.
    """

    __slots__ = ("_haystack", "_known", "_left", "_longest", "_short")

    def __init__(self, sensitive: Iterable[str] = ()) -> None:
        values = {_fold(_tidy(value)) for value in sensitive}
        self._short: dict[int, set[str]] = {}
        for value in values:
            if _SHORTEST_SENSITIVE <= len(value) < _PIECE:
                self._short.setdefault(len(value), set()).add(value)
        self._haystack = "\n".join(value for value in values if len(value) >= _PIECE)
        self._longest = max((len(value) for value in values if len(value) >= _SHORTEST_SENSITIVE), default=0)
        self._known: dict[str, bool] = {}
        self._left = _MOST_SEARCHED

    def __call__(self, text: str) -> str:
        """Return what may be quoted of a text."""
        most = _LONGEST_READ + self._longest
        clean = self._mask(_tidy(text[:most]))
        plain = _unescape(clean)
        if plain != clean:
            clean = self._mask(_tidy(plain))
        if len(text) > most and self._longest:
            clean = clean[: -self._longest]  # where the cut went through a value, its first half stands here
        clean = _LONG_DIGITS.sub(MASK, clean)
        return clean if len(clean) <= _LONGEST_QUOTE else clean[:_LONGEST_QUOTE] + "…"

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
    """Return a stranger's text made fit to quote."""
    return Scrubber(sensitive)(text)


def _tidy(text: str) -> str:
    return _UNPRINTABLE.sub("?", " ".join(text.split()))


def _unescape(text: str) -> str:
    """Undo what stands between a text and its reader: JSON's, HTML's and a URL's ways to write it."""
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
    """Make capitals small, and a URL's spaces plain; the length stays."""
    folded = text.lower()
    if len(folded) != len(text):
        folded = "".join(small if len(small := one.lower()) == 1 else one for one in text)
    return folded.replace("+", " ").replace("ς", "σ")
