"""The calculator: the parts of a text, what they cost, and a cheaper spelling."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from wikipayam_async.cost.estimate import estimate_text
from wikipayam_async.cost.money import MoneyLocale, format_money, read_money
from wikipayam_async.cost.tariff import Tariff
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.lab.call import SdkCall
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.numbers.decimals import read_decimal
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.text.parts import count_parts, split_parts
from wikipayam_async.text.suggestions import normalize_text, suggest

__all__ = ["Calculation", "CallCost", "CheaperText", "Prices", "calculate", "cost_of"]


@frozen(kw_only=True)
class Prices:
    """The prices of a part, as people write them: `984.5`, `1,790`, `89.5t` in tomans.

    Attributes:
        persian: In UCS-2; None if it is not known.
        latin: In GSM-7; None if it is the same.
        vat: The tax, in per cent.
        language: The language of amounts of money.
    """

    persian: int | str | None = None
    latin: int | str | None = None
    vat: int | str = 0
    language: MoneyLocale = "en"

    def tariff(self) -> Tariff | None:
        """Return the tariff; None without a price.

        Raises:
            InvalidInputError: A price is invalid.
        """
        vat = read_decimal(str(self.vat))
        if vat is None or vat % 1:
            raise InvalidInputError("vat", rule="expected whole per cent", got=shape_of(self.vat))
        persian = self.latin if self.persian is None else self.persian
        if persian is None:
            return None
        latin = persian if self.latin is None else self.latin
        return Tariff(
            persian=read_money(str(persian), field="price"), latin=read_money(str(latin), field="price"), vat=int(vat)
        )


@frozen(kw_only=True)
class CheaperText:
    """A spelling of a text that costs less.

    Attributes:
        text: The text.
        rules: The rules that were applied.
        parts: The number of its parts.
        encoding: Its encoding.
        saved: Rials saved per message; None without prices.
    """

    text: str = field(repr=False)
    rules: Sequence[str]
    parts: int
    encoding: str
    saved: int | None


@frozen(kw_only=True)
class Calculation:
    """The parts of a text, and their cost.

    Attributes:
        encoding: The encoding.
        units: The characters, as the encoding counts them.
        unit_limit: The number of units that each part holds.
        remaining: The units left in the last part.
        parts: The text of each part.
        forced: The characters because of which the text is not GSM-7.
        cost: The cost in rials for all receivers; None without prices.
        money: The cost as text in rials and in tomans; empty without prices.
        cheaper: A cheaper spelling, if there is one.
    """

    encoding: str
    units: int
    unit_limit: int
    remaining: int
    parts: Sequence[str] = field(repr=False)
    forced: Sequence[str] = field(repr=False)
    cost: int | None
    money: Sequence[str]
    cheaper: CheaperText | None


@frozen(kw_only=True)
class CallCost:
    """What a send costs, as far as it is known.

    Attributes:
        messages: The number of messages.
        parts: The number of parts of all of them; None if the gateway makes the text.
        cost: The cost in rials; None if it is not known.
        money: The cost as text in rials and in tomans; empty if it is not known.
    """

    messages: int
    parts: int | None
    cost: int | None
    money: Sequence[str]


def calculate(text: str, receivers: int, prices: Prices) -> Calculation:
    """Count the parts of a text and their cost.

    Args:
        text: The text.
        receivers: The number of receivers.
        prices: The prices.

    Raises:
        InvalidInputError: An argument is invalid.
    """
    counted, tariff = count_parts(text), prices.tariff()
    cost = None if tariff is None else estimate_text(text, tariff, receivers=receivers).cost
    return Calculation(
        encoding=counted.encoding.value,
        units=counted.units,
        unit_limit=counted.unit_limit,
        remaining=counted.remaining,
        parts=split_parts(text),
        forced=sorted(counted.characters_that_forced_unicode),
        cost=cost,
        money=_money(cost, prices.language),
        cheaper=_cheaper(text, tariff),
    )


def cost_of(call: SdkCall, prices: Prices) -> CallCost:
    """Return what a send costs.

    Args:
        call: The send.
        prices: The prices.

    Raises:
        InvalidInputError: A price is invalid.
    """
    texts = _texts(call)
    if not texts:
        return CallCost(messages=1, parts=None, cost=None, money=())
    tariff = prices.tariff()
    parts = sum(count_parts(text).parts for text in texts)
    cost = None if tariff is None else sum(estimate_text(text, tariff).cost for text in texts)
    return CallCost(messages=len(texts), parts=parts, cost=cost, money=_money(cost, prices.language))


def _texts(call: SdkCall) -> list[str]:
    """Return the text of each message; none for a code, whose text the gateway makes."""
    if call.method == "sms.send_many" and not isinstance(call.args[0], str | int | SmsMessage):
        return [item.message or item.note or "" for item in call.args[0] if isinstance(item, SmsMessage)]
    return [] if call.method in {"otp.send", "voice.send"} else [str(call.args[1])]


def _cheaper(text: str, tariff: Tariff | None) -> CheaperText | None:
    found = suggest(text, tariff=tariff)
    if not found:
        return None
    return CheaperText(
        text=normalize_text(text, rules=found.rules, tariff=tariff),
        rules=sorted(rule.value for rule in found.rules),
        parts=found.after.parts,
        encoding=found.after.encoding.value,
        saved=found.saved_cost,
    )


def _money(cost: int | None, language: MoneyLocale) -> list[str]:
    if cost is None:
        return []
    return [format_money(cost, locale=language), format_money(cost, "toman", locale=language)]
