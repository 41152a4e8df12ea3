from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import (
    NumberForm,
    NumberKind,
    Operator,
    PhoneNumber,
    is_mobile,
    normalize_number,
    normalize_receiver,
    parse_number,
)

ZEROS = "0۰٠０"
NOISE = (
    " \t\n-()[]\u00a0\u00ad\u0640\u2010\u2013\u2014\u2212\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2066\u2069\ufeff\uff08"
    "\uff09\uff0d\uff3b\uff3d"
)
UNKNOWN_FORM: Any = "tel"
FORMS: list[NumberForm] = ["local", "e164", "international"]

mobiles = st.builds("9{}{}".format, st.sampled_from("01239"), st.text("0123456789", min_size=8, max_size=8))
landlines = st.builds("{}{}".format, st.sampled_from(["21", "31", "87"]), st.text("0123456789", min_size=8, max_size=8))
lines = st.builds(
    "{}{}".format,
    st.sampled_from(["1000", "2000", "3000", "5000"]),
    st.text("0123456789", min_size=2, max_size=11),
)
short_codes = st.integers(100, 99_999).map(str)
near_numbers = st.text("0123456789۰۹٠+ -.()eExX,\u200c\ufeff", max_size=24)
anything = (
    st.text()
    | near_numbers
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary()
    | st.lists(st.integers())
)


def write(data: st.DataObject, digits: str) -> str:
    """Write digits in any mixture of scripts, with spaces and marks anywhere between them."""
    written = ""
    for character in digits:
        zero = data.draw(st.sampled_from(ZEROS))
        written += chr(ord(zero) + int(character)) if character != "+" else data.draw(st.sampled_from("+＋"))
        written += data.draw(st.text(NOISE, max_size=2))
    return written


