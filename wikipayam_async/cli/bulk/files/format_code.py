"""Parses the number formats of spreadsheets, such as `#,##0.00` and `yyyy/mm/dd`, into sections of tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from attrs import Factory, evolve, field, frozen

__all__ = ["Locale", "Section", "UnknownFormatError", "parse_format"]

_TOKEN = re.compile(
    r"""
    "(?P<quoted>[^"]*)" | \\(?P<escaped>.) | _(?P<space>.) | \*(?P<fill>.) | \[(?P<bracket>[^\]]*)\]
    | (?P<general>General|Standard) | (?P<half>AM/PM|A/P) | (?P<exponent>E[+-]) | (?P<date>y+|m+|d+|h+|s+)
    | (?P<digit>[0#?]) | (?P<sign>[.,%@/]) | (?P<unknown>[begn]) | (?P<end>;) | (?P<literal>.)
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_COLOUR = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|color ?[0-9]+", re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?[0-9.]+)")
_ELAPSED = re.compile(r"(h+|m+|s+)", re.IGNORECASE)
_LOCALE = re.compile(r"\$([^\]-]*)(?:-([^,\]]*)(?:,([0-9a-f]+))?)?", re.IGNORECASE)
_LCID = re.compile(r"[0-9a-f]{1,8}", re.IGNORECASE)
_SYSTEM_FORMATS = {"f800": "yyyy-mm-dd", "x-sysdate": "yyyy-mm-dd", "f400": "hh:mm:ss", "x-systime": "hh:mm:ss"}
"""The formats of the reader's system, which a file does not have, and what is written instead."""
_PERSIAN, _ENGLISH = 0x29, 0x09
_LANGUAGES = {"fa": _PERSIAN, "en": _ENGLISH}
_CALENDAR_BITS = 0x7F
_MOST_SECTIONS = 4


class UnknownFormatError(Exception):
    """A number format has an element whose display is not known."""


@frozen
class Locale:
    """The language, digits and calendar that a format asks for.

    Attributes:
        language: The primary language of Windows; 0 if none is given.
        digits: The shapes of the digits: 0 and 1 Western, 2 Arabic, 3 Persian.
        calendar: The calendar of Windows; 0 if none is given.
    """

    language: int = 0
    digits: int = 0
    calendar: int = 0

    @property
    def has_english_names(self) -> bool:
        """Whether months and days have English names."""
        return self.language in (0, _ENGLISH)

    @property
    def is_persian(self) -> bool:
        """Whether the language is Persian."""
        return self.language == _PERSIAN


@frozen
class Section:
    """A section of a format: for positive or negative numbers, zero or text.

    Attributes:
        tokens: The kinds and texts of its elements.
        locale: Its language, digits and calendar.
        condition: The comparison and the number that select it; None if its position does.
        kinds: The kinds of its elements.
    """

    tokens: tuple[tuple[str, str], ...]
    locale: Locale = Locale()
    condition: tuple[str, str] | None = None
    kinds: frozenset[str] = field(
        init=False,
        eq=False,
        repr=False,
        default=Factory(lambda it: frozenset(kind for kind, _ in it.tokens), takes_self=True),
    )


@lru_cache(maxsize=512)
def parse_format(code: str) -> tuple[Section, ...]:
    """Return the sections of a format.

    Args:
        code: The format, as a workbook stores it.

    Raises:
        UnknownFormatError: The format has an unknown element, or too many sections.
    """
    sections = [_section(tokens) for tokens in _split(code)]
    if len(sections) > _MOST_SECTIONS:
        raise UnknownFormatError
    return tuple(sections)


def _split(code: str) -> Iterator[list[tuple[str, str]]]:
    tokens: list[tuple[str, str]] = []
    for found in _TOKEN.finditer(code):
        kind = found.lastgroup or ""
        if kind == "end":
            yield tokens
            tokens = []
        else:
            tokens.append((kind, found[kind]))
    yield tokens


def _section(given: list[tuple[str, str]]) -> Section:
    section = Section(())
    tokens: list[tuple[str, str]] = []
    for kind, text in given:
        if kind == "unknown":
            raise UnknownFormatError
        if kind == "bracket":
            if (system := _system_format(text)) is not None:
                return Section(tuple(system))
            section = _in_brackets(section, tokens, text)
        elif kind == "space":
            tokens.append(("literal", " "))
        elif kind in {"quoted", "escaped"}:
            tokens.append(("literal", text))
        elif kind != "fill":
            tokens.append((kind, text.lower() if kind == "date" else text))
    return evolve(section, tokens=tuple(tokens))


def _system_format(text: str) -> list[tuple[str, str]] | None:
    found = _LOCALE.fullmatch(text)
    system = _SYSTEM_FORMATS.get((found[2] or "").lower()) if found else None
    return None if system is None else next(_split(system))


def _in_brackets(section: Section, tokens: list[tuple[str, str]], text: str) -> Section:
    """Return a section with what the brackets say of it; what they show is added to the tokens."""
    if (found := _CONDITION.fullmatch(text)) is not None:
        return evolve(section, condition=(found[1], found[2]))
    if _ELAPSED.fullmatch(text):
        tokens.append(("elapsed", text.lower()))
    elif (found := _LOCALE.fullmatch(text)) is not None:
        tokens.append(("literal", found[1]))
        return evolve(section, locale=_locale(found[2] or "", found[3] or ""))
    elif not _COLOUR.fullmatch(text):
        raise UnknownFormatError
    return section


def _locale(name: str, calendar: str) -> Locale:
    if not name:
        return Locale()
    if _LCID.fullmatch(name):
        number = int(name, 16)
        return Locale(number & 0x3FF if number & 0xFFFF else 0, number >> 24, number >> 16 & _CALENDAR_BITS)
    number = int(calendar or "0", 16)
    language = _LANGUAGES.get(name[:2].lower(), -1) if name[2:3] in {"", "-"} else -1
    return Locale(language, number >> 8, number & _CALENDAR_BITS)
