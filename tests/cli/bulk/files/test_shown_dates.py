from __future__ import annotations

import datetime as dt

import pytest

from wikipayam_async.cli.bulk.files.shown import show_number
from wikipayam_async.templates.values import BrokenValue, ShownValue

MOMENT = 46024 + (14 * 3600 + 5 * 60 + 9) / 86400
"""The 2nd of January 2026, a Friday, 14:05:09."""
UNKNOWN = BrokenValue("a number in a format that is not supported here: format the column as text")


def shown(days: float, code: str) -> str:
    """Return the text of a date."""
    cell = show_number(days, code)
    assert isinstance(cell, ShownValue)
    return cell.text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("yyyy-mm-dd", "2026-01-02"),
        ("YYYY/MM/DD", "2026/01/02"),
        ("dd/mm/yy", "02/01/26"),
        ("d/m/y", "2/1/26"),
        ("d mmmm yyyy", "2 January 2026"),
        ("ddd d-mmm-yy", "Fri 2-Jan-26"),
        ("dddd mmmmm", "Friday J"),
        ("h:mm AM/PM", "2:05 PM"),
        ("hh:mm:ss", "14:05:09"),
        ("mm:ss.00", "05:09.00"),
        ("yyyy/mm/dd hh:mm;@", "2026/01/02 14:05"),
        ('d" روز"', "2 روز"),
        ("[$-409]d mmmm", "2 January"),
        ("[$-en-US]mmm", "Jan"),
        ("[$-429]d/m", "2/1"),
        ("[$-429]h:mm AM/PM", "2:05 ب.ظ"),
        ("[$-fa-IR,16]yyyy/mm/dd", "1404/10/12"),
        ("[$-fa-IR,96]d mmmm yyyy;@", "12 دی 1404"),
        ("[$-160429]yyyy/mm/dd", "1404/10/12"),
        ("[$-3160429]dddd d mmmm yyyy;@", "جمعه ۱۲ دی ۱۴۰۴"),
        ("[$-F800]dddd, mmmm dd, yyyy", "2026-01-02"),
        ("[$-F400]h:mm:ss AM/PM", "14:05:09"),
        ("[$-x-sysdate]dddd, mmmm dd, yyyy", "2026-01-02"),
        ("[h]:mm", "1104590:05"),
    ],
)
def test_a_date_in_its_format(code: str, text: str) -> None:
    """The text is the one that Excel shows; the formats of the reader's system have the year first."""
    assert shown(MOMENT, code) == text


@pytest.mark.parametrize(
    "code",
    [
        "[$-429]d mmmm",
        "[$-401]h AM/PM",
        "[$-fax]mmmm",
        "[$-60401]d/m/yyyy",
        "d 0",
        "yyyy General",
        "[h]:mm AM/PM",
        "[h] d",
    ],
)
def test_a_date_in_an_unknown_format_breaks_its_cell(code: str) -> None:
    """Names of other languages, other calendars and nonsense are not guessed."""
    assert show_number(MOMENT, code) == UNKNOWN


def test_a_year_that_the_jalali_calendar_lacks_breaks_the_cell() -> None:
    """The library's conversion ends earlier than the calendar of a sheet."""
    assert show_number(2958465, "[$-fa-IR,16]yyyy") == UNKNOWN


@pytest.mark.parametrize(
    ("days", "code", "value"),
    [
        (46024, "yyyy", dt.date(2026, 1, 2)),
        (46024.5, "yyyy", dt.datetime(2026, 1, 2, 12)),  # noqa: DTZ001 - a sheet has no time zones
        (0.25, "hh", dt.time(6)),
        (1.25, "[h]", dt.timedelta(days=1, hours=6)),
        (1, "yyyy", dt.date(1900, 1, 1)),
        (59, "yyyy", dt.date(1900, 2, 28)),
        (61, "yyyy", dt.date(1900, 3, 1)),
    ],
)
def test_the_value_behind_a_date(days: float, code: str, value: object) -> None:
    """It is a date, a time, both or a duration, and knows the leap day that spreadsheets invented."""
    cell = show_number(days, code)
    assert isinstance(cell, ShownValue)
    assert cell.value == value


@pytest.mark.parametrize(
    ("days", "code", "text"),
    [
        (46024.6042, "h:mm:ss", "14:30:03"),
        (46024.6042, "mm:ss.0", "30:02.9"),
        (46024.9999, "h:mm", "23:59"),
        (0.0625, "[mm]:ss", "90:00"),
        (0.001, "[ss]", "86"),
        (0, "h AM/PM", "12 AM"),
    ],
)
def test_times_and_durations(days: float, code: str, text: str) -> None:
    """Durations go beyond a day; seconds are rounded to the decimals that are shown."""
    assert shown(days, code) == text


@pytest.mark.parametrize(
    ("days", "code"), [(0, "yyyy/mm/dd"), (0.5, "d mmm"), (-1, "yyyy"), (-0.25, "[h]:mm"), (1e9, "d")]
)
def test_a_day_that_does_not_exist_breaks_its_cell(days: float, code: str) -> None:
    """The sheet shows the zeroth of January, or no date at all."""
    assert show_number(days, code) == BrokenValue("a date or number that is out of range")