SPELLINGS = [
    "09123456789",
    "9123456789",
    "989123456789",
    "+989123456789",
    "00989123456789",
    "0912 345 6789",
    "+98 912-345-6789",
    "(0912) 345.6789",
    "0912.345.6789",
    "0912.345.67.89",
    "0912/345/6789",
    "0912/3456789",
    "0912.3456789",
    "09123456789.",
    "[0912] 345 6789",
    "+9809123456789",
    "98 0912 345 6789",
    "0098 0912 345 6789",
    "+98 (0) 912 345 6789",
    "+98-(0)912-3456789",
    "(+98) 0912 345 6789",
    "۹۸ (۰) ۹۱۲ ۳۴۵ ۶۷۸۹",
    "＋９８（０）９１２ ３４５ ６７８９",
    "\u200f+98\u00a0(0)\u00a0912\u00a0345\u00a06789\u200f",
    "989123456789+",
    "+98.9123456789",
    "'+989123456789",
    "tel:+98-912-345-6789",
    "TEL:09123456789",
    "tel:912-345-6789;phone-context=+98",
    "sms:+989123456789",
    "smsto:09123456789",
    "callto://+989123456789",
    "۰۹۱۲۳۴۵۶۷۸۹",
    "٠٩١٢٣٤٥٦٧٨٩",
    "０９１２３４５６７８９",
    "०९१२३४५६७८९",
    "۰۹۱۲ ३४५ 6789",
    "＋۹۸۹۱۲۳۴۵۶۷۸۹",
    "۰۹۱۲ـ۳۴۵ـ۶۷۸۹",
    "（0912）345－6789",
    "\u202a+98 912 345 6789\u202c",
    "0912\u200c345\u200c6789",
    "\u200e0912\u200d3456789\u200f",
    "\ufeff09123456789\n",
    "09123456789" + " " * 53,
    "9123456789.0",
    "9123456789.00",
    "989123456789.0",
    "۹۱۲۳۴۵۶۷۸۹.۰",
    "\ufeff 9123456789.0 ",
    "09123456789.0",
    "09123456789.00",
    "0912 345 6789.0",
    "+989123456789.0",
    "+98 (0) 912 345 6789.0",
    "9123456789.000000",
    "9123456789,0",
    "9123456789/0",
    "۰۹۱۲۳۴۵۶۷۸۹٫۰",
    "۹۱۲۳۴۵۶۷۸۹/۰",
    "９１２３４５６７８９．０",
    "9,123,456,789",
    "9,123,456,789.00",
    "9.123.456.789",
    "9.123.456.789,00",
    "۹٬۱۲۳٬۴۵۶٬۷۸۹",
    "989,123,456,789",
    "9.123456789E+09",
    "9.123456789e9",
    "9,123456789E+09",
    "۹٫۱۲۳۴۵۶۷۸۹E+۰۹",
    "9.1234567890E+09",
    "9.89123456789E+11",
    "9123456789E0",
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_every_spelling_is_normalised_to_one_form(text: str) -> None:
    """A mobile in any spelling gets the form that the gateway documents."""
    assert normalize_receiver(text) == "09123456789"


@pytest.mark.parametrize("number", [*SPELLINGS, 9123456789, 9123456789.0, 989123456789, 989123456789.0])
def test_every_spelling_is_parsed_as_the_same_number(number: str | float) -> None:
    """Parsing accepts every spelling that sends accept, and spreadsheet numbers."""
    assert parse_number(number) == PhoneNumber("09123456789", "+989123456789", NumberKind.MOBILE, Operator.MCI)
    assert is_mobile(number) is True


@given(prefix=st.sampled_from(["0", "", "98", "+98", "0098", "980", "+980", "00980"]), national=mobiles, data=st.data())
def test_any_mixture_of_scripts_and_marks_is_normalised(prefix: str, national: str, data: st.DataObject) -> None:
    """Each digit may be of another script, with spaces and marks anywhere between them."""
    written = write(data, prefix + national)
    assert (normalize_receiver(written), normalize_number(written)) == (f"0{national}", f"0{national}")


FEW = "it has too few digits for a mobile"
DECIMAL = "it looks like a decimal number"
SCIENTIFIC = "it is in scientific notation, which drops digits: format the spreadsheet column as text"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("912345678.0", FEW),
        ("91234567.00", FEW),
        ("98912345678.0", FEW),
        ("0912345678.0", FEW),
        ("+98912345678.0", FEW),
        ("0098912345678.0", FEW),
        ("+98 (0) 912 345 678.0", FEW),
        ("0912-345-678.0", FEW),
        ("0912.345.678.0", DECIMAL),
        ("0912.345.6789.0", DECIMAL),
        ("0912/345/678/0", "it appears to contain several numbers"),
        ("tel:0912345678.0", FEW),
        ("'0912345678.0", FEW),
        ("0912345678,0", FEW),
        ("0912345678/0", FEW),
        ("۰۹۱۲۳۴۵۶۷۸٫۰", FEW),
        ("۰۹۱۲۳۴۵۶۷۸،۰", FEW),
        ("０９１２３４５６７８．０", FEW),
        ("0912345678·0", FEW),
        ("0912345678\u200f.\u200f0", FEW),
        ("0912345678 . 0", FEW),
        ("0912345678.", FEW),
        ("091234567.00", FEW),
        ("9,123,456,78", "it appears to contain several numbers"),
        ("912,345,678", "it appears to contain several numbers"),
        ("912345678,9", "it appears to contain several numbers"),
        ("0912345678/9", "it appears to contain several numbers"),
        ("0912345678.9", DECIMAL),
        ("9123456789.5", DECIMAL),
        ("09123456789.5", DECIMAL),
        ("091234567.89", DECIMAL),
        ("09123456.789", DECIMAL),
        ("+9891234567.89", DECIMAL),
        ("0.9123456789", DECIMAL),
        ("9.123456789", DECIMAL),
        ("0912345.0000", DECIMAL),
        ("091234567.000", DECIMAL),
        ("9.12345679E+09", SCIENTIFIC),
        ("9.12346E+09", SCIENTIFIC),
        ("9.123456789E+10", SCIENTIFIC),
        ("9.123456789E-09", SCIENTIFIC),
        ("9.1234567891E+09", SCIENTIFIC),
        ("9123456789E1", SCIENTIFIC),
        ("09123456789E0", SCIENTIFIC),
        ("9891234567", FEW),
    ],
)
def test_a_number_that_lost_a_digit_never_becomes_another(text: str, why: str) -> None:
    """No decimal, exponent or group of digits fills the place of a lost digit."""
    with pytest.raises(InvalidInputError) as caught:
        normalize_receiver(text)
    assert caught.value.rule.endswith(f", but {why}")
    assert is_mobile(text) is False


