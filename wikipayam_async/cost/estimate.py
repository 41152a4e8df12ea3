"""Estimates of what messages will cost, made before sending."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TypeAlias

from attrs import field, frozen

from wikipayam_async.checks import check_number, without_frames
from wikipayam_async.cost.money import format_money
from wikipayam_async.cost.tariff import Tariff
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages.footer import footer_of
from wikipayam_async.messages.models import SmsMessage, check_receiver, check_sender, check_track_id, text_field
from wikipayam_async.numbers import Operator, normalize_receiver
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.text.parts import Encoding, count_parts

__all__ = ["CostEstimate", "CostShare", "CostTally", "estimate", "estimate_text"]

_Kind: TypeAlias = tuple[Encoding, int]
"""The encoding of a text and its number of parts."""
_Key: TypeAlias = tuple[str | None, Operator | None, _Kind]
"""A line, the operator of the receiver if a price depends on it, and the kind of a text."""


@frozen
class CostShare:
    """One share of an estimate.

    Attributes:
        messages: The number of messages.
        parts: The number of their parts.
        cost: Their cost, in rials.
    """

    messages: int = 0
    parts: int = 0
    cost: int = 0

    def __add__(self, other: CostShare) -> CostShare:
        return CostShare(self.messages + other.messages, self.parts + other.parts, self.cost + other.cost)


@frozen
class CostEstimate:
    """The cost of messages according to a tariff. What the gateway charges may differ.

    Attributes:
        messages: The number of messages that can be sent.
        parts: The number of their parts.
        cost: Their cost, in rials.
        currency: `IRR`, Iranian rials.
        by_parts: The number of messages for each number of parts.
        by_encoding: The share of each encoding.
        by_line: The share of each line, as it is sent; None for messages without a line.
        skipped: The number of invalid messages, which cannot be sent and cost nothing.
        first_skipped: The error of the first of them, with its index.
    """

    messages: int
    parts: int
    cost: int
    currency: str
    by_parts: Mapping[int, int] = field(hash=False)
    by_encoding: Mapping[Encoding, CostShare] = field(hash=False)
    by_line: Mapping[str | None, CostShare] = field(hash=False)
    skipped: int = 0
    first_skipped: InvalidInputError | None = field(default=None, eq=False)

    def summary(self) -> str:
        """Return the totals in one line."""
        totals = f"{self.messages:,} messages, {self.parts:,} parts, {format_money(self.cost)}"
        return f"{totals}; {self.skipped:,} skipped ({self.first_skipped})" if self.skipped else totals


class CostTally:
    """Adds up the cost of messages one by one, in constant memory.

    It counts the messages that a send would accept and skips those that it would refuse. It keeps only counts, one per
    combination of line, operator, encoding and number of parts.

    Args:
        tariff: The price of a part.
        sender: The line of messages that name none. If it is None too, they have the tariff's own prices.
        normalize: As in `send_bulk`; it does not change the cost.
        validate: Skip receivers that are not Iranian mobiles, as in `send_bulk`.
        footer: The footer of all texts, as in `send_bulk`.

    Raises:
        InvalidInputError: An argument is invalid.
    """

    __slots__ = (
        "_check_receiver",
        "_counts",
        "_depends_on_operator",
        "_first_skipped",
        "_footer",
        "_index",
        "_kind",
        "_sender",
        "_skipped",
        "_tariff",
        "_text",
    )

    def __init__(
        self,
        tariff: Tariff,
        *,
        sender: str | None = None,
        normalize: bool = True,
        validate: bool = True,
        footer: str | None = None,
    ) -> None:
        self._tariff = _check_tariff(tariff)
        self._depends_on_operator = tariff.depends_on_operator
        self._footer = footer_of(footer)
        self._sender = None if sender is None else check_sender(sender)
        lenient = partial(check_receiver, normalize=False, validate=validate)
        self._check_receiver = normalize_receiver if normalize and validate else lenient  # the former is faster
        self._counts: Counter[_Key] = Counter()
        self._skipped = 0
        self._first_skipped: InvalidInputError | None = None
        self._text: object = self  # not a text, so that the first text is counted
        self._kind = (Encoding.GSM7, 0)

    def add(self, message: SmsMessage) -> None:
        """Count one message. An invalid message is counted as skipped."""
        try:
            self._counts[self._key(message)] += 1
        except InvalidInputError as error:
            self._skip(error)
        except Exception as error:  # noqa: BLE001 - code of the message itself may raise anything; it affects no other
            rule = f"expected a message that can be read; reading it raised {type(error).__name__}"
            self._skip(InvalidInputError("message", rule=rule, got=shape_of(message)))

    def estimate(self) -> CostEstimate:
        """Return the estimate of the messages counted so far."""
        return _sum_up(self._counts, self._tariff, self._skipped, self._first_skipped)

    def _key(self, message: SmsMessage) -> _Key:
        name = text_field(message)
        text = getattr(message, name)
        receiver = self._check_receiver(message.receiver)
        operator = self._tariff.operator_of(receiver) if self._depends_on_operator else None
        if message.track_id is not None:
            check_track_id(message.track_id)
        line = message.sender or self._sender
        if line is not self._sender:
            line = check_sender(line)
        if text is not self._text:  # the same text for all receivers is counted once
            below = self._footer.below(text) if self._footer is not None and isinstance(text, str) else text
            self._kind = _kind_of(below, name)
            self._text = text
        return line, operator, self._kind

    def _skip(self, error: InvalidInputError) -> None:
        if self._first_skipped is None:
            self._first_skipped = error.within(f"messages[{self._counts.total()}].")
        self._skipped += 1


def estimate(
    messages: Iterable[SmsMessage],
    tariff: Tariff,
    *,
    sender: str | None = None,
    normalize: bool = True,
    validate: bool = True,
    footer: str | None = None,
) -> CostEstimate:
    """Estimate the cost of messages, without any request, in constant memory.

    `await client.estimate(...)` takes async iterables too, and compares the cost with the balance.

    Args:
        messages: The messages, as for `send_bulk`. An iterator is consumed.
        tariff: The price of a part.
        sender: The line of messages that name none. If it is None too, they have the tariff's own prices.
        normalize: As in `send_bulk`; it does not change the cost.
        validate: Skip receivers that are not Iranian mobiles, as in `send_bulk`.
        footer: The footer of all texts, as in `send_bulk`.

    Raises:
        InvalidInputError: An argument is invalid. (An invalid message is skipped and counted, not an error.)
    """
    tally = CostTally(tariff, sender=sender, normalize=normalize, validate=validate, footer=footer)
    if not isinstance(messages, Iterable) or isinstance(messages, str | bytes):
        rule = "expected an iterable of SmsMessage; client.estimate takes async ones"
        raise InvalidInputError("messages", rule=rule, got=shape_of(messages))
    for message in messages:
        tally.add(message)
    return tally.estimate()


@without_frames
def estimate_text(
    text: str, tariff: Tariff, *, receivers: int = 1, sender: str | None = None, footer: str | None = None
) -> CostEstimate:
    """Estimate the cost of one text for a number of receivers, without any request; prices by operator do not apply.

    Args:
        text: The text.
        tariff: The price of a part.
        receivers: The number of receivers; at least 1.
        sender: The line; if None, the tariff's own prices apply.
        footer: The footer below the text, as in `send_bulk`.

    Raises:
        InvalidInputError: An argument is invalid.
    """
    _check_tariff(tariff)
    check_number(receivers, field="receivers", minimum=1)
    line = None if sender is None else check_sender(sender)
    below = footer_of(footer)
    text = text if below is None or not isinstance(text, str) else below.below(text)
    return _sum_up({(line, None, _kind_of(text, "text")): receivers}, tariff)


def _check_tariff(tariff: object) -> Tariff:
    if not isinstance(tariff, Tariff):
        raise InvalidInputError(
            "tariff", rule="expected a Tariff such as Tariff(persian=895, latin=1790)", got=shape_of(tariff)
        )
    return tariff


def _kind_of(text: object, name: str) -> _Kind:
    if not isinstance(text, str) or not text:
        raise InvalidInputError(name, rule="expected a text that is not empty", got=shape_of(text))
    try:
        counted = count_parts(text)
    except InvalidInputError as error:
        raise InvalidInputError(name, rule=error.rule, got=error.got) from None
    return counted.encoding, counted.parts


def _sum_up(
    counts: Mapping[_Key, int], tariff: Tariff, skipped: int = 0, first_skipped: InvalidInputError | None = None
) -> CostEstimate:
    total = CostShare()
    by_parts: Counter[int] = Counter()
    by_encoding = dict.fromkeys(Encoding, CostShare())
    by_line: dict[str | None, CostShare] = {}
    for (line, operator, (encoding, parts)), messages in counts.items():
        share = CostShare(messages, messages * parts, messages * parts * tariff.price(encoding, line, operator))
        total += share
        by_parts[parts] += messages
        by_encoding[encoding] += share
        by_line[line] = by_line.get(line, CostShare()) + share
    return CostEstimate(
        messages=total.messages,
        parts=total.parts,
        cost=total.cost,
        currency=tariff.currency,
        by_parts=dict(sorted(by_parts.items())),
        by_encoding=by_encoding,
        by_line=by_line,
        skipped=skipped,
        first_skipped=first_skipped,
    )
