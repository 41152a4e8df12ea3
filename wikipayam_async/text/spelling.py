"""The spelling rules: replacements that make a text cheaper or cleaner."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum

from attrs import frozen

__all__ = ["SAFE_SPELLINGS", "Spelling", "is_arabic", "replacements", "respell"]


class Spelling(StrEnum):
    """A spelling rule. The members are in the order of application.

    No rule changes the meaning of a Persian or Latin text. `DIGITS` and `ARABIC_LETTERS` replace digits and letters, so
    they are not in `SAFE_SPELLINGS`.
    """

    INVISIBLE = "invisible"
    """Invisible characters are removed: zero-width spaces, byte order marks, word joiners, soft hyphens, and half-spaces
    (ZWNJ) that are doubled or at the edge of a word. A ZWNJ inside a word and the joiners of emoji stay. In a text that
    is all Latin, Greek or Cyrillic, every ZWNJ, ZWJ and direction mark is removed."""

    COMPOSED = "composed"
    """A letter and its marks become one character where Unicode has one (NFC): `e` and `◌́` become `é`."""

    SPACES = "spaces"
    """Tabs, non-breaking spaces and spaces of other widths become plain spaces."""

    LINE_BREAKS = "line_breaks"
    r"""`\r\n`, `\r` and Unicode's other line breaks become `\n`."""

    TRAILING_SPACES = "trailing_spaces"
    """Spaces at the end of a line and line breaks at the end of the text are removed."""

    DOUBLE_SPACES = "double_spaces"
    """Consecutive spaces become one."""

    ARABIC_LETTERS = "arabic_letters"
    """The Arabic `ي` and `ك` become the Persian `ی` and `ک`. It saves nothing, but these are the correct letters in
    Persian, for searching and on many screens; in an Arabic text they would be wrong."""

    QUOTES = "quotes"
    """Typographic quotes, primes, backticks and standalone accents become `'` and `"`; the guillemets `«»` too, but only
    in a text without Persian letters."""

    DASHES = "dashes"
    """Dashes, typographic hyphens and the minus sign become `-`."""

    DIGITS = "digits"
    """Persian, Arabic and full-width digits become ASCII digits, and `٫`, `٬` and `٪` become `.`, `,` and `%`."""

    ELLIPSIS = "ellipsis"
    """The character `…` becomes three dots, if that makes the text GSM-7; otherwise `…` is shorter and stays."""


SAFE_SPELLINGS: frozenset[Spelling] = frozenset(Spelling) - {Spelling.ARABIC_LETTERS, Spelling.DIGITS}
"""The rules that keep every letter and digit."""