LEADS = ["0", "", "98", "+98", "0098", "980", "+980", "00980"]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str]:
    """Return a mobile, and digits of one of its forms of which one is missing or one is too many."""
    national = draw(mobiles)
    lead = draw(st.sampled_from(LEADS))
    plus, digits = ("+", lead[1:] + national) if lead.startswith("+") else ("", lead + national)
    at = draw(st.integers(0, len(digits) - 1))
    if draw(st.booleans()):
        return national, plus + digits[:at] + digits[at + 1 :]
    return national, plus + digits[:at] + draw(st.sampled_from("0123456789")) + digits[at:]


def as_grouped(data: st.DataObject, digits: str) -> str:
    """Write digits in groups of two to four between equal signs."""
    sign = data.draw(st.sampled_from([" ", "-", ".", "/", "\u00a0", "\u200c", "٫"]))
    groups, rest = [], digits
    while rest:
        size = data.draw(st.integers(2, 4))
        groups.append(rest[:size])
        rest = rest[size:]
    return sign.join(groups)


def as_software_writes_it(data: st.DataObject, digits: str) -> str:
    """Write digits as spreadsheets and programs write numbers."""
    number = int(digits)
    written = data.draw(
        st.sampled_from(
            ["{:.1f}", "{:.2f}", "{:.3f}", "{:E}", "{:.9E}", "{:.10g}", "{:.6g}", "{:.11E}", "{:,}", "{:,.2f}", "{}"]
        )
    ).format(number)
    return written.translate(data.draw(st.sampled_from([{}, {46: ",", 44: "."}, {46: "/"}, {46: "٫", 44: "٬"}])))


def as_text_with_decimals(data: st.DataObject, digits: str) -> str:
    """Write digits with the decimals of a float behind them."""
    return digits + data.draw(st.sampled_from([".", ",", "/", "٫", "·", "．"])) + "0" * data.draw(st.integers(1, 4))


WRITERS = [as_grouped, as_software_writes_it, as_text_with_decimals, write]


@given(damage=damaged(), data=st.data())
def test_no_spelling_of_a_damaged_number_is_another_number(damage: tuple[str, str], data: st.DataObject) -> None:
    """A number that lost or gained a digit is the same number or none, however it is written."""
    national, digits = damage
    written = data.draw(st.sampled_from(WRITERS))(data, digits)
    assert mobile_of(written) in {None, f"0{national}"}


@given(national=mobiles, lead=st.sampled_from(LEADS), data=st.data())
def test_no_spelling_is_another_number(national: str, lead: str, data: st.DataObject) -> None:
    """A whole number, as people, spreadsheets and programs write it, is the same number or none."""
    written = data.draw(st.sampled_from(WRITERS))(data, lead + national)
    assert mobile_of(written) in {None, f"0{national}"}


def mobile_of(text: str) -> str | None:
    """Return the mobile that every function reads; None if all refuse the text."""
    read = [normalize_receiver(text)] if error_of(normalize_receiver, text) is None else []
    if is_mobile(text):
        read.append(normalize_number(text))
    assert len(set(read)) < 2
    return read[0] if read else None


