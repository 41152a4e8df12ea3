"""The hours of the day in which to send. Pure, but for the wait, which takes the clock and the sleep as arguments."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import TypeAlias

from attrs import field, frozen

from wikipayam_async.core.options import read_timezone
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.numbers.digits import ascii_digit
from wikipayam_async.publish import publish_in_package
from wikipayam_async.redact.masks import shape_of

__all__ = ["Now", "OpeningWait", "SendingHours", "Sleep", "utc_now", "wait_until_open"]

logger = logging.getLogger("wikipayam_async")

Now: TypeAlias = Callable[[], datetime]
"""Returns the time of day, with a time zone."""
Sleep: TypeAlias = Callable[[float], Awaitable[None]]

_LONGEST_NAP = 30.0
"""Seconds after which the clock is read again while waiting: it may be set, or have slept."""
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
    elif isinstance(value, str) and (found := _TIME.fullmatch("".join(map(ascii_digit, value)))):
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
    """The hours of the day in which a bulk send or a campaign sends: `SendingHours("08:00", "21:00", "Asia/Tehran")`.

    They are read from the wall clock of the zone, whatever it does: `22:00` to `06:00` is over midnight; where the clock
    jumps over the start, sending begins at once after the jump; an hour that occurs twice counts twice.

    Attributes:
        start: The first minute in which to send, counted from midnight. Pass `"08:00"`, in digits of any script, or a
            `time`.
        end: The first minute in which not to send. Pass `"21:00"`, or a `time`; `"24:00"` is the end of the day.
        tz: The time zone. Pass it, or its name.

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


def utc_now() -> datetime:
    """Return the time of day."""
    return datetime.now(UTC)


async def wait_until_open(hours: SendingHours, now: Now, sleep: Sleep) -> None:
    """Wait until a message may be sent.

    Args:
        hours: The hours.
        now: Returns the time of day, with a time zone.
        sleep: Sleeps for seconds.
    """
    while (seconds := hours.seconds_until_open(now())) > 0:
        await sleep(min(seconds, _LONGEST_NAP))


class OpeningWait:
    """Waits for the sending hours of a bulk send, and logs each closing once, however many requests wait.

    Args:
        hours: The hours.
        now: Returns the time of day, with a time zone.
        sleep: Sleeps for seconds.
    """

    def __init__(self, hours: SendingHours, now: Now, sleep: Sleep) -> None:
        self._hours = hours
        self._now = now
        self._sleep = sleep
        self._logged: datetime | None = None

    async def __call__(self) -> None:
        """Wait until a message may be sent."""
        if self._hours.is_open(self._now()):
            return
        opening = self._hours.next_opening(self._now())
        if opening != self._logged:
            self._logged = opening
            logger.info("a bulk send waits for its sending hours, until %s", f"{opening:%Y-%m-%d %H:%M %Z}")
        await wait_until_open(self._hours, self._now, self._sleep)


publish_in_package(["SendingHours"], globals())
