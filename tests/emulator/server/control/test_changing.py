from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.server.conftest import Api
from wikipayam_async.emulator import Emulator, Fault, Latency, Limits, Quota, Request
from wikipayam_async.emulator.server.control.context import Control

Call = Callable[..., tuple[int, Any]]
Item = Callable[..., dict[str, Any]]


def test_a_message_is_put_into_the_inbox(api: Api, call: Call, emulator: Emulator) -> None:
    """The gateway lists the message, and the response has its id."""
    answer = api("POST /inbox", {"sender": "989127782175", "message": "لغو "})
    assert (answer.status, answer.json["receiver"]) == (201, "10002000")
    (listed,) = call("GET /receives")[1]["data"]["receives"]
    assert (listed["id"], listed["message"]) == (answer.json["id"], "لغو ")


def test_a_message_may_be_old_and_for_another_account(api: Api, emulator: Emulator) -> None:
    """The time of arrival is in the emulator's time zone, and the line decides on the account."""
    emulator.add_account(token="other", lines=["3000"])
    body = {"sender": "98912", "message": "", "receiver": "3000", "received_at": "2024-01-01T10:00:00"}
    assert api("POST /inbox", body).json["received_at"] == "2024-01-01T10:00:00+03:30"
    assert (len(emulator.inbox("3000")), emulator.inbox()) == (1, [])


def test_a_time_of_arrival_outside_of_the_calendar_is_refused(api: Api, emulator: Emulator) -> None:
    """A time that the emulator's zone cannot express adds no message."""
    body = {"sender": "98912", "message": "", "received_at": "0001-01-01T00:00:00+14:00"}
    refused = api("POST /inbox", body)
    assert (refused.status, refused.json["message"]) == (422, "The time of arrival is out of range.")
    assert emulator.inbox() == []


def test_faults_are_added_and_removed_while_it_runs(api: Api, emulator: Emulator) -> None:
    """Rules come into force at once; one is removed by its number, or all of them."""
    added = api("POST /faults", {"rules": ["503@first2", "hang@every10@/sms/send"]})
    assert (added.status, added.json["faults"]) == (
        201,
        [
            {"id": 1, "rule": "503@first2", "remaining": 2},
            {"id": 2, "rule": "hang@every10@/sms/send", "remaining": None},
        ],
    )
    assert emulator.faults.take("GET", "/x") == Fault.status(503)
    assert [one["id"] for one in api("DELETE /faults/1").json["faults"]] == [2]
    assert api("DELETE /faults").json == {"faults": [], "occurred": {"status": 1}}


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (["503", "nonsense"], "'nonsense' is not a fault rule."),
        (["503@60%", "502@60%"], "The rules cannot be in force together."),
    ],
)
def test_bad_rules_change_nothing(api: Api, rules: list[str], message: str) -> None:
    """All rules are added or none, and the hint says what is wrong."""
    refused = api("POST /faults", {"rules": rules})
    assert (refused.status, refused.json["message"], bool(refused.json["hint"])) == (422, message, True)
    assert api("GET /faults").json["faults"] == []


@pytest.mark.parametrize("number", ["7", "x", "-1"])
def test_an_unknown_fault_is_not_found(api: Api, number: str) -> None:
    """A number that no rule has gives a 404."""
    assert api(f"DELETE /faults/{number}").status == 404


@pytest.mark.parametrize(
    ("body", "latency"), [({"shortest": 0.5}, Latency(0.5)), ({"shortest": 0, "longest": 1.5}, Latency(0, 1.5))]
)
def test_the_latency_is_set(api: Api, emulator: Emulator, body: dict[str, float], latency: Latency) -> None:
    """One time is the time of every response, and two are a range."""
    assert api("PUT /latency", body).json == {"shortest": latency.shortest, "longest": latency.longest}
    assert emulator.latency == latency


def test_a_reversed_range_is_refused(api: Api, emulator: Emulator) -> None:
    """The latency stays as it was."""
    assert api("PUT /latency", {"shortest": 2, "longest": 1}).status == 422
    assert emulator.latency == Latency(0)