@pytest.mark.parametrize(
    ("number", "local", "e164", "kind"),
    [
        ("02112345678", "02112345678", "+982112345678", "landline"),
        ("+98 (21) 1234-5678", "02112345678", "+982112345678", "landline"),
        ("982112345678", "02112345678", "+982112345678", "landline"),
        ("00982112345678", "02112345678", "+982112345678", "landline"),
        ("+98 (0) 21 1234 5678", "02112345678", "+982112345678", "landline"),
        ("98 021 12345678", "02112345678", "+982112345678", "landline"),
        ("02112345678.0", "02112345678", "+982112345678", "landline"),
        ("021/12345678", "02112345678", "+982112345678", "landline"),
        ("۰۲۶-۳۴۵۶۷۸۹۰", "02634567890", "+982634567890", "landline"),
        (2112345678.0, "02112345678", "+982112345678", "landline"),
        ("09422345678", "09422345678", "+989422345678", "landline"),
        ("10002000", "10002000", None, "service_line"),
        ("100010", "100010", None, "service_line"),
        ("۵۰۰۰ ۴۰۰۱ ۴۰۰۱ ۴۰۰", "500040014001400", None, "service_line"),
        ("+983000123456", "3000123456", None, "service_line"),
        ("0098300012", "300012", None, "service_line"),
        ("9820001234", "20001234", None, "service_line"),
        (10002000.0, "10002000", None, "service_line"),
        ("10002000.0", "10002000", None, "service_line"),
        (500040014001400, "500040014001400", None, "service_line"),
        ("110", "110", None, "short_code"),
        ("۸۲۸۲", "8282", None, "short_code"),
        ("30009", "30009", None, "short_code"),
        ("981000", "981000", None, "short_code"),
        (110.0, "110", None, "short_code"),
    ],
)
def test_the_kind_follows_from_the_digits(number: str | float, local: str, e164: str | None, kind: str) -> None:
    """Landlines have an area code, service lines a prefix, and short codes few digits."""
    assert parse_number(number) == PhoneNumber(local, e164, NumberKind(kind), None)
    assert is_mobile(number) is False


@pytest.mark.parametrize(
    ("form", "mobile", "landline"),
    [
        ("local", "09123456789", "02112345678"),
        ("e164", "+989123456789", "+982112345678"),
        ("international", "989123456789", "982112345678"),
    ],
)
def test_a_number_is_returned_in_the_requested_form(form: NumberForm, mobile: str, landline: str) -> None:
    """The form `international` has no plus, as in the senders of received messages."""
    assert normalize_number("0912 345 6789", form) == mobile
    assert normalize_number(2112345678.0, form) == landline


@pytest.mark.parametrize("form", ["e164", "international"])
@pytest.mark.parametrize(("text", "kind"), [("10002000", "service line"), ("110", "short code")])
def test_service_lines_and_short_codes_have_only_the_local_form(text: str, kind: str, form: NumberForm) -> None:
    """The two other forms raise an error that names the kind."""
    number = parse_number(text)
    assert (normalize_number(text), number.local, number.e164, number.international) == (text, text, None, None)
    with pytest.raises(InvalidInputError) as caught:
        normalize_number(text, form, field="line")
    assert str(caught.value) == (
        f"line: expected a number with the form {form}, which a {kind} does not have; "
        f"got a string of {len(text)} characters with digits"
    )


@pytest.mark.parametrize("form", ["E164", "", None, 1, []])
def test_an_unknown_form_is_refused(form: Any) -> None:
    """The error lists the forms."""
    with pytest.raises(InvalidInputError) as caught:
        normalize_number("09123456789", form)
    assert (caught.value.field, caught.value.rule) == ("form", "expected one of local, e164, international")


@pytest.mark.parametrize("text", ["09412345678", "09512345678", "09612345678", "09712345678", "09812345678"])
def test_a_receiver_may_be_in_any_block(text: str) -> None:
    """A receiver is refused only for its shape; the gateway decides which blocks it reaches."""
    assert (normalize_receiver(text), is_mobile(text)) == (text, False)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (parse_number, "093987654321"),
        (normalize_number, "093987654321"),
        (lambda text: normalize_number(text, "e164"), "100020003000"),
        (lambda text: normalize_number(text, UNKNOWN_FORM), "09398765432"),
        (normalize_receiver, "093987654321"),
    ],
)
def test_no_frame_of_the_package_holds_a_refused_number(read: Any, text: str) -> None:
    """Tools that print the locals of a traceback find the number only in the frames of the caller."""
    with pytest.raises(InvalidInputError) as caught:
        read(text)
    inner = [
        frame.f_locals
        for entry in caught.traceback
        if "wikipayam_async" in str((frame := entry.frame.raw).f_globals["__name__"])
    ]
    assert inner != []
    assert [value for names in inner for value in names.values() if text[:8] in str(value)] == []


