import sys
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import jdatetime  # type: ignore[import-untyped] # ships no type information
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.dates import JalaliDate, parse_day, to_jalali
from wikipayam_async.errors import ConfigurationError, InvalidInputError

TEHRAN = timezone(timedelta(hours=3, minutes=30))
RULE = "expected a date, or a string like 2024-01-31 or 1403/01/15"
NO_PACKAGE = "from_date: Jalali dates need the package jdatetime: pip install 'wikipayam_async[jalali]'"
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


class Stranger:
    """An object of some other calendar, which answers as it was told."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def __repr__(self) -> str:
        return f"Stranger({self.answer!r})"

    def togregorian(self) -> Any:
        """Give the answer, or raise it."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def no_jdatetime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the package look as if it were not installed."""
    monkeypatch.setitem(sys.modules, "jdatetime", None)


@pytest.mark.parametrize(
    ("jalali", "gregorian"),
    [
        ("1300/01/01", date(1921, 3, 21)),
        ("1357/11/22", date(1979, 2, 11)),
        ("1399/12/30", date(2021, 3, 20)),
        ("1402/01/01", date(2023, 3, 21)),
        ("1402/12/29", date(2024, 3, 19)),
        ("1403/01/01", date(2024, 3, 20)),
        ("1403/12/30", date(2025, 3, 20)),
        ("1404/01/01", date(2025, 3, 21)),
        ("1499/12/29", date(2121, 3, 20)),
    ],
)
def test_days_that_are_known(jalali: str, gregorian: date) -> None:
    """New years, leap days and a day that every Iranian knows fall where the calendars of Iran have them."""
    assert parse_day(jalali, field="from_date") == gregorian


@pytest.mark.parametrize(
    "written",
    [
        "1403/01/15",
        "1403/1/15",
        "1403-01-15",
        "۱۴۰۳/۰۱/۱۵",
        "۱۴۰۳/۱/۱۵",
        "١٤٠٣-٠١-١٥",
        " 1403/01/15\n",
        "\u200f۱۴۰۳/۰۱/۱۵\u200e",
        "\ufeff1403/01/15",
        "1403-01-15T23:59:59",
        "1403-01-15 23:59:59.000123+0330",
        "1403/01/15 12:30",
        "۱۴۰۳/۰۱/۱۵ ۱۲:۳۰",
        "2024-04-03",
        "2024/4/3",
        "۲۰۲۴-۰۴-۰۳",
        "2024-04-03T00:00:00Z",
        "2024-04-03 23:59:59+03:30",
    ],
)
def test_ways_to_write_a_day(written: str) -> None:
    """The year comes first and decides on the calendar; digits, separators, spaces around and a time change nothing."""
    assert parse_day(written, field="from_date") == date(2024, 4, 3)


@pytest.mark.parametrize(
    "value",
    [
        date(2024, 4, 3),
        datetime(2024, 4, 3, 23, 59, tzinfo=UTC),
        datetime(2024, 4, 3, 0, 0, tzinfo=TEHRAN),
        jdatetime.date(1403, 1, 15),
        jdatetime.datetime(1403, 1, 15, 23, 59),
        Stranger(date(2024, 4, 3)),
        Stranger(datetime(2024, 4, 3, 5, tzinfo=UTC)),
        str(jdatetime.date(1403, 1, 15)),
        str(jdatetime.datetime(1403, 1, 15, 23, 59, 1, 2)),
        jdatetime.datetime(1403, 1, 15, 23, 59, tzinfo=TEHRAN).isoformat(),
    ],
    ids=repr,
)
def test_objects_that_are_days(value: Any) -> None:
    """Dates of both calendars are taken, and of a time only the day counts, as it is written."""
    found = parse_day(value, field="from_date")
    assert (found, type(found)) == (date(2024, 4, 3), date)


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1299, 12, 31), date(1500, 1, 1), date(9999, 12, 31)])
def test_the_ends_of_time(day: date) -> None:
    """A date object may lie in any year but in those of the Jalali calendar."""
    assert parse_day(day, field="from_date") == day


@pytest.mark.parametrize("day", [date(1300, 1, 1), date(1403, 1, 15), datetime(1499, 12, 31, tzinfo=UTC)])
def test_a_jalali_day_in_a_gregorian_object(day: date) -> None:
    """Who puts a Jalali year into `datetime.date` means another day than the object says, so it is refused."""
    with pytest.raises(InvalidInputError) as caught:
        parse_day(day, field="from_date")
    assert (caught.value.rule, caught.value.got) == (
        "expected a Gregorian year in a date object; pass a Jalali date as a string or a jdatetime.date",
        f"the year {day.year}",
    )


