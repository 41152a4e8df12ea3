from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
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
    " \t\n-().·\u00a0\u00ad\u0640\u2010\u2013\u2014\u2212\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2066\u2069\ufeff\uff08\uff09"
    "\uff0d\uff0e"
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
    """Write digits in any mixture of scripts, with spaces and marks anywhere between."""
    written = ""
    for character in digits:
        zero = data.draw(st.sampled_from(ZEROS))
        written += chr(ord(zero) + int(character)) if character != "+" else data.draw(st.sampled_from("+＋"))
        written += data.draw(st.text(NOISE, max_size=2))
    assume(written.count(".") != 1)  # one alone may be that of a float
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
    "0912345678.9",
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
    "9123456789.0",
    "9123456789.00",
    "989123456789.0",
    "۹۱۲۳۴۵۶۷۸۹.۰",
    "\ufeff 9123456789.0 ",
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_every_usual_spelling_comes_to_one_form(text: str) -> None:
    """However a mobile is written, it is sent in the form that the gateway documents."""
    assert normalize_receiver(text) == "09123456789"


@pytest.mark.parametrize("number", [*SPELLINGS, 9123456789, 9123456789.0, 989123456789, 989123456789.0])
def test_every_usual_spelling_is_read_as_the_same_number(number: str | float) -> None:
    """What sending takes, parsing takes, and the number of a spreadsheet's cell as well."""
    assert parse_number(number) == PhoneNumber("09123456789", "+989123456789", NumberKind.MOBILE, Operator.MCI)
    assert is_mobile(number) is True


@given(front=st.sampled_from(["0", "", "98", "+98", "0098"]), national=mobiles, data=st.data())
def test_any_mixture_of_digits_and_noise_comes_to_one_form(front: str, national: str, data: st.DataObject) -> None:
    """Every digit may come from another script, with spaces and marks anywhere between."""
    written = write(data, front + national)
    assert (normalize_receiver(written), normalize_number(written)) == (f"0{national}", f"0{national}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("912345678.0", "it has too few digits for a mobile"),
        ("91234567.00", "it has too few digits for a mobile"),
        ("98912345678.0", "it has too few digits for a mobile"),
        ("09123456789.0", "it has too many digits for a mobile"),
        ("9123456789.5", "it has too many digits for a mobile"),
    ],
)
def test_the_zero_of_a_float_never_becomes_a_digit(text: str, why: str) -> None:
    """A cell that has lost a digit does not turn into somebody else's number."""
    with pytest.raises(InvalidInputError) as caught:
        normalize_receiver(text)
    assert caught.value.rule.endswith(f", but {why}")
    assert is_mobile(text) is False


@pytest.mark.parametrize(
    ("number", "local", "e164", "kind"),
    [
        ("02112345678", "02112345678", "+982112345678", "landline"),
        ("+98 (21) 1234-5678", "02112345678", "+982112345678", "landline"),
        ("982112345678", "02112345678", "+982112345678", "landline"),
        ("00982112345678", "02112345678", "+982112345678", "landline"),
        ("۰۲۶-۳۴۵۶۷۸۹۰", "02634567890", "+982634567890", "landline"),
        (2112345678.0, "02112345678", "+982112345678", "landline"),
        ("09412345678", "09412345678", "+989412345678", "landline"),
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
def test_a_number_is_told_by_its_digits(number: str | float, local: str, e164: str | None, kind: str) -> None:
    """Landlines have an area code, lines a beginning of their own, and short codes few digits."""
    assert parse_number(number) == PhoneNumber(local, e164, NumberKind(kind), None)
    assert is_mobile(number) is False


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("09101234567", Operator.MCI),
        ("09191234567", Operator.MCI),
        ("09901234567", Operator.MCI),
        ("09941234567", Operator.MCI),
        ("09961234567", Operator.MCI),
        ("09001234567", Operator.IRANCELL),
        ("09051234567", Operator.IRANCELL),
        ("09301234567", Operator.IRANCELL),
        ("09331234567", Operator.IRANCELL),
        ("09391234567", Operator.IRANCELL),
        ("09201234567", Operator.RIGHTEL),
        ("09231234567", Operator.RIGHTEL),
        ("09981234567", Operator.SHATEL_MOBILE),
        ("09982234567", Operator.SHATEL_MOBILE),
        ("09991034567", Operator.APTEL),
        ("09991334567", Operator.APTEL),
        ("09999634567", Operator.SAMANTEL),
        ("09999934567", Operator.SAMANTEL),
        ("09990034567", Operator.LOTUSTEL),
        ("09998234567", Operator.ARIANTEL),
        ("09311234567", Operator.ESPADAN),
        ("09321234567", Operator.TALIYA),
        ("09341234567", Operator.TELE_KISH),
        ("09061234567", None),
        ("09241234567", None),
        ("09951234567", None),
        ("09971234567", None),
        ("09983234567", None),
        ("09990134567", None),
        ("09991234567", None),
        ("09999534567", None),
        ("02112345678", None),
    ],
)
def test_the_operator_is_the_one_that_the_block_was_given_to(text: str, operator: Operator | None) -> None:
    """A block that is not known to be anybody's has none; neither have landlines."""
    assert parse_number(text).operator == operator


