from collections.abc import Callable
from typing import Any

import pytest

from wikipayam_async.emulator import Emulator, LedgerEntry, ManualClock, MessageKind

Call = Callable[..., tuple[int, Any]]
Item = Callable[..., dict[str, Any]]


def test_the_balance(call: Call) -> None:
    """The response is the documented one."""
    assert call("GET /user/balance") == (
        200,
        {"data": {"balance": 3_435_993_800, "currency": "IRR", "user_id": 1, "user_name": "admin"}},
    )


def test_messages_are_accepted_in_order(call: Call, emulator: Emulator, sms: Item) -> None:
    """Every message gets an id, in the order of the request, and is in the ledger."""
    status, answer = call(
        "POST /sms/send", [sms(track_id="A"), sms(sender="100010000", receiver="+989120000000", track_id="B")]
    )
    first, second = emulator.ledger
    assert (status, answer) == (
        200,
        {
            "data": [
                {"id": first.id, "sender": "10002000", "receiver": "09123456789", "track_id": "A"},
                {"id": second.id, "sender": "100010000", "receiver": "+989120000000", "track_id": "B"},
            ]
        },
    )


def test_a_ledger_entry_is_complete(call: Call, emulator: Emulator, sms: Item) -> None:
    """A ledger entry holds the message unchanged, its cost and its time."""
    call("POST /sms/send", [sms(message="س" * 71)])
    (entry,) = emulator.ledger
    assert entry == LedgerEntry(
        id=entry.id,
        kind=MessageKind.SMS,
        sender="10002000",
        receiver="09123456789",
        message="س" * 71,
        code=None,
        track_id="T1",
        parts=2,
        cost=2_400,
        accepted_at=emulator.now(),
        account="09123456789",
    )


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"sender": "1"}, {"0.sender": ["The selected 0.sender is invalid."]}),
        ({"track_id": 7}, {"0.track_id": ["The 0.track_id field must be a string."]}),
        ({"receiver": "0912"}, {"0.receiver": ["The 0.receiver field is invalid."]}),
    ],
)
def test_one_wrong_field_is_the_only_error(
    call: Call, sms: Item, wrong: dict[str, object], errors: dict[str, list[str]]
) -> None:
    """A message that is right but for one field is refused for that field alone."""
    status, answer = call("POST /sms/send", [sms(**wrong)])
    assert (status, answer["errors"]) == (422, errors)


def test_the_track_id_is_optional(call: Call, sms: Item) -> None:
    """Without a track id the response has null."""
    message = sms()
    del message["track_id"]
    _, answer = call("POST /sms/send", [message])
    assert answer["data"][0]["track_id"] is None


def test_note_is_an_alias_of_message(call: Call, emulator: Emulator, sms: Item) -> None:
    """`note` is used as `message` if there is no `message`."""
    note = sms(note="from the note")
    del note["message"]
    call("POST /sms/send", [note, sms(note="unused")])
    assert [entry.message for entry in emulator.ledger] == ["from the note", "hello"]


def test_sending_is_charged_by_the_part(call: Call, emulator: Emulator, sms: Item) -> None:
    """The balance decreases by the price of every part."""
    call("POST /sms/send", [sms(), sms(message="a" * 161)])
    assert emulator.account.balance == 3_435_993_800 - 3 * 1_200


def test_an_insufficient_balance_accepts_no_message(call: Call, emulator: Emulator, sms: Item) -> None:
    """If the balance covers one of two messages, neither is accepted."""
    emulator.account.balance = 1_200
    answer = call("POST /sms/send", [sms(), sms()])
    assert answer == (402, {"message": "The balance of the account is not sufficient."})
    assert (emulator.accepted, emulator.account.balance) == (0, 1_200)


def test_the_balance_may_reach_zero(call: Call, emulator: Emulator, sms: Item) -> None:
    """A balance that covers the messages exactly is sufficient."""
    emulator.account.balance = 1_200
    assert call("POST /sms/send", [sms()])[0] == 200
    assert emulator.account.balance == 0


