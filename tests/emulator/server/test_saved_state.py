import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from wikipayam_async.emulator import (
    TEHRAN,
    DeliveryRules,
    Emulator,
    ManualClock,
    Request,
    SavedStateError,
    load_state,
    save_state,
    waiting_then,
)
from wikipayam_async.emulator.server.saved_state import StateFile

Ask = Callable[..., Request]
Call = Callable[..., tuple[int, Any]]
Item = Callable[..., dict[str, Any]]

WRITTEN = """{"accounts": [{"balance": 7, "inbox": [{"id": "00000000000000000000000a", "sender": "989120000000",
"receiver": "10002000", "message": "سلام", "received_at": "2024-05-01T13:30:00+03:30", "is_read": true}],
"opening_balance": 9, "username": "09123456789"}],
"delivery": {"chosen": {"09120000000": [[0.0, "UNDELIVERED"]]}, "failing": [[0.0, "UNDELIVERED"]],
"failing_fraction": 0.5, "script": [[0.0, "WAITING_FOR_UPDATE"], [1.5, "DELIVERED"]]},
"ids": {"dealt": 10, "seed": 3},
"ledger": [{"accepted_at": "2024-05-01T13:30:00+03:30", "account": "09123456789", "code": null, "cost": 1200,
"id": "00000000000000000000000b", "kind": "otp", "message": "hello", "parts": 1, "receiver": "0912 345 6789",
"sender": "10002000", "track_id": "T1"}], "version": 1}"""
"""A file of version 1, which must stay readable."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the state file."""
    return tmp_path / "state.json"


def restarted(path: Path, clock: ManualClock) -> Emulator:
    """Load the file into a new emulator with the same time of day."""
    emulator = Emulator(clock=clock, wall=datetime(2024, 5, 1, 13, 30, 5, tzinfo=TEHRAN))
    load_state(emulator, path)
    return emulator


def test_a_restart_restores_everything(
    emulator: Emulator, call: Call, ask: Ask, sms: Item, path: Path, clock: ManualClock
) -> None:
    """The balance, the ledger, the delivery statuses and the received messages with their read marks are the same."""
    call("POST /sms/send", [sms(message="سلام 😀"), sms(receiver="09120000000", track_id="T2")])
    call("POST /otp/sms/send", [{"receiver": "09123456789", "code": "111", "otp_pattern_id": 13}])
    read, _ = (emulator.inbound(sender="989120000000", message="لغو") for _ in range(2))
    call("POST /receives/mark-read", {"receive_ids": [read]})
    clock.advance(5)
    save_state(emulator, path)
    requests = [
        ask("GET /user/balance"),
        ask("POST /sms/deliver", {"id": [entry.id for entry in emulator.ledger]}),
        ask("GET /receives"),
        ask("GET /receives/unread"),
    ]
    after = restarted(path, clock)
    assert [after.handle(request) for request in requests] == [emulator.handle(request) for request in requests]
    assert (after.ledger, after.inbox()) == (emulator.ledger, emulator.inbox())
    assert (after.last_code("09123456789"), after.sent_to("09120000000")) == ("111", [emulator.ledger[1]])


def test_new_ids_continue_those_of_the_file(
    emulator: Emulator, ask: Ask, sms: Item, path: Path, clock: ManualClock
) -> None:
    """No id is issued twice, whatever the seed of the next run."""
    emulator.handle(ask("POST /sms/send", [sms()]))
    save_state(emulator, path)
    after = Emulator(clock=clock, seed=99)
    load_state(after, path)
    for one in (emulator, after):
        one.handle(ask("POST /sms/send", [sms()]))
    assert after.ledger[-1].id == emulator.ledger[-1].id != emulator.ledger[0].id


def test_the_delivery_rules_are_restored(path: Path, clock: ManualClock) -> None:
    """The rules object stays the same and gets the saved rules, including the scripts of single receivers."""
    rules = DeliveryRules(script=waiting_then("A"), failing=waiting_then("B", after=9.0), failing_fraction=0.25)
    rules.choose("989123456789", [(0.0, "C"), (1.0, "D")])
    save_state(Emulator(delivery=rules), path)
    after = Emulator(clock=clock)
    rules_before = after.delivery
    load_state(after, path)
    assert rules_before is after.delivery
    assert rules_before == rules


def test_a_reset_after_a_restart_restores_the_opening_balance(
    emulator: Emulator, call: Call, sms: Item, path: Path, clock: ManualClock
) -> None:
    """The opening balance is restored from the file."""
    call("POST /sms/send", [sms()])
    save_state(emulator, path)
    after = restarted(path, clock)
    after.reset()
    assert (after.account.balance, after.ledger) == (3_435_993_800, [])


def test_accounts_are_identified_by_their_user_name(emulator: Emulator, path: Path, clock: ManualClock) -> None:
    """Tokens are not in the file, so an account has to exist before its state is loaded."""
    emulator.add_account(token="other-secret", username="other", lines=["3000"], balance=5)
    emulator.inbound(sender="989120000000", message="x", receiver="3000")
    save_state(emulator, path)
    content = path.read_text("utf-8")
    assert ("other-secret" in content, "emulator-token" in content) == (False, False)
    with pytest.raises(SavedStateError) as caught:
        restarted(path, clock)
    assert str(caught.value) == "the file has an account that this emulator does not have; add the account first"
    after = Emulator(clock=clock)
    account = after.add_account(token="new", username="other", lines=["3000"])
    load_state(after, path)
    assert (account.balance, after.inbox("3000")) == (5, emulator.inbox("3000"))


