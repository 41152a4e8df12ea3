"""How much money a campaign may cost. Pure. When it may send is in `wikipayam_async.bulk.hours`."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from wikipayam_async.cost.tariff import Tariff
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import Operator
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.text.parts import count_parts

__all__ = ["LIMIT_REACHED", "Spending", "SpendingLimit"]

LIMIT_REACHED = "the spending limit is reached"
"""What the reason of a campaign begins with that was paused by it."""


def _rials(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidInputError("rials", rule="expected whole rials, 0 or more, as an int", got=shape_of(value))
    return value


def _tariff(value: object) -> Tariff:
    if not isinstance(value, Tariff):
        rule = "expected a Tariff such as Tariff(persian=895, latin=1790)"
        raise InvalidInputError("tariff", rule=rule, got=shape_of(value))
    return value


@frozen(kw_only=True)
class SpendingLimit:
    """The most that a campaign may cost, by a tariff: `SpendingLimit(rials=5_000_000, tariff=tariff)`.

    It holds for the whole campaign, all runs together. Accepted messages count, and those that are in flight or whose
    outcome is unknown, since they may have been accepted; rejected ones do not. What the gateway charges may differ
    from the tariff.

    Attributes:
        rials: The limit, in rials.
        tariff: The price of a part.

    Raises:
        InvalidInputError: A value is invalid.
    """

    rials: int = field(converter=_rials)
    tariff: Tariff = field(converter=_tariff)

    def cost_of(self, text: str, line: str | None, operator: Operator | None = None) -> int:
        """Return the cost of a text from a line, in rials.

        Args:
            text: The text.
            line: The line; None for the tariff's own prices.
            operator: The operator of the receiver; None for the prices of no operator.
        """
        parts = count_parts(text)
        return parts.parts * self.tariff.price(parts.encoding, line, operator)


class Spending:
    """What a campaign has spent of its limit.

    Args:
        limit: The limit.
        spent: What it has spent so far, in rials.

    Attributes:
        spent: The cost of the messages that were or may have been accepted.
        in_flight: The cost of the messages that are being sent.
    """

    def __init__(self, limit: SpendingLimit, spent: int = 0) -> None:
        self._limit = limit
        self._text: str | None = None
        self._costs: dict[tuple[str | None, Operator | None], int] = {}
        self.spent = spent
        self.in_flight = 0

    @property
    def left(self) -> int:
        """The rials that may still be spent; 0 if the limit is reached."""
        return max(0, self._limit.rials - self.spent - self.in_flight)

    def cost_of(self, text: str, line: str | None, receiver: str | None = None) -> int:
        """Return the cost of a text; of the same text as before without counting its parts again."""
        if text != self._text:
            self._text = text
            self._costs.clear()
        key = line, self._limit.tariff.operator_of(receiver)
        if key not in self._costs:
            self._costs[key] = self._limit.cost_of(text, *key)
        return self._costs[key]

    def fitting(self, costs: Iterable[int]) -> int:
        """Return how many messages, from the first on, may be sent together."""
        left = self.left
        for count, cost in enumerate(costs := list(costs)):
            left -= cost
            if left < 0:
                return count
        return len(costs)

    def reserve(self, cost: int) -> None:
        """Count messages as in flight."""
        self.in_flight += cost

    def settle(self, reserved: int, spent: int) -> None:
        """Replace what was reserved for messages with what their outcomes cost."""
        self.in_flight -= reserved
        self.spent += spent
