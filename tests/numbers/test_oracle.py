from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import phonenumbers
import pytest
from attrs import frozen
from phonenumbers import PhoneNumberType, carrier

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import Operator, parse_number

Answer: TypeAlias = tuple[str, str | None] | None

SAMPLES, NUMBERS_A_SAMPLE = 10, 10_000
LEADS = ["0", "0", "", "", "98", "+98", "+98", "0098", "+980", "980", "00980", "+9800", "+44", "00"]
SHAPES: list[tuple[Sequence[str], int, int]] = [
    *[(["9"], 9, 9)] * 6,
    *[(["90", "91", "93", "94", "99"], 7, 9)] * 3,
    *[("12345678", 9, 9)] * 4,
    *[(["21", "26", "31", "51", "87"], 3, 9)] * 2,
    *[(["1000", "2000", "3000", "5000"], 1, 12)] * 2,
    *[("123456789", 0, 5)] * 2,
    (["96"], 2, 3),
    ([""], 1, 16),
]
"""The prefixes of a number, and the minimum and maximum number of digits after them."""
ZEROS = "0۰٠０"
SIGNS = ["", "", "", "", "", " ", "-", "\u2010", "\u00a0", "\u00ad", "(", ")", "."]
MARKS = "\u200c\u200d\u200e\u200f\ufeff\u202a\u202c"
KINDS = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "landline",
    PhoneNumberType.UAN: "universal access number",
}


@frozen
class Written:
    """A number in one spelling, and its parts."""

    lead: str
    national: str
    text: str


def make_national(rng: random.Random) -> str:
    """Return the national digits of a likely number of any kind, or any digits."""
    prefixes, least, most = rng.choice(SHAPES)
    return rng.choice(prefixes) + "".join(rng.choices("0123456789", k=rng.randint(least, most)))


def write(rng: random.Random) -> Written:
    """Return a number in one of the spellings that people and spreadsheets use."""
    national, lead = make_national(rng), rng.choice(LEADS)
    style = rng.randrange(10)
    text = lead + national
    if style == 0:
        return Written("", national, f"{national}.0")
    if style < 3:
        zero = ord(rng.choice(ZEROS))
        text = "".join(chr(zero + int(one)) if one != "+" else one for one in text)
    if style < 8:
        signs = SIGNS if style < 7 else [*SIGNS, *MARKS]
        text = "".join(one + rng.choice(signs) for one in text)
    return Written(lead, national, text)


def parse_ours(text: str) -> Answer:
    """Return kind and E.164 form as parsed by this package."""
    try:
        number = parse_number(text)
    except InvalidInputError:
        return None
    return number.kind.value, number.e164


def parse_theirs(text: str) -> Answer:
    """Return kind and E.164 form as parsed by phonenumbers."""
    try:
        number = phonenumbers.parse(text, "IR")
    except phonenumbers.NumberParseException:
        return None
    kind = phonenumbers.number_type(number)
    if number.country_code != 98 or kind == PhoneNumberType.UNKNOWN:
        return None
    return KINDS[kind], f"+98{phonenumbers.national_significant_number(number)}"


def without_marks(text: str) -> str:
    """Return the text without half-spaces and direction marks."""
    return text.translate(dict.fromkeys(map(ord, MARKS)))


def is_explained_by_marks(written: Written, ours: Answer, theirs: Answer) -> bool:
    """Return whether both agree, or differ for a known reason, on the text without marks."""
    clean = without_marks(written.text)
    return (
        clean != written.text
        and parse_ours(clean) == ours
        and explain(Written(written.lead, written.national, clean)) != "unexplained"
    )


def is_explained_by_float(written: Written, ours: Answer, theirs: Answer) -> bool:
    """Return whether both agree, or differ for a known reason, on the digits before the decimal point."""
    found = re.fullmatch(r"([+]?[0-9]+)\.00?\.*", digits_and_dots(written.text))
    return (
        found is not None
        and parse_ours(found[1]) == ours
        and explain(Written(written.lead, found[1].removeprefix(written.lead), found[1])) != "unexplained"
    )


def is_explained_by_decimal(written: Written, ours: Answer, theirs: Answer) -> bool:
    """Return whether a dot may be a decimal point, and both agree, or differ for a known reason, without dots."""
    found = re.fullmatch(
        r"[+.]*[0-9]\.+[0-9]+|[+.]*[0-9]+\.+[0-9]{1,3}|.*\.[0-9]", digits_and_dots(written.text).rstrip(".")
    )
    undotted = Written(written.lead, written.national, written.text.replace(".", ""))
    return found is not None and ours is None and explain(undotted) != "unexplained"


def digits_and_dots(text: str) -> str:
    """Return the ASCII digits, dots and plus signs of a text."""
    plain = "".join(str(int(one)) if one.isdecimal() else one for one in text)
    return re.sub(r"[^0-9.+]", "", plain)


