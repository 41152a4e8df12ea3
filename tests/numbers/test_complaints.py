from typing import Any

import pytest

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import is_mobile, normalize_number, normalize_receiver, parse_number

FEW_FOR_MOBILE, MANY_FOR_MOBILE = "it has too few digits for a mobile", "it has too many digits for a mobile"
FEW_FOR_LANDLINE, MANY_FOR_LANDLINE = "it has too few digits for a landline", "it has too many digits for a landline"
NO_AREA_CODE = "it has too few digits: a landline needs its area code"
NO_CODE_98 = "its country code is not 98"
ZEROS_AFTER_CODE = "it has several zeros after the country code"
WRONG_CHARACTERS = "it contains characters other than digits, spaces, hyphens, dots and brackets"
DECIMAL = "it looks like a decimal number"
WRONG_LINE = "a service line has 6 to 15 digits and no leading 0"
UNKNOWN = "no Iranian number starts with these digits"
SCIENTIFIC = "it is in scientific notation, which drops digits: format the spreadsheet column as text"
SEVERAL = "it appears to contain several numbers"
WRONG_PLUS = "a plus sign is allowed only at the start"
WRONG_CELL = "a spreadsheet number must be whole, positive and have at most 15 digits"
NEITHER = "it is neither a string nor a number"
REFUSED: list[tuple[object, str]] = [
    ("", "it has no digits"),
    (" \u200c\n", "it has no digits"),
    ("+", "it has no digits"),
    ("++", "it has no digits"),
    ("09123456789" + " " * 54, "it is longer than 64 characters"),
    ("0" * 100, "it is longer than 64 characters"),
    ("0912345678a", "it contains letters"),
    ("شماره", "it contains letters"),
    ("09123456789!", WRONG_CHARACTERS),
    ("091234567²9", WRONG_CHARACTERS),
    ("0912_3456789", WRONG_CHARACTERS),
    ("++989123456789", WRONG_PLUS),
    ("98+9123456789", WRONG_PLUS),
    ("9.12346E+09", SCIENTIFIC),
    ("9,12346e9", SCIENTIFIC),
    ("9.123456789E-09", SCIENTIFIC),
    ("9e9", SCIENTIFIC),
    ("02112345678 ext. 12", "it has an extension"),
    ("02112345678x12", "it has an extension"),
    ("۰۲۱۱۲۳۴۵۶۷۸ داخلی ۱۲", "it has an extension"),
    ("02112345678#12", "it has an extension"),
    ("tel:02112345678;ext=12", "it has an extension"),
    ("tel:09123456789;phone-context=+44", "it contains letters"),
    ("fax:02112345678", "it contains letters"),
    ("09123456789, 09123456788", SEVERAL),
    ("09123456789؛09123456788", SEVERAL),
    ("02112345678/9", SEVERAL),
    ("0211234567/8", SEVERAL),
    ("09123456789/09123456788", SEVERAL),
    ("09123456789.09123456788", SEVERAL),
    ("3456789/3456780", MANY_FOR_LANDLINE),
    ("2000/10/12", SEVERAL),
    ("912,345,678", SEVERAL),
    ("12,345", SEVERAL),
    ("9123456789.5", DECIMAL),
    ("3000.0000", DECIMAL),
    ("110.5", DECIMAL),
    ("0912.345.678.9", DECIMAL),
    ("+447911123456", NO_CODE_98),
    ("00447911123456", NO_CODE_98),
    ("+09123456789", NO_CODE_98),
    ("09123456789+", NO_CODE_98),
    ("00", NO_CODE_98),
    ("+98009123456789", ZEROS_AFTER_CODE),
    ("98 (00) 9123456789", ZEROS_AFTER_CODE),
    ("+980912345678", FEW_FOR_MOBILE),
    ("98 (0) 91234567890", MANY_FOR_MOBILE),
    ("+98 0 10002000", WRONG_LINE),
    ("0912345678", FEW_FOR_MOBILE),
    ("+98912345678", FEW_FOR_MOBILE),
    ("98912345678", FEW_FOR_MOBILE),
    ("91234567", FEW_FOR_MOBILE),
    ("091234567890", MANY_FOR_MOBILE),
    ("09123456789 09123456789", MANY_FOR_MOBILE),
    ("0211234567", FEW_FOR_LANDLINE),
    ("021123456789", MANY_FOR_LANDLINE),
    ("094123456789", MANY_FOR_LANDLINE),
    ("22334455", NO_AREA_CODE),
    ("2233445", NO_AREA_CODE),
    ("+9822334455", UNKNOWN),
    ("9822334455", UNKNOWN),
    ("022334455", UNKNOWN),
    ("02233445", UNKNOWN),
    ("12", NO_AREA_CODE),
    ("0", NO_AREA_CODE),
    ("98", NO_AREA_CODE),
    ("010002000", WRONG_LINE),
    ("1000200030004000", WRONG_LINE),
    ("+9810002", WRONG_LINE),
    ("02212345678", UNKNOWN),
    ("09512345678", UNKNOWN),
    ("0110", FEW_FOR_LANDLINE),
    ("+98110", FEW_FOR_LANDLINE),
    ("123456789", UNKNOWN),
    (912345678, FEW_FOR_MOBILE),
    (1, NO_AREA_CODE),
    (912345678.0, FEW_FOR_MOBILE),
    (-9123456789, WRONG_CELL),
    (0, WRONG_CELL),
    (0.0, WRONG_CELL),
    (9123456789.5, WRONG_CELL),
    (10**15, WRONG_CELL),
    (10**5000, WRONG_CELL),
    (1e300, WRONG_CELL),
    (float("inf"), WRONG_CELL),
    (float("nan"), WRONG_CELL),
    (True, NEITHER),
    (None, NEITHER),
    (b"09123456789", NEITHER),
    (["09123456789"], NEITHER),
]