@pytest.mark.parametrize(
    ("text", "province"),
    [
        ("02112345678", "Tehran"),
        ("02612345678", "Alborz"),
        ("08712345678", "Kurdistan"),
        ("09412345678", None),
        ("09123456789", None),
        ("10002000", None),
        ("2112", None),
    ],
)
def test_a_landline_knows_its_province(text: str, province: str | None) -> None:
    """Every province has one area code; other numbers belong to no province."""
    assert parse_number(text).province == province


@pytest.mark.parametrize(
    ("form", "mobile", "landline"),
    [
        ("local", "09123456789", "02112345678"),
        ("e164", "+989123456789", "+982112345678"),
        ("international", "989123456789", "982112345678"),
    ],
)
def test_a_number_is_written_in_the_form_that_is_asked_for(form: NumberForm, mobile: str, landline: str) -> None:
    """The international form is the gateway's: as it writes the senders of received messages, without a plus."""
    assert normalize_number("0912 345 6789", form) == mobile
    assert normalize_number(2112345678.0, form) == landline


@pytest.mark.parametrize("form", ["e164", "international"])
@pytest.mark.parametrize(("text", "kind"), [("10002000", "service line"), ("110", "short code")])
def test_what_only_iran_knows_has_no_international_form(text: str, kind: str, form: NumberForm) -> None:
    """Service lines and short codes are written in one way only."""
    number = parse_number(text)
    assert (normalize_number(text), number.local, number.e164, number.international) == (text, text, None, None)
    with pytest.raises(InvalidInputError) as caught:
        normalize_number(text, form, field="line")
    assert str(caught.value) == (
        f"line: expected a number that has the form {form}, but a {kind} has none; "
        f"got a string of {len(text)} characters with digits"
    )


@pytest.mark.parametrize("form", ["E164", "", None, 1, []])
def test_a_form_that_is_unknown_is_refused(form: Any) -> None:
    """The error says which forms there are."""
    with pytest.raises(InvalidInputError) as caught:
        normalize_number("09123456789", form)
    assert (caught.value.field, caught.value.rule) == ("form", "expected one of local, e164, international")