def test_limits_are_replaced(api: Api, emulator: Emulator) -> None:
    """A limit that is left out is removed."""
    api("PUT /limits", {"rate_limit": {"requests": 5, "window": 1}, "max_body_bytes": 100})
    assert emulator.limits == Limits(rate_limit=Quota(5, 1), max_body_bytes=100)
    assert api("PUT /limits", {"max_batch": 3}).json == {"rate_limit": None, "max_batch": 3, "max_body_bytes": None}
    assert emulator.limits == Limits(max_batch=3)


def test_the_clock_is_advanced(api: Api, emulator: Emulator) -> None:
    """The response has the new time of day."""
    assert api("POST /clock", {"advance": 90}).json == {"now": "2024-05-01T13:31:30+03:30"}
    assert emulator.now().isoformat() == "2024-05-01T13:31:30+03:30"


def test_the_clock_stays_within_the_calendar(api: Api) -> None:
    """An advance beyond the last year is refused, and the clock stays."""
    answers = [api("POST /clock", {"advance": 1e9}) for _ in range(260)]
    assert {answer.status for answer in answers} == {200, 422}
    assert api("GET /clock").status == 200


def test_the_balance_is_set(api: Api, call: Call, sms: Item) -> None:
    """The next send is charged to the new balance."""
    assert api("PUT /balance", {"balance": 1_200}).json == {"balance": 1_200}
    assert [call("POST /sms/send", [sms()])[0] for _ in range(2)] == [200, 402]


@pytest.mark.parametrize(("after", "words"), [(0, ["UNDELIVERED"] * 2), (5, ["WAITING_FOR_UPDATE", "UNDELIVERED"])])
def test_the_delivery_of_a_number_is_chosen(
    api: Api, call: Call, sms: Item, emulator: Emulator, after: float, words: list[str]
) -> None:
    """The status applies at once or after a time, to messages that were accepted before, too."""
    call("POST /sms/send", [sms()])
    api("PUT /deliveries", {"receiver": "+989123456789", "status": "UNDELIVERED", "after": after})
    seen = []
    for _ in range(2):
        seen.append(api("GET /deliveries").json["deliveries"][0]["deliver_status"])
        emulator.advance(5)
    assert seen == words


def test_a_reset_clears_what_has_happened(
    api: Api, emulator: Emulator, control: Control, ask: Callable[..., Request], sms: Item
) -> None:
    """Messages, requests and faults are gone and the balance is restored; latency, limits and clock stay."""
    control.history.exchange(ask("POST /sms/send", [sms()]))
    emulator.inbound(sender="98912", message="x")
    api("POST /faults", {"rules": ["503"]})
    api("PUT /latency", {"shortest": 1})
    api("POST /clock", {"advance": 60})
    assert api("POST /reset").json == {
        "now": "2024-05-01T13:31:00+03:30",
        "accepted": 0,
        "requests": 0,
        "inbox": 0,
        "balance": 3_435_993_800,
        "faults": 0,
    }
    assert (api("GET /requests").json["requests"], emulator.latency) == ([], Latency(1))


def test_a_state_is_saved_and_loaded(api: Api, call: Call, sms: Item, emulator: Emulator) -> None:
    """A loaded state brings back the ledger, the inbox and the balance."""
    call("POST /sms/send", [sms()])
    emulator.inbound(sender="98912", message="x")
    saved = api("GET /state").body
    before = api("GET /ledger").json
    api("POST /reset")
    loaded = api("PUT /state", saved)
    assert (loaded.status, loaded.json["accepted"], loaded.json["inbox"]) == (200, 1, 1)
    assert api("GET /ledger").json == before


@pytest.mark.parametrize("body", [b"", b"{}", b'{"version": 99}', b"\xff", b'{"version": 1, "x": ' + b"[" * 100_000])
def test_another_document_is_no_state(api: Api, emulator: Emulator, body: bytes) -> None:
    """The emulator is unchanged, and the error says what is expected."""
    emulator.inbound(sender="98912", message="x")
    refused = api("PUT /state", body)
    assert (refused.status, refused.json["message"].startswith("The body ")) == (422, True)
    assert len(emulator.inbox()) == 1
