"""Dates in the Gregorian and the Jalali calendar."""

from __future__ import annotations

import re
from datetime import date, datetime
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.numbers.digits import ascii_digit
from wikipayam_async.redact.masks import shape_of

if TYPE_CHECKING:
    import jdatetime  # type: ignore[import-untyped] # ships no type information

__all__ = ["DateLike", "JalaliDate", "parse_day", "to_jalali"]

_MAX_LENGTH = 64
_WRITTEN = re.compile(r"([0-9]{4})(?:-([0-9]{2})-([0-9]{2})|/([0-9]{1,2})/([0-9]{1,2}))(?:[T ](\S.*))?")
_AROUND = " \t\r\n\xa0\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""Spaces and direction marks that surround a date copied from a Persian page."""
_JALALI_YEARS, _GREGORIAN_YEARS = range(1300, 1500), range(1900, 2100)
_RULE = "expected a date, or a string like 2024-01-31 or 1403/01/15"
_YEAR_RULE = "expected a year from 1300 to 1499 (Jalali) or from 1900 to 2099 (Gregorian)"
_OBJECT_RULE = "expected a Gregorian year in a date object; pass a Jalali date as a string or a jdatetime.date"


@runtime_checkable
class JalaliDate(Protocol):
    """A date of another calendar that converts to a Gregorian one, such as `jdatetime.date`."""

    def togregorian(self) -> date:
        """Return the date as a `datetime.date`."""
        ...


DateLike: TypeAlias = date | str | JalaliDate
"""A date or datetime, a string in either calendar, or a `jdatetime.date`."""


def parse_day(value: DateLike, *, field: str) -> date:
    """Return the Gregorian date for a date in either calendar.

    A string has the year first: `2024-01-31`, `1403-01-15`, `1403/1/15`, with ASCII, Persian or Arabic digits. The year
    selects the calendar: 13xx and 14xx are Jalali, 19xx and 20xx Gregorian. A time in a string or object is ignored, and
    so is its time zone.

    Args:
        value: The date.
        field: The name of the value in the error.

    Raises:
        InvalidInputError: The date does not exist, or the value has another format.
        ConfigurationError: The value is a Jalali string, and the package `jdatetime` is not installed.
    """
    if isinstance(value, date):
        if value.year in _JALALI_YEARS:
            raise InvalidInputError(field, rule=_OBJECT_RULE, got=f"the year {value.year}")
        return _day_of(value)
    day = _parse(value, field) if isinstance(value, str) else _converted(value)
    if day is None:
        raise InvalidInputError(field, rule=_RULE, got=shape_of(value))
    return day


def to_jalali(moment: datetime, *, field: str) -> jdatetime.datetime | None:
    """Return a datetime in the Jalali calendar, in the same time zone; None if that calendar has no such year.

    Args:
        moment: The datetime, with or without a time zone.
        field: The name of the value in the error.

    Raises:
        ConfigurationError: The package `jdatetime` is not installed.
    """
    jalali = _jdatetime(field).datetime
    try:
        return jalali.fromgregorian(datetime=moment)
    except ValueError:
        return None


def _converted(value: object) -> date | None:
    """Return the Gregorian date of an object of another calendar; None for any other object."""
    if not isinstance(value, JalaliDate) or isinstance(value, type):
        return None
    try:
        day = value.togregorian()
    except Exception:  # noqa: BLE001 - the caller's object may raise anything
        return None
    return _day_of(day) if isinstance(day, date) else None


def _day_of(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _parse(text: str, field: str) -> date | None:
    if len(text) > _MAX_LENGTH:
        return None
    written = _WRITTEN.fullmatch("".join(map(ascii_digit, text.strip(_AROUND))))
    if written is None or not _is_time(written[6]):
        return None
    year, month, day = int(written[1]), int(written[2] or written[4]), int(written[3] or written[5])
    if year not in _JALALI_YEARS and year not in _GREGORIAN_YEARS:
        raise InvalidInputError(field, rule=_YEAR_RULE, got=f"the year {year}")
    jdatetime_date = _jdatetime(field).date if year in _JALALI_YEARS else None
    try:
        return date(year, month, day) if jdatetime_date is None else jdatetime_date(year, month, day).togregorian()
    except ValueError:
        return None


def _is_time(text: str | None) -> bool:
    """Return whether the text after a date is a time of day or missing."""
    if text is None:
        return True
    try:
        datetime.fromisoformat(f"2000-01-01T{text}")
    except ValueError:
        return False
    return True


def _jdatetime(field: str) -> ModuleType:
    try:
        return import_module("jdatetime")
    except ImportError:
        raise ConfigurationError(
            f"{field}: Jalali dates need the package jdatetime: pip install 'wikipayam_async[jalali]'"
        ) from None


def check_date(value: DateLike, *, field: str) -> str:
    """Return a date in the gateway's format, `YYYY-MM-DD`. `parse_day` documents the accepted values.

    Raises:
        InvalidInputError: The date does not exist, or the value has another format.
        ConfigurationError: The value is a Jalali string, and the package `jdatetime` is not installed.
    """
    return parse_day(value, field=field).isoformat()
