import sys
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import jdatetime  # type: ignore[import-untyped] # ships no type information
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.dates import JalaliDate, check_date, parse_day, to_jalali
from wikipayam_async.errors import ConfigurationError, InvalidInputError

TEHRAN = timezone(timedelta(hours=3, minutes=30))
RULE = "expected a date, or a string like 2024-01-31 or 1403/01/15"
NO_PACKAGE = "from_date: Jalali dates need the package jdatetime: pip install 'wikipayam_async[jalali]'"
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


class ForeignDate:
    """A date of another calendar that returns or raises a given answer."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def __repr__(self) -> str:
        return f"ForeignDate({self.answer!r})"

    def togregorian(self) -> Any:
        """Return the answer, or raise it."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def no_jdatetime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the package `jdatetime` look uninstalled."""
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
def test_known_jalali_days_are_converted(jalali: str, gregorian: date) -> None:
    """New Year's days, leap days and a historic day convert to the right Gregorian dates."""
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
def test_accepted_string_formats(written: str) -> None:
    """Scripts, separators, surrounding spaces and times do not change the date."""
    assert parse_day(written, field="from_date") == date(2024, 4, 3)


@pytest.mark.parametrize(
    "value",
    [
        date(2024, 4, 3),
        datetime(2024, 4, 3, 23, 59, tzinfo=UTC),
        datetime(2024, 4, 3, 0, 0, tzinfo=TEHRAN),
        jdatetime.date(1403, 1, 15),
        jdatetime.datetime(1403, 1, 15, 23, 59),
        ForeignDate(date(2024, 4, 3)),
        ForeignDate(datetime(2024, 4, 3, 5, tzinfo=UTC)),
        str(jdatetime.date(1403, 1, 15)),
        str(jdatetime.datetime(1403, 1, 15, 23, 59, 1, 2)),
        jdatetime.datetime(1403, 1, 15, 23, 59, tzinfo=TEHRAN).isoformat(),
    ],
    ids=repr,
)
def test_date_objects_are_accepted(value: Any) -> None:
    """Date and datetime objects of both calendars are accepted, and their time is ignored."""
    found = parse_day(value, field="from_date")
    assert (found, type(found)) == (date(2024, 4, 3), date)


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1299, 12, 31), date(1500, 1, 1), date(9999, 12, 31)])
def test_a_date_object_may_have_any_gregorian_year(day: date) -> None:
    """Years outside the range of the Jalali calendar are accepted in a date object."""
    assert parse_day(day, field="from_date") == day


@pytest.mark.parametrize("day", [date(1300, 1, 1), date(1403, 1, 15), datetime(1499, 12, 31, tzinfo=UTC)])
def test_a_jalali_year_in_a_date_object_is_refused(day: date) -> None:
    """`datetime.date(1403, 1, 15)` is a mistake, so it raises an error that says what to pass."""
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
        ForeignDate(None),
        ForeignDate("2024-01-31"),
        ForeignDate(ValueError("no")),
        jdatetime.date,
    ],
    ids=repr,
)
def test_an_invalid_date_is_refused(value: Any) -> None:
    """A date that does not exist, or another format, raises an error that does not quote the value."""
    with pytest.raises(InvalidInputError) as caught:
        parse_day(value, field="from_date")
    assert (caught.value.field, caught.value.rule) == ("from_date", RULE)


@pytest.mark.parametrize("year", ["0000", "0621", "1299", "1500", "1899", "2100", "9999"])
def test_a_year_outside_both_ranges_is_refused(year: str) -> None:
    """A string whose year selects no calendar raises an error with both ranges."""
    with pytest.raises(InvalidInputError) as caught:
        parse_day(f"{year}-01-15", field="to_date")
    assert str(caught.value) == (
        f"to_date: expected a year from 1300 to 1499 (Jalali) or from 1900 to 2099 (Gregorian); got the year {int(year)}"
    )


