"""Counting and splitting texts. Comparisons with other packages are in test_oracles.py."""

from __future__ import annotations

import copy
import pickle
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.text import Encoding, SmsParts, count_parts, normalize_text, split_parts, suggest
from wikipayam_async.text.alphabet import BASIC, EXTENSION

PERSIAN = "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیءئ‌، ؛؟۰۱۲۳۴۵۶۷۸۹"
RARE = "😀🇮🇷👨‍👩‍👧❤️\u0301\u200b𝔸"

MIXED = st.sampled_from([BASIC, EXTENSION, "a€", PERSIAN, "ا😀", BASIC + EXTENSION + PERSIAN + RARE])
TEXTS = (
    st.builds(
        lambda piece, times, end: piece * times + end,
        MIXED.flatmap(lambda alphabet: st.text(alphabet, max_size=30)),
        st.integers(1, 14),
        MIXED.flatmap(lambda alphabet: st.text(alphabet, max_size=12)),
    )
    | st.text()
)
"""Short and long texts of every kind; the ends of their parts meet characters of two units often."""


def shape(text: str) -> tuple[str, int, int, int, int]:
    """Return the figures of a text."""
    found = count_parts(text)
    return found.encoding.value, found.units, found.parts, found.unit_limit, found.remaining


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("gsm7", 0, 0, 160, 160)),
        ("a", ("gsm7", 1, 1, 160, 159)),
        ("a" * 160, ("gsm7", 160, 1, 160, 0)),
        ("a" * 161, ("gsm7", 161, 2, 153, 145)),
        ("a" * 306, ("gsm7", 306, 2, 153, 0)),
        ("a" * 307, ("gsm7", 307, 3, 153, 152)),
        ("é" * 161, ("gsm7", 161, 2, 153, 145)),
        ("س" * 70, ("ucs2", 70, 1, 70, 0)),
        ("س" * 71, ("ucs2", 71, 2, 67, 63)),
        ("س" * 134, ("ucs2", 134, 2, 67, 0)),
        ("س" * 135, ("ucs2", 135, 3, 67, 66)),
        ("a" * 69 + "`", ("ucs2", 70, 1, 70, 0)),
        ("a" * 70 + "`", ("ucs2", 71, 2, 67, 63)),
    ],
)
def test_the_size_of_a_part(text: str, expected: tuple[str, int, int, int, int]) -> None:
    """A single part holds 160 or 70 units; each of several holds 153 or 67."""
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("€" * 80, ("gsm7", 160, 1, 160, 0)),
        ("é€", ("gsm7", 3, 1, 160, 157)),
        ("\f^{}\\[~]|€", ("gsm7", 20, 1, 160, 140)),
        ("€" * 81, ("gsm7", 162, 2, 153, 143)),  # 76 in the first part, which loses a unit, and 5
        ("a" * 152 + "€" + "a" * 7, ("gsm7", 161, 2, 153, 144)),
        ("a" * 152 + "€" + "a" * 152, ("gsm7", 306, 3, 153, 152)),  # a division would say 2
        ("a" * 151 + "€" + "a" * 153, ("gsm7", 306, 2, 153, 0)),
        ("😀" * 35, ("ucs2", 70, 1, 70, 0)),
        ("😀" * 36, ("ucs2", 72, 2, 67, 61)),
        ("س" * 66 + "😀" + "س" * 66, ("ucs2", 134, 3, 67, 66)),  # a division would say 2
        ("س" * 65 + "😀" + "س" * 67, ("ucs2", 134, 2, 67, 0)),
        ("😀" * 34 + "€" * 40, ("ucs2", 108, 2, 67, 25)),  # 33 emoji and a lost unit; `€` is one unit in UCS-2
    ],
)
def test_characters_of_two_units(text: str, expected: tuple[str, int, int, int, int]) -> None:
    """A character of two units is not divided; the unit lost at the end of a part counts."""
    assert shape(text) == expected


def test_split_parts_at_every_kind_of_boundary() -> None:
    """A part ends before a character that does not fit; CRLF, joined emoji and marks may be divided."""
    assert split_parts("") == []
    assert split_parts("سلام") == ["سلام"]
    assert split_parts("a" * 152 + "€" + "b" * 20) == ["a" * 152, "€" + "b" * 20]
    assert split_parts("س" * 66 + "😀" + "ب" * 20) == ["س" * 66, "😀" + "ب" * 20]
    assert split_parts("a" * 152 + "\r\n" + "b" * 20) == ["a" * 152 + "\r", "\n" + "b" * 20]
    assert split_parts("س" * 66 + "e\u0301" + "ب" * 20) == ["س" * 66 + "e", "\u0301" + "ب" * 20]
    assert split_parts("س" * 65 + "🇮🇷" + "ب" * 20) == ["س" * 65 + "🇮", "🇷" + "ب" * 20]


