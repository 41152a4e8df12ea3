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
LEADS = ["0", "0", "", "", "98", "+98", "+98", "0098", "+980", "+44", "00"]
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
"""What numbers begin with, and the fewest and most digits after that."""
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
    """A number as somebody might have written it, and what it was made of."""

    lead: str
    national: str
    text: str


def make_national(rng: random.Random) -> str:
    """Make what follows the 0 or the country code: likely numbers of every kind, and any digits at all."""
    beginnings, fewest, most = rng.choice(SHAPES)
    return rng.choice(beginnings) + "".join(rng.choices("0123456789", k=rng.randint(fewest, most)))


def write(rng: random.Random) -> Written:
    """Write a number in one of the ways that people and spreadsheets write it."""
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


def ask_us(text: str) -> Answer:
    """Return what this package makes of a text."""
    try:
        number = parse_number(text)
    except InvalidInputError:
        return None
    return number.kind.value, number.e164


def ask_them(text: str) -> Answer:
    """Return what phonenumbers makes of it."""
    try:
        number = phonenumbers.parse(text, "IR")
    except phonenumbers.NumberParseException:
        return None
    kind = phonenumbers.number_type(number)
    if number.country_code != 98 or kind == PhoneNumberType.UNKNOWN:
        return None
    return KINDS[kind], f"+98{phonenumbers.national_significant_number(number)}"


def without_marks(text: str) -> str:
    """Return the text without half-spaces and marks of direction."""
    return text.translate(dict.fromkeys(map(ord, MARKS)))


def is_explained_by_marks(written: Written, ours: Answer, theirs: Answer) -> bool:
    """Tell whether the two agree, or disagree for a known reason, on the text without marks."""
    clean = without_marks(written.text)
    return (
        clean != written.text
        and ask_us(clean) == ours
        and explain(Written(written.lead, written.national, clean)) != "unexplained"
    )


def is_explained_by_float(written: Written, ours: Answer, theirs: Answer) -> bool:
    """Tell whether the two agree, or disagree for a known reason, on what stands before the point."""
    found = re.fullmatch(r"([1-9][0-9]*)\.00?", without_signs(written.text))
    return (
        found is not None
        and ask_us(found[1]) == ours
        and explain(Written(written.lead, found[1].removeprefix(written.lead), found[1])) != "unexplained"
    )


def without_signs(text: str) -> str:
    """Return the ASCII digits, dots and the plus of a text."""
    plain = "".join(str(int(one)) if one.isdecimal() else one for one in text)
    return re.sub(r"[^0-9.+]", "", plain)


RULES: dict[str, Callable[[Written, Answer, Answer], bool]] = {
    "they refuse half-spaces and marks of direction": is_explained_by_marks,
    "they take the .0 of a float for digits": is_explained_by_float,
    # Theirs are the parts of a block that were in use when their data was made. New parts (0904, 0923, 0996) come into
    # use every year, and a client that refuses them loses messages.
    "a block for mobiles is one as a whole": lambda written, ours, theirs: (
        ours == ("mobile", f"+98{written.national}")
        and theirs is None
        and re.fullmatch("9[01239][0-9]{8}", written.national) is not None
    ),
    "so is the block of fixed numbers without a place": lambda written, ours, theirs: (
        ours == ("landline", f"+98{written.national}")
        and theirs is None
        and re.fullmatch("94[0-9]{8}", written.national) is not None
    ),
    # Some organisations have 4 or 5 digits after their area code. No SMS reaches them, and most often it is a number
    # that has lost some digits.
    "a landline has 8 digits after its area code": lambda written, ours, theirs: (
        ours is None and theirs is not None and theirs[0] == "landline" and len(theirs[1] or "") in {9, 10}
    ),
    "six digits alone are a short code": lambda written, ours, theirs: (
        ours == ("short_code", None)
        and theirs is not None
        and theirs[0] == "landline"
        and re.fullmatch("[1-9][0-9]{5}", written.lead + written.national) is not None
    ),
    # 96 and 2 or 3 more digits: they can be called, but only within Iran, and no SMS reaches them.
    "a universal access number is a short code, or nothing behind a 0": lambda written, ours, theirs: (
        theirs is not None
        and theirs[0] == "universal access number"
        and ours == (("short_code", None) if written.lead in {"", "98"} else None)
    ),
    "they do not know the lines that gateways send from": lambda written, ours, theirs: (
        ours == ("service_line", None)
        and theirs is None
        and re.fullmatch("(98)?[1235]000[0-9]{2,11}", written.national) is not None
    ),
    "they keep short codes apart": lambda written, ours, theirs: (
        ours == ("short_code", None)
        and theirs is None
        and re.fullmatch("[1-9][0-9]{2,5}", written.lead + written.national) is not None
    ),
    "a 0 after the country code is refused": lambda written, ours, theirs: (
        ours is None and theirs is not None and re.match("([+]|00)?980", written.lead + written.national) is not None
    ),
}


