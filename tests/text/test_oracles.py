"""Counting and splitting texts, compared with the tables of 3GPP TS 23.038 and with two other packages.

Every disagreement of a package has a named reason; there is no other difference.
"""

from __future__ import annotations

import random
from enum import Enum

import pytest
import smsutil  # type: ignore[import-untyped]
from gsm0338 import Codec  # type: ignore[import-untyped]
from hypothesis import example, given
from hypothesis import strategies as st

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.text import Encoding, count_parts, split_parts
from wikipayam_async.text.alphabet import BASIC, EXTENSION, measure

# 3GPP TS 23.038, 6.2.1: the default alphabet. A row for each value of the lower four bits, a column for the upper three.
DEFAULT_ALPHABET = """
@  Δ  SP  0 ¡ P ¿ p
£  _   !  1 A Q a q
$  Φ   "  2 B R b r
¥  Γ   #  3 C S c s
è  Λ   ¤  4 D T d t
é  Ω   %  5 E U e u
ù  Π   &  6 F V f v
ì  Ψ   '  7 G W g w
ò  Σ   (  8 H X h x
Ç  Θ   )  9 I Y i y
LF Ξ   *  : J Z j z
Ø  ESC +  ; K Ä k ä
ø  Æ   ,  < L Ö l ö
CR æ   -  = M Ñ m ñ
Å  ß   .  > N Ü n ü
å  É   /  ? O § o à
"""
# 6.2.1.1: its extension table. 0D (a control) and 1B (an escape to a further table) are reserved and no characters.
EXTENSION_TABLE = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
ROWS = [row.split() for row in DEFAULT_ALPHABET.split("\n") if row]
TABLE = {column << 4 | row: name for row, names in enumerate(ROWS) for column, name in enumerate(names)}
NAMED = {"SP": " ", "LF": "\n", "CR": "\r"}
ESCAPE = 0x1B

EVERYTHING = [*map(chr, range(0xD800)), *map(chr, range(0xE000, 0x10000)), "\U00010000", "😀", "\U0010ffff"]
CODEC = Codec()


class Disagreement(Enum):
    """Reasons why a package may give another result."""

    ESCAPE = "both packages take U+001B, the escape to the extension table, for a character that can be sent"
    EMPTY = "smsutil makes one empty UTF-16 part of the empty text; here it has no parts"
    HALF_PAIR = "smsutil counts a lone surrogate as a character; it cannot be encoded, and is refused here"


def reason(text: str) -> Disagreement | None:
    """Return why the packages are not compared for a text."""
    if not text:
        return Disagreement.EMPTY
    if "\x1b" in text:
        return Disagreement.ESCAPE
    if any("\ud800" <= character <= "\udfff" for character in text):
        return Disagreement.HALF_PAIR
    return None


def by_smsutil(text: str) -> tuple[Encoding, int, list[str]]:
    """Return the encoding, the units and the parts of a text according to smsutil."""
    found = smsutil.split(text)
    encoding = Encoding.GSM7 if found.encoding == "gsm0338" else Encoding.UCS2
    units = found.total_bytes if encoding is Encoding.GSM7 else found.total_bytes // 2
    return encoding, units, [part.content for part in found.parts]


def by_us(text: str) -> tuple[Encoding, int, list[str]]:
    """Return the same according to this package."""
    counted = count_parts(text)
    return counted.encoding, counted.units, split_parts(text)


def units_by_gsm0338(text: str) -> int | None:
    """Return a text's length in septets; None if gsm0338 cannot encode it."""
    try:
        return len(CODEC.encode(text)[0])
    except UnicodeEncodeError:
        return None


def units_by_us(text: str) -> int | None:
    """Return the same according to this package."""
    counted = count_parts(text)
    return counted.units if counted.encoding is Encoding.GSM7 else None


POOLS = ["abc ", BASIC, EXTENSION, "سلام‌ی۱۲", "😀🇮🇷👨‍👩‍👧", "\t`çΑ\u00a0e\u0301\x1b", BASIC + EXTENSION + "😀س"]
LENGTHS = [*range(0, 20, 3), *range(65, 73), *range(130, 137), *range(150, 163), *range(199, 204), *range(304, 310)]


def texts(count: int) -> list[str]:
    """Return texts of every mixture, mostly about as long as one part or several."""
    chance = random.Random("23.038")
    made = []
    for _ in range(count):
        pools = chance.sample(POOLS, chance.randint(1, 3))
        made.append("".join(chance.choice(chance.choice(pools)) for _ in range(chance.choice(LENGTHS))))
    return made


