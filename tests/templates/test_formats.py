from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal

import jdatetime  # type: ignore[import-untyped] # ships no type information
import pytest

from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.templates import Template
from wikipayam_async.templates.formats import FORMATS, find_format
from wikipayam_async.templates.values import BrokenValue, ShownValue

DAY = dt.date(2026, 1, 2)


def rendered(field: str, value: object) -> str:
    """Return a field of a template with a value."""
    return Template(f"{{x{field}}}").render({"x": value})


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("|thousands", 1250000, "1,250,000"),
        ("|thousands", -1250, "-1,250"),
        ("|thousands", 999, "999"),
        ("|thousands", 1250000.0, "1,250,000"),
        ("|thousands", 1234.5, "1,234.5"),
        ("|thousands", Decimal("1250.50"), "1,250.50"),
        ("|thousands", "1250000", "1,250,000"),
        ("|thousands", "۱۲۵۰۰۰۰", "1,250,000"),
        ("|thousands", "1,250,000", "1,250,000"),
        ("|thousands", "۱٬۲۵۰٬۰۰۰٫۵", "1,250,000.5"),
        ("|thousands", " 1 250 000 ", "1,250,000"),
        ("|thousands", ShownValue("1250000", 1250000), "1,250,000"),
        ("|thousands", ShownValue("1,234.57", 1234.5678), "1,234.57"),
        ("|thousands", ShownValue("1,250 ریال", 1250), "1,250"),
        ("|toman", 1250000, "125,000"),
        ("|toman", "۱٬۲۵۵", "125.5"),
        ("|toman", "1250.0", "125"),
        ("|toman", 5, "0.5"),
        ("|toman", Decimal("1790.125"), "179.0125"),
        ("|toman", "1790.25", "179.025"),
        ("|toman", -1000, "-100"),
        ("|toman", "9" * 30, "99,999,999,999,999,999,999,999,999,999.9"),
        ("|تومان|فارسی", 1250000, "۱۲۵٬۰۰۰"),
        ("|persian", "A-12", "A-۱۲"),
        ("|persian", 125, "۱۲۵"),
        ("|persian", "12٤", "۱۲۴"),
        ("|persian", "1,250,000.5", "۱٬۲۵۰٬۰۰۰٫۵"),
        ("|persian", "a, 1.2", "a, ۱.۲"),
        ("|persian", 2.5, "۲٫۵"),
        ("|thousands|persian", 1250000, "۱٬۲۵۰٬۰۰۰"),
        (" | Thousands | PERSIAN ", 1250000, "۱٬۲۵۰٬۰۰۰"),
        ("|هزارگان|فارسي", 1250000, "۱٬۲۵۰٬۰۰۰"),
        ("|jalali", DAY, "1404/10/12"),
        ("|jalali", dt.datetime(2026, 1, 2, 23, 59), "1404/10/12"),  # noqa: DTZ001 - the day as it is
        ("|jalali", jdatetime.date(1404, 10, 12), "1404/10/12"),
        ("|jalali", "2026-01-02", "1404/10/12"),
        ("|jalali", "2026/1/2 10:30", "1404/10/12"),
        ("|jalali", "۱۴۰۴/۱۰/۱۲", "1404/10/12"),
        ("|jalali", ShownValue("1/2/26", DAY), "1404/10/12"),
        ("|شمسی|persian", DAY, "۱۴۰۴/۱۰/۱۲"),
    ],
)
def test_a_value_in_a_format(field: str, value: object, text: str) -> None:
    """Formats apply one after the other, under their English and Persian names."""
    assert rendered(field, value) == text


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("|thousands", "abc", "expected a number, for the format thousands; got a string of 3 characters with letters"),
        ("|thousands", "1" * 31, "expected a number, for the format thousands; got a string of 31 characters with digits"),
        ("|thousands", "1,25", "expected a number, for the format thousands; got a string of 4 characters with digits, symbols"),
        ("|thousands", ShownValue("12%", 0.12), "expected a number, for the format thousands; got a string of 3 characters with digits, symbols"),
        ("|thousands", float("inf"), "expected a number, for the format thousands; got a string of 3 characters with letters"),
        ("|toman", "1.790", "expected rials with at most 2 decimals, for the format toman: a point may separate thousands; got a string of 5 characters with digits, symbols"),
        ("|thousands|toman", "1.790", "expected rials with at most 2 decimals, for the format toman: a point may separate thousands; got a string of 5 characters with digits, symbols"),
        ("|thousands", DAY, "expected a number, for the format thousands; got a string of 10 characters with digits, symbols"),
        ("|thousands", True, "expected a string, a whole number or a Decimal; got True"),
        ("|jalali", "1/2/26", "expected a date, or a string like 2024-01-31 or 1403/01/15; got a string of 6 characters with digits, symbols"),
        ("|jalali", 46024, "expected a date, or a string like 2024-01-31 or 1403/01/15; got a string of 5 characters with digits"),
        ("|jalali", dt.date(9999, 12, 31), "expected a date of the Jalali calendar; got another year"),
        ("|jalali", "", "expected a value, or a default for the field; got an empty value"),
        ("|jalali", BrokenValue("the error #N/A"), "expected a value; got the error #N/A"),
        ("", DAY, "expected a string, a whole number or a Decimal; got an object of type date"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_format(field: str, value: object, why: str) -> None:
    """The error names the field and does not show the value."""
    with pytest.raises(InvalidInputError) as caught:
        rendered(field, value)
    assert str(caught.value) == f"x: {why}"


def test_a_default_has_no_format() -> None:
    """It is a text already; the fields of a template have no formats in their names."""
    template = Template("{a|thousands} {b}", defaults={"a": "0912"})
    assert (template.render({"a": None, "b": ShownValue("00007", 7)}), template.fields) == ("0912 00007", ("a", "b"))


def test_an_unknown_format_is_refused() -> None:
    """The error lists the formats."""
    with pytest.raises(InvalidInputError) as caught:
        Template("hi {a|upper}")
    assert str(caught.value) == (
        "template: expected one of the formats thousands, toman, persian, jalali after '|'; "
        "got another one in the field at character 3"
    )


def test_a_format_has_names_in_both_languages() -> None:
    """They are compared as people read them."""
    assert [one.name for name in ("Thousands", "هزارگان", "جلالي") if (one := find_format(name))] == [
        "thousands", "thousands", "jalali",
    ]  # fmt: skip
    assert find_format("") is None
    assert len(FORMATS) == 9


def test_the_jalali_calendar_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its package, the template cannot be made; the error says what to install."""
    monkeypatch.setitem(sys.modules, "jdatetime", None)
    with pytest.raises(ConfigurationError) as caught:
        Template("{x|jalali}")
    assert str(caught.value) == "jalali: Jalali dates need the package jdatetime: pip install 'wikipayam_async[jalali]'"
