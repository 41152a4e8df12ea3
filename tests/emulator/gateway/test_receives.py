from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from wikipayam_async.emulator import TEHRAN, Emulator

Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def ids(emulator: Emulator) -> list[str]:
    """The ids of five messages, one per day from 1 January; the second is read."""
    received = [
        emulator.inbound(sender=sender, message=message, received_at=datetime(2024, 1, day, 23, 55, 20, tzinfo=TEHRAN))
        for day, (sender, message) in enumerate(
            [
                ("989127782175", "۱۱"),
                ("989178100665", "لغو "),
                ("989127782175", "Verification please"),
                ("989120000001", "ب"),
                ("989120000000", "الف"),
            ],
            start=1,
        )
    ]
    emulator.account.inbox.mark_read([received[1]])
    return received


def texts(answer: Any) -> list[str]:
    """Return the texts of a response."""
    return [message["message"] for message in answer["data"]["receives"]]


def test_the_list_has_the_documented_shape(call: Call, ids: list[str]) -> None:
    """Limit and offset are strings, the other counts numbers, and texts are unchanged."""
    assert call("GET /receives", limit=2, offset=3, status="all") == (
        200,
        {
            "data": {
                "receives": [
                    {
                        "id": ids[1],
                        "sender": "989178100665",
                        "receiver": "10002000",
                        "message": "لغو ",
                        "received_at": "2024-01-02 23:55:20",
                    },
                    {
                        "id": ids[0],
                        "sender": "989127782175",
                        "receiver": "10002000",
                        "message": "۱۱",
                        "received_at": "2024-01-01 23:55:20",
                    },
                ],
                "pagination": {"total": 5, "limit": "2", "offset": "3", "returned_count": 2, "total_pages": 3},
                "filters": {"status": "all"},
            }
        },
    )


def test_a_page_has_twenty_messages_by_default(call: Call, emulator: Emulator) -> None:
    """Without a query the newest 20 messages are returned."""
    for number in range(21):
        emulator.inbound(sender="989120000000", message=str(number))
    _, answer = call("GET /receives")
    assert answer["data"]["pagination"] == {
        "total": 21,
        "limit": "20",
        "offset": "0",
        "returned_count": 20,
        "total_pages": 2,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "read"}, [1]),
        ({"status": "unread"}, [4, 3, 2, 0]),
        ({"sender": "09127782175"}, [2, 0]),
        ({"from_date": "2024-01-04"}, [4, 3]),
        ({"to_date": "2024-01-02"}, [1, 0]),
        ({"from_date": "2024-01-02", "to_date": "2024-01-02"}, [1]),
        ({"search": "VERIFICATION"}, [2]),
        ({"sort_order": "asc"}, [0, 1, 2, 3, 4]),
        ({"sort_by": "sender", "sort_order": "asc"}, [4, 3, 0, 2, 1]),
        ({"sort_by": "message", "sort_order": "desc"}, [0, 1, 3, 4, 2]),
        ({"offset": 5}, []),
    ],
)
def test_the_list_is_filtered_and_sorted(
    call: Call, ids: list[str], query: dict[str, object], found: list[int]
) -> None:
    """Every filter and every sort order is applied."""
    _, answer = call("GET /receives", **query)
    assert [message["id"] for message in answer["data"]["receives"]] == [ids[index] for index in found]


def test_filters_are_echoed(call: Call) -> None:
    """The filters in the query are returned, and always the status."""
    _, answer = call("GET /receives", sender="0912", search="x", from_date="2024-01-01", to_date="2024-02-01")
    assert answer["data"]["filters"] == {
        "sender": "0912",
        "from_date": "2024-01-01",
        "to_date": "2024-02-01",
        "search": "x",
        "status": "all",
    }


@pytest.mark.parametrize("path", ["/receives", "/receives/unread"])
@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ({"limit": 501}, {"limit": ["The limit field must not be greater than 500."]}),
        ({"limit": 0}, {"limit": ["The limit field must be at least 1."]}),
        (
            {"limit": "x", "offset": -1},
            {"limit": ["The limit field must be an integer."], "offset": ["The offset field must be at least 0."]},
        ),
        ({"from_date": "today"}, {"from_date": ["The from_date field must be a valid date."]}),
    ],
)
def test_an_invalid_query_is_refused(call: Call, path: str, query: dict[str, object], errors: object) -> None:
    """Both lists validate limit, offset and days."""
    status, answer = call(f"GET {path}", **query)
    assert (status, answer["errors"]) == (422, errors)


def test_the_maximum_limit_is_500(call: Call) -> None:
    """A limit of 500 is accepted."""
    assert call("GET /receives", limit=500)[0] == 200


def test_unknown_choices_are_refused(call: Call) -> None:
    """An unknown status, sort field or sort order is refused."""
    _, answer = call("GET /receives", status="new", sort_by="id", sort_order="up")
    assert answer["errors"] == {
        "status": ["The selected status is invalid."],
        "sort_by": ["The selected sort_by is invalid."],
        "sort_order": ["The selected sort_order is invalid."],
    }


def test_the_unread_list_has_its_own_total(call: Call, ids: list[str]) -> None:
    """The unread list has `total_unread`, and no total in its pagination."""
    _, answer = call("GET /receives/unread", limit=1, offset=1, sender="989127782175")
    assert texts(answer) == ["۱۱"]
    assert (answer["data"]["total_unread"], answer["data"]["pagination"]) == (
        2,
        {"limit": "1", "offset": "1", "returned_count": 1},
    )


def test_unread_messages_are_counted(call: Call, ids: list[str]) -> None:
    """The response is the documented object."""
    assert call("GET /receives/unread/count") == (200, {"data": {"unread_count": 4}})