@given(st.dates(date(1921, 3, 21), date(2099, 12, 31)), st.sampled_from("-/"), st.sampled_from([{}, PERSIAN, ARABIC]))
def test_both_calendars_give_the_same_date(day: date, separator: str, digits: dict[int, int]) -> None:
    """A date written in either calendar gives the same result."""
    jalali = jdatetime.date.fromgregorian(date=day)
    written = [f"{one.year}{separator}{one.month:02}{separator}{one.day:02}".translate(digits) for one in (day, jalali)]
    assert [parse_day(one, field="from_date") for one in (*written, jalali)] == [day] * 3


@given(st.dates(date(1921, 3, 21), date(2098, 12, 31)))
def test_consecutive_jalali_days_are_consecutive_gregorian_days(day: date) -> None:
    """This holds across all ends of months and years."""
    following = jdatetime.date.fromgregorian(date=day) + timedelta(days=1)
    assert parse_day(str(following), field="from_date") == day + timedelta(days=1)


@given(st.text(max_size=70))
def test_any_text_is_a_date_or_an_input_error(text: str) -> None:
    """No text raises another error than `InvalidInputError`."""
    try:
        found = parse_day(text, field="from_date")
    except InvalidInputError:
        return
    assert 1921 <= found.year <= 2121


@pytest.mark.usefixtures("no_jdatetime")
def test_a_jalali_string_needs_the_package() -> None:
    """Without `jdatetime`, a Jalali string raises an error that says what to install, even for an invalid date."""
    for written in ("1403/01/15", "1403/13/01"):
        with pytest.raises(ConfigurationError) as caught:
            parse_day(written, field="from_date")
        assert str(caught.value) == NO_PACKAGE


@pytest.mark.usefixtures("no_jdatetime")
def test_gregorian_dates_need_no_package() -> None:
    """Gregorian strings and date objects work without `jdatetime`."""
    for value in ("2024-04-03", date(2024, 4, 3), ForeignDate(date(2024, 4, 3))):
        assert parse_day(value, field="from_date") == date(2024, 4, 3)


@pytest.mark.parametrize("zone", [None, UTC, TEHRAN])
def test_a_datetime_is_converted_to_jalali(zone: timezone | None) -> None:
    """Date, time, microseconds and time zone are kept."""
    found: Any = to_jalali(datetime(2024, 4, 3, 23, 59, 58, 7, tzinfo=zone), field="x")
    assert (found, found.tzinfo) == (jdatetime.datetime(1403, 1, 15, 23, 59, 58, 7, tzinfo=zone), zone)


def test_a_datetime_before_the_jalali_calendar_gives_none() -> None:
    """A datetime before the first Jalali year gives None."""
    assert to_jalali(datetime(600, 1, 1, tzinfo=UTC), field="x") is None


@pytest.mark.usefixtures("no_jdatetime")
def test_the_conversion_to_jalali_needs_the_package() -> None:
    """Without `jdatetime` the error says what to install."""
    with pytest.raises(ConfigurationError) as caught:
        to_jalali(datetime(2024, 4, 3, tzinfo=UTC), field="from_date")
    assert str(caught.value) == NO_PACKAGE


def test_jdatetime_implements_the_protocol() -> None:
    """`jdatetime.date` is a `JalaliDate`, and `datetime.date` is not."""
    assert (isinstance(jdatetime.date(1403, 1, 15), JalaliDate), isinstance(date(2024, 4, 3), JalaliDate)) == (
        True,
        False,
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (date(2024, 1, 31), "2024-01-31"),
        (datetime(2024, 1, 31, 23, 59, tzinfo=UTC), "2024-01-31"),
        ("2024-02-29", "2024-02-29"),
        ("1403/01/15", "2024-04-03"),
        (date(1, 1, 1), "0001-01-01"),
    ],
)
def test_a_date_is_written_in_the_gateways_format(value: date | str, written: str) -> None:
    """A date of either calendar becomes `YYYY-MM-DD`."""
    assert check_date(value, field="from_date") == written


@pytest.mark.parametrize("value", ["2023-02-29", "20240131", None])
def test_check_date_refuses_an_invalid_date(value: Any) -> None:
    """A date that does not exist, or another format, raises an error."""
    with pytest.raises(InvalidInputError) as caught:
        check_date(value, field="from_date")
    assert (caught.value.field, caught.value.rule) == (
        "from_date",
        "expected a date, or a string like 2024-01-31 or 1403/01/15",
    )
