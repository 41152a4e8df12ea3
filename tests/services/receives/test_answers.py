"""The gateway's answers about received messages, in every form."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.received import RECEIVE, WIRE
from wikipayam_async.emulator import TEHRAN
from wikipayam_async.services.receives.answers import read_count, read_page, read_receive, read_unread_page
from wikipayam_async.services.receives.models import (
    Pagination,
    ReceivedMessage,
    ReceivesPage,
    Statistics,
    UnreadPage,
)


def test_the_documented_page() -> None:
    """Messages are unchanged, numbers may be strings, and the filters are kept."""
    data = {
        "receives": [WIRE],
        "pagination": {"total": 178, "limit": "2", "offset": "0", "returned_count": 2, "total_pages": 89},
        "filters": {"status": "all"},
        "new": 1,
    }
    assert read_page(data, None) == ReceivesPage(
        (RECEIVE,), Pagination(178, 2, 0, 2, 89), {"status": "all"}, {"new": 1}
    )


def test_the_documented_page_of_unread_messages() -> None:
    """The page has the number of unread messages, and its pagination has no total."""
    data = {
        "total_unread": "178",
        "receives": [WIRE],
        "pagination": {"limit": "2", "offset": "0", "more": True},
        "new": 1,
    }
    assert read_unread_page(data, None) == UnreadPage(
        178, (RECEIVE,), Pagination(limit=2, offset=0, extra={"more": True}), {"new": 1}
    )


@pytest.mark.parametrize(
    "data", [[], {"receives": None}, {"receives": "", "pagination": []}, {"pagination": None}, [None, {}]]
)
def test_a_page_without_messages(data: Any) -> None:
    """An answer with any field of a page and no messages is an empty page."""
    assert (read_page(data, None).receives, read_unread_page(data, None).receives) == ((), ())
    assert (read_page(data, None).pagination, read_unread_page(data, None).total_unread) == (Pagination(), None)


def test_entries_that_are_no_messages() -> None:
    """Their positions are in `unreadable`, and count as entries of the page."""
    rows: list[Any] = [WIRE, None, 7, WIRE | {"id": "b"}, {}, "x", [], {"id": []}]
    for page in (read_page({"receives": rows}, None), read_unread_page({"receives": rows, "total_unread": 8}, None)):
        assert (len(page), page.unreadable, page.row_count) == (2, (1, 2, 4, 5, 6, 7), 8)


def test_a_list_with_gaps_in_php() -> None:
    """PHP encodes a filtered list as an object whose keys are the indexes, and a list by id as one of ids."""
    assert read_page({"receives": {"0": WIRE, "2": WIRE}}, None).receives == (RECEIVE, RECEIVE)
    assert read_page({"receives": {"0": WIRE, "1": None}}, None).unreadable == (1,)
    assert read_page({"receives": {"69e5": WIRE, "69e6": WIRE}}, None).receives == (RECEIVE, RECEIVE)
    assert read_page({"receives": WIRE}, None).receives == (RECEIVE,)


@pytest.mark.parametrize("data", [None, {}, "x", 5, {"error": "later"}])
@pytest.mark.parametrize("read", [read_page, read_unread_page])
def test_an_answer_that_is_not_a_page(read: Callable[[Any, None], object], data: Any) -> None:
    """An answer without the fields of a page is unreadable: as an empty page it would end an iteration too early."""
    with pytest.raises(ValueError) as caught:
        read(data, None)
    assert str(caught.value) == "receives: missing"


@pytest.mark.parametrize("rows", ["none", 3, True, {"a": WIRE, "b": 1}, {"total": 3}])
@pytest.mark.parametrize("read", [read_page, read_unread_page])
def test_messages_that_are_no_list(read: Callable[[Any, None], object], rows: Any) -> None:
    """What stands where the messages should is no empty page either."""
    with pytest.raises(ValueError) as caught:
        read({"receives": rows, "pagination": {"total": 3}}, None)
    assert str(caught.value) == "receives: expected a list"


def test_a_bare_list_is_a_page() -> None:
    """A bare list of messages is a page."""
    assert (read_page([WIRE], None).receives, read_unread_page([WIRE], None).receives) == ((RECEIVE,), (RECEIVE,))


@pytest.mark.parametrize(
    ("payload", "receive"),
    [
        ({"message": "hi"}, ReceivedMessage(message="hi")),
        ({"id": None, "message": "hi", "sender": None}, ReceivedMessage(message="hi")),
        ({"id": ["a"], "message": "hi"}, ReceivedMessage(message="hi", extra={"id": ["a"]})),
        ({"id": True, "message": "hi"}, ReceivedMessage(message="hi", extra={"id": True})),
        ({"id": 17, "message": 18}, ReceivedMessage("17", message="18")),
        ({"id": "1", "received_at": "soon"}, ReceivedMessage("1", extra={"received_at": "soon"})),
        ({"id": "1", "received_at": None, "message": None}, ReceivedMessage("1")),
        ({"id": "1", "spam": {"score": 1}}, ReceivedMessage("1", extra={"spam": {"score": 1}})),
    ],
)
def test_no_message_is_lost_for_a_bad_field(payload: dict[str, Any], receive: ReceivedMessage) -> None:
    """A message without an id, or with an unreadable field, is still a message."""
    assert read_page({"receives": [payload]}, None).receives == (receive,)


@pytest.mark.parametrize(
    ("came", "at"),
    [
        ("2023-09-24 23:55:20", datetime(2023, 9, 24, 23, 55, 20, tzinfo=TEHRAN)),
        ("2023-09-24T23:55:20Z", datetime(2023, 9, 24, 23, 55, 20, tzinfo=UTC)),
        (None, None),
    ],
)
def test_a_naive_timestamp_gets_the_zone(came: str | None, at: datetime | None) -> None:
    """A timestamp without a zone gets the client's; one with a zone keeps it."""
    found = read_page([{"id": "1", "received_at": came}], TEHRAN).receives[0].received_at
    assert (found, found and found.utcoffset()) == (at, at and at.utcoffset())


