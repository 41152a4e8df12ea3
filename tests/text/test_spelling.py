from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.text import (
    SAFE_SPELLINGS,
    Encoding,
    Spelling,
    Suggestion,
    Suggestions,
    count_parts,
    normalize_text,
    suggest,
)

FAMILY = "👨\u200d👩\u200d👧"
TRICKY = (
    "aeZ.-'\"`´’“”«»‹…–—−۴٤４٫٬٪ \t\u00a0\u2003\u3000\r\n\u2028\x85سيكیکى\u0301\u0654\u0338\u212b\u2126\u037e\u0958"
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u202e\u2060\u00ad\ufeff\u061c👩\ufe0f♀<=€\ufacf\u1100\u1161"
)
TEXTS = (
    st.text(TRICKY, max_size=40) | st.builds(str.__mul__, st.text(TRICKY, max_size=12), st.integers(1, 30)) | st.text()
)
RULES = st.frozensets(st.sampled_from(Spelling))


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
    assert normalize_text(text, rules=rule) == expected
    assert normalize_text(text, rules=[]) == text


def test_every_rule_is_tested() -> None:
    """The examples above cover every rule."""
    (mark,) = (mark for mark in test_each_rule.pytestmark if mark.name == "parametrize")  # type: ignore[attr-defined]
    assert {case[0] for case in mark.args[1]} == set(Spelling)


def test_the_rules_work_together() -> None:
    """Rules are applied in the order of `Spelling`, each to the result of the previous one."""
    assert normalize_text("e\u200b\u0301 \u00a0 x\u00a0\r\n…", rules=Spelling) == "é x\n..."


def test_by_default_letters_and_digits_stay() -> None:
    """By default every letter and digit is unchanged."""
    assert normalize_text("كد  “۱۲٪” ") == 'كد "۱۲٪"'
    assert set(Spelling) - SAFE_SPELLINGS == {Spelling.ARABIC_LETTERS, Spelling.DIGITS}


@pytest.mark.parametrize("rules", [Spelling.QUOTES, "quotes", ["quotes"], iter([Spelling.QUOTES]), {Spelling.QUOTES}])
def test_rules_are_one_or_several(rules: Any) -> None:
    """`rules` takes one rule, an iterable of rules, or their values."""
    assert normalize_text("’  ", rules=rules) == "'  "


@pytest.mark.parametrize(
    ("rules", "got"),
    [
        (None, "None"),
        (True, "True"),
        ("quote", "a string of 5 characters with letters"),
        ([1], "an object of type list"),
        ([[]], "an object of type list"),
    ],
)
@pytest.mark.parametrize("function", [normalize_text, suggest])
def test_an_invalid_rule_is_refused(function: Any, rules: Any, got: str) -> None:
    """Any other value raises an error that names the argument."""
    with pytest.raises(InvalidInputError) as caught:
        function("text", rules=rules)
    assert str(caught.value) == f"rules: expected members of Spelling; got {got}"


def suggested(text: str, **options: Any) -> tuple[int, int, dict[str, dict[str, str]]]:
    """Return the parts before and after, and the replacements by rule."""
    found = suggest(text, **options)
    return found.before.parts, found.after.parts, {one.rule.value: dict(one.replacements) for one in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It’s all plain? Yes", (1, 1, {"quotes": {"’": "'"}})),
        ("“10–12”…", (1, 1, {"quotes": {"“": '"', "”": '"'}, "dashes": {"–": "-"}, "ellipsis": {"…": "..."}})),
        ("Your code: ۴۲۴", (1, 1, {"digits": {"۲": "2", "۴": "4"}})),
        ("x" * 80 + "\u00a0", (2, 1, {"spaces": {"\u00a0": " "}})),
        ("x" * 80 + "\u00a0y", (2, 1, {"spaces": {"\u00a0": " "}})),
        ("x" * 80 + "\u200c", (2, 1, {"invisible": {"\u200c": ""}})),
        ("Cafe\u0301", (1, 1, {"composed": {"e\u0301": "é"}})),
        ("x\r\n" * 5 + "y" * 300, (3, 3, {})),
        ("x\r\n" * 50 + "y" * 11, (2, 1, {"line_breaks": {"\r\n": "\n"}})),
        ("س  " * 25, (2, 1, {"double_spaces": {"  ": " "}})),
        ("س" * 69 + "   ", (2, 1, {"trailing_spaces": {"   ": ""}})),
        ("س" * 70 + "   ", (2, 1, {"trailing_spaces": {"   ": ""}})),
        ("سلام  –  خوبید؟", (1, 1, {})),
        ("😀 It’s", (1, 1, {})),
        ("", (0, 0, {})),
        ("كتاب شما رسيد", (1, 1, {"arabic_letters": {"ك": "ک", "ي": "ی"}})),
        ("مدرسة علي", (1, 1, {})),
        ("مدرسة علي و پدر", (1, 1, {"arabic_letters": {"ي": "ی"}})),
    ],
)
def test_suggestions(text: str, expected: tuple[int, int, dict[str, dict[str, str]]]) -> None:
    """The fewest rules that make the text cheaper are suggested, and Persian letters for a Persian text."""
    assert suggested(text) == expected


