"""The parts of an SMS: counting them, splitting a text into them, and rewriting it so that it takes fewer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from attrs import field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.text.alphabet import LIMITS, Encoding, NonGsm7Characters, cut, measure, units_in
from wikipayam_async.text.spelling import SAFE_SPELLINGS, Spelling, is_arabic, replacements, respell

__all__ = [
    "SAFE_SPELLINGS",
    "Encoding",
    "SmsParts",
    "Spelling",
    "Suggestion",
    "Suggestions",
    "count_parts",
    "normalize_text",
    "split_parts",
    "suggest",
]

_NONE: AbstractSet[str] = frozenset()


def _mask_characters(characters: AbstractSet[str]) -> str:
    return f"<{len(characters)} different characters>"


def _mask_replacements(pairs: Mapping[str, str]) -> str:
    return f"<{len(pairs)} replacements>"


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


@frozen
class Suggestion:
    """A spelling rule that is worth applying to a text.

    Attributes:
        rule: The rule, for `normalize_text`.
        replacements: The replacements in this text: `{"’": "'"}`. Not part of the `repr`.
    """

    rule: Spelling
    replacements: Mapping[str, str] = field(repr=_mask_replacements, hash=False)


@frozen
class Suggestions:
    """The suggestions for a text. Iterating yields each `Suggestion`; without any it is false.

    Attributes:
        before: The size of the text.
        after: The size of the text after all suggested rules.
        suggestions: The rules, in the order of application.
    """

    before: SmsParts
    after: SmsParts
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def rules(self) -> frozenset[Spelling]:
        """The suggested rules, for `normalize_text(text, rules=...)`."""
        return frozenset(one.rule for one in self.suggestions)

    @property
    def saved_parts(self) -> int:
        """The number of parts saved; 0 if only the encoding becomes GSM-7, or only letters are corrected."""
        return self.before.parts - self.after.parts

    def __iter__(self) -> Iterator[Suggestion]:
        return iter(self.suggestions)

    def __len__(self) -> int:
        return len(self.suggestions)


@without_frames
def count_parts(text: str) -> SmsParts:
    """Count the parts that a text takes as an SMS.

    The encoding is GSM-7 if every character is in the default alphabet of 3GPP TS 23.038 or its extension table, else
    UCS-2; national tables are not used. A character of two units is never divided between parts; the unit lost that way
    counts towards `parts` and `remaining`, not `units`. The empty text has 0 parts.

    Raises:
        InvalidInputError: `text` is not a string, or contains a lone surrogate.
    """
    return _count(text)


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


@without_frames
def normalize_text(text: str, *, rules: Spelling | Iterable[Spelling] = SAFE_SPELLINGS) -> str:
    """Return a text after applying spelling rules; see `Spelling`. No other function of this package calls it.

    The result never takes more parts. A rule that would make the text longer without making it GSM-7 is skipped.
    Applying it twice gives the same result as once.

    Args:
        text: The text.
        rules: The rules. By default those that keep every letter and digit; `rules=Spelling` applies all.

    Raises:
        InvalidInputError: `text` is not a string, or contains a lone surrogate; or a rule is invalid.
    """
    measure(text)
    return _normalize(text, _checked(rules))


@without_frames
def suggest(text: str, *, rules: Spelling | Iterable[Spelling] = Spelling) -> Suggestions:
    """Suggest spelling rules that make a text cheaper; the text is not changed.

    The suggestion is the fewest rules that reach the number of parts that all rules would reach, and GSM-7 if possible.
    A rule that does not contribute is not suggested. One suggestion saves nothing: `ARABIC_LETTERS`, for a text with
    Arabic letters in place of Persian ones and no character that only Arabic uses.

    The characters that still keep the text in UCS-2 are in `after.characters_that_forced_unicode`.

    Args:
        text: The text.
        rules: The rules that may be suggested; exclude `Spelling.DIGITS`, for example, if digits must not change.

    Raises:
        InvalidInputError: `text` is not a string, or contains a lone surrogate; or a rule is invalid.
    """
    before = _count(text)
    allowed = _checked(rules)
    chosen = _fewest(text, allowed)
    if Spelling.ARABIC_LETTERS in allowed and not is_arabic(text):
        chosen |= {Spelling.ARABIC_LETTERS}
    suggestions: list[Suggestion] = []
    for rule in _in_order(chosen):
        respelled = _apply(text, rule)
        if respelled != text:
            suggestions.append(Suggestion(rule, replacements(text, rule)))
        text = respelled
    return Suggestions(before, _count(text), tuple(suggestions))


def _count(text: str) -> SmsParts:
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


def _checked(rules: object) -> frozenset[Spelling]:
    several = [rules] if isinstance(rules, str) else rules
    if isinstance(several, Iterable):
        try:
            return frozenset(map(Spelling, several))
        except ValueError:
            pass
    raise InvalidInputError("rules", rule="expected members of Spelling", got=shape_of(rules))


def _in_order(rules: frozenset[Spelling]) -> list[Spelling]:
    return [rule for rule in Spelling if rule in rules]


def _normalize(text: str, rules: frozenset[Spelling]) -> str:
    for rule in _in_order(rules):
        text = _apply(text, rule)
    return text


def _apply(text: str, rule: Spelling) -> str:
    respelled = respell(text, rule)
    if respelled == text:
        return text
    before, after = _count(text), _count(respelled)
    cheaper = after.encoding is Encoding.GSM7 or after.units <= before.units
    return respelled if cheaper and after.parts <= before.parts else text


def _fewest(text: str, rules: frozenset[Spelling]) -> frozenset[Spelling]:
    """Return the fewest rules with the effect of all; of two with the same effect, keep the one applied first."""
    cheapest = _price(_normalize(text, rules))
    if cheapest == _price(text):
        return frozenset()
    for rule in reversed(_in_order(rules)):
        if _price(_normalize(text, rules - {rule})) <= cheapest:
            rules -= {rule}
    return rules


def _price(text: str) -> tuple[int, bool]:
    counted = _count(text)
    return counted.parts, counted.encoding is Encoding.UCS2