def units_of(part: str, encoding: Encoding) -> int:
    """Count the units of a part, by a slow method."""
    if encoding is Encoding.UCS2:
        return len(part.encode("utf-16-be")) // 2
    return sum(2 if character in EXTENSION else 1 for character in part)


@given(TEXTS)
def test_the_parts_are_the_text(text: str) -> None:
    """The parts joined are the text, each is as full as possible, and the figures agree."""
    parts, counted = split_parts(text), count_parts(text)
    sizes = [units_of(part, counted.encoding) for part in parts]
    assert "".join(parts) == text
    assert (counted.parts, counted.units) == (len(parts), sum(sizes))
    assert all(0 < size <= counted.unit_limit for size in sizes)
    assert counted.remaining == counted.unit_limit - (sizes[-1] if sizes else 0)
    for size, following in zip(sizes, parts[1:], strict=False):
        assert size + units_of(following[0], counted.encoding) > counted.unit_limit


@given(TEXTS, st.text("a€س😀", min_size=1, max_size=1))
def test_remaining_is_what_fits(text: str, more: str) -> None:
    """A character of the same encoding fits into the last part exactly if it is no longer than `remaining`."""
    before, after = count_parts(text), count_parts(text + more)
    if text and before.encoding is after.encoding:
        fits = units_of(more, before.encoding) <= before.remaining
        alone = before.parts == 1
        assert (after.parts == before.parts) is fits or (alone and not fits and after.parts > 1)
        assert after.parts >= before.parts


@pytest.mark.parametrize(
    ("text", "rule", "got"),
    [
        (None, "expected a text", "None"),
        (7, "expected a text", "a number (int)"),
        (b"text", "expected a text", "an object of type bytes"),
        ("\ud83d", "expected valid Unicode", "a lone surrogate"),
        ("secret سلام \udc00", "expected valid Unicode", "a lone surrogate"),
    ],
)
@pytest.mark.parametrize("function", [count_parts, split_parts, normalize_text, suggest])
def test_an_invalid_text_is_refused(function: Any, text: Any, rule: str, got: str) -> None:
    """The error neither shows the text nor holds it in a frame."""
    with pytest.raises(InvalidInputError) as caught:
        function(text)
    error = caught.value
    assert str(error) == f"text: {rule}; got {got}"
    assert (error.__cause__, error.__context__) == (None, None)
    frames: list[FrameType] = []
    traceback = error.__traceback__
    while traceback:
        frames.append(traceback.tb_frame)
        traceback = traceback.tb_next
    ours = [frame for frame in frames if "wikipayam_async" in frame.f_globals["__name__"]]
    assert ours
    assert all(text is None or text not in frame.f_locals.values() for frame in ours)


def test_reprs_show_no_text() -> None:
    """No repr contains a code in Persian digits, and a pickle contains only its different digits."""
    counted = count_parts("Your code: ۴۲۴۹")
    assert repr(counted) == (
        "SmsParts(encoding=<Encoding.UCS2: 'ucs2'>, units=15, parts=1, unit_limit=70, remaining=55, "
        "characters_that_forced_unicode=<3 different characters>)"
    )
    assert repr(counted.characters_that_forced_unicode) == "<3 different characters>"
    assert b"Your" not in pickle.dumps(counted)


def test_a_result_in_gsm7_does_not_keep_the_text() -> None:
    """Only a result in UCS-2 needs the text, for the characters that are found on first use."""
    assert [type(count_parts(text).characters_that_forced_unicode) for text in ("hi", "x" * 161)] == [frozenset] * 2


def test_results_are_values() -> None:
    """Equal figures and characters make equal results with equal hashes, also after pickling and copying."""
    counted = count_parts("a`b‌")
    same = SmsParts(Encoding.UCS2, 4, 1, 70, 66, frozenset("`\u200c"))
    for other in (count_parts("‌`aa"), same, pickle.loads(pickle.dumps(counted)), copy.deepcopy(counted)):  # noqa: S301 - our own
        assert (other == counted, hash(other) == hash(counted)) == (True, True)
    assert counted != count_parts("a`bب")
