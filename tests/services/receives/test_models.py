"""Received messages and pages of them as values."""

from datetime import timezone
from typing import Any

import jdatetime  # type: ignore[import-untyped] # ships no type information
import pytest
from attrs import evolve

from tests.support.received import RECEIVE
from wikipayam_async.emulator import TEHRAN
from wikipayam_async.services.receives.models import (
    DeleteResult,
    MarkReadResult,
    Pagination,
    ReceivedMessage,
    ReceivesPage,
    Statistics,
    UnreadPage,
    key_of,
)


def test_the_key_of_a_message() -> None:
    """The key is the id, or all fields if there is no id."""
    assert key_of(RECEIVE) == "69e5eeab439260d336015405"
    assert key_of(ReceivedMessage("", "98912", "1000", "hi", None)) == ("98912", "1000", "hi", None)


def test_statistics_are_a_mapping() -> None:
    """Fields are read by name; an answer that is not an object is an empty mapping that keeps it."""
    found = Statistics({"total": 5, "by_day": {"a": 1}})
    assert (found["total"], list(found), len(found), dict(found)) == (
        5,
        ["total", "by_day"],
        2,
        {"total": 5, "by_day": {"a": 1}},
    )
    assert (repr(found), found.raw) == ("Statistics(<by_day, total>)", {"total": 5, "by_day": {"a": 1}})
    assert (dict(Statistics([1])), Statistics([1]).raw, repr(Statistics(None))) == ({}, [1], "Statistics({})")


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        (None, jdatetime.datetime(1402, 7, 2, 23, 55, 20)),
        (TEHRAN, jdatetime.datetime(1402, 7, 2, 23, 55, 20, tzinfo=TEHRAN)),
    ],
)
def test_received_at_in_the_jalali_calendar(zone: timezone | None, at: Any) -> None:
    """The Jalali time is the same moment in the same zone, or naive."""
    assert RECEIVE.received_at is not None
    found = evolve(RECEIVE, received_at=RECEIVE.received_at.replace(tzinfo=zone)).received_at_jalali
    assert (found, found and found.tzinfo) == (at, zone)


def test_a_missing_time_in_the_jalali_calendar() -> None:
    """Without a time of arrival both properties are None."""
    assert (ReceivedMessage("1").received_at_jalali, ReceivedMessage("1").received_at) == (None, None)


def test_reprs_are_masked() -> None:
    """A repr contains neither the text nor the full number."""
    assert repr(RECEIVE) == (
        "ReceivedMessage(id='69e5eeab439260d336015405', sender=9891******75, receiver='10002000', message=<7 characters>, "
        "received_at=datetime.datetime(2023, 9, 24, 23, 55, 20), extra={})"
    )


def test_answers_are_values() -> None:
    """Equal answers are equal and have the same hash, for any `extra`."""
    answers = [
        RECEIVE,
        Pagination(1, extra={"a": []}),
        ReceivesPage((RECEIVE,), filters={"a": []}),
        UnreadPage(1, (RECEIVE,), extra={"a": []}),
        MarkReadResult(1, 1, {"a": []}),
        DeleteResult(1, 1, "ok", {"a": []}),
    ]
    assert len(set(answers)) == 6


MANY = tuple(ReceivedMessage(str(index)) for index in range(3))


@pytest.mark.parametrize("page", [ReceivesPage(MANY), UnreadPage(receives=MANY)])
def test_a_page_is_a_collection_of_its_messages(page: ReceivesPage | UnreadPage) -> None:
    """Iterating a page yields the messages; its length is their number, so an empty page is false."""
    assert (list(page), len(page), MANY[1] in page, bool(page)) == (list(MANY), 3, True, True)
    assert (bool(ReceivesPage()), bool(UnreadPage())) == (False, False)


@pytest.mark.parametrize(
    ("total", "limit", "offset", "count", "more"),
    [
        (10, 3, 0, 3, True),
        (10, 3, 6, 3, True),
        (10, 3, 7, 3, False),
        (3, 3, None, 3, False),
        (4, None, None, 3, True),
        (10, 3, 10, 0, False),
        (10, 3, 0, 0, False),
        (None, 3, 0, 3, True),
        (None, 4, 0, 3, False),
        (None, None, None, 3, True),
        (None, None, None, 0, False),
        (None, 3, 0, 0, False),
    ],
)
def test_the_next_page(total: int | None, limit: int | None, offset: int | None, count: int, more: bool) -> None:
    """By the counts of the gateway, another page may follow; never after an empty page."""
    messages = MANY[:count]
    listed = ReceivesPage(messages, Pagination(total=total, limit=limit, offset=offset))
    unread = UnreadPage(total, messages, Pagination(limit=limit, offset=offset))
    assert (listed.has_next_page, unread.has_next_page) == (more, more)


def test_the_reprs_of_pages() -> None:
    """The repr of a page has only the counts."""
    assert [repr(ReceivesPage(MANY, Pagination(total=1178))), repr(UnreadPage(7, MANY)), repr(ReceivesPage(MANY))] == [
        "<ReceivesPage 3 of 1,178 messages>",
        "<UnreadPage 3 of 7 messages>",
        "<ReceivesPage 3 messages>",
    ]