@pytest.mark.parametrize(
    "value",
    [
        "2023-02-29",
        "1404/12/30",
        "1403/13/01",
        "1403/00/10",
        "1403/07/31",
        "1403/01/32",
        "20240131",
        "2024-1-31",
        "2024-W05-3",
        "2024-01/31",
        "31/01/2024",
        "03/01/15",
        "2024-01-31T",
        "2024-01-31T25:00",
        "2024-01-31 tomorrow",
        "1403/01/15TT10:00",
        "2024-01-31" + " " * 60,
        "2024-²1-31",
        "today",
        "",
        None,
        20240131,
        b"2024-01-31",
        Stranger(None),
        Stranger("2024-01-31"),
        Stranger(ValueError("no")),
        jdatetime.date,
    ],
    ids=repr,
)
def test_what_is_no_day(value: Any) -> None:
    """A day that there is not, or another way of writing, is refused and not quoted."""
    with pytest.raises(InvalidInputError) as caught:
        parse_day(value, field="from_date")
    assert (caught.value.field, caught.value.rule) == ("from_date", RULE)


@pytest.mark.parametrize("year", ["0000", "0621", "1299", "1500", "1899", "2100", "9999"])
def test_a_year_of_no_calendar(year: str) -> None:
    """A string of a year that both calendars could mean, or neither, is refused with the rule."""
    with pytest.raises(InvalidInputError) as caught:
        parse_day(f"{year}-01-15", field="to_date")
    assert str(caught.value) == (
        f"to_date: expected a year from 1300 to 1499 (Jalali) or from 1900 to 2099 (Gregorian); got the year {int(year)}"
    )


@given(st.dates(date(1921, 3, 21), date(2099, 12, 31)), st.sampled_from("-/"), st.sampled_from([{}, PERSIAN, ARABIC]))
def test_a_day_is_the_same_in_both_calendars(day: date, separator: str, digits: dict[int, int]) -> None:
    """However a day is written in either calendar, it is that day."""
    jalali = jdatetime.date.fromgregorian(date=day)
    written = [f"{one.year}{separator}{one.month:02}{separator}{one.day:02}".translate(digits) for one in (day, jalali)]
    assert [parse_day(one, field="from_date") for one in (*written, jalali)] == [day] * 3


@given(st.dates(date(1921, 3, 21), date(2098, 12, 31)))
def test_the_day_after(day: date) -> None:
    """The next Jalali day is the next Gregorian day, over all ends of months and years."""
    following = jdatetime.date.fromgregorian(date=day) + timedelta(days=1)
    assert parse_day(str(following), field="from_date") == day + timedelta(days=1)


@given(st.text(max_size=70))
def test_any_text_is_a_day_or_refused(text: str) -> None:
    """Nothing that somebody types brings another error than ours."""
    try:
        found = parse_day(text, field="from_date")
    except InvalidInputError:
        return
    assert 1921 <= found.year <= 2121


@pytest.mark.usefixtures("no_jdatetime")
def test_a_jalali_string_without_the_package() -> None:
    """The error says what to install, also before it is known whether there is such a day."""
    for written in ("1403/01/15", "1403/13/01"):
        with pytest.raises(ConfigurationError) as caught:
            parse_day(written, field="from_date")
        assert str(caught.value) == NO_PACKAGE


@pytest.mark.usefixtures("no_jdatetime")
def test_gregorian_days_need_no_package() -> None:
    """What is no Jalali string is read without it."""
    for value in ("2024-04-03", date(2024, 4, 3), Stranger(date(2024, 4, 3))):
        assert parse_day(value, field="from_date") == date(2024, 4, 3)


@pytest.mark.parametrize("zone", [None, UTC, TEHRAN])
def test_a_moment_in_the_jalali_calendar(zone: timezone | None) -> None:
    """Day, time to the microsecond, and zone are kept."""
    found: Any = to_jalali(datetime(2024, 4, 3, 23, 59, 58, 7, tzinfo=zone), field="x")
    assert (found, found.tzinfo) == (jdatetime.datetime(1403, 1, 15, 23, 59, 58, 7, tzinfo=zone), zone)


def test_a_moment_that_the_jalali_calendar_does_not_have() -> None:
    """Before its first year there is nothing to tell, and nothing is raised."""
    assert to_jalali(datetime(600, 1, 1, tzinfo=UTC), field="x") is None


@pytest.mark.usefixtures("no_jdatetime")
def test_a_moment_without_the_package() -> None:
    """The error says what to install."""
    with pytest.raises(ConfigurationError) as caught:
        to_jalali(datetime(2024, 4, 3, tzinfo=UTC), field="from_date")
    assert str(caught.value) == NO_PACKAGE


def test_dates_of_jdatetime_keep_the_protocol() -> None:
    """What the annotation promises holds for the package that it was made for, and not for a plain date."""
    assert (isinstance(jdatetime.date(1403, 1, 15), JalaliDate), isinstance(date(2024, 4, 3), JalaliDate)) == (
        True,
        False,
    )