@given(anything)
def test_any_value_is_normalised_or_an_input_error(value: Any) -> None:
    """Any value becomes `09…` or raises `InvalidInputError`."""
    try:
        found = normalize_receiver(value)
    except InvalidInputError:
        return
    assert (found[:2], len(found), found.isascii(), found.isdecimal()) == ("09", 11, True, True)


def error_of(read: Callable[[Any], object], value: object) -> str | None:
    """Return the text of the error for a value; None if there is no error."""
    try:
        read(value)
    except InvalidInputError as error:
        return str(error)
    return None


@given(anything)
def test_all_functions_accept_the_same_numbers(value: Any) -> None:
    """Any value is parsed and normalised, or refused by both functions with the same error."""
    assert error_of(normalize_number, value) == error_of(parse_number, value)
    if error_of(parse_number, value) is not None:
        assert is_mobile(value) is False
        return
    number = parse_number(value)
    assert normalize_number(value) == number.local
    assert is_mobile(value) is (number.kind is NumberKind.MOBILE)
    if number.kind is NumberKind.MOBILE and isinstance(value, str):
        assert normalize_receiver(value) == number.local


@given(st.text("0123456789", min_size=5, max_size=80) | near_numbers | st.integers() | st.floats())
def test_an_error_never_quotes_the_number(value: Any) -> None:
    """No five consecutive digits of an invalid number appear in its error."""
    error = error_of(parse_number, value)
    digits = "".join(filter(str.isdecimal, str(value)))
    assert [digits[at : at + 5] for at in range(len(digits) - 4) if error and digits[at : at + 5] in error] == []


@given(mobiles | landlines)
def test_every_form_is_parsed_as_the_same_number(national: str) -> None:
    """A number converted to any form and back is the same number."""
    number = parse_number(f"0{national}")
    written = {"local": number.local, "e164": number.e164, "international": number.international}
    assert written == {"local": f"0{national}", "e164": f"+98{national}", "international": f"98{national}"}
    for text in written.values():
        assert text is not None
        assert parse_number(text) == number
        assert {form: normalize_number(text, form) for form in FORMS} == written
    assert parse_number(int(national)) == parse_number(float(national)) == parse_number(f"{national}.0") == number


@given(mobiles | landlines | lines | short_codes, st.sampled_from(["+98", "0098", "98", "0", ""]), st.data())
def test_normalising_twice_changes_nothing(digits: str, prefix: str, data: st.DataObject) -> None:
    """The result of `normalize_number` is normalised to itself."""
    text = write(data, prefix + digits)
    try:
        local = normalize_number(text)
    except InvalidInputError:
        assert prefix != ""  # lines take no 0, and short codes take no prefix
        return
    assert (normalize_number(local), parse_number(local)) == (local, parse_number(text))


@given(st.text("0123456789", min_size=9, max_size=9))
def test_a_normalised_receiver_is_unchanged(rest: str) -> None:
    """A receiver of the form `09…` is returned unchanged."""
    assert normalize_receiver(f"09{rest}") == f"09{rest}"


def test_a_phone_number_is_masked_in_its_repr_and_is_a_value() -> None:
    """The `repr` hides the middle digits, and numbers can be compared, hashed and pickled."""
    number = parse_number("09123456789")
    assert repr(number) == (
        "PhoneNumber(local=0912*****89, e164=+989*******89, kind=<NumberKind.MOBILE: 'mobile'>, "
        "operator=<Operator.MCI: 'MCI'>)"
    )
    assert {number, pickle.loads(pickle.dumps(number))} == {number}  # noqa: S301 - pickled here
    assert number != parse_number("09123456780")
