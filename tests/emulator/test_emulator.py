from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wikipayam_async.emulator import (
    DEFAULT_BALANCE,
    DEFAULT_PRICE,
    TEHRAN,
    Action,
    Emulator,
    Fault,
    Limits,
    ManualClock,
    Quota,
    Request,
    When,
)

Call = Callable[..., tuple[int, Any]]
Ask = Callable[..., Request]
Item = Callable[..., dict[str, Any]]


def test_an_emulator_is_ready_without_arguments(ask: Ask) -> None:
    """The default emulator accepts the default token, and its time of day is the current time."""
    emulator = Emulator()
    assert emulator.handle(ask("GET /user/balance")).status == 200
    assert abs((emulator.now() - datetime.now(UTC)).total_seconds()) < 60


def test_the_same_seed_gives_the_same_ids(ask: Ask, sms: Item) -> None:
    """Two emulators with one seed give the same responses."""
    first, second = (Emulator(seed=7).handle(ask("POST /sms/send", [sms(), sms()])) for _ in range(2))
    assert first == second


def test_the_start_time_may_lack_a_time_zone_or_have_another(clock: ManualClock) -> None:
    """A time without a time zone is in Tehran's, and one with another time zone is converted."""
    plain = Emulator(clock=clock, wall=datetime(2024, 1, 1))  # noqa: DTZ001 - the point of the test
    zoned = Emulator(clock=clock, wall=datetime(2023, 12, 31, 20, 30, tzinfo=UTC))
    clock.advance(60.0)
    assert plain.now() == zoned.now() == datetime(2024, 1, 1, 0, 1, tzinfo=TEHRAN)


def test_messages_are_found_by_any_spelling_of_the_receiver(call: Call, emulator: Emulator, sms: Item) -> None:
    """All spellings of one number share a list, oldest first."""
    call(
        "POST /sms/send",
        [
            sms(receiver="09123456789", message="1"),
            sms(receiver="09120000000"),
            sms(receiver="989123456789", message="2"),
        ],
    )
    assert [entry.message for entry in emulator.sent_to("+989123456789")] == ["1", "2"]
    assert emulator.sent_to("09129999999") == []


def test_the_last_code_of_a_receiver_is_returned(call: Call, emulator: Emulator, sms: Item) -> None:
    """The last one-time code by SMS or voice call is returned; plain messages have no code."""
    before = emulator.last_code("09123456789")
    call("POST /otp/sms/send", [{"receiver": "09123456789", "code": "111", "otp_pattern_id": 13}])
    call("POST /voice-otp/send", {"receiver": "09123456789", "code": "222"})
    call("POST /sms/send", [sms()])
    assert (before, emulator.last_code("989123456789")) == (None, "222")


def test_the_last_code_may_be_in_a_text(call: Call, emulator: Emulator, sms: Item) -> None:
    """A text with a code is newer than a pattern; one without is passed over."""
    call("POST /otp/sms/send", [{"receiver": "09123456789", "code": "111", "otp_pattern_id": 13}])
    call("POST /sms/send", [sms(message="کد شما: 654321")])
    call("POST /sms/send", [sms(message="سفارش 42 رسید")])
    assert emulator.last_code("09123456789") == "654321"


def test_accepted_track_ids_include_duplicates(call: Call, emulator: Emulator, sms: Item) -> None:
    """A track id that was accepted twice is listed twice, and missing ones are left out."""
    call("POST /sms/send", [sms(track_id="A"), sms(track_id=None), sms(track_id="A")])
    assert (emulator.accepted_track_ids(), emulator.accepted) == (["A", "A"], 3)


def test_requests_are_counted(call: Call, emulator: Emulator) -> None:
    """Every request counts, including refused ones and those to unknown paths."""
    call("GET /user/balance")
    call("GET /user/balance", token="wrong")
    call("POST /nowhere")
    emulator.handle(Request("GET", "/outside"))
    assert (emulator.requests, emulator.requests_to("GET /user/balance"), emulator.requests_to("GET /x")) == (4, 2, 0)
    assert emulator.request_counts == {("GET", "/user/balance"): 2, ("POST", "/nowhere"): 1, ("GET", "/outside"): 1}