def explain(written: Written) -> str:
    """Return `agreed`, the name of the rule by which the two disagree, or `unexplained`."""
    ours, theirs = ask_us(written.text), ask_them(written.text)
    if ours == theirs:
        return "agreed"
    return next((name for name, explains in RULES.items() if explains(written, ours, theirs)), "unexplained")


def written_numbers(seed: int) -> Iterator[Written]:
    """Write the numbers of one sample."""
    rng = random.Random(seed)
    return (write(rng) for _ in range(NUMBERS_A_SAMPLE))


@pytest.mark.parametrize("seed", range(SAMPLES))
def test_we_agree_with_phonenumbers_or_know_why_not(seed: int) -> None:
    """Of 100,000 numbers, every one is read as phonenumbers reads it, or differently for a reason that has a name."""
    reasons = defaultdict(list)
    for written in written_numbers(seed):
        reasons[explain(written)].append(written)
    assert reasons.pop("unexplained", []) == []
    assert sorted(reasons) == sorted([*RULES, "agreed"])  # no reason is idle
    assert len(reasons["agreed"]) > NUMBERS_A_SAMPLE / 2


@pytest.mark.parametrize("code", range(10, 90))
def test_we_know_the_area_codes_that_phonenumbers_knows(code: int) -> None:
    """Each of the two digits after the 0 is an area code for both, or for neither."""
    text = f"0{code}22334455"
    assert ask_us(text) == ask_them(text)


NAMES = {
    Operator.MCI: {"IR-MCI"},
    Operator.IRANCELL: {"Irancell"},
    Operator.RIGHTEL: {"Rightel"},
    Operator.ESPADAN: {"MTCE"},
    Operator.TELE_KISH: {"TeleKish"},
    # Of the operators without a network of their own, phonenumbers names the network that carries them.
    Operator.TALIYA: {"IR-MCI"},
    Operator.SHATEL_MOBILE: {"Shatel Mobile", "Rightel"},
    Operator.SAMANTEL: {"Rightel"},
    Operator.ARIANTEL: {"Rightel"},
    Operator.LOTUSTEL: {"IR-MCI"},
    Operator.APTEL: {"Irancell"},
}


@pytest.mark.parametrize("block", ["90", "91", "92", "93", "99"])
def test_we_name_the_operators_that_phonenumbers_names(block: str) -> None:
    """Where we name an operator, phonenumbers names the same, or the network that carries it."""
    different = []
    for rest in range(1000):
        text = f"+98{block}{rest:03}00000"
        ours = parse_number(text).operator
        theirs = carrier.name_for_valid_number(phonenumbers.parse(text), "en")
        if ours is not None and theirs not in NAMES[ours]:
            different.append((text, ours, theirs))
    assert different == []


def test_they_say_that_an_operator_is_no_more_than_a_hint() -> None:
    """Iranian mobiles can be ported, which is why phonenumbers shows no operator to people either."""
    number = phonenumbers.parse("+989123456789")
    assert phonenumbers.is_mobile_number_portable_region("IR") is True
    assert carrier.safe_display_name(number, "en") == ""
