"""When a campaign may send, and for how much money. Pure: the time is an argument."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta, tzinfo

from attrs import field, frozen

from wikipayam_async.core.options import read_timezone
from wikipayam_async.cost.tariff import Tariff
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.numbers import Operator
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.text.parts import count_parts

__all__ = ["SendingHours", "Spending", "SpendingLimit"]

_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_DAY = 24 * 60
_LONGEST_STEP = 900
_SEARCHED = 4 * 86_400
"""Seconds: a daily opening is missed on one day at most, when the clock jumps over it."""


def _minute(value: object, name: str) -> int:
    """Return the minute of the day of a `time` or a text such as `08:30`; `24:00` is the end of the day."""
    if isinstance(value, time):
        if value.tzinfo is None and not value.second and not value.microsecond:
            return value.hour * 60 + value.minute
    elif isinstance(value, str) and (found := _TIME.fullmatch(value)):
        minute = int(found[1]) * 60 + int(found[2])
        if int(found[2]) < 60 and minute <= _DAY:  # noqa: PLR2004 - minutes of an hour
            return minute
    raise InvalidInputError(name, rule="expected a time of day such as '08:00'", got=shape_of(value))


def _start(value: str | time) -> int:
    return _minute(value, "start") % _DAY


def _end(value: str | time) -> int:
    return _minute(value, "end")


def _zone(value: str | tzinfo) -> tzinfo:
    try:
        zone = read_timezone(value)
    except ConfigurationError:
        zone = None
    if zone is None:
        rule = "expected a time zone such as 'Asia/Tehran' (on a machine without zones, install the package tzdata)"
        raise InvalidInputError("tz", rule=rule, got=shape_of(value))
    return zone


@frozen
class SendingHours:
    """The hours of the day in which a campaign sends: `SendingHours("08:00", "21:00", "Asia/Tehran")`.

    They are read from the wall clock of the zone, whatever it does: `22:00` to `06:00` is over midnight; where the clock
    jumps over the start, sending begins at once after the jump; an hour that occurs twice counts twice.

    Args:
        start: The first minute in which to send: `08:00`, or a `time`.
        end: The first minute in which not to send: `21:00`, or a `time`; `24:00` is the end of the day.
        tz: The time zone, or its name.

    Raises:
        InvalidInputError: A time or the zone is invalid, or start and end are equal.
    """

    start: int = field(converter=_start)
    end: int = field(converter=_end)
    tz: tzinfo = field(converter=_zone)

    def __attrs_post_init__(self) -> None:
        if self.start == self.end:
            raise InvalidInputError("end", rule="expected another time than the start", got="the same time")

    def __repr__(self) -> str:
        return f"SendingHours('{_clock(self.start)}', '{_clock(self.end)}', '{self.tz}')"

    def is_open(self, at: datetime) -> bool:
        """Return whether a message may be sent at a time, which has a time zone."""
        local = at.astimezone(self.tz)
        minute = local.hour * 60 + local.minute
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end

    def next_opening(self, at: datetime) -> datetime:
        """Return the first time from `at` on at which a message may be sent; `at` itself if it may be sent now.

        Args:
            at: A time with a time zone.
        """
        if self.is_open(at):
            return at
        # Stepping finds every opening, also those that a change of the clock makes, since no window is shorter.
        step = min(_LONGEST_STEP, (self.end - self.start) % _DAY * 30)
        closed = math.floor(at.timestamp())
        for opened in range(closed + step, closed + _SEARCHED, step):
            if self._is_open_at(opened):
                return self._bisect(opened - step, opened)
        return at + timedelta(seconds=_SEARCHED)  # in a zone that never shows these hours; asked again then

    def seconds_until_open(self, at: datetime) -> float:
        """Return the seconds from a time, which has a time zone, until a message may be sent; 0 if it may be now."""
        # Two times of one zone would be subtracted as their clocks show them, whatever happened between them.
        return self.next_opening(at).timestamp() - at.timestamp()

    def _is_open_at(self, seconds: int) -> bool:
        return self.is_open(datetime.fromtimestamp(seconds, UTC))

    def _bisect(self, closed: int, opened: int) -> datetime:
        while opened - closed > 1:
            middle = (closed + opened) // 2
            if self._is_open_at(middle):
                opened = middle
            else:
                closed = middle
        return datetime.fromtimestamp(opened, UTC).astimezone(self.tz)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


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
