from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.cost import Tariff
from wikipayam_async.text import SAFE_SPELLINGS, Spelling, normalize_text

ONE_PRICE = Tariff(persian=895)

FAMILY = "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (Spelling.INVISIBLE, "a\u200bb\ufeffc\u2060d\u00ade", "abcde"),
        (Spelling.INVISIBLE, "a\u200cb\u200dc\u200e \u202ax\u202c \u2066y\u2069 5\u061c", "abc x y 5"),
        (Spelling.INVISIBLE, "می\u200cخواهم", "می\u200cخواهم"),
        (Spelling.INVISIBLE, "می\u200c\u200b\u200cخواهم", "می\u200cخواهم"),
        (Spelling.INVISIBLE, "\u200cکتاب\u200cها\u200c \u200cرا\u200c", "کتاب\u200cها را"),
        (Spelling.INVISIBLE, "ه\u200d.ش و \u200fSMS\u200e", "ه\u200d.ش و \u200fSMS\u200e"),
        (Spelling.INVISIBLE, f"Hi {FAMILY} \u200e!", f"Hi {FAMILY} \u200e!"),
        (Spelling.INVISIBLE, "a\u202eb\u202cc", "a\u202eb\u202cc"),
        (Spelling.COMPOSED, "Cafe\u0301 \u212b \u2126", "Café Å Ω"),
        (Spelling.COMPOSED, "ا\u0653ب", "آب"),
        (Spelling.COMPOSED, "س\u064eلام", "س\u064eلام"),
        (Spelling.COMPOSED, "\u0958", "\u0958"),  # Unicode writes it with two characters
        (Spelling.SPACES, "a\tb\u00a0c\u2003d\u202fe\u3000f", "a b c d e f"),
        (Spelling.LINE_BREAKS, "a\r\nb\rc\u2028d\x85e\n\nf", "a\nb\nc\nd\ne\n\nf"),
        (Spelling.DOUBLE_SPACES, "a  b   c d\n  e", "a b c d\n e"),
        (Spelling.TRAILING_SPACES, "a  \nb \r\n\n c \n \r\n", "a\nb\r\n\n c"),
        (Spelling.TRAILING_SPACES, "   ", ""),
        (Spelling.ARABIC_LETTERS, "كتاب علي، موسى و ة", "کتاب علی، موسى و ة"),
        (Spelling.QUOTES, "‘a’ “b” „c‟ 5′ 6″ `d´", "'a' \"b\" \"c\" 5' 6\" 'd'"),
        (Spelling.QUOTES, "« a ‹b› »", "\" a 'b' \""),
        (Spelling.QUOTES, "«سلام» “x”", '«سلام» "x"'),
        (Spelling.DASHES, "a‐b‑c‒d–e—f―g−h", "a-b-c-d-e-f-g-h"),
        (Spelling.DIGITS, "۰۱۲۳۴۵۶۷۸۹ ٠١٢٣٤٥٦٧٨٩ ０９ ۱٬۲۰۰٫۵٪", "0123456789 0123456789 09 1,200.5%"),
        (Spelling.DIGITS, "کد ۱۲", "کد 12"),
        (Spelling.ELLIPSIS, "wait…", "wait..."),
        (Spelling.ELLIPSIS, "صبر…", "صبر…"),  # three dots would be longer, and no cheaper
        (Spelling.ELLIPSIS, "…" * 60, "…" * 60),  # 180 units in GSM-7 are two parts, 60 in UCS-2 are one
        (Spelling.ELLIPSIS, "…" * 50, "..." * 50),
    ],
)
def test_each_rule(rule: Spelling, text: str, expected: str) -> None:
    """A rule replaces what it documents and nothing else."""
    assert normalize_text(text, rules=rule, tariff=ONE_PRICE) == expected
    assert normalize_text(text, rules=[], tariff=ONE_PRICE) == text


def test_every_rule_is_tested() -> None:
    """The examples above cover every rule."""
    (mark,) = (mark for mark in test_each_rule.pytestmark if mark.name == "parametrize")  # type: ignore[attr-defined]
    assert {case[0] for case in mark.args[1]} == set(Spelling)


def test_the_rules_work_together() -> None:
    """Rules are applied in the order of `Spelling`, each to the result of the previous one."""
    assert normalize_text("e\u200b\u0301 \u00a0 x\u00a0\r\n…", rules=Spelling, tariff=ONE_PRICE) == "é x\n..."


@pytest.mark.parametrize("rule", Spelling)
def test_no_rule_changes_plain_letters_and_digits(rule: Spelling) -> None:
    """The letters and digits of both alphabets stay, but for the Arabic ones that have a rule."""
    text = (
        "".join(map(chr, (*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B))))
        + "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
    )
    assert normalize_text(text, rules=rule, tariff=ONE_PRICE) == text


def test_by_default_letters_and_digits_stay() -> None:
    """By default every letter and digit is unchanged."""
    assert normalize_text("كد  “۱۲٪” ") == 'كد "۱۲٪"'
    assert set(Spelling) - SAFE_SPELLINGS == {Spelling.ARABIC_LETTERS, Spelling.DIGITS}


@given(st.text("ابپتسمهویک\u200c", min_size=1).map(lambda word: word.strip("\u200c")).filter(bool))
def test_half_spaces_inside_words_stay(word: str) -> None:
    """Of the half-spaces inside words only doubled ones are removed."""
    kept = normalize_text(word, rules=Spelling, tariff=ONE_PRICE)
    assert kept.split("\u200c") == [piece for piece in word.split("\u200c") if piece]