FEW_FOR_MOBILE, MANY_FOR_MOBILE = "it has too few digits for a mobile", "it has too many digits for a mobile"
FEW_FOR_LANDLINE, MANY_FOR_LANDLINE = "it has too few digits for a landline", "it has too many digits for a landline"
NO_AREA_CODE = "it has too few digits: a landline needs its area code"
NO_CODE_98 = "its country code is not 98"
ZERO_AFTER_CODE = "a 0 follows its country code: leave the 0 out"
WRONG_LINE = "a service line has 6 to 15 digits, and no 0 before them"
UNKNOWN = "no Iranian number begins like this"
SCIENTIFIC = "it is in scientific notation, which drops digits: let the spreadsheet keep the column as text"
SEVERAL = "it seems to hold several numbers"
WRONG_PLUS = "a plus sign can only be the first sign"
WRONG_CELL = "a number of a spreadsheet has to be whole, positive and of at most 15 digits"
NEITHER = "it is neither text nor a number"
REFUSED: list[tuple[object, str]] = [
    ("", "it has no digits in it"),
    (" \u200c\n", "it has no digits in it"),
    ("+", "it has no digits in it"),
    ("++", "it has no digits in it"),
    ("09123456789" + " " * 54, "it is longer than 64 characters"),
    ("0" * 100, "it is longer than 64 characters"),
    ("0912345678a", "it has letters in it"),
    ("شماره", "it has letters in it"),
    ("09123456789!", "it has other signs in it than spaces, hyphens, dots and brackets"),
    ("091234567²9", "it has other signs in it than spaces, hyphens, dots and brackets"),
    ("0912_3456789", "it has other signs in it than spaces, hyphens, dots and brackets"),
    ("++989123456789", WRONG_PLUS),
    ("98+9123456789", WRONG_PLUS),
    ("9.12346E+09", SCIENTIFIC),
    ("9,12346e9", SCIENTIFIC),
    ("02112345678 ext. 12", "it has an extension"),
    ("02112345678x12", "it has an extension"),
    ("۰۲۱۱۲۳۴۵۶۷۸ داخلی ۱۲", "it has an extension"),
    ("02112345678#12", "it has an extension"),
    ("09123456789, 09123456788", SEVERAL),
    ("09123456789؛09123456788", SEVERAL),
    ("02112345678/9", SEVERAL),
    ("+447911123456", NO_CODE_98),
    ("00447911123456", NO_CODE_98),
    ("+09123456789", NO_CODE_98),
    ("00", NO_CODE_98),
    ("+9809123456789", ZERO_AFTER_CODE),
    ("98 (0) 9123456789", ZERO_AFTER_CODE),
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


def name_case(value: object) -> str | None:
    """Keep what is too long out of the names of the tests."""
    return None if isinstance(value, str) and len(value) < 30 else type(value).__name__


@pytest.mark.parametrize(("number", "why"), REFUSED, ids=name_case)
def test_a_bad_number_is_refused_with_the_rule_that_it_breaks(number: Any, why: str) -> None:
    """The error names the field and says what is wrong, whichever function is asked."""
    for refuse in (parse_number, normalize_number):
        with pytest.raises(InvalidInputError) as caught:
            refuse(number, field="to")
        assert (caught.value.field, caught.value.rule) == ("to", f"expected an Iranian phone number, but {why}")
    assert is_mobile(number) is False


@pytest.mark.parametrize(
    ("text", "shape", "why"),
    [
        ("", "a string of 0 characters", "it has no digits in it"),
        ("0912345678", "a string of 10 characters with digits", FEW_FOR_MOBILE),
        ("091234567890", "a string of 12 characters with digits", MANY_FOR_MOBILE),
        ("02188776655", "a string of 11 characters with digits", "it is a landline"),
        ("10002000", "a string of 8 characters with digits", "it is a service line"),
        ("8282", "a string of 4 characters with digits", "it is a short code"),
        ("+9809123456789", "a string of 14 characters with digits, other signs", ZERO_AFTER_CODE),
        ("++989123456789", "a string of 14 characters with digits, other signs", WRONG_PLUS),
        ("+09123456789", "a string of 12 characters with digits, other signs", NO_CODE_98),
        ("0912345678a", "a string of 11 characters with digits, letters", "it has letters in it"),
        ("09123456789 09123456789", "a string of 23 characters with digits, spaces", MANY_FOR_MOBILE),
        (
            "09123456789" + " " * 54,
            "a string of 65 characters with digits, spaces",
            "it is longer than 64 characters",
        ),
        (None, "None", "it is no text"),
        (9123456789, "a number (int)", "it is no text"),
        (9.0, "a number (float)", "it is no text"),
        (True, "True", "it is no text"),
        (b"09123456789", "an object of type bytes", "it is no text"),
        (["09123456789"], "an object of type list", "it is no text"),
    ],
)
def test_what_is_no_mobile_is_refused_without_being_shown(text: Any, shape: str, why: str) -> None:
    """The error names the field, the rule and the value's shape, never the value."""
    with pytest.raises(InvalidInputError) as caught:
        normalize_receiver(text, field="to")
    assert (caught.value.field, caught.value.got) == ("to", shape)
    assert str(caught.value) == (f"to: expected an Iranian mobile number such as 09123456789, but {why}; got {shape}")


@pytest.mark.parametrize("text", ["09412345678", "09512345678", "09612345678", "09712345678", "09812345678"])
def test_sending_leaves_it_to_the_gateway_which_mobiles_there_are(text: str) -> None:
    """A receiver is refused for its shape only, whatever block it is in."""
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
def test_no_frame_of_this_package_holds_a_refused_number(read: Any, text: str) -> None:
    """Tools that print the locals of a traceback find the number in the caller's frames only."""
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
def test_nothing_else_is_ever_raised(value: Any) -> None:
    """Any value either comes to `09…` or is an `InvalidInputError`."""
    try:
        found = normalize_receiver(value)
    except InvalidInputError:
        return
    assert (found[:2], len(found), found.isascii(), found.isdecimal()) == ("09", 11, True, True)


def error_of(read: Callable[[Any], object], value: object) -> str | None:
    """Return what is said against a value; None if nothing is."""
    try:
        read(value)
    except InvalidInputError as error:
        return str(error)
    return None


@given(anything)
def test_all_functions_agree_on_what_is_a_number(value: Any) -> None:
    """Whatever is handed in, it is parsed and normalised alike, or refused alike."""
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
    """No five digits in a row of a bad number come into its error."""
    error = error_of(parse_number, value)
    digits = "".join(filter(str.isdecimal, str(value)))
    assert [digits[at : at + 5] for at in range(len(digits) - 4) if error and digits[at : at + 5] in error] == []


@given(mobiles | landlines)
def test_every_form_of_a_number_is_read_as_that_number(national: str) -> None:
    """From any form to any other and back, nothing is lost."""
    number = parse_number(f"0{national}")
    written = {"local": number.local, "e164": number.e164, "international": number.international}
    assert written == {"local": f"0{national}", "e164": f"+98{national}", "international": f"98{national}"}
    for text in written.values():
        assert text is not None
        assert parse_number(text) == number
        assert {form: normalize_number(text, form) for form in FORMS} == written
    assert parse_number(int(national)) == parse_number(float(national)) == parse_number(f"{national}.0") == number


@given(mobiles | landlines | lines | short_codes, st.sampled_from(["+98", "0098", "98", "0", ""]), st.data())
def test_normalising_twice_is_normalising_once(digits: str, front: str, data: st.DataObject) -> None:
    """What comes out of `normalize_number` stays as it is."""
    text = write(data, front + digits)
    try:
        local = normalize_number(text)
    except InvalidInputError:
        assert front != ""  # lines take no 0, and short codes take nothing in front of them
        return
    assert (normalize_number(local), parse_number(local)) == (local, parse_number(text))


@given(st.text("0123456789", min_size=9, max_size=9))
def test_the_one_form_stays_as_it_is(rest: str) -> None:
    """A number that is written right already is not changed."""
    assert normalize_receiver(f"09{rest}") == f"09{rest}"


def test_a_number_shows_itself_masked_and_is_a_plain_value() -> None:
    """Its repr hides the middle; it can be compared, hashed and pickled."""
    number = parse_number("09123456789")
    assert repr(number) == (
        "PhoneNumber(local=0912*****89, e164=+989*******89, kind=<NumberKind.MOBILE: 'mobile'>, "
        "operator=<Operator.MCI: 'MCI'>)"
    )
    assert {number, pickle.loads(pickle.dumps(number))} == {number}  # noqa: S301 - our own
    assert number != parse_number("09123456780")
