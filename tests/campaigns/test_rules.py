"""Sending hours and spending limits, with real values."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from wikipayam_async import InvalidInputError
from wikipayam_async.campaigns import SendingHours, SpendingLimit
from wikipayam_async.campaigns.rules import Spending
from wikipayam_async.cost import Tariff
from wikipayam_async.numbers import Operator

TEHRAN = ZoneInfo("Asia/Tehran")
BERLIN = ZoneInfo("Europe/Berlin")
TARIFF = Tariff(persian=900, latin=1800, lines={"3000": Tariff(persian=100)})


def at(text: str, zone: tzinfo = TEHRAN, fold: int = 0) -> datetime:
    """Return a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


@pytest.mark.parametrize(
    ("hours", "local", "opening"),
    [
        (("08:00", "21:00"), "2026-03-21 08:00", "2026-03-21 08:00"),
        (("08:00", "21:00"), "2026-03-21 20:59:59", "2026-03-21 20:59:59"),
        (("08:00", "21:00"), "2026-03-21 21:00", "2026-03-22 08:00"),
        (("08:00", "21:00"), "2026-03-21 07:59:59.5", "2026-03-21 08:00"),
        (("22:00", "06:00"), "2026-03-21 23:30", "2026-03-21 23:30"),
        (("22:00", "06:00"), "2026-03-21 00:30", "2026-03-21 00:30"),
        (("22:00", "06:00"), "2026-03-21 06:00", "2026-03-21 22:00"),
        (("22:00", "06:00"), "2026-03-21 12:00", "2026-03-21 22:00"),
        (("08:00", "24:00"), "2026-03-21 23:59", "2026-03-21 23:59"),
        (("24:00", "06:00"), "2026-03-21 06:00", "2026-03-22 00:00"),
        (("12:00", "12:01"), "2026-03-21 12:01", "2026-03-22 12:00"),
        (("23:59", "00:01"), "2026-03-21 00:01", "2026-03-21 23:59"),
        (("00:00", "24:00"), "2026-03-21 00:00", "2026-03-21 00:00"),
    ],
)
def test_the_next_opening_is_today_tomorrow_or_now(hours: tuple[str, str], local: str, opening: str) -> None:
    """The start is open, the end is closed, and a window may be over midnight."""
    rule = SendingHours(*hours, "Asia/Tehran")
    assert rule.next_opening(at(local)) == at(opening)
    assert rule.is_open(at(local)) == (local == opening)
    assert rule.seconds_until_open(at(local)) == (at(opening) - at(local)).total_seconds()


@pytest.mark.parametrize(
    ("hours", "now", "opening"),
    [
        # The clock jumps from 02:00 to 03:00 on 2026-03-29.
        (("02:30", "05:00"), at("2026-03-29 01:59", BERLIN), at("2026-03-29 03:00", BERLIN)),
        (("02:10", "02:40"), at("2026-03-29 01:00", BERLIN), at("2026-03-30 02:10", BERLIN)),
        (("08:00", "21:00"), at("2026-03-28 21:00", BERLIN), at("2026-03-29 08:00", BERLIN)),
        # It goes back from 03:00 to 02:00 on 2026-10-25: the hour occurs twice.
        (("02:30", "02:45"), at("2026-10-25 02:45", BERLIN), at("2026-10-25 02:30", BERLIN, fold=1)),
        (("01:00", "02:30"), at("2026-10-25 02:30", BERLIN), at("2026-10-25 02:00", BERLIN, fold=1)),
        (("08:00", "21:00"), at("2026-10-24 21:00", BERLIN), at("2026-10-25 08:00", BERLIN)),
    ],
)
def test_a_change_of_the_clock_moves_the_opening(hours: tuple[str, str], now: datetime, opening: datetime) -> None:
    """Hours are those of the wall clock, whether it jumps over the start or shows an hour twice."""
    rule = SendingHours(*hours, BERLIN)
    found = rule.next_opening(now)
    assert found.timestamp() == opening.timestamp()
    assert found.tzinfo is BERLIN
    assert rule.is_open(found)
    assert not rule.is_open(found.astimezone(UTC) - timedelta(seconds=1))
    assert rule.seconds_until_open(now) == opening.timestamp() - now.timestamp()


def test_a_window_of_the_night_is_as_long_as_the_clock_makes_it() -> None:
    """In the night when the clock jumps, 22:00 to 06:00 is seven hours."""
    rule = SendingHours("22:00", "06:00", BERLIN)
    minutes = [at("2026-03-28 21:00", BERLIN).astimezone(UTC) + timedelta(minutes=n) for n in range(12 * 60)]
    assert sum(map(rule.is_open, minutes)) == 7 * 60


def test_hours_take_times_and_zones() -> None:
    """Times and zones may be objects; the time that is asked about may have any zone."""
    rule = SendingHours(time(8), time(21, 30), timezone(timedelta(hours=3, minutes=30)))
    assert rule.is_open(datetime(2026, 3, 21, 4, 30, tzinfo=UTC))
    assert rule.is_open(datetime(2026, 3, 21, 17, 59, tzinfo=UTC))
    assert not rule.is_open(datetime(2026, 3, 21, 18, 0, tzinfo=UTC))
    assert repr(SendingHours("8:00", "21:00", "Asia/Tehran")) == "SendingHours('08:00', '21:00', 'Asia/Tehran')"


class Noon(tzinfo):
    """A zone in which it is always noon."""

    def fromutc(self, moment: datetime) -> datetime:
        """Return noon."""
        return moment.replace(hour=12, minute=0)

    def utcoffset(self, _: datetime | None) -> timedelta:
        """Return no offset."""
        return timedelta()

    dst = utcoffset

    def tzname(self, _: datetime | None) -> str:
        """Return a name."""
        return "noon"


