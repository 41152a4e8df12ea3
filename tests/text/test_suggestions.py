from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.cost import Tariff
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

ONE_PRICE = Tariff(persian=895)
IRAN = Tariff(persian=99, latin=232)
"""The ratio of an operator's prices in Iran."""
TRICKY = (
    "aeZ.-'\"`´’“”«»‹…–—−۴٤４٫٬٪ \t\u00a0\u2003\u3000\r\n\u2028\x85سيكیکى\u0301\u0654\u0338\u212b\u2126\u037e\u0958"
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u202e\u2060\u00ad\ufeff\u061c👩\ufe0f♀<=€\ufacf\u1100\u1161"
)
TEXTS = (
    st.text(TRICKY, max_size=40) | st.builds(str.__mul__, st.text(TRICKY, max_size=12), st.integers(1, 30)) | st.text()
)
RULES = st.frozensets(st.sampled_from(Spelling))


@pytest.mark.parametrize("rules", [Spelling.QUOTES, "quotes", ["quotes"], {Spelling.QUOTES}, {"quotes": 1}.keys()])
def test_rules_are_one_or_several(rules: Any) -> None:
    """`rules` takes one rule, an iterable of rules, also one that can be read once, or their values."""
    assert normalize_text("’  ", rules=rules, tariff=ONE_PRICE) == "'  "
    if not isinstance(rules, str):
        assert normalize_text("’  ", rules=iter(rules), tariff=ONE_PRICE) == "'  "


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
        ("It’s all plain? Yes", (1, 1, {})),
        ("x" * 80 + "\u00a0y", (2, 2, {})),
        ("x" * 135 + "’", (3, 1, {"quotes": {"’": "'"}})),
        ("x" * 133 + "’", (2, 2, {})),
        ("x" * 200 + "’", (3, 3, {})),
        ("x" * 305 + "’", (5, 2, {"quotes": {"’": "'"}})),
        ("x" * 267 + "’", (4, 4, {})),
        ("“" + "1–2 " * 40 + "…", (3, 3, {})),
        ("“" + "1–2 " * 38 + "…", (3, 1, {"quotes": {"“": '"'}, "dashes": {"–": "-"}, "ellipsis": {"…": "..."}})),
        ("Your code: ۴۲۴ " + "x" * 130, (3, 1, {"digits": {"۲": "2", "۴": "4"}})),
        ("x" * 134 + "\u00a0y", (3, 1, {"spaces": {"\u00a0": " "}})),
        ("x" * 140 + "\u200c", (3, 1, {"invisible": {"\u200c": ""}})),
        ("x" * 135 + "e\u0301", (3, 1, {"composed": {"e\u0301": "é"}})),
        ("x" * 69 + "’\u200b", (2, 1, {"invisible": {"\u200b": ""}})),
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
def test_suggestions_without_prices(text: str, expected: tuple[int, int, dict[str, dict[str, str]]]) -> None:
    """The fewest rules that save parts are suggested; GSM-7 only for less than half the parts."""
    assert suggested(text) == expected


@pytest.mark.parametrize(
    ("tariff", "length", "expected", "saved"),
    [
        (IRAN, 100, (2, 2), 0),  # 198 in UCS-2, 232 in GSM-7
        (IRAN, 140, (3, 1), 297 - 232),
        (IRAN, 210, (4, 4), 0),  # 396 and 464
        (IRAN, 306, (5, 2), 495 - 464),
        (IRAN, 459, (7, 7), 0),  # 693 and 696: less than half the parts, and not cheaper
        (Tariff(persian=895, latin=1790), 100, (2, 2), 0),  # the same in both
        (Tariff(persian=895, latin=1789), 100, (2, 1), 1),
        (ONE_PRICE, 60, (1, 1), 0),
        (ONE_PRICE, 100, (2, 1), 895),
        (Tariff(persian=895, latin=300), 60, (1, 1), 595),
        (Tariff(persian=895, vat=10), 100, (2, 1), 985),
        (Tariff(persian=0), 100, (2, 2), 0),
    ],
)
def test_suggestions_with_prices(tariff: Tariff, length: int, expected: tuple[int, int], saved: int) -> None:
    """Plain quotes are suggested exactly if they cost less, and the saving is that of one message."""
    text = "x" * (length - 1) + "’"
    found = suggest(text, tariff=tariff)
    assert (found.before.parts, found.after.parts, found.saved_cost) == (*expected, saved)
    assert found.rules == ({Spelling.QUOTES} if saved else set())
    assert found.after == count_parts(normalize_text(text, rules=found.rules, tariff=tariff))


def test_more_parts_may_cost_less() -> None:
    """With cheap Latin parts a longer text in GSM-7 may be the cheaper one."""
    found = suggest("…" * 60, tariff=Tariff(persian=895, latin=300))
    assert (found.before.parts, found.after.parts, found.saved_parts, found.saved_cost) == (1, 2, -1, 295)


def test_a_line_has_its_own_prices() -> None:
    """The prices of the line decide, and the tariff's own ones without a line."""
    tariff = Tariff(persian=99, latin=232, lines={"3000": ONE_PRICE})
    text = "x" * 100 + "’"
    assert [suggest(text, tariff=tariff, sender=line).saved_cost for line in (None, "10002000", "30001234")] == [
        0,
        0,
        895,
    ]
    assert normalize_text(text, tariff=tariff) == text
    assert normalize_text(text, tariff=tariff, sender="3000 1234") == "x" * 100 + "'"