def case_id(value: object) -> str | None:
    """Return the test id of a case; the type of the value if its text is too long."""
    return None if isinstance(value, str) and len(value) < 30 else type(value).__name__


@pytest.mark.parametrize(("number", "why"), REFUSED, ids=case_id)
def test_an_invalid_number_is_refused_with_a_reason(number: Any, why: str) -> None:
    """The error names the field and the broken rule, in every function."""
    for refuse in (parse_number, normalize_number):
        with pytest.raises(InvalidInputError) as caught:
            refuse(number, field="to")
        assert (caught.value.field, caught.value.rule) == ("to", f"expected an Iranian phone number, but {why}")
    assert is_mobile(number) is False


@pytest.mark.parametrize(
    ("text", "shape", "why"),
    [
        ("", "a string of 0 characters", "it has no digits"),
        ("0912345678", "a string of 10 characters with digits", FEW_FOR_MOBILE),
        ("091234567890", "a string of 12 characters with digits", MANY_FOR_MOBILE),
        ("02188776655", "a string of 11 characters with digits", "it is a landline"),
        ("10002000", "a string of 8 characters with digits", "it is a service line"),
        ("8282", "a string of 4 characters with digits", "it is a short code"),
        ("+98009123456789", "a string of 15 characters with digits, symbols", ZEROS_AFTER_CODE),
        ("9891234567", "a string of 10 characters with digits", FEW_FOR_MOBILE),
        ("++989123456789", "a string of 14 characters with digits, symbols", WRONG_PLUS),
        ("+09123456789", "a string of 12 characters with digits, symbols", NO_CODE_98),
        ("0912345678a", "a string of 11 characters with digits, letters", "it contains letters"),
        ("09123456789 09123456789", "a string of 23 characters with digits, spaces", MANY_FOR_MOBILE),
        (
            "09123456789" + " " * 54,
            "a string of 65 characters with digits, spaces",
            "it is longer than 64 characters",
        ),
        (None, "None", "it is not a string"),
        (9123456789, "a number (int)", "it is not a string"),
        (9.0, "a number (float)", "it is not a string"),
        (True, "True", "it is not a string"),
        (b"09123456789", "an object of type bytes", "it is not a string"),
        (["09123456789"], "an object of type list", "it is not a string"),
    ],
)
def test_a_receiver_that_is_not_a_mobile_is_refused(text: Any, shape: str, why: str) -> None:
    """The error names the field, the rule and the shape of the value, never the value."""
    with pytest.raises(InvalidInputError) as caught:
        normalize_receiver(text, field="to")
    assert (caught.value.field, caught.value.got) == ("to", shape)
    assert str(caught.value) == (f"to: expected an Iranian mobile number such as 09123456789, but {why}; got {shape}")
