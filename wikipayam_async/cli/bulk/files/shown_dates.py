"""What a sheet shows for a date, a time or a duration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, TypeAlias

from wikipayam_async.cli.bulk.files.format_code import Section, UnknownFormatError
from wikipayam_async.dates import to_jalali

__all__ = ["Moment", "days_of", "moment_of", "show_date", "value_behind"]

Moment: TypeAlias = datetime | timedelta

_JALALI = 0x16
_GREGORIAN = (0, 1, 2)
_NOON = 12
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NAMED = 3
_DAY_ZERO = date(1899, 12, 30)
"""The day of a time without a day."""
_FIRST_OF_1904 = date(1904, 1, 1)
_DAYS_BEFORE_THE_FALSE_LEAP_DAY = 60
"""Spreadsheets count the 29th of February 1900, which did not exist."""


def moment_of(days: float, section: Section, *, is_1904: bool = False) -> Moment:
    """Return the moment that a number stands for.

    Args:
        days: The days since the first day of the workbook.
        section: The section of the format.
        is_1904: Whether that day is in 1904.

    Raises:
        ValueError: There is no such day; the sheet shows no date either.
        OverflowError: As above.
    """
    length = timedelta(seconds=round(days * 86_400, _decimals_of_seconds(section)))
    if days < 0:
        raise ValueError
    if "elapsed" in section.kinds:
        return length
    has_day = any(kind == "date" and text[0] in "yd" for kind, text in section.tokens)
    if has_day and days < 1 and not is_1904:
        raise ValueError
    if not is_1904 and 1 <= days < _DAYS_BEFORE_THE_FALSE_LEAP_DAY:
        length += timedelta(days=1)
    return datetime.combine(_FIRST_OF_1904 if is_1904 and days >= 1 else _DAY_ZERO, time()) + length


def _decimals_of_seconds(section: Section) -> int:
    """Return to how many decimals the seconds are rounded: to those that are shown."""
    digits = sum(kind == "digit" for kind, _ in section.tokens)
    has_seconds = any(kind in {"date", "elapsed"} and text[0] == "s" for kind, text in section.tokens)
    return min(digits, 3) if has_seconds else 3


def days_of(moment: datetime) -> float:
    """Return the number that stands for a moment in workbooks that count from 1900.

    Args:
        moment: The moment, after February 1900.
    """
    return (moment.replace(tzinfo=None) - datetime.combine(_DAY_ZERO, time())) / timedelta(days=1)


def value_behind(moment: Moment) -> date | time | timedelta:
    """Return a moment as a date if it has no time, and as a time if it has no day.

    Args:
        moment: The moment.
    """
    if isinstance(moment, timedelta):
        return moment
    if moment.date() == _DAY_ZERO:
        return moment.time()
    return moment if moment.time() != time() else moment.date()


def show_date(moment: Moment, section: Section) -> str:
    """Return the text of a date, a time or a duration.

    Args:
        moment: The moment.
        section: The section of the format.

    Raises:
        UnknownFormatError: The format has an element or a calendar that is not known here.
    """
    tokens = section.tokens
    if isinstance(moment, timedelta):
        return _duration(moment, tokens)
    parts = _parts(moment, section)
    shown = []
    for place, (kind, text) in enumerate(tokens):
        if kind == "date":
            name = "minute" if text[0] == "m" and _is_minute(tokens, place) else text[0]
            shown.append(_part(parts, name, len(text)))
        elif kind == "half":
            shown.append(_half_of(moment, section))
        elif kind == "digit":
            shown.append(_fraction(moment, tokens, place))
        elif kind == "general":
            raise UnknownFormatError
        else:
            shown.append(text)
    return "".join(shown)


def _half_of(moment: datetime, section: Section) -> str:
    locale = section.locale
    if not locale.has_english_names and not locale.is_persian:
        raise UnknownFormatError
    return (("ق.ظ", "ب.ظ") if locale.is_persian else ("AM", "PM"))[moment.hour >= _NOON]


_Parts: TypeAlias = Mapping[str, Callable[[int], str]]


def _part(parts: _Parts, name: str, width: int) -> str:
    return parts[name](width)


def _parts(moment: datetime, section: Section) -> _Parts:
    calendar, locale = section.locale.calendar, section.locale
    day: Any = moment
    months, days = _MONTHS, _DAYS
    if calendar == _JALALI:
        day = to_jalali(moment, field="date")
        if day is None:
            raise UnknownFormatError
        months, days = tuple(day.j_months_fa), tuple(day.j_weekdays_fa)
    elif calendar not in _GREGORIAN:
        raise UnknownFormatError
    named = calendar == _JALALI or locale.has_english_names
    has_half = "half" in section.kinds

    def name_of(names: tuple[str, ...], place: int, width: int) -> str:
        if not named:
            raise UnknownFormatError
        if calendar == _JALALI or width == _NAMED + 1:
            return names[place]
        return names[place][:1] if width > _NAMED + 1 else names[place][:_NAMED]

    return {
        "y": lambda width: f"{day.year:04}" if width > 2 else f"{day.year % 100:02}",  # noqa: PLR2004 - yy and yyyy
        "m": lambda width: name_of(months, day.month - 1, width) if width >= _NAMED else f"{day.month:0{width}}",
        "d": lambda width: name_of(days, day.weekday(), width) if width >= _NAMED else f"{day.day:0{width}}",
        "h": lambda width: f"{(moment.hour - 1) % _NOON + 1 if has_half else moment.hour:0{min(width, 2)}}",
        "minute": lambda width: f"{moment.minute:0{width}}",
        "s": lambda width: f"{moment.second:0{min(width, 2)}}",
    }


def _is_minute(tokens: tuple[tuple[str, str], ...], place: int) -> bool:
    """Return whether an `m` stands for minutes: it follows the hours or precedes the seconds."""
    if len(tokens[place][1]) >= _NAMED:
        return False
    before = next((text for kind, text in reversed(tokens[:place]) if kind in {"date", "elapsed"}), "")
    after = next((text for kind, text in tokens[place + 1 :] if kind in {"date", "elapsed"}), "")
    return before.startswith("h") or after.startswith("s")


def _fraction(moment: datetime, tokens: tuple[tuple[str, str], ...], place: int) -> str:
    """Return a digit of the fraction of a second, as in `ss.000`."""
    first = place
    while first and tokens[first - 1][0] == "digit":
        first -= 1
    if first < 2 or tokens[first - 1] != ("sign", ".") or not tokens[first - 2][1].startswith("s"):  # noqa: PLR2004
        raise UnknownFormatError
    return f"{moment.microsecond:06}0"[min(place - first, 6)]


def _duration(moment: timedelta, tokens: tuple[tuple[str, str], ...]) -> str:
    seconds = int(moment.total_seconds())
    whole = {"h": seconds // 3600, "m": seconds // 60, "s": seconds}
    within = {"h": seconds // 3600 % 24, "m": seconds // 60 % 60, "s": seconds % 60}
    shown: list[str] = []
    for kind, text in tokens:
        if kind in {"elapsed", "date"}:
            values = whole if kind == "elapsed" else within
            if text[0] not in values:
                raise UnknownFormatError
            shown.append(f"{values[text[0]]:0{len(text)}}")
        elif kind in {"digit", "half", "general"}:
            raise UnknownFormatError
        else:
            shown.append(text)
    return "".join(shown)
