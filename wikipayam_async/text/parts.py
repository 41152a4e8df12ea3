"""The parts of an SMS: counting them, and splitting a text into them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from attrs import field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.text.alphabet import LIMITS, Encoding, NonGsm7Characters, cut, measure, units_in

__all__ = ["Encoding", "SmsParts", "count_parts", "measure_parts", "split_parts"]

_NONE: AbstractSet[str] = frozenset()


def _mask_characters(characters: AbstractSet[str]) -> str:
    return f"<{len(characters)} different characters>"


@frozen
class SmsParts:
    r"""The size of a text as an SMS.

    Attributes:
        encoding: The encoding.
        units: The length. In GSM-7 a character takes one unit, and two in the extension table (`^ { } \ [ ~ ] | €` and
            the form feed); in UCS-2 a unit is 16 bits, and emoji and other rare characters take two.
        parts: The number of parts sent and charged; 0 for the empty text, which cannot be sent.
        unit_limit: Units per part of this message: 160 (GSM-7) or 70 (UCS-2) if there is one part, else 153 or 67.
        remaining: Units left in the last part.
        characters_that_forced_unicode: The different characters that GSM-7 lacks, sorted; empty in GSM-7. They are
            found on first use, and are not part of the `repr`.
    """

    encoding: Encoding
    units: int
    parts: int
    unit_limit: int
    remaining: int
    characters_that_forced_unicode: AbstractSet[str] = field(default=_NONE, repr=_mask_characters)


@without_frames
def count_parts(text: str) -> SmsParts:
    """Count the parts that a text takes as an SMS.

    The encoding is GSM-7 if every character is in the default alphabet of 3GPP TS 23.038 or its extension table, else
    UCS-2; national tables are not used. A character of two units is never divided between parts; the unit lost that way
    counts towards `parts` and `remaining`, not `units`. The empty text has 0 parts.

    Raises:
        InvalidInputError: `text` is not a string, or contains a lone surrogate.
    """
    return measure_parts(text)


@without_frames
def split_parts(text: str) -> list[str]:
    r"""Return the parts of a text as they are sent; joined, they are the text.

    Surrogate pairs and characters of the GSM-7 extension table are not divided. Sequences of characters may be,
    as in the network: `\r\n`, a letter and its marks, joined emoji, flags. The empty text has no parts.

    Raises:
        InvalidInputError: `text` is not a string, or contains a lone surrogate.
    """
    encoding, units = measure(text)
    if units > LIMITS[encoding][0]:
        return cut(text, encoding)
    return [text] if text else []


def measure_parts(text: str) -> SmsParts:
    """Count the parts of a text as `count_parts` does, with the frames of an error.

    Raises:
        InvalidInputError: `text` is not a string, or contains a lone surrogate.
    """
    encoding, units = measure(text)
    non_gsm7 = NonGsm7Characters(text) if encoding is Encoding.UCS2 else _NONE
    single, several = LIMITS[encoding]
    if units <= single:
        return SmsParts(encoding, units, 1 if units else 0, single, single - units, non_gsm7)
    if units == len(text):
        parts = -(-units // several)
        return SmsParts(encoding, units, parts, several, parts * several - units, non_gsm7)
    pieces = cut(text, encoding)
    return SmsParts(encoding, units, len(pieces), several, several - units_in(pieces[-1], encoding), non_gsm7)