def test_a_file_of_version_1_is_readable(path: Path) -> None:
    """A file of version 1 can be loaded, and is saved with the same content."""
    path.write_text(WRITTEN, "utf-8")
    emulator = Emulator()
    load_state(emulator, path)
    assert (emulator.account.balance, emulator.inbox()[0].message) == (7, "سلام")
    assert emulator.delivery.script_for("09120000000").word_at(9) == "UNDELIVERED"
    save_state(emulator, path)
    assert msgspec.json.decode(path.read_bytes()) == msgspec.json.decode(WRITTEN)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"version": 2, "memory": []}', "was written by another version of wikipayam_async (state version 2, expected 1); update wikipayam_async, or choose another file"),
        ("", "does not hold an emulator's state: Input data was truncated"),
        ("[]", "does not hold an emulator's state: Expected `object`, got `array`"),
        ('{"version": 1}', "does not hold an emulator's state: Object missing required field"),
        (WRITTEN.replace('[[0.0, "UNDELIVERED"]]}', "[]}"), "does not hold an emulator's state: the steps of a delivery script start at 0 seconds and ascend"),
        (WRITTEN.replace('"failing_fraction": 0.5', '"failing_fraction": 7'), "does not hold an emulator's state: Expected `float` <= 1.0"),
        (WRITTEN.replace('"dealt": 10', '"dealt": -1'), "does not hold an emulator's state: Expected `int` >= 0"),
        (WRITTEN.replace('"dealt": 10', f'"dealt": {2**32}'), "does not hold an emulator's state: Expected `int` <= 4294967295"),
        (WRITTEN.replace("+03:30", "", 1), "does not hold an emulator's state: Expected `datetime` with a timezone component"),
        (WRITTEN.replace('"accepted_at": "2024-05-01T13:30:00+03:30"', '"accepted_at": "2024-05-01T13:30:00"'), "does not hold an emulator's state: Expected `datetime` with a timezone component"),
        (WRITTEN.replace('"accounts": [', '"accounts": [], "others": ['), "does not hold an emulator's state: Expected `array` of length >= 1"),
        ('{"version": 1, "x": ' + "[" * 100_000 + "]" * 100_000 + "}", "does not hold an emulator's state: maximum recursion depth exceeded"),
    ],
)  # fmt: skip
def test_an_invalid_file_is_refused(path: Path, content: str, message: str) -> None:
    """The error gives the reason, and the emulator and the file are unchanged."""
    path.write_text(content, "utf-8")
    emulator = Emulator()
    with pytest.raises(SavedStateError) as caught:
        StateFile(emulator, path).open()
    assert str(caught.value).startswith(f"{path} {message}")
    assert (path.read_text("utf-8"), emulator.account.balance) == (content, 3_435_993_800)


def test_a_file_with_an_account_twice_is_refused(emulator: Emulator, path: Path) -> None:
    """Two states of one account cannot both be restored."""
    save_state(emulator, path)
    document = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode(document | {"accounts": document["accounts"] * 2}))
    with pytest.raises(SavedStateError) as caught:
        load_state(emulator, path)
    assert str(caught.value) == "the file has an account twice"


def test_a_file_with_invalid_utf8_is_refused(path: Path) -> None:
    """A file that is not UTF-8 is refused."""
    path.write_bytes(b'{"version": 1, "x": "\xff"}')
    with pytest.raises(SavedStateError):
        load_state(Emulator(), path)


def test_a_file_is_replaced_atomically(emulator: Emulator, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed save leaves the old file, and no temporary file."""
    save_state(emulator, path)
    before = path.read_bytes()
    emulator.inbound(sender="989120000000", message="x")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError) as caught:
        save_state(emulator, path)
    assert (caught.value.errno, caught.value.filename) == (28, str(path))
    assert (path.read_bytes(), list(path.parent.iterdir())) == (before, [path])


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions, and links need one")
def test_a_symbolic_link_stays_and_the_file_is_private(emulator: Emulator, path: Path) -> None:
    """The target of a link is replaced, and only its owner can read it."""
    link = path.with_name("link.json")
    link.symlink_to(path)
    save_state(emulator, link)
    assert (link.is_symlink(), path.stat().st_mode & 0o777) == (True, 0o600)


def test_a_state_file_is_written_when_the_state_changes(emulator: Emulator, call: Call, sms: Item, path: Path) -> None:
    """Sending, receiving and marking as read change the state; reading does not."""
    file = StateFile(emulator, path)
    file.open()
    written = [path.exists(), file.save()]
    call("GET /user/balance")
    written.append(file.save())
    call("POST /sms/send", [sms()])
    written.append(file.save())
    message = emulator.inbound(sender="989120000000", message="x")
    written.append(file.save())
    call("POST /receives/mark-read", {"receive_ids": [message]})
    written += [file.save(), file.save()]
    assert written == [True, False, False, True, True, True, False]


def test_opening_a_state_file_loads_it(emulator: Emulator, call: Call, sms: Item, path: Path) -> None:
    """An existing file is loaded."""
    call("POST /sms/send", [sms()])
    save_state(emulator, path)
    after = Emulator()
    StateFile(after, path).open()
    assert after.ledger == emulator.ledger