def test_errors_name_the_index_of_an_item(call: Call, emulator: Emulator, sms: Item) -> None:
    """One invalid item refuses the whole array, and every error has the index of its item."""
    body = [sms(), sms(receiver="123", sender="999"), sms(message="", track_id=5), "text"]
    status, answer = call("POST /sms/send", body)
    assert status == 422
    assert answer["errors"] == {
        "3": ["The 3 field must be an array."],
        "1.sender": ["The selected 1.sender is invalid."],
        "1.receiver": ["The 1.receiver field is invalid."],
        "2.message": ["The 2.message field is required."],
        "2.track_id": ["The 2.track_id field must be a string."],
        "3.message": ["The 3.message field is required."],
        "3.sender": ["The 3.sender field is required."],
        "3.receiver": ["The 3.receiver field is required."],
    }
    assert emulator.ledger == []


@pytest.mark.parametrize("body", [None, [], {"sender": "10002000"}, "text"])
def test_a_body_that_is_not_an_array_is_refused(call: Call, body: object) -> None:
    """A body has to be an array of at least one item."""
    status, answer = call("POST /sms/send", body)
    assert (status, answer["errors"]) == (422, {"data": ["The data field must be an array with at least 1 item."]})


def test_delivery_moves_with_the_clock(call: Call, emulator: Emulator, clock: ManualClock, sms: Item) -> None:
    """A message waits for an update and is delivered two seconds later."""
    call("POST /sms/send", [sms(), sms(track_id=None)])
    first, second = (entry.id for entry in emulator.ledger)
    assert call("POST /sms/deliver", {"id": [second, first, second]}) == (
        200,
        {
            "data": [
                {"id": second, "deliver_status": "WAITING_FOR_UPDATE", "track_id": None},
                {"id": first, "deliver_status": "WAITING_FOR_UPDATE", "track_id": "T1"},
            ]
        },
    )
    clock.advance(2.0)
    _, answer = call("POST /sms/deliver", {"id": [first]})
    assert answer == {"data": [{"id": first, "deliver_status": "DELIVERED", "track_id": "T1"}]}


def test_only_own_messages_have_a_delivery_status(call: Call, emulator: Emulator, sms: Item) -> None:
    """Unknown ids, voice calls and messages of other accounts are left out."""
    emulator.add_account(token="other")
    call("POST /sms/send", [sms()], token="other")
    call("POST /voice-otp/send", {"receiver": "09123456789", "code": "123"})
    ids = [entry.id for entry in emulator.ledger]
    assert call("POST /sms/deliver", {"id": [*ids, "0" * 24]}) == (200, {"data": []})


def test_delivery_requires_ids(call: Call) -> None:
    """A body without ids is refused, with an error for `id`."""
    assert call("POST /sms/deliver", {})[1]["errors"] == {"id": ["The id field is required."]}


def test_a_code_is_sent_in_its_pattern(call: Call, emulator: Emulator) -> None:
    """A code is sent from the first line, with the text of its pattern."""
    emulator.account.patterns = {13: "Code {code} for {app}"}
    body = [{"receiver": "09123456789", "code": "123456", "otp_pattern_id": "13", "track_id": "OTP_001"}]
    status, answer = call("POST /otp/sms/send", body)
    (entry,) = emulator.ledger
    assert (status, answer) == (
        200,
        {"data": [{"id": entry.id, "sender": "10002000", "receiver": "09123456789", "track_id": "OTP_001"}]},
    )
    assert (entry.kind, entry.code, entry.message) == ("otp", "123456", "Code 123456 for {app}")


