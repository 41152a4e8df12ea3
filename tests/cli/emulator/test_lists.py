from __future__ import annotations

import pytest

from tests.cli.emulator.conftest import Command, send
from wikipayam_async.cli.emulator import lists, watching
from wikipayam_async.emulator import Fault, ServedEmulator


def test_the_ledger_is_listed(command: Command, served: ServedEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page is read, filters apply, and with `--json` each message is a line."""
    monkeypatch.setattr(lists, "_PAGE", 2)
    ids = [send(served.emulator, f"0912000000{place}", f"T{place}") for place in range(5)]
    listed = command("ledger")
    assert listed.out.splitlines()[::5] == [
        "accepted\tid\tkind\treceiver\ttrack id\tdelivery\tmessage",
        f"2024-05-01 13:30:00\t{ids[4]}\tsms\t09120000004\tT4\tWAITING_FOR_UPDATE\thello",
    ]
    assert [one["id"] for one in command("ledger", "--json").lines] == ids
    assert command("ledger", "--json", "--receiver", "+989120000001").json["id"] == ids[1]
    assert command("ledger", "--json", "--track-id", "T3").json["id"] == ids[3]


def test_an_empty_ledger_has_its_headings(command: Command) -> None:
    """Nothing but the headings is shown, and with `--json` nothing."""
    assert command("ledger").out.count("\n") == 1
    assert command("ledger", "--json").out == ""


def test_the_ledger_is_followed_until_ctrl_c(
    command: Command, served: ServedEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New messages are shown once as they come, also after a reset, and the headings once."""
    steps = [lambda: send(served.emulator, track_id="T1"), lambda: None, served.emulator.reset]
    steps += [lambda: send(served.emulator, track_id="T2")]

    def sleep(seconds: float) -> None:
        assert seconds == watching.INTERVAL
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()

    monkeypatch.setattr("time.sleep", sleep)
    ended = command("ledger", "--follow")
    assert (ended.code, ended.err) == (130, "interrupted\n")
    assert [line.split("\t")[4] for line in ended.out.splitlines()] == ["track id", "T1", "T2"]


def test_requests_are_listed(command: Command, served: ServedEmulator) -> None:
    """A request has its time, its status and its fault; calls of the control API are none."""
    import httpx  # noqa: PLC0415 - the only test that needs it

    served.emulator.faults.script([Fault.status(503), None])
    for _ in range(2):
        httpx.get(f"{served.url}/api/v1/user/balance", trust_env=False)
    assert command("requests").out.splitlines() == [
        "at\tmethod\tpath\tstatus\tfault",
        "2024-05-01 13:30:00\tGET\t/user/balance\t503\tstatus",
        "2024-05-01 13:30:00\tGET\t/user/balance\t401\t",
    ]
    assert [one["status"] for one in command("requests", "--json").lines] == [503, 401]


def test_a_request_without_a_response_has_no_status(command: Command, served: ServedEmulator) -> None:
    """A broken connection leaves the cell empty."""
    import httpx  # noqa: PLC0415 - as above

    served.emulator.faults.arm(Fault.reset())
    with pytest.raises(httpx.ReadError):
        httpx.get(f"{served.url}/api/v1/user/balance", trust_env=False)
    assert command("requests").out.splitlines()[1].split("\t")[3:] == ["", "reset"]


def test_deliveries_are_listed_and_set(command: Command, served: ServedEmulator) -> None:
    """A status applies to messages that were accepted before, and a filter finds them."""
    first, second = send(served.emulator), send(served.emulator, "09120000001", "T2")
    set_ = command("delivery", "set", "09120000001", "UNDELIVERED")
    assert (set_.code, set_.err) == (0, "UNDELIVERED for 09120000001 from now on, and for 1 accepted before\n")
    assert command("delivery", "list").out.splitlines() == [
        "id\treceiver\ttrack id\tdelivery",
        f"{first}\t09123456789\tT1\tWAITING_FOR_UPDATE",
        f"{second}\t09120000001\tT2\tUNDELIVERED",
    ]
    assert command("delivery", "list", "--status", "UNDELIVERED", "--json").json["id"] == second
    assert command("delivery", "list", "--receiver", "09123456789", "--json").json["id"] == first


def test_a_delivery_may_take_time(command: Command, served: ServedEmulator) -> None:
    """Until then the status is that of a message under way."""
    send(served.emulator)
    command("delivery", "set", "09123456789", "EXPIRED", "--after", "60")
    seen = [command("delivery", "list", "--json").json["deliver_status"]]
    served.emulator.advance(60)
    seen.append(command("delivery", "list", "--json").json["deliver_status"])
    assert seen == ["WAITING_FOR_UPDATE", "EXPIRED"]


def test_a_message_is_put_into_the_inbox_and_listed(command: Command, served: ServedEmulator) -> None:
    """A text may begin with a hyphen; read messages are named so."""
    added = command("inbox", "add", "-لغو", "--from", "989127782175", "--json")
    command("inbox", "add", "hello", "--from", "989127782175", "--to", "100010000")
    served.emulator.account.inbox.mark_read([added.json["id"]])
    assert [line.split("\t")[2:] for line in command("inbox", "list").out.splitlines()] == [
        ["sender", "line", "state", "message"],
        ["989127782175", "10002000", "read", "-لغو"],
        ["989127782175", "100010000", "", "hello"],
    ]
    assert [one["message"] for one in command("inbox", "list", "--json").lines] == ["-لغو", "hello"]