@pytest.mark.parametrize(
    "data",
    [
        WIRE,
        [WIRE],
        {"receive": WIRE},
        {"status": "ok", "message": "found", "receive": WIRE},
        {"meta": {"message": "found"}, "receive": WIRE},
        [{"receive": WIRE}],
    ],
)
def test_one_message_at_any_level(data: Any) -> None:
    """The message is found at the top or one level below; the gateway's status message is not mistaken for it."""
    assert read_receive(data, None, asked="1") == RECEIVE


@pytest.mark.parametrize(
    ("data", "receive"),
    [
        ({"message": "hi"}, ReceivedMessage(message="hi")),
        ({"text": "hi"}, ReceivedMessage("1", extra={"text": "hi"})),
        ({}, ReceivedMessage("1", extra={"data": {}})),
        ([], ReceivedMessage("1", extra={"data": []})),
        (None, ReceivedMessage("1", extra={"data": None})),
        ("hi", ReceivedMessage("1", extra={"data": "hi"})),
    ],
)
def test_one_message_that_cannot_be_read(data: Any, receive: ReceivedMessage) -> None:
    """The answer is kept in `extra` of a message with the requested id."""
    assert read_receive(data, None, asked="1") == receive


def test_one_message_gets_the_zone() -> None:
    """A single message gets the zone, like the messages of a page."""
    found = read_receive(WIRE, TEHRAN, asked="1").received_at
    assert found is not None
    assert found.utcoffset() == timedelta(hours=3, minutes=30)


@pytest.mark.parametrize(
    ("data", "count"), [({"unread_count": 178}, 178), ({"unread_count": "178"}, 178), (5, 5), ("5", 5)]
)
def test_a_count(data: Any, count: int) -> None:
    """A count is a number or a string, bare or as `unread_count`."""
    assert read_count(data) == count


@pytest.mark.parametrize(
    "data", [{}, {"unread_count": None}, {"unread_count": "many"}, {"unread_count": True}, [], [5], None, "x"]
)
def test_no_count(data: Any) -> None:
    """An answer without a number raises `ValueError`."""
    with pytest.raises(ValueError, match="unread_count") as caught:
        read_count(data)
    assert str(caught.value) == "unread_count: missing or unreadable"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "message", "receives", "pagination", "filters", "total", "received_at", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=4), JSON, st.sampled_from([None, TEHRAN]))
def test_any_answer_is_read(rows: list[Any], data: Any, zone: timezone | None) -> None:
    """Any JSON list of messages, and any other value, is read into the documented models without an error."""
    found = [
        read_page({"receives": rows}, zone),
        read_unread_page({"receives": rows}, zone),
        read_receive(data, zone, asked="1"),
        Statistics(data),
    ]
    assert [type(one) for one in found] == [ReceivesPage, UnreadPage, ReceivedMessage, Statistics]


@given(st.lists(st.dictionaries(st.sampled_from(["id", "sender", "received_at", "x"]), JSON, max_size=4), max_size=6))
def test_every_object_with_a_text_is_a_message(objects: list[dict[str, Any]]) -> None:
    """Every object with a `message` is read as a message, for any other fields."""
    payloads = [{**one, "message": "hi"} for one in objects]
    assert [one.message for one in read_page({"receives": payloads}, None).receives] == ["hi"] * len(payloads)