def test_statistics_are_limited_by_days(call: Call, ids: list[str]) -> None:
    """Only messages between the two days are counted."""
    assert call("GET /receives/statistics", from_date="2024-01-01", to_date="2024-01-03") == (
        200,
        {"data": {"total": 3, "read": 1, "unread": 2, "by_sender": {"989127782175": 2, "989178100665": 1}}},
    )


def test_statistics_refuse_an_invalid_day(call: Call) -> None:
    """An invalid day gives a 422."""
    assert call("GET /receives/statistics", from_date="x")[0] == 422


def test_one_message(call: Call, ids: list[str]) -> None:
    """A message is returned by its id, and an unknown id gives a 404."""
    assert call(f"GET /receives/{ids[1]}")[1]["data"]["message"] == "لغو "
    assert call("GET /receives/507f1f77bcf86cd799439011") == (404, {"message": "Receive not found."})


def test_marking_counts_unread_messages(call: Call, ids: list[str], emulator: Emulator) -> None:
    """Unknown, repeated and read ids count as requested, not as marked."""
    wanted = [ids[0], ids[0], ids[1], "507f1f77bcf86cd799439011"]
    assert call("POST /receives/mark-read", {"receive_ids": wanted}) == (
        200,
        {"data": {"marked_count": 1, "requested_count": 4}},
    )
    assert [message.is_read for message in emulator.inbox()] == [True, True, False, False, False]


def test_marking_all_messages(call: Call, ids: list[str]) -> None:
    """`mark_all` marks every unread message."""
    assert call("POST /receives/mark-read", {"mark_all": True}) == (
        200,
        {"data": {"marked_count": 4, "message": "All receives have been marked as read"}},
    )
    assert call("GET /receives/unread/count")[1] == {"data": {"unread_count": 0}}


@pytest.mark.parametrize("target", ["POST /receives/mark-read", "DELETE /receives"])
@pytest.mark.parametrize("body", [None, {"mark_all": False}, {"delete_all_read": 1}])
def test_marking_and_deleting_need_ids_or_a_flag(call: Call, target: str, body: object) -> None:
    """A body without ids and without a flag that is true is refused."""
    assert call(target, body)[1]["errors"] == {"receive_ids": ["The receive_ids field is required."]}


def test_deleting_counts_existing_messages(call: Call, ids: list[str], emulator: Emulator) -> None:
    """Unknown and repeated ids count as requested, not as deleted."""
    wanted = [ids[0], ids[1], ids[1], "507f1f77bcf86cd799439011"]
    assert call("DELETE /receives", {"receive_ids": wanted}) == (
        200,
        {"data": {"deleted_count": 2, "requested_count": 4}},
    )
    assert [message.id for message in emulator.inbox()] == ids[2:]
    assert call("GET /receives/unread/count")[1] == {"data": {"unread_count": 3}}


@pytest.mark.parametrize(
    ("flag", "answer", "left"),
    [
        ("delete_all_read", {"deleted_count": 1, "message": "All read receives have been deleted"}, [0, 2, 3, 4]),
        ("delete_all_unread", {"deleted_count": 4, "message": "All unread receives have been deleted"}, [1]),
    ],
)
def test_deleting_all_read_or_unread_messages(
    call: Call, ids: list[str], flag: str, answer: object, left: list[int]
) -> None:
    """`delete_all_read` deletes the read messages, `delete_all_unread` the unread ones."""
    assert call("DELETE /receives", {flag: True}) == (200, {"data": answer})
    _, rest = call("GET /receives", sort_order="asc")
    assert [message["id"] for message in rest["data"]["receives"]] == [ids[index] for index in left]


def test_deleting_old_messages(call: Call, emulator: Emulator) -> None:
    """Messages older than the given days are deleted, to the second."""
    kept = emulator.inbound(sender="989120000000", message="kept", received_at=emulator.now() - timedelta(days=30))
    emulator.inbound(sender="989120000000", message="old", received_at=emulator.now() - timedelta(days=30, seconds=1))
    assert call("DELETE /receives", {"delete_older_than_days": 30}) == (
        200,
        {"data": {"deleted_count": 1, "message": "All receives older than 30 days have been deleted"}},
    )
    assert [message.id for message in emulator.inbox()] == [kept]


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0, "The delete_older_than_days field must be at least 1."),
        ("x", "The delete_older_than_days field must be an integer."),
    ],
)
def test_an_invalid_age_is_refused(call: Call, days: object, text: str) -> None:
    """The age is an integer of at least 1."""
    assert call("DELETE /receives", {"delete_older_than_days": days})[1]["errors"] == {"delete_older_than_days": [text]}


def test_nothing_is_older_than_all_calendars(call: Call, ids: list[str]) -> None:
    """An age before the first year deletes nothing."""
    _, answer = call("DELETE /receives", {"delete_older_than_days": 10**9})
    assert answer["data"]["deleted_count"] == 0


def test_the_legacy_endpoint_lists_messages_since_a_day(call: Call, ids: list[str]) -> None:
    """`POST /sms/receive` returns a list, oldest first."""
    status, answer = call("POST /sms/receive", {"from_date": "2024-01-04"})
    assert (status, [message["id"] for message in answer["data"]]) == (200, ids[3:])


@pytest.mark.parametrize(
    ("body", "text"),
    [({}, "The from_date field is required."), ({"from_date": "x"}, "The from_date field must be a valid date.")],
)
def test_the_legacy_endpoint_requires_a_day(call: Call, body: object, text: str) -> None:
    """A missing day and an invalid one have different errors."""
    assert call("POST /sms/receive", body)[1]["errors"] == {"from_date": [text]}
