from __future__ import annotations

import pytest

from wikipayam_async.cli.bulk.files.shown import show_number, show_text
from wikipayam_async.templates.values import BrokenValue, ShownValue

UNKNOWN = "a number in a format that is not supported here: format the column as text"
TOO_LONG = "a number of more than 15 digits, of which a spreadsheet drops the last: format the column as text"
RANGE = "a date or number that is out of range"


def shown(number: float, code: str) -> str:
    """Return the text of a number, or the reason why it has none."""
    cell = show_number(number, code)
    if isinstance(cell, BrokenValue):
        return cell.reason
    assert isinstance(cell, ShownValue)
    return cell.text


@pytest.mark.parametrize(
    ("number", "code", "text"),
    [
        (7, "00000", "00007"),
        (1250000, "#,##0", "1,250,000"),
        (999, "#,##0", "999"),
        (1234.5, "#,##0.00", "1,234.50"),
        (0.005, "0.00", "0.01"),
        (2.675, "0.00", "2.68"),
        (0.125, "0%", "13%"),
        (0.125, "0.0%", "12.5%"),
        (-5, "0", "-5"),
        (-0.001, "0.00", "0.00"),
        (-5, "0;(0)", "(5)"),
        (0, '0;-0;"-"', "-"),
        (5, '0;-0;"-";@', "5"),
        (5, ";;;", ""),
        (9123456789, "0000 000 0000", "0912 345 6789"),
        (9123456789, "0000-000-0000", "0912-345-6789"),
        (1250000, '#,##0 "ریال"', "1,250,000 ریال"),
        (1250000, "#,##0\\ [$ریال-429]", "1,250,000 ریال"),
        (1250000, "[$$-409]#,##0.0", "$1,250,000.0"),
        (1250000, "_(* #,##0_)", "1,250,000"),
        (1250000, "[Red]#,##0", "1,250,000"),
        (1250000, "[$-3000429]#,##0", "۱,۲۵۰,۰۰۰"),
        (125, "[$-2000401]0", "١٢٥"),
        (1.5e6, '0.0,,"M"', "1.5M"),
        (1500, "#,", "2"),
        (12345.678, "0.00E+00", "1.23E+04"),
        (0.00012, "0.0E-00", "1.2E-04"),
        (0, "0.00E+00", "0.00E+00"),
        (-1234.5, "0.000E+00", "-1.235E+03"),
        (99.995, "0E+0", "1E+2"),
        (123.456, ".00", "123.46"),
        (0.456, ".00", ".46"),
        (1234567, "[<=9999999]###-####;(###) ###-####", "123-4567"),
        (9123456789, "[<=9999999]###-####;(###) ###-####", "(912) 345-6789"),
        (-7, "[<0]0;0", "7"),
        (-7, "[<0]0", "-7"),
        (12, '"کد "0', "کد 12"),
        (0.5, "#.##", ".5"),
        (5, "#.0#", "5.0"),
        (5.25, "?0.0??", "5.25"),
        (12, '"همیشه"', "همیشه"),
        (1.5, "@", "1.5"),
        (1.5, 'General" تومان"', "1.5 تومان"),
        (1.5, "[>1]0.0;@", "1.5"),
    ],
)
def test_a_number_in_its_format(number: float, code: str, text: str) -> None:
    """The text is the one that Excel shows."""
    assert shown(number, code) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (7, "7"),
        (-7.0, "-7"),
        (9123456789.0, "9123456789"),
        (123456789012345, "123456789012345"),
        (3.14159265358979, "3.141592654"),
        (0.1 + 0.2, "0.3"),
        (123456789012.5, "123456789013"),
        (1e-12, UNKNOWN),
        (6037991234567890, TOO_LONG),
        (1e15, TOO_LONG),
        (float("inf"), UNKNOWN),
    ],
)
def test_a_number_without_a_format(number: float, text: str) -> None:
    """Whole numbers keep all their digits; others have those that a wide column shows."""
    assert shown(number, "General") == text


@pytest.mark.parametrize(
    ("number", "code", "why"),
    [
        (0.5, "# ?/?", UNKNOWN),
        (5, "##0.0E+0", UNKNOWN),
        (5, "[DBNum1]0", UNKNOWN),
        (5, "0;0;0;0;0", UNKNOWN),
        (5, "bbbb", UNKNOWN),
        (5, "[$-F000409]0", UNKNOWN),
        (5, "[>9]0;[<1]0", UNKNOWN),
        (5, "0;yyyy", "5"),
        (-5, "0;yyyy", UNKNOWN),
        (-5, "yyyy", RANGE),
        (1e9, "yyyy", RANGE),
    ],
)
def test_a_format_that_is_not_known_breaks_the_cell(number: float, code: str, why: str) -> None:
    """A guess could send a wrong price."""
    assert shown(number, code) == why


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("General", "a"),
        ("@", "a"),
        ("0", "a"),
        ("0;0;0", "a"),
        (";;;", ""),
        ('"x "@', "x a"),
        ("_(* #,##0_);_(* (#,##0);_(* -_);_(@_)", "a"),
        ('0;0;0;@"!"', "a!"),
        ("[DBNum1]0", "a"),
    ],
)
def test_a_text_in_its_format(code: str, text: str) -> None:
    """Most formats leave texts alone; the section for texts may hide them."""
    assert show_text("a", code) == text


def test_a_broken_number_comes_out_again() -> None:
    """An export has its digits."""
    cells = [show_number(0.5, "# ?/?"), show_number(6037991234567890, "0"), show_number(-5, "yyyy")]
    assert [cell.text for cell in cells if isinstance(cell, BrokenValue)] == ["0.5", "6037991234567890", "-5"]