def test_only_exchange_applies_faults(emulator: Emulator, ask: Ask) -> None:
    """`exchange` applies an armed fault once; `handle` ignores faults."""
    emulator.faults.arm(Fault.reset(), on="GET /user/balance")
    assert emulator.handle(ask("GET /user/balance")).status == 200
    actions = [
        emulator.exchange(ask(target)).action for target in ("GET /receives", "GET /user/balance", "GET /user/balance")
    ]
    assert actions == [Action.RESPOND, Action.RESET, Action.RESPOND]


def test_a_fault_occurs_before_or_after_processing(emulator: Emulator, ask: Ask, sms: Item) -> None:
    """Only processed messages are in the ledger, whatever the response."""
    emulator.faults.script([Fault.status(502, when=When.BEFORE), Fault.status(502, when=When.AFTER)])
    for track_id in ("before", "after"):
        exchange = emulator.exchange(ask("POST /sms/send", [sms(track_id=track_id)]))
        assert exchange.response is not None
        assert exchange.response.status == 502
    assert emulator.accepted_track_ids() == ["after"]


def test_an_inbound_message_goes_to_the_account_of_its_line(emulator: Emulator) -> None:
    """Messages to a line go to its account, and those to an unknown line to the first account."""
    emulator.add_account(token="other", lines=["3000"])
    ids = [emulator.inbound(sender="989120000000", message="x", receiver=line) for line in ("3000", "989999159314")]
    assert [[message.id for message in emulator.inbox(line)] for line in ("3000", "10002000")] == [[ids[0]], [ids[1]]]


def test_a_receiver_s_delivery_can_be_chosen(call: Call, emulator: Emulator, sms: Item) -> None:
    """The messages of a receiver follow the script chosen for it."""
    emulator.delivery.choose("09123456789", [(0.0, "UNDELIVERED")])
    call("POST /sms/send", [sms()])
    _, answer = call("POST /sms/deliver", {"id": [emulator.ledger[0].id]})
    assert answer["data"][0]["deliver_status"] == "UNDELIVERED"


def test_a_reset_clears_everything_but_the_accounts(call: Call, emulator: Emulator, sms: Item) -> None:
    """A reset clears ledger, inbox, counts, faults and balance changes, and ids are not issued again."""
    call("POST /sms/send", [sms()])
    first = emulator.ledger[0].id
    emulator.inbound(sender="989120000000", message="x")
    emulator.faults.arm(Fault.hang())
    emulator.reset()
    state = (emulator.ledger, emulator.inbox(), emulator.requests, emulator.faults.pending, emulator.account.balance)
    assert state == ([], [], 0, 0, 3_435_993_800)
    call("POST /sms/send", [sms()])
    assert emulator.ledger[0].id != first
    assert emulator.limits.max_batch is None


def test_the_clock_is_advanced_while_it_runs(emulator: Emulator, call: Call, sms: Item) -> None:
    """An advance moves the time of day, the delivery status and the window of the rate limit."""
    emulator.limits = Limits(rate_limit=Quota(2, window=60))
    _, sent = call("POST /sms/send", [sms()])
    ids = {"id": [sent["data"][0]["id"]]}
    before = emulator.now()
    emulator.advance(60)
    words = [call("POST /sms/deliver", ids)[1]["data"][0]["deliver_status"] for _ in range(2)]
    assert (words, emulator.now() - before) == (["DELIVERED"] * 2, timedelta(minutes=1))
    assert call("POST /sms/deliver", ids)[0] == 429


@pytest.mark.parametrize("seconds", [-1.0, 1e12, float("inf"), float("nan")])
def test_the_clock_does_not_go_back(emulator: Emulator, seconds: float) -> None:
    """A negative advance is refused, and so is one beyond the calendar; the clock stays."""
    before = emulator.now()
    with pytest.raises(ValueError):
        emulator.advance(seconds)
    assert emulator.now() == before


def test_the_default_balance_carries_a_million_messages() -> None:
    """Two-part ones, too, at the default price."""
    assert Emulator().account.balance == DEFAULT_BALANCE >= 1_000_000 * 2 * DEFAULT_PRICE


def test_the_opening_balance_can_be_set() -> None:
    """`reset` restores it."""
    emulator = Emulator(balance=5_000)
    emulator.account.balance = 0
    emulator.reset()
    assert emulator.account.balance == 5_000
