from datetime import UTC, date, datetime
from typing import Any

import jdatetime  # type: ignore[import-untyped] # ships no type information
import pytest

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.services.receives.queries import filter_query, list_query, page_query

DAY_RULE = "expected a date, or a string like 2024-01-31 or 1403/01/15"


def test_the_query_of_a_page() -> None:
    """Limit and offset are sent as strings of digits."""
    assert [page_query(1, 0), page_query(500, 10**6)] == [
        {"limit": "1", "offset": "0"},
        {"limit": "500", "offset": "1000000"},
    ]


@pytest.mark.parametrize(
    ("limit", "offset", "complaint"),
    [
        (0, 0, "limit: expected a whole number from 1 to 500; got 0"),
        (501, 0, "limit: expected a whole number from 1 to 500; got 501"),
        ("20", 0, "limit: expected a whole number from 1 to 500; got a string of 2 characters with digits"),
        (20, -1, "offset: expected a whole number of at least 0; got -1"),
        (20, None, "offset: expected a whole number of at least 0; got None"),
    ],
)
def test_an_invalid_page(limit: Any, offset: Any, complaint: str) -> None:
    """The limit is at most 500, and the offset at least 0."""
    with pytest.raises(InvalidInputError) as caught:
        page_query(limit, offset)
    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("sender", "from_date", "to_date", "query"),
    [
        (None, None, None, {}),
        ("989127782175", None, None, {"sender": "989127782175"}),
        (None, "2024-01-31", None, {"from_date": "2024-01-31"}),
        (None, None, date(2024, 2, 1), {"to_date": "2024-02-01"}),
        (
            "x",
            datetime(2024, 1, 31, 23, 59, tzinfo=UTC),
            "2024-01-31",
            {"sender": "x", "from_date": "2024-01-31", "to_date": "2024-01-31"},
        ),
        (None, date(987, 1, 1), "2024-01-01", {"from_date": "0987-01-01", "to_date": "2024-01-01"}),
        (None, "1403/01/15", "2024-04-03", {"from_date": "2024-04-03", "to_date": "2024-04-03"}),
        (None, jdatetime.date(1403, 1, 15), "۱۴۰۳/۱/۱۶", {"from_date": "2024-04-03", "to_date": "2024-04-04"}),
    ],
)
def test_the_query_of_a_filter(sender: Any, from_date: Any, to_date: Any, query: dict[str, str]) -> None:
    """Omitted filters are not sent; dates are sent in the gateway's format."""
    assert filter_query(sender, from_date, to_date) == query


@pytest.mark.parametrize(
    ("sender", "from_date", "to_date", "complaint"),
    [
        ("", None, None, "sender: expected a string of valid Unicode, not empty; got a string of 0 characters"),
        (98, None, None, "sender: expected a string of valid Unicode, not empty; got a number (int)"),
        (
            None,
            "2024-02-30",
            None,
            f"from_date: {DAY_RULE}; got a string of 10 characters with digits, symbols",
        ),
        (
            None,
            None,
            "today",
            f"to_date: {DAY_RULE}; got a string of 5 characters with letters",
        ),
        (None, "2024-02-01", "2024-01-31", "to_date: expected a day not before from_date; got an earlier day"),
        (None, "1403/01/15", "2024-04-02", "to_date: expected a day not before from_date; got an earlier day"),
        (None, date(2024, 4, 4), "1403/01/15", "to_date: expected a day not before from_date; got an earlier day"),
    ],
)
def test_an_invalid_filter(sender: Any, from_date: Any, to_date: Any, complaint: str) -> None:
    """The error names the field and does not show the value."""
    with pytest.raises(InvalidInputError) as caught:
        filter_query(sender, from_date, to_date)
    assert str(caught.value) == complaint


def test_the_query_of_a_list() -> None:
    """All parameters of `GET /receives` are sent, and none that was omitted."""
    assert list_query("all", None, None, None, None, None, None) == {"status": "all"}
    assert list_query("unread", "98912", "2024-01-01", None, "لغو ", "created_at", "desc") == {
        "status": "unread",
        "sender": "98912",
        "from_date": "2024-01-01",
        "search": "لغو ",
        "sort_by": "created_at",
        "sort_order": "desc",
    }


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        (0, "new", "status: expected one of all, read, unread; got a string of 3 characters with letters"),
        (0, None, "status: expected one of all, read, unread; got None"),
        (0, ["all"], "status: expected one of all, read, unread; got an object of type list"),
        (4, "", "search: expected a string of valid Unicode, not empty; got a string of 0 characters"),
        (
            4,
            "\ud83d",
            "search: expected a string of valid Unicode, not empty; got a string of 1 characters with symbols",
        ),
        (4, 5, "search: expected a string of valid Unicode, not empty; got a number (int)"),
        (5, "date", "sort_by: expected one of created_at, sender, message; got a string of 4 characters with letters"),
        (6, "ASC", "sort_order: expected one of asc, desc; got a string of 3 characters with letters"),
    ],
)
def test_an_invalid_list(place: int, value: Any, complaint: str) -> None:
    """A value that the gateway does not document is refused."""
    arguments: list[Any] = ["all", None, None, None, None, None, None]
    arguments[place] = value
    with pytest.raises(InvalidInputError) as caught:
        list_query(*arguments)
    assert str(caught.value) == complaint
