"""Sending hours, with real values."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import anyio
import pytest
from anyio.lowlevel import checkpoint
from attrs import evolve

from tests.campaigns.doubles import WallClock
from wikipayam_async import (
    AsyncWikipayam,
    InvalidInputError,
    OutgoingMessage,
    SendingHours,
    SendStatus,
    SmsMessage,
)
from wikipayam_async.bulk.hours import OpeningWait, utc_now, wait_until_open
from wikipayam_async.bulk.options import BulkOptions
from wikipayam_async.emulator import Emulator, Fault
from wikipayam_async.testing import emulator_client

TEHRAN = ZoneInfo("Asia/Tehran")
BERLIN = ZoneInfo("Europe/Berlin")


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
        (("۰۸:۰۰", "٢١:٠٠"), "2026-03-21 21:00", "2026-03-22 08:00"),
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


NIGHT = datetime(2026, 3, 21, 23, 30, tzinfo=TEHRAN)
DAYTIME = SendingHours("08:00", "21:00", "Asia/Tehran")


@pytest.mark.anyio
async def test_waiting_reads_the_clock_again() -> None:
    """It sleeps for short times only, since the clock may be set, and not at all if the hours are open."""
    clock = WallClock(NIGHT)
    await wait_until_open(DAYTIME, clock.now, clock.sleep)
    assert clock.now() == datetime(2026, 3, 22, 8, 0, tzinfo=TEHRAN)
    assert (max(clock.slept), sum(clock.slept)) == (30.0, 8.5 * 3600)
    await wait_until_open(DAYTIME, clock.now, clock.sleep)
    assert sum(clock.slept) == 8.5 * 3600


@pytest.mark.anyio
async def test_a_closing_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """However many requests wait; the next one is another."""
    caplog.set_level(logging.INFO, "wikipayam_async")
    clock = WallClock(NIGHT)
    wait = OpeningWait(DAYTIME, clock.now, clock.sleep)
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(wait)
    await wait()
    await clock.sleep(14 * 3600)
    await wait()
    assert [record.message for record in caplog.records] == [
        "a bulk send waits for its sending hours, until 2026-03-22 08:00 +0330",
        "a bulk send waits for its sending hours, until 2026-03-23 08:00 +0330",
    ]


def test_the_time_of_day_has_a_zone() -> None:
    """It is that of UTC."""
    assert abs(utc_now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert utc_now().tzinfo is UTC


def night_client(**options: Any) -> tuple[AsyncWikipayam, Emulator, WallClock, BulkOptions]:
    """Return a client, its emulator, a clock at night, and the options of a bulk send that waits for the morning."""
    emulator, clock = Emulator(), WallClock(NIGHT)
    given = BulkOptions(batch_size=1, concurrency=2, sending_hours=DAYTIME, now=clock.now, sleep=clock.sleep, **options)
    return emulator_client(emulator), emulator, clock, given


@pytest.mark.anyio
async def test_a_bulk_send_waits_for_its_hours() -> None:
    """Nothing leaves before the opening, and the caller's hook is awaited after it, once for each request."""
    seen: list[datetime] = []

    async def before_send(_: Sequence[OutgoingMessage]) -> None:
        await checkpoint()
        seen.append(clock.now())

    client, emulator, clock, options = night_client(before_send=before_send)
    messages = [SmsMessage(f"0912000000{index}", "سلام") for index in range(3)]
    async with client, client.sms.bulk_with(messages, options) as results:
        found = [result.status async for result in results]
    assert (found, emulator.accepted) == ([SendStatus.ACCEPTED] * 3, 3)
    assert len(seen) == 3
    assert min(seen) >= datetime(2026, 3, 22, 8, 0, tzinfo=TEHRAN)


@pytest.mark.anyio
async def test_another_wait_may_outlast_the_hours() -> None:
    """The hours are asked for again after every other wait, before each attempt: none leaves at night."""
    client, emulator, _clock, options = night_client()
    times: list[datetime] = []
    emulator.faults.script([Fault.status(429, retry_after=0), None], on="POST /sms/send")

    class Late(SendingHours):
        """Hours that are open the first time, and closed when the request is about to leave."""

        def is_open(self, at: datetime) -> bool:
            """Return whether a message may be sent."""
            times.append(at)
            return len(times) == 1 or SendingHours.is_open(self, at)

    late = evolve(options, sending_hours=Late("08:00", "21:00", "Asia/Tehran"))
    async with client, client.sms.bulk_with([SmsMessage("09120000000", "سلام")], late) as results:
        assert [result.status async for result in results] == [SendStatus.ACCEPTED]
    assert emulator.accepted == 1
    assert times[-1] >= datetime(2026, 3, 22, 8, 0, tzinfo=TEHRAN)


@pytest.mark.anyio
async def test_a_send_that_is_cancelled_while_it_waits_sends_nothing() -> None:
    """Its messages are not attempted."""
    emulator = Emulator()
    options = BulkOptions(sending_hours=DAYTIME, now=lambda: NIGHT)
    async with emulator_client(emulator) as client:
        run = client.sms.bulk_with([SmsMessage("09120000000", "سلام")], options)
        with anyio.move_on_after(0.05):
            async with run:
                await run.take()
    assert ([result.status for result in run.leftover], emulator.requests) == ([SendStatus.NOT_ATTEMPTED], 0)


@pytest.mark.anyio
async def test_bulk_sends_take_hours() -> None:
    """Both ways of a bulk send do, and refuse anything else before any request."""
    emulator = Emulator()
    always = SendingHours("00:00", "24:00", "UTC")
    async with emulator_client(emulator) as client:
        report = await client.sms.send_bulk([SmsMessage("09120000000", "سلام")], sending_hours=always)
        async with client.sms.bulk([SmsMessage("09120000000", "سلام")], sending_hours=always) as results:
            assert [result.ok async for result in results] == [True]
        with pytest.raises(InvalidInputError, match="sending_hours: expected a SendingHours, or None"):
            await client.sms.send_bulk([], sending_hours="08:00-21:00")  # type: ignore[call-overload] # meant
    assert (len(report.accepted), emulator.accepted) == (1, 2)