RULES: dict[str, Callable[[Written, Answer, Answer], bool]] = {
    "phonenumbers refuses half-spaces and direction marks": is_explained_by_marks,
    "phonenumbers reads the .0 of a float as digits": is_explained_by_float,
    "phonenumbers reads a possible decimal point as a separator": is_explained_by_decimal,
    # phonenumbers knows the parts of a block that were in use when its data was made. New parts (0904, 0923, 0996) are
    # added every year, and a client that refuses them loses messages.
    "all numbers of a mobile block are mobiles": lambda written, ours, theirs: (
        ours == ("mobile", f"+98{written.national}")
        and theirs is None
        and re.fullmatch("9[01239][0-9]{8}", written.national) is not None
    ),
    "all numbers of the block without a location are landlines": lambda written, ours, theirs: (
        ours == ("landline", f"+98{written.national}")
        and theirs is None
        and re.fullmatch("94[0-9]{8}", written.national) is not None
    ),
    # Some organisations have 4 or 5 digits after the area code. They receive no SMS, and such a value is usually a number
    # that lost digits.
    "a landline has 8 digits after its area code": lambda written, ours, theirs: (
        ours is None and theirs is not None and theirs[0] == "landline" and len(theirs[1] or "") in {9, 10}
    ),
    "six digits alone are a short code": lambda written, ours, theirs: (
        ours == ("short_code", None)
        and theirs is not None
        and theirs[0] == "landline"
        and re.fullmatch("[1-9][0-9]{5}", written.lead + written.national) is not None
    ),
    # 96 and 2 or 3 more digits: reachable by call within Iran only, and not by SMS.
    "a universal access number is a short code, or invalid after a 0": lambda written, ours, theirs: (
        theirs is not None
        and theirs[0] == "universal access number"
        and ours == (("short_code", None) if written.lead in {"", "98"} else None)
    ),
    "phonenumbers does not know service lines": lambda written, ours, theirs: (
        ours == ("service_line", None)
        and theirs is None
        and re.fullmatch("(98)?[1235]000[0-9]{2,11}", written.national) is not None
    ),
    "phonenumbers does not parse short codes": lambda written, ours, theirs: (
        ours == ("short_code", None)
        and theirs is None
        and re.fullmatch("[1-9][0-9]{2,5}", written.lead + written.national) is not None
    ),
}


def explain(written: Written) -> str:
    """Return `agreed`, the name of the rule that explains the difference, or `unexplained`."""
    ours, theirs = parse_ours(written.text), parse_theirs(written.text)
    if ours == theirs:
        return "agreed"
    return next((name for name, explains in RULES.items() if explains(written, ours, theirs)), "unexplained")


def written_numbers(seed: int) -> Iterator[Written]:
    """Yield the numbers of one sample."""
    rng = random.Random(seed)
    return (write(rng) for _ in range(NUMBERS_A_SAMPLE))


@pytest.mark.parametrize("seed", range(SAMPLES))
def test_every_difference_from_phonenumbers_has_a_known_reason(seed: int) -> None:
    """Of 100,000 numbers, each is parsed as phonenumbers parses it, or differently for a named reason."""
    reasons = defaultdict(list)
    for written in written_numbers(seed):
        reasons[explain(written)].append(written)
    assert reasons.pop("unexplained", []) == []
    assert sorted(reasons) == sorted([*RULES, "agreed"])  # every reason occurs
    assert len(reasons["agreed"]) > NUMBERS_A_SAMPLE / 2


@pytest.mark.parametrize("code", range(10, 90))
def test_the_area_codes_are_those_of_phonenumbers(code: int) -> None:
    """Any two digits after the 0 are an area code for both packages or for neither."""
    text = f"0{code}22334455"
    assert parse_ours(text) == parse_theirs(text)


NAMES = {
    Operator.MCI: {"IR-MCI"},
    Operator.IRANCELL: {"Irancell"},
    Operator.RIGHTEL: {"Rightel"},
    Operator.ESPADAN: {"MTCE"},
    Operator.TELE_KISH: {"TeleKish"},
    # For operators without their own network, phonenumbers names the network that they use.
    Operator.SHATEL_MOBILE: {"Shatel Mobile", "Rightel"},
    Operator.SAMANTEL: {"Rightel"},
    Operator.ARIANTEL: {"Rightel"},
    Operator.LOTUSTEL: {"IR-MCI"},
    Operator.APTEL: {"Irancell"},
    Operator.AZARTEL: {"Irancell"},
}


@pytest.mark.parametrize("block", ["90", "91", "92", "93", "99"])
def test_the_operators_are_those_of_phonenumbers(block: str) -> None:
    """A known operator is the one that phonenumbers names, if it names one, or uses the network that it names."""
    different = []
    for rest in range(1000):
        text = f"+98{block}{rest:03}00000"
        ours = parse_number(text).operator
        theirs = carrier.name_for_valid_number(phonenumbers.parse(text), "en")
        if ours is not None and theirs and theirs not in NAMES[ours]:
            different.append((text, ours, theirs))
    assert different == []


def test_phonenumbers_treats_iranian_operators_as_unreliable() -> None:
    """Iranian mobiles can be ported, so phonenumbers displays no operator either."""
    number = phonenumbers.parse("+989123456789")
    assert phonenumbers.is_mobile_number_portable_region("IR") is True
    assert carrier.safe_display_name(number, "en") == ""
