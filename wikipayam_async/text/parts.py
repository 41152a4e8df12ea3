"""Message texts: how many parts an SMS takes, where it is cut, and how the same text is written cheaper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from attrs import field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.text.alphabet import LIMITS, Encoding, ForeignCharacters, cut, measure, units_in
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
    r"""What a text takes as an SMS.

    Attributes:
        encoding: How it is written on the air.
        units: Its length. In GSM-7 a character is one unit, and those of the extension table (`^ { } \ [ ~ ] | €` and the
            form feed) are two; in UCS-2 a unit is 16 bits, of which emoji and other rare characters take two.
        parts: How many parts are sent, and paid for; 0 for the empty text, which cannot be sent.
        unit_limit: Units that a part of this message holds: 160 (GSM-7) or 70 (UCS-2) if it is the only one, else 153 or 67.
        remaining: Units left in the last part before another begins.
        characters_that_forced_unicode: The different characters that GSM-7 does not have, sorted; empty in GSM-7. They are
            looked for when they are asked for, and are not part of the `repr`.
    """

    encoding: Encoding
    units: int
    parts: int
    unit_limit: int
    remaining: int
    characters_that_forced_unicode: AbstractSet[str] = field(default=_NONE, repr=_mask_characters)


@frozen
class Suggestion:
    """One rule of spelling that is worth applying to a text.

    Attributes:
        rule: The rule, as `normalize_text` takes it.
        replacements: What it replaces in this text, by what: `{"’": "'"}`. Not part of the `repr`.
    """

    rule: Spelling
    replacements: Mapping[str, str] = field(repr=_mask_replacements, hash=False)


@frozen
class Suggestions:
    """What a text would save. Iterating gives each `Suggestion`; without any it is false.

    Attributes:
        before: The text as it is.
        after: The text with everything that is suggested.
        suggestions: The rules, in the order in which they are applied.
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
        """How many parts less are sent; 0 where only the encoding becomes GSM-7, or only letters are put right."""
        return self.before.parts - self.after.parts

    def __iter__(self) -> Iterator[Suggestion]:
        return iter(self.suggestions)

    def __len__(self) -> int:
        return len(self.suggestions)


@without_frames
def count_parts(text: str) -> SmsParts:
    """Count the parts that a text takes as an SMS.

    It is GSM-7 if every character is in the default alphabet of 3GPP TS 23.038 or its extension table, and UCS-2 if one is
    not; national tables are not used. A character of two units is never divided between parts, and the unit that is lost
    so counts for `parts` and `remaining`, not for `units`. The empty text has 0 parts.

    Raises:
        InvalidInputError: It is no text, or holds half of a surrogate pair.
    """
    return _count(text)


@without_frames
def split_parts(text: str) -> list[str]:
    r"""Return the parts of a text as they are sent, which put together are the text.

    A surrogate pair and a character of GSM-7's extension stay whole. What consists of several characters may be divided, as
    it is on the air: `\r\n`, a letter and its marks, emoji that are joined or flags. The empty text has no parts.

    Raises:
        InvalidInputError: It is no text, or holds half of a surrogate pair.
    """
    encoding, units = measure(text)
    if units > LIMITS[encoding][0]:
        return cut(text, encoding)
    return [text] if text else []


@without_frames
def normalize_text(text: str, *, rules: Spelling | Iterable[Spelling] = SAFE_SPELLINGS) -> str:
    """Return a text spelled by the chosen rules, each described at `Spelling`. Nothing else in this package calls it.

    The result never takes more parts. A rule that would make the text longer without bringing it into GSM-7 is left out.
    Doing it twice does no more than doing it once.

    Args:
        text: The text.
        rules: Which rules. By default those that leave every letter and digit as it is; `rules=Spelling` is all of them.

    Raises:
        InvalidInputError: It is no text, or holds half of a surrogate pair, or a rule is none.
    """
    measure(text)
    return _normalize(text, _checked(rules))


@without_frames
def suggest(text: str, *, rules: Spelling | Iterable[Spelling] = Spelling) -> Suggestions:
    """Look for a cheaper spelling of a text; the text is not changed.

    Suggested are the fewest rules that bring it to as few parts as all rules would, and into GSM-7 if that can be. Where a
    rule does not help towards that, it is not suggested, however much it would change. One kind of advice saves nothing:
    `ARABIC_LETTERS`, where a text has Arabic letters in place of Persian ones and nothing that only Arabic has.

    Characters that keep the text in UCS-2 even so are in `after.characters_that_forced_unicode`.

    Args:
        text: The text.
        rules: Which rules may be suggested; without `Spelling.DIGITS`, say, if digits must stay as they are.

    Raises:
        InvalidInputError: It is no text, or holds half of a surrogate pair, or a rule is none.
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
    foreign = ForeignCharacters(text) if encoding is Encoding.UCS2 else _NONE
    single, several = LIMITS[encoding]
    if units <= single:
        return SmsParts(encoding, units, 1 if units else 0, single, single - units, foreign)
    if units == len(text):
        parts = -(-units // several)
        return SmsParts(encoding, units, parts, several, parts * several - units, foreign)
    pieces = cut(text, encoding)
    return SmsParts(encoding, units, len(pieces), several, several - units_in(pieces[-1], encoding), foreign)


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
    worth_it = after.encoding is Encoding.GSM7 or after.units <= before.units
    return respelled if worth_it and after.parts <= before.parts else text


def _fewest(text: str, rules: frozenset[Spelling]) -> frozenset[Spelling]:
    """Return the fewest of some rules that do as much as all; of two that do the same, the one that is applied first."""
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