@pytest.mark.parametrize(
    ("text", "without_prices", "with_one_price"),
    [
        ("It’s", "It’s", "It's"),
        ("It’s  ", "It’s", "It's"),
        ("“10–12”…", '"10-12"…', '"10-12"...'),
        ("x" * 100 + "’", "x" * 100 + "’", "x" * 100 + "'"),
        ("x" * 140 + "’", "x" * 140 + "'", "x" * 140 + "'"),
        ("…" * 60, "…" * 60, "…" * 60),
        ("«سلام» – “خوبی”", '«سلام» - "خوبی"', '«سلام» - "خوبی"'),
    ],
)
def test_a_normalized_text_does_not_become_gsm7_at_a_higher_cost(
    text: str, without_prices: str, with_one_price: str
) -> None:
    """A rule that would bring the text into dearer parts is skipped; the others are applied."""
    assert normalize_text(text) == without_prices
    assert normalize_text(text, tariff=ONE_PRICE) == with_one_price


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"tariff": 895},
            "tariff: expected a Tariff such as Tariff(persian=895, latin=1790); got a number (int)",
        ),
        ({"sender": 3000}, "sender: expected a line, as a string; got a number (int)"),
        ({"sender": b"3000", "tariff": IRAN}, "sender: expected a line, as a string; got an object of type bytes"),
    ],
)
@pytest.mark.parametrize("function", [normalize_text, suggest])
def test_invalid_prices_are_refused(function: Any, arguments: dict[str, Any], message: str) -> None:
    """The error names the argument."""
    with pytest.raises(InvalidInputError) as caught:
        function("text", **arguments)
    assert str(caught.value) == message


def test_only_allowed_rules_are_suggested() -> None:
    """A rule that was not allowed is not suggested, and the characters that it would have replaced are listed."""
    found = suggest("It’s ۱۲ – ok", rules=SAFE_SPELLINGS)
    assert (found.rules, found.saved_parts) == (frozenset(), 0)
    assert set(found.after.characters_that_forced_unicode) == set("’–۱۲")
    assert suggest("كد", rules=SAFE_SPELLINGS).rules == frozenset()


def test_the_suggestions_of_a_text() -> None:
    """Suggestions can be iterated, are false if empty, and their rules give the cheaper text."""
    text = "x" * 140 + "’"
    found = suggest(text)
    assert found == Suggestions(
        count_parts(text),
        count_parts("x" * 140 + "'"),
        (Suggestion(Spelling.QUOTES, {"’": "'"}),),
    )
    assert (len(found), bool(found), bool(suggest("x")), found.saved_parts) == (1, True, False, 2)
    assert normalize_text(text, rules=found.rules) == "x" * 140 + "'"


def test_suggestions_show_no_text() -> None:
    """The repr contains neither a code in Persian digits nor the order of its digits."""
    (found,) = suggest("Code ۴۲۴ " + "x" * 140)
    assert repr(found) == "Suggestion(rule=<Spelling.DIGITS: 'digits'>, replacements=<2 replacements>)"
    assert list(found.replacements) == ["۲", "۴"]


TARIFFS = st.none() | st.builds(
    lambda persian, latin: Tariff(persian=persian, latin=latin), st.integers(0, 5), st.integers(0, 5)
)


def cost_of(text: str, tariff: Tariff | None) -> float:
    """Return what a text costs; without a tariff, in parts of which a Latin one counts as just over two."""
    counted = count_parts(text)
    if tariff is not None:
        return counted.parts * tariff.price(counted.encoding)
    return counted.parts * (2.001 if counted.encoding is Encoding.GSM7 else 1)


@given(TEXTS, RULES, TARIFFS)
def test_normalizing_twice_is_normalizing_once(text: str, rules: frozenset[Spelling], tariff: Tariff | None) -> None:
    """Applying any rules again changes nothing."""
    once = normalize_text(text, rules=rules, tariff=tariff)
    assert normalize_text(once, rules=rules, tariff=tariff) == once


@given(TEXTS, RULES, TARIFFS)
def test_normalizing_never_costs(text: str, rules: frozenset[Spelling], tariff: Tariff | None) -> None:
    """No choice of rules costs more, makes a GSM-7 text UCS-2, or, without prices, adds parts."""
    normalized = normalize_text(text, rules=rules, tariff=tariff)
    before, after = count_parts(text), count_parts(normalized)
    assert cost_of(normalized, tariff) <= cost_of(text, tariff)
    assert after.encoding is Encoding.GSM7 or before.encoding is Encoding.UCS2
    if tariff is None:
        assert after.encoding is before.encoding or after.parts * 2 < before.parts
        assert after.parts <= before.parts


@given(TEXTS, RULES, TARIFFS)
def test_suggestions_are_true_and_needed(text: str, rules: frozenset[Spelling], tariff: Tariff | None) -> None:
    """The suggested rules give the stated result, cost no more than all rules, and none can be omitted."""

    def cost(applied: frozenset[Spelling]) -> float:
        return cost_of(normalize_text(text, rules=applied, tariff=tariff), tariff)

    found = suggest(text, rules=rules, tariff=tariff)
    assert found.rules <= rules
    assert found.before == count_parts(text)
    assert found.after == count_parts(normalize_text(text, rules=found.rules, tariff=tariff))
    assert found.saved_cost == (None if tariff is None else cost(frozenset()) - cost(found.rules))
    assert cost(found.rules) <= cost(rules)
    for rule in found.rules - {Spelling.ARABIC_LETTERS}:
        assert cost(found.rules - {rule}) > cost(found.rules)
