from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.server.conftest import Api
from wikipayam_async.emulator import Emulator, Fault, Latency, Limits, ManualClock, Quota, Request
from wikipayam_async.emulator.server.control.context import Control

Call = Callable[..., tuple[int, Any]]
Item = Callable[..., dict[str, Any]]


@pytest.fixture
def ids(call: Call, sms: Item) -> list[str]:
    """The ids of three accepted messages, to two numbers."""
    receivers = ("09120000001", "09120000002", "+989120000001")
    _, answer = call("POST /sms/send", [sms(receiver=one, track_id=f"T{place}") for place, one in enumerate(receivers)])
    return [item["id"] for item in answer["data"]]


def test_the_status_is_the_emulator_at_a_glance(api: Api, ids: list[str], emulator: Emulator) -> None:
    """The status counts messages, requests and faults, and has clock and balance."""
    emulator.inbound(sender="989120000001", message="x")
    api("POST /faults", {"rules": ["503@once"]})
    assert api("GET /").json == {
        "now": "2024-05-01T13:30:00+03:30",
        "accepted": 3,
        "requests": 1,
        "inbox": 1,
        "balance": 3_435_993_800 - 3 * 1_200,
        "faults": 1,
    }


def test_a_message_of_the_ledger_is_complete(api: Api, ids: list[str], clock: ManualClock) -> None:
    """A message has all that the emulator knows of it, and its delivery status now."""
    clock.advance(2.0)
    assert api("GET /ledger?track_id=T1").json == {
        "messages": [
            {
                "id": ids[1],
                "kind": "sms",
                "sender": "10002000",
                "receiver": "09120000002",
                "message": "hello",
                "code": None,
                "track_id": "T1",
                "parts": 1,
                "cost": 1_200,
                "accepted_at": "2024-05-01T13:30:00+03:30",
                "deliver_status": "DELIVERED",
            }
        ],
        "total": 1,
        "more": False,
    }


@pytest.mark.parametrize(
    ("query", "expected", "total", "more"),
    [
        ("", [0, 1, 2], 3, False),
        ("limit=2", [0, 1], 3, True),
        ("limit=2&after={1}", [2], 3, False),
        ("after={2}", [], 3, False),
        ("after=of-before-a-reset", [0, 1, 2], 3, False),
        ("receiver=989120000001", [0, 2], 2, False),
        ("receiver=09120000001&after={0}", [2], 2, False),
        ("track_id=none", [], 0, False),
    ],
)
def test_the_ledger_is_read_page_by_page(
    api: Api, ids: list[str], query: str, expected: list[int], total: int, more: bool
) -> None:
    """A page starts after a message, and an unknown id is before the first one."""
    page = api(f"GET /ledger?{query.format(*ids)}").json
    assert [message["id"] for message in page["messages"]] == [ids[place] for place in expected]
    assert (page["total"], page["more"]) == (total, more)


def test_deliveries_are_listed_by_status(api: Api, ids: list[str], call: Call, clock: ManualClock) -> None:
    """Deliveries are filtered by status and number; a voice call has none."""
    call("POST /voice-otp/send", {"receiver": "09120000001", "code": "123"})
    assert api("GET /ledger").json["messages"][3]["deliver_status"] is None
    assert api("GET /deliveries?status=WAITING_FOR_UPDATE&limit=1").json == {
        "deliveries": [
            {"id": ids[0], "receiver": "09120000001", "track_id": "T0", "deliver_status": "WAITING_FOR_UPDATE"}
        ],
        "total": 3,
        "more": True,
    }
    clock.advance(2.0)
    assert api("GET /deliveries?status=WAITING_FOR_UPDATE").json["total"] == 0
    assert [one["id"] for one in api(f"GET /deliveries?receiver=09120000001&after={ids[0]}").json["deliveries"]] == [
        ids[2]
    ]


def test_requests_are_listed_by_number(api: Api, control: Control, ask: Callable[..., Request]) -> None:
    """A page starts after a number, and the total counts all of them."""
    for _ in range(3):
        control.history.exchange(ask("GET /user/balance"))
    page = api("GET /requests?after=1&limit=1").json
    assert page == {
        "requests": [
            {
                "number": 2,
                "at": "2024-05-01T13:30:00+03:30",
                "method": "GET",
                "path": "/user/balance",
                "status": 200,
                "fault": None,
                "delay": 0.0,
            }
        ],
        "total": 3,
        "more": True,
    }
    assert api("GET /requests?after=2").json["more"] is False


def test_the_settings_are_those_of_the_emulator(api: Api, emulator: Emulator) -> None:
    """Latency, limits, clock, balance and faults are what the program has set."""
    emulator.latency, emulator.limits = Latency(0.1, 0.2), Limits(rate_limit=Quota(5), max_batch=7)
    emulator.faults.arm(Fault.hang())
    emulator.exchange(Request("GET", "/"))
    assert api("GET /latency").json == {"shortest": 0.1, "longest": 0.2}
    assert api("GET /limits").json == {
        "rate_limit": {"requests": 5, "window": 60.0},
        "max_batch": 7,
        "max_body_bytes": None,
    }
    assert api("GET /clock").json == {"now": "2024-05-01T13:30:00+03:30"}
    assert api("GET /balance").json == {"balance": 3_435_993_800}
    assert api("GET /faults").json == {"faults": [], "occurred": {"hang": 1}}


def test_the_inbox_has_read_and_unread_messages(api: Api, emulator: Emulator, call: Call) -> None:
    """Received messages are listed in the order of arrival, with their texts unchanged."""
    ids = [emulator.inbound(sender="989120000001", message=text) for text in ("لغو ", "۱۱")]
    call("POST /receives/mark-read", {"receive_ids": ids[:1]})
    messages = api("GET /inbox").json["messages"]
    assert [(one["id"], one["message"], one["is_read"]) for one in messages] == [
        (ids[0], "لغو ", True),
        (ids[1], "۱۱", False),
    ]