def test_the_tables_of_3gpp() -> None:
    """The alphabet is the standard's: 127 characters and the escape, in its order, and ten in the extension."""
    assert sorted(TABLE) == list(range(128))
    assert TABLE[ESCAPE] == "ESC"
    assert "".join(NAMED.get(TABLE[code], TABLE[code]) for code in sorted(TABLE) if code != ESCAPE) == BASIC
    assert "".join(EXTENSION_TABLE.values()) == EXTENSION


def test_every_character_by_the_tables() -> None:
    """A character of the first table takes one unit, of the second two, and any other makes a text UCS-2."""
    basic = {NAMED.get(name, name) for code, name in TABLE.items() if code != ESCAPE}
    expected = dict.fromkeys(basic, 1) | dict.fromkeys(EXTENSION_TABLE.values(), 2)
    for character in EVERYTHING:
        encoding, units = measure(character)
        if character in expected:
            assert (encoding, units) == (Encoding.GSM7, expected[character])
        else:
            assert (encoding, units) == (Encoding.UCS2, 1 if character <= "\uffff" else 2)


def test_every_character_by_the_packages() -> None:
    """Both packages have the same characters with the same lengths, except for the escape."""
    asked = EVERYTHING[:0x2200] + EVERYTHING[0x2200::29]  # beyond arrows no character is in any table
    by_gsm0338 = {c for c in asked if units_by_gsm0338(c) != units_by_us(c)}
    by_smsutil_alone = {c for c in asked if smsutil.is_valid_gsm(c) != (measure(c)[0] is Encoding.GSM7)}
    assert (by_gsm0338, by_smsutil_alone) == ({"\x1b"}, {"\x1b"})


def test_the_packages_agree_on_texts() -> None:
    """For 2,000 texts smsutil gives the same parts and gsm0338 the same units, except for the named reasons."""
    compared = 0
    for text in texts(2000):
        if reason(text) is None:
            assert by_us(text) == by_smsutil(text)
            assert units_by_us(text) == units_by_gsm0338(text)
            compared += 1
    assert compared > 1400


@given(st.text(BASIC + EXTENSION + "س😀", min_size=1, max_size=12), st.integers(1, 40))
@example("a" * 152 + "€", 2)
@example("س" * 66 + "😀", 2)
def test_the_packages_agree_on_repetitions(piece: str, times: int) -> None:
    """For repeated pieces, smsutil gives the same parts."""
    text = piece * times
    assert by_us(text) == by_smsutil(text)


@pytest.mark.parametrize(
    ("text", "why", "theirs", "ours"),
    [
        ("", Disagreement.EMPTY, (Encoding.UCS2, 0, [""]), (Encoding.GSM7, 0, [])),
        ("a\x1b", Disagreement.ESCAPE, (Encoding.GSM7, 2, ["a\x1b"]), (Encoding.UCS2, 2, ["a\x1b"])),
        ("a\ud83d", Disagreement.HALF_PAIR, (Encoding.UCS2, 2, ["a\ud83d"]), None),
    ],
)
def test_each_disagreement(
    text: str, why: Disagreement, theirs: tuple[Encoding, int, list[str]], ours: tuple[Encoding, int, list[str]] | None
) -> None:
    """Each listed difference still exists."""
    assert (reason(text), by_smsutil(text)) == (why, theirs)
    if ours is None:
        with pytest.raises(InvalidInputError):
            count_parts(text)
    else:
        assert by_us(text) == ours


def test_every_reason_is_used() -> None:
    """Every reason has an example above."""
    (mark,) = (mark for mark in test_each_disagreement.pytestmark if mark.name == "parametrize")  # type: ignore[attr-defined]
    assert {case[1] for case in mark.args[1]} == set(Disagreement)


def test_parts_on_the_wire() -> None:
    """Each part, encoded alone, fits into 140 octets with its header; none ends in an escape or a lone surrogate."""
    for text in texts(300):
        if reason(text) is None:
            encoding, _, parts = by_us(text)
            header = 6 if len(parts) > 1 else 0
            for part in parts:
                if encoding is Encoding.GSM7:
                    septets = CODEC.encode(part)[0]
                    assert septets[-1] != ESCAPE
                    bits = 7 * len(septets)
                else:
                    bits = 8 * len(part.encode("utf-16-be"))
                assert bits <= 8 * (140 - header)
