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
"""A file as version 1 has it. It must stay readable."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the state is kept."""
    return tmp_path / "state.json"


def restarted(path: Path, clock: ManualClock) -> Emulator:
    """Start another emulator at the same time of day, from the file."""
    emulator = Emulator(clock=clock, wall=datetime(2024, 5, 1, 13, 30, 5, tzinfo=TEHRAN))
    load_state(emulator, path)
    return emulator


def test_after_a_restart_everything_is_as_before(
    emulator: Emulator, call: Call, ask: Ask, sms: Item, path: Path, clock: ManualClock
) -> None:
    """The balance, the ledger, the deliveries by id, and the received messages with their marks are the same."""
    call("POST /sms/send", [sms(message="سلام 😀"), sms(receiver="09120000000", track_id="T2")])
    call("POST /otp/sms/send", [{"receiver": "09123456789", "code": "111", "otp_pattern_id": 13}])
    read, _ = (emulator.inbound(sender="989120000000", message="لغو") for _ in range(2))
    call("POST /receives/mark-read", {"receive_ids": [read]})
    clock.advance(5)
    save_state(emulator, path)
    asked = [
        ask("GET /user/balance"),
        ask("POST /sms/deliver", {"id": [entry.id for entry in emulator.ledger]}),
        ask("GET /receives"),
        ask("GET /receives/unread"),
    ]
    after = restarted(path, clock)
    assert [after.handle(request) for request in asked] == [emulator.handle(request) for request in asked]
    assert (after.ledger, after.inbox()) == (emulator.ledger, emulator.inbox())
    assert (after.last_code("09123456789"), after.sent_to("09120000000")) == ("111", [emulator.ledger[1]])


def test_ids_go_on_where_they_ended(emulator: Emulator, ask: Ask, sms: Item, path: Path, clock: ManualClock) -> None:
    """No id is dealt out a second time, whatever the seed of the next run."""
    emulator.handle(ask("POST /sms/send", [sms()]))
    save_state(emulator, path)
    after = Emulator(clock=clock, seed=99)
    load_state(after, path)
    for one in (emulator, after):
        one.handle(ask("POST /sms/send", [sms()]))
    assert after.ledger[-1].id == emulator.ledger[-1].id != emulator.ledger[0].id


def test_the_delivery_rules_are_kept(path: Path, clock: ManualClock) -> None:
    """So are the scripts of single receivers; whoever holds the rules of the emulator sees them."""
    rules = DeliveryRules(script=waiting_then("A"), failing=waiting_then("B", after=9.0), failing_fraction=0.25)
    rules.choose("989123456789", [(0.0, "C"), (1.0, "D")])
    save_state(Emulator(delivery=rules), path)
    after = Emulator(clock=clock)
    held = after.delivery
    load_state(after, path)
    assert held is after.delivery
    assert held == rules


def test_a_reset_goes_back_to_the_first_balance(
    emulator: Emulator, call: Call, sms: Item, path: Path, clock: ManualClock
) -> None:
    """The opening balance is that of the account, not of the run."""
    call("POST /sms/send", [sms()])
    save_state(emulator, path)
    after = restarted(path, clock)
    after.reset()
    assert (after.account.balance, after.ledger) == (34_359_938, [])


def test_every_account_is_kept_by_its_name(emulator: Emulator, path: Path, clock: ManualClock) -> None:
    """Tokens are not in the file, so an account must be there before its memory comes back."""
    emulator.add_account(token="other-secret", username="other", lines=["3000"], balance=5)
    emulator.inbound(sender="989120000000", message="x", receiver="3000")
    save_state(emulator, path)
    content = path.read_text("utf-8")
    assert ("other-secret" in content, "emulator-token" in content) == (False, False)
    with pytest.raises(SavedStateError) as caught:
        restarted(path, clock)
    assert str(caught.value) == "the file has an account that this emulator does not have; add it first"
    after = Emulator(clock=clock)
    account = after.add_account(token="new", username="other", lines=["3000"])
    load_state(after, path)
    assert (account.balance, after.inbox("3000")) == (5, emulator.inbox("3000"))


def test_a_file_of_an_older_version_of_the_package_is_read(path: Path) -> None:
    """What version 1 has written is understood, and written again it says the same."""
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
        ('{"version": 2, "memory": []}', "was written by another version of wikipayam_async (state 2, and this one knows 1); update wikipayam_async, or choose another file"),
        ("", "holds no state of an emulator: Input data was truncated"),
        ("[]", "holds no state of an emulator: Expected `object`, got `array`"),
        ('{"version": 1}', "holds no state of an emulator: Object missing required field"),
        (WRITTEN.replace('[[0.0, "UNDELIVERED"]]}', "[]}"), "holds no state of an emulator: a delivery script begins at 0 seconds and its steps rise"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused(path: Path, content: str, message: str) -> None:
    """The error says why, and the emulator and the file are as before."""
    path.write_text(content, "utf-8")
    emulator = Emulator()
    with pytest.raises(SavedStateError) as caught:
        StateFile(emulator, path).open()
    assert str(caught.value).startswith(f"{path} {message}")
    assert (path.read_text("utf-8"), emulator.account.balance) == (content, 34_359_938)


def test_a_file_that_is_no_text_is_refused(path: Path) -> None:
    """Bytes that are no UTF-8 are no state."""
    path.write_bytes(b'{"version": 1, "x": "\xff"}')
    with pytest.raises(SavedStateError):
        load_state(Emulator(), path)


def test_a_file_is_replaced_at_once(emulator: Emulator, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks off in the middle leaves the old file, and nothing beside it."""
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


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights, and links need some")
def test_a_link_stays_and_nobody_else_reads(emulator: Emulator, path: Path) -> None:
    """What a link leads to is replaced, and the file is its owner's."""
    link = path.with_name("link.json")
    link.symlink_to(path)
    save_state(emulator, link)
    assert (link.is_symlink(), path.stat().st_mode & 0o777) == (True, 0o600)


def test_a_state_file_is_written_when_something_has_changed(
    emulator: Emulator, call: Call, sms: Item, path: Path
) -> None:
    """Reading changes nothing; sending, receiving and marking read do."""
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


def test_a_state_file_takes_up_what_is_there(emulator: Emulator, call: Call, sms: Item, path: Path) -> None:
    """A file that exists is read first."""
    call("POST /sms/send", [sms()])
    save_state(emulator, path)
    after = Emulator()
    StateFile(after, path).open()
    assert after.ledger == emulator.ledger