_PERSIAN_LETTER = re.compile(
    "[\u0620-\u064a\u066e-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc]"
)
_ONLY_ARABIC = re.compile("[ىةإٱ]")
_ONLY_PERSIAN = re.compile("[پچژگکی۰-۹‌]")
_JOINERS_MATTER = re.compile(
    "[^\\x00-\u058f"  # Latin, Greek, Cyrillic, Armenian
    "\u061c\u0660-\u066c\u06f0-\u06f9\u1e00-\u202c\u202f-\u22ff\u3000\ufeff\uff10-\uff19]"  # digits, spaces, signs
)
_ZERO_WIDTH = "\u00ad\u200b\u2060\ufeff"
_INVISIBLE = re.compile(
    rf"(?:\A|(?<=[\s\u200c]))[\u200c{_ZERO_WIDTH}]+"  # at the beginning of a word, and after another ZWNJ
    rf"|[\u200c{_ZERO_WIDTH}]+(?=\s|\Z)"
    rf"|[{_ZERO_WIDTH}]+"
)
_INVISIBLE_IN_LATIN = re.compile(rf"[\u061c\u200c-\u200f\u202a-\u202c\u2066-\u2069{_ZERO_WIDTH}]+")
_CHARACTER_AND_MARKS = re.compile(r"[\s\S][^\w\s\x00-\x7f]*")
_SPACES = re.compile("[\t\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_LINE_BREAKS = re.compile("\r\n|[\r\v\x85\u2028\u2029]")
_DOUBLE_SPACES = re.compile(" {2,}")
_TRAILING_SPACES = re.compile(
    r"(?<![ \r\n])[ \r\n]+\Z|(?<! ) +(?=[\r\n])"
)  # visits each run once, so the time is linear

_QUOTES = dict.fromkeys("‘’‚‛′`´ʼ", "'") | dict.fromkeys("“”„‟″", '"')
_GUILLEMETS = _QUOTES | dict.fromkeys("«»", '"') | dict.fromkeys("‹›", "'")
_DIGITS = {chr(zero + value): str(value) for zero in (0x0660, 0x06F0, 0xFF10) for value in range(10)} | {
    "٫": ".",
    "٬": ",",
    "٪": "%",
}


@frozen
class _Rule:
    pattern: re.Pattern[str]
    replacement: Callable[[str], str]


def _each(table: dict[str, str]) -> _Rule:
    return _Rule(re.compile(f"[{re.escape(''.join(table))}]"), table.__getitem__)


def _always(replacement: str) -> Callable[[str], str]:
    return lambda _match: replacement


def _compose(match: str) -> str:
    return unicodedata.normalize("NFC", match)


_RULES = {
    Spelling.INVISIBLE: _Rule(_INVISIBLE, _always("")),
    Spelling.COMPOSED: _Rule(_CHARACTER_AND_MARKS, _compose),
    Spelling.SPACES: _Rule(_SPACES, _always(" ")),
    Spelling.LINE_BREAKS: _Rule(_LINE_BREAKS, _always("\n")),
    Spelling.TRAILING_SPACES: _Rule(_TRAILING_SPACES, _always("")),
    Spelling.DOUBLE_SPACES: _Rule(_DOUBLE_SPACES, _always(" ")),
    Spelling.ARABIC_LETTERS: _each({"ي": "ی", "ك": "ک"}),
    Spelling.QUOTES: _each(_QUOTES),
    Spelling.DASHES: _each(dict.fromkeys("‐‑‒–—―−", "-")),
    Spelling.DIGITS: _each(_DIGITS),
    Spelling.ELLIPSIS: _each({"…": "..."}),
}
_INVISIBLE_RULE_IN_LATIN = _Rule(_INVISIBLE_IN_LATIN, _always(""))
_QUOTES_RULE_WITHOUT_PERSIAN = _each(_GUILLEMETS)


def respell(text: str, spelling: Spelling) -> str:
    """Return a text after applying one rule."""
    if spelling is Spelling.COMPOSED and unicodedata.is_normalized("NFC", text):
        return text
    rule = _rule_for(text, spelling)
    return rule.pattern.sub(lambda match: rule.replacement(match[0]), text)


def replacements(text: str, spelling: Spelling) -> dict[str, str]:
    """Return the replacements of one rule in a text, sorted so that they do not reveal the order of the text."""
    rule = _rule_for(text, spelling)
    pairs = {match: rule.replacement(match) for match in rule.pattern.findall(text)}
    return {match: replacement for match, replacement in sorted(pairs.items()) if match != replacement}


def is_arabic(text: str) -> bool:
    """Return whether a text looks Arabic: it has a character that only Arabic uses, and none that only Persian uses."""
    return _ONLY_ARABIC.search(text) is not None and _ONLY_PERSIAN.search(text) is None


def _rule_for(text: str, spelling: Spelling) -> _Rule:
    if spelling is Spelling.INVISIBLE and not _JOINERS_MATTER.search(text):
        return _INVISIBLE_RULE_IN_LATIN
    if spelling is Spelling.QUOTES and not _PERSIAN_LETTER.search(text):
        return _QUOTES_RULE_WITHOUT_PERSIAN
    return _RULES[spelling]