def test_hours_that_never_come_are_asked_for_again() -> None:
    """A zone that never shows the hours does not hang the search."""
    now = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
    assert SendingHours("08:00", "09:00", Noon()).next_opening(now) == now + timedelta(days=4)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("8", "21:00", "Asia/Tehran"), "start: expected a time of day such as '08:00'; got a string of 1 characters with digits"),
        (("08:60", "21:00", "Asia/Tehran"), "start: expected a time of day such as '08:00'; got a string of 5 characters with digits, symbols"),
        (("08:00", "24:01", "Asia/Tehran"), "end: expected a time of day such as '08:00'; got a string of 5 characters with digits, symbols"),
        (("08:00", time(21, 0, 1), "Asia/Tehran"), "end: expected a time of day such as '08:00'; got an object of type time"),
        (("08:00", 21, "Asia/Tehran"), "end: expected a time of day such as '08:00'; got a number (int)"),
        (("08:00", "08:00", "Asia/Tehran"), "end: expected another time than the start; got the same time"),
        (("08:00", "21:00", "Asia/Nowhere"), "tz: expected a time zone such as 'Asia/Tehran' (on a machine without zones, install the package tzdata); got a string of 12 characters with letters, symbols"),
        (("08:00", "21:00", None), "tz: expected a time zone such as 'Asia/Tehran' (on a machine without zones, install the package tzdata); got None"),
    ],
)  # fmt: skip
def test_invalid_hours_are_refused(arguments: tuple[object, ...], error: str) -> None:
    """A time or a zone that is none is an error that names the argument."""
    with pytest.raises(InvalidInputError) as caught:
        SendingHours(*arguments)  # type: ignore[arg-type]
    assert str(caught.value) == error


def test_a_text_costs_what_its_parts_cost() -> None:
    """The tariff of the text's encoding and line applies to each part."""
    limit = SpendingLimit(rials=1, tariff=TARIFF)
    assert limit.cost_of("سلام", None) == 900
    assert limit.cost_of("س" * 71, None) == 1800
    assert limit.cost_of("hello", "10002000") == 1800
    assert limit.cost_of("سلام", "30001") == 100


@pytest.mark.parametrize(
    ("rials", "tariff", "error"),
    [
        (-1, TARIFF, "rials: expected whole rials, 0 or more, as an int; got a number (int)"),
        (True, TARIFF, "rials: expected whole rials, 0 or more, as an int; got True"),
        (1.5, TARIFF, "rials: expected whole rials, 0 or more, as an int; got a number (float)"),
        (1, 900, "tariff: expected a Tariff such as Tariff(persian=895, latin=1790); got a number (int)"),
    ],
)
def test_an_invalid_limit_is_refused(rials: int, tariff: Tariff, error: str) -> None:
    """Amounts are whole rials, and a tariff says what a part costs."""
    with pytest.raises(InvalidInputError) as caught:
        SpendingLimit(rials=rials, tariff=tariff)
    assert str(caught.value) == error


def test_what_is_in_flight_counts_as_spent() -> None:
    """Messages are affordable up to the limit; what turns out not to be accepted is given back."""
    spending = Spending(SpendingLimit(rials=5000, tariff=TARIFF), spent=900)
    assert spending.fitting([900] * 10) == 4
    spending.reserve(3600)
    assert (spending.left, spending.fitting([900]), spending.fitting([])) == (500, 0, 0)
    spending.settle(3600, 1800)
    assert (spending.spent, spending.in_flight, spending.left) == (2700, 0, 2300)
    assert spending.fitting([900, 900, 900]) == 2
    spending.settle(0, 10_000)
    assert (spending.left, spending.fitting([0])) == (0, 1)


def test_everything_in_flight_adds_up() -> None:
    """Requests that are sent at the same time are all reserved; nothing is spent before the first one."""
    spending = Spending(SpendingLimit(rials=5000, tariff=TARIFF))
    assert (spending.spent, spending.in_flight, spending.left) == (0, 0, 5000)
    spending.reserve(900)
    spending.reserve(1800)
    assert (spending.in_flight, spending.left) == (2700, 2300)
    spending.settle(900, 900)
    assert (spending.spent, spending.in_flight, spending.left) == (900, 1800, 2300)
    spending.settle(1800, 1800)
    assert (spending.spent, spending.in_flight, spending.left) == (2700, 0, 2300)


def test_a_limit_of_nothing() -> None:
    """It lets no message through that costs anything."""
    spending = Spending(SpendingLimit(rials=0, tariff=TARIFF))
    assert (spending.left, spending.fitting([900]), spending.fitting([0, 900])) == (0, 0, 1)
    assert Spending(SpendingLimit(rials=900, tariff=TARIFF)).fitting([900, 900]) == 1


def test_the_same_text_is_priced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A campaign with one text counts its parts once for each line and each operator that has prices."""
    tariff = Tariff(persian=900, operators={"MCI": Tariff(persian=100)})
    asked: list[tuple[str | None, Operator | None]] = []
    spending = Spending(SpendingLimit(rials=5000, tariff=tariff))
    cost_of = SpendingLimit.cost_of

    def counted(limit: SpendingLimit, text: str, line: str | None, operator: Operator | None) -> int:
        asked.append((line, operator))
        return cost_of(limit, text, line, operator)

    monkeypatch.setattr(SpendingLimit, "cost_of", counted)
    messages = [(None, None), (None, "09301234567"), (None, "09121234567"), ("3000", None), (None, "09121234567")]
    assert [spending.cost_of("سلام", *one) for one in messages] == [900, 900, 100, 900, 100]
    assert asked == [(None, None), (None, Operator.IRANCELL), (None, Operator.MCI), ("3000", None)]
    assert spending.cost_of("س" * 71, None) == 1800