def test_only_allowed_rules_are_suggested() -> None:
    """A rule that was not allowed is not suggested, and the characters that it would have replaced are listed."""
    found = suggest("It’s ۱۲ – ok", rules=SAFE_SPELLINGS)
    assert (found.rules, found.saved_parts) == (frozenset(), 0)
    assert set(found.after.characters_that_forced_unicode) == set("’–۱۲")
    assert suggest("كد", rules=SAFE_SPELLINGS).rules == frozenset()


def test_the_suggestions_of_a_text() -> None:
    """Suggestions can be iterated, are false if empty, and their rules give the cheaper text."""
    text = "x" * 100 + "’"
    found = suggest(text)
    assert found == Suggestions(
        count_parts(text),
        count_parts("x" * 100 + "'"),
        (Suggestion(Spelling.QUOTES, {"’": "'"}),),
    )
    assert (len(found), bool(found), bool(suggest("x")), found.saved_parts) == (1, True, False, 1)
    assert normalize_text(text, rules=found.rules) == "x" * 100 + "'"


def test_suggestions_show_no_text() -> None:
    """The repr contains neither a code in Persian digits nor the order of its digits."""
    (found,) = suggest("Code ۴۲۴")
    assert repr(found) == "Suggestion(rule=<Spelling.DIGITS: 'digits'>, replacements=<2 replacements>)"
    assert list(found.replacements) == ["۲", "۴"]


@given(TEXTS, RULES)
def test_normalizing_twice_is_normalizing_once(text: str, rules: frozenset[Spelling]) -> None:
    """Applying any rules again changes nothing."""
    once = normalize_text(text, rules=rules)
    assert normalize_text(once, rules=rules) == once


@given(TEXTS, RULES)
def test_normalizing_never_costs(text: str, rules: frozenset[Spelling]) -> None:
    """No choice of rules adds parts, or makes a GSM-7 text UCS-2."""
    before, after = count_parts(text), count_parts(normalize_text(text, rules=rules))
    assert after.parts <= before.parts
    assert after.encoding is Encoding.GSM7 or before.encoding is Encoding.UCS2


@given(TEXTS, RULES)
def test_suggestions_are_true_and_needed(text: str, rules: frozenset[Spelling]) -> None:
    """The suggested rules give the stated result, as cheap as all rules, and none can be omitted."""

    def price(applied: frozenset[Spelling]) -> tuple[int, bool]:
        counted = count_parts(normalize_text(text, rules=applied))
        return counted.parts, counted.encoding is Encoding.UCS2

    found = suggest(text, rules=rules)
    assert found.rules <= rules
    assert found.before == count_parts(text)
    assert found.after == count_parts(normalize_text(text, rules=found.rules))
    assert price(found.rules) <= price(rules)
    for rule in found.rules - {Spelling.ARABIC_LETTERS}:
        assert price(found.rules - {rule}) > price(found.rules)


@given(st.text("ابپتسمهویک\u200c", min_size=1).map(lambda word: word.strip("\u200c")).filter(bool))
def test_half_spaces_inside_words_stay(word: str) -> None:
    """Of the half-spaces inside words only doubled ones are removed."""
    kept = normalize_text(word, rules=Spelling)
    assert kept.split("\u200c") == [piece for piece in word.split("\u200c") if piece]
