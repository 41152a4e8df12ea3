"""Cheaper spellings of a text: applying spelling rules, and suggesting those that are worth it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from attrs import field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.text.alphabet import Encoding, measure
from wikipayam_async.text.parts import SmsParts, measure_parts
from wikipayam_async.text.spelling import SAFE_SPELLINGS, Spelling, is_arabic, replacements, respell

__all__ = ["PartPrices", "Suggestion", "Suggestions", "normalize_text", "suggest"]

_WITHOUT_PRICES = {Encoding.UCS2: 1000, Encoding.GSM7: 2001}
"""In Iran a Latin part costs about twice a Persian one, so GSM-7 counts as cheaper only with less than half the parts."""


class PartPrices(Protocol):
    """The prices of a part, such as a `Tariff`."""

    def price(self, encoding: Encoding, line: str | None = None) -> int:
        """Return the price of a part.

        Args:
            encoding: The encoding of the text.
            line: The sender line; None if it is unknown.
        """
        ...


def _mask_replacements(pairs: Mapping[str, str]) -> str:
    return f"<{len(pairs)} replacements>"


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
        saved_cost: What the rules save per message, in rials; None without a tariff.
    """

    before: SmsParts
    after: SmsParts
    suggestions: tuple[Suggestion, ...] = ()
    saved_cost: int | None = None

    @property
    def rules(self) -> frozenset[Spelling]:
        """The suggested rules, for `normalize_text(text, rules=...)`."""
        return frozenset(one.rule for one in self.suggestions)

    @property
    def saved_parts(self) -> int:
        """The number of parts saved. Below 0 if more, but cheaper parts cost less in total."""
        return self.before.parts - self.after.parts

    def __iter__(self) -> Iterator[Suggestion]:
        return iter(self.suggestions)

    def __len__(self) -> int:
        return len(self.suggestions)


@without_frames
def normalize_text(
    text: str,
    *,
    rules: Spelling | Iterable[Spelling] = SAFE_SPELLINGS,
    tariff: PartPrices | None = None,
    sender: str | None = None,
) -> str:
    """Return a text after applying spelling rules; see `Spelling`. No other function of this package calls it.

    The result never costs more, and applying the rules again changes nothing. A rule that would make the text longer
    without making it GSM-7 is skipped, and so is one that would make it GSM-7 at a higher cost: a part in GSM-7 has
    another price. Without a tariff a text becomes GSM-7 only if it then takes less than half the parts.

    Args:
        text: The text.
        rules: The rules. By default those that keep every letter and digit; `rules=Spelling` applies all.
        tariff: The prices of a part, such as `Tariff(persian=895, latin=1790)`.
        sender: The line, if the tariff has prices for it.

    Raises:
        InvalidInputError: `text` is not a string, or contains a lone surrogate; or another argument is invalid.
    """
    measure(text)
    return _respell(text, _checked(rules), _prices(tariff, sender)).text


@without_frames
def suggest(
    text: str,
    *,
    rules: Spelling | Iterable[Spelling] = Spelling,
    tariff: PartPrices | None = None,
    sender: str | None = None,
) -> Suggestions:
    """Suggest spelling rules that make a text cheaper; the text is not changed.

    The suggestion is the fewest rules that reach the lowest cost that the rules can reach. Without a tariff the cost is
    the number of parts, and a part in GSM-7 counts as more than two, because in Iran it costs about twice as much: a
    text stays in UCS-2 unless GSM-7 takes less than half the parts. One suggestion saves nothing: `ARABIC_LETTERS`, for a text with
    Arabic letters in place of Persian ones and no character that only Arabic uses.

    The characters that still keep the text in UCS-2 are in `after.characters_that_forced_unicode`.

    Args:
        text: The text.
        rules: The rules that may be suggested; exclude `Spelling.DIGITS`, for example, if digits must not change.
        tariff: The prices of a part, such as `Tariff(persian=895, latin=1790)`. Pass it to `normalize_text`, too.
        sender: The line, if the tariff has prices for it.

    Raises:
        InvalidInputError: `text` is not a string, or contains a lone surrogate; or another argument is invalid.
    """
    before = measure_parts(text)
    allowed, prices = _checked(rules), _prices(tariff, sender)
    chosen = _fewest(text, allowed, prices)
    if Spelling.ARABIC_LETTERS in allowed and not is_arabic(text):
        chosen |= {Spelling.ARABIC_LETTERS}
    found = _respell(text, chosen, prices)
    after = measure_parts(found.text)
    return Suggestions(
        before,
        after,
        tuple(Suggestion(rule, replacements(earlier, rule)) for rule, earlier in found.steps),
        None if tariff is None else _cost(before, prices) - _cost(after, prices),
    )


def _checked(rules: object) -> frozenset[Spelling]:
    several = [rules] if isinstance(rules, str) else rules
    if isinstance(several, Iterable):
        try:
            return frozenset(map(Spelling, several))
        except ValueError:
            pass
    raise InvalidInputError("rules", rule="expected members of Spelling", got=shape_of(rules))


def _prices(tariff: PartPrices | None, sender: str | None) -> Mapping[Encoding, int]:
    if sender is not None and not isinstance(sender, str):
        raise InvalidInputError("sender", rule="expected a line, as a string", got=shape_of(sender))
    if tariff is None:
        return _WITHOUT_PRICES
    if not callable(getattr(tariff, "price", None)):
        rule = "expected a Tariff such as Tariff(persian=895, latin=1790)"
        raise InvalidInputError("tariff", rule=rule, got=shape_of(tariff))
    return {encoding: tariff.price(encoding, sender) for encoding in Encoding}


def _cost(counted: SmsParts, prices: Mapping[Encoding, int]) -> int:
    return counted.parts * prices[counted.encoding]


@frozen
class _Respelled:
    """A text after some rules, and each rule that changed it with the text before."""

    text: str
    steps: tuple[tuple[Spelling, str], ...]


def _respell(text: str, rules: frozenset[Spelling], prices: Mapping[Encoding, int]) -> _Respelled:
    """Apply rules in their order; the text becomes GSM-7 unless that costs more."""
    kept = _apply(text, rules, ())
    changed = _apply(text, rules, (Encoding.GSM7,))
    costs_more = _cost(measure_parts(changed.text), prices) > _cost(measure_parts(kept.text), prices)
    return kept if costs_more else changed


def _apply(text: str, rules: frozenset[Spelling], encodings: tuple[Encoding, ...]) -> _Respelled:
    """Apply rules in their order, except those that make the text longer, or bring it into other encodings than given."""
    steps = []
    for rule in Spelling:
        respelled = respell(text, rule) if rule in rules else text
        if respelled != text and _is_shorter(measure_parts(respelled), measure_parts(text), encodings):
            steps.append((rule, text))
            text = respelled
    return _Respelled(text, tuple(steps))


def _is_shorter(after: SmsParts, before: SmsParts, encodings: tuple[Encoding, ...]) -> bool:
    if after.encoding is not before.encoding:
        return after.encoding in encodings
    return after.units <= before.units and after.parts <= before.parts


def _fewest(text: str, rules: frozenset[Spelling], prices: Mapping[Encoding, int]) -> frozenset[Spelling]:
    """Return the fewest rules with the effect of all; of two with the same effect, keep the one applied first."""

    def cost(applied: frozenset[Spelling]) -> int:
        return _cost(measure_parts(_respell(text, applied, prices).text), prices)

    lowest = cost(rules)
    if lowest == cost(frozenset()):
        return frozenset()
    for rule in reversed(Spelling):
        if rule in rules and cost(rules - {rule}) <= lowest:
            rules -= {rule}
    return rules