def test_invalid_codes_are_named_by_their_index(call: Call, emulator: Emulator) -> None:
    """A pattern must exist, and a code has at most 32 characters, all of them ASCII letters or digits."""
    whole = {"receiver": "09123456789", "code": "1", "otp_pattern_id": 13}
    body = [
        whole,
        {**whole, "otp_pattern_id": 99},
        {**whole, "otp_pattern_id": None},
        {**whole, "otp_pattern_id": "x"},
        {**whole, "code": "1" * 33},
        {**whole, "code": "۱۲"},
    ]
    status, answer = call("POST /otp/sms/send", body)
    assert (status, answer["errors"]) == (
        422,
        {
            "1.otp_pattern_id": ["The selected 1.otp_pattern_id is invalid."],
            "2.otp_pattern_id": ["The 2.otp_pattern_id field is required."],
            "3.otp_pattern_id": ["The 3.otp_pattern_id field must be an integer."],
            "4.code": ["The 4.code field must not be greater than 32 characters."],
            "5.code": ["The 5.code field must only contain letters and numbers."],
        },
    )
    assert emulator.ledger == []


def test_a_voice_call_is_queued(call: Call, emulator: Emulator) -> None:
    """The response is the documented one, without its typing error."""
    answer = call("POST /voice-otp/send", {"receiver": "09123456789", "code": "123456", "track_id": "ORDER-1001"})
    (entry,) = emulator.ledger
    assert answer == (
        200,
        {"data": {"message": "Voice OTP queued successfully", "id": entry.id, "track_id": "ORDER-1001"}},
    )
    assert (entry.kind, entry.code, entry.parts) == ("voice", "123456", 1)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            {"receiver": "1", "code": "12a"},
            {"code": ["The code field must only contain digits."], "receiver": ["The receiver field is invalid."]},
        ),
        ([], {"code": ["The code field is required."], "receiver": ["The receiver field is required."]}),
        ({"receiver": "09123456789", "code": "۱۲"}, {"code": ["The code field must only contain digits."]}),
    ],
)
def test_an_invalid_voice_call_is_refused(call: Call, body: object, errors: object) -> None:
    """The body is an object, so errors have no index."""
    status, answer = call("POST /voice-otp/send", body)
    assert (status, answer["errors"]) == (422, errors)


HOLOO = {
    "username": "09123456789",
    "password": "emulator-token",
    "from": "10002000",
    "to": "09121111111",
    "message": "تست",
}


def test_holoo_post_needs_the_token_twice(call: Call, emulator: Emulator) -> None:
    """`POST /service/holoo` takes the token in the header and in the body."""
    status, answer = call("POST /service/holoo", HOLOO)
    (entry,) = emulator.ledger
    assert (status, answer) == (
        200,
        {"data": {"id": entry.id, "sender": "10002000", "receiver": "09121111111", "track_id": None}},
    )
    assert (entry.kind, entry.message) == ("holoo", "تست")


def test_holoo_get_needs_the_query_only(call: Call, emulator: Emulator) -> None:
    """`GET /service/holoo` needs no header."""
    query = {
        "username": "09123456789",
        "password": "emulator-token",
        "from_": "10002000",
        "to": "09121111111",
        "message": "تست",
    }
    assert call("GET /service/holoo", token=None, **query)[0] == 200
    assert [entry.message for entry in emulator.sent_to("09121111111")] == ["تست"]


@pytest.mark.parametrize("wrong", [{"username": "unknown"}, {"password": "wrong"}, {"password": None}])
def test_holoo_checks_the_credentials_in_the_body(call: Call, wrong: dict[str, Any]) -> None:
    """A wrong user name or password gives a 401, even if the header is right."""
    assert call("POST /service/holoo", {**HOLOO, **wrong}) == (401, {"message": "Unauthenticated."})


def test_holoo_refuses_with_its_own_field_names(call: Call, emulator: Emulator) -> None:
    """Errors name `from`, `to` and `message`."""
    status, answer = call("POST /service/holoo", {**HOLOO, "from": "1", "to": "2", "message": ""})
    assert (status, answer["errors"]) == (
        422,
        {
            "message": ["The message field is required."],
            "from": ["The selected from is invalid."],
            "to": ["The to field is invalid."],
        },
    )
    assert emulator.ledger == []
