from __future__ import annotations

import io
import signal
import sys

import pytest

from tests.cli.conftest import Run
from wikipayam_async.emulator import DEFAULT_LINES, Emulator, Fault, When

RECEIVER = "09123456789"
MASKED = "0912*****89"


def test_a_text_is_sent(gateway: Emulator, run: Run) -> None:
    """One text is sent unchanged to one receiver, and stderr shows no full number."""
    ended = run("send", "+98 912 345 6789", "-۵٪ تخفیف ", "--track-id", "T1", "--sender", DEFAULT_LINES[1])
    (sent,) = gateway.ledger
    assert (sent.receiver, sent.message, sent.sender, sent.track_id) == (RECEIVER, "-۵٪ تخفیف ", DEFAULT_LINES[1], "T1")
    assert (ended.code, ended.out, RECEIVER in ended.err) == (0, "", False)
    assert ended.err.splitlines()[-1].split() == [MASKED, "accepted", sent.id, "T1"]


def test_several_receivers_share_one_request(gateway: Emulator, run: Run) -> None:
    """`--also` adds receivers; JSON has one result for each."""
    ended = run("send", RECEIVER, "text", "--also", "09120000001", "--also", "09120000002", "--json")
    assert [one["status"] for one in ended.json["results"]] == ["accepted"] * 3
    assert [one["receiver"] for one in ended.json["results"]] == [RECEIVER, "09120000001", "09120000002"]
    assert ended.json["counts"] == {"accepted": 3, "rejected": 0, "unknown": 0, "not_attempted": 0}
    assert gateway.requests_to("POST /sms/send") == 1


@pytest.mark.parametrize("again", ["09123456789", "+98 912 345 6789", "۰۹۱۲۳۴۵۶۷۸۹"])
def test_a_receiver_that_is_named_twice_is_told_before_anything_is_sent(
    gateway: Emulator, run: Run, again: str
) -> None:
    """In whatever spelling; `--dedupe` sends to it once."""
    ended = run("send", "09123456789", "text", "--also", again, "--also", "09120000001")
    assert (ended.code, gateway.ledger) == (2, [])
    assert ended.err == (
        "error: --also: expected each receiver once, in whatever spelling (--dedupe sends to it once); got 1 receiver again\n"
    )
    assert run("send", "09123456789", "text", "--also", again, "--also", "09120000001", "--dedupe").code == 0
    assert len(gateway.ledger) == 2


def test_a_bad_receiver_stops_them_all(gateway: Emulator, run: Run) -> None:
    """An invalid number is a usage error, and nothing is sent to the other receivers."""
    ended = run("send", RECEIVER, "text", "--also", "02188776655")
    assert (ended.code, gateway.ledger) == (2, [])


def test_a_track_id_needs_a_single_receiver(gateway: Emulator, run: Run) -> None:
    """A track id with several receivers is a usage error."""
    ended = run("send", RECEIVER, "text", "--also", "09120000001", "--track-id", "T1")
    assert (ended.code, gateway.ledger) == (2, [])
    assert "--track-id" in ended.err


def test_the_text_may_come_from_stdin(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `-` the text is read from stdin, without its final line end."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("سلام\nدنیا\n"))
    assert run("send", RECEIVER, "-").code == 0
    assert gateway.ledger[0].message == "سلام\nدنیا"


@pytest.mark.parametrize(
    ("fault", "code", "outcome"),
    [
        (Fault.reset(when=When.AFTER), 3, "unknown"),
        (Fault.status(422), 1, "rejected"),
        (Fault.status(402), 1, "rejected"),
        (Fault.status(401), 4, "rejected"),
    ],
)
def test_the_exit_code_reports_the_outcome(gateway: Emulator, run: Run, fault: Fault, code: int, outcome: str) -> None:
    """Unknown is 3, rejected 1, a refused token 4; nothing is sent twice."""
    gateway.faults.arm(fault)
    ended = run("send", RECEIVER, "text", "--json")
    assert (ended.code, ended.json["counts"][outcome]) == (code, 1)
    assert gateway.requests_to("POST /sms/send") == 1


def test_a_shared_reason_is_shown_once(gateway: Emulator, run: Run) -> None:
    """An error of several messages is one line, without text or number."""
    gateway.faults.arm(Fault.reset(when=When.AFTER))
    ended = run("send", RECEIVER, "the text", "--also", "09120000001")
    assert ended.err.count("Do not resend") == 1
    assert "the text" not in ended.err
    assert "09120000001" not in ended.err


def test_a_code_is_sent_by_sms(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code from stdin is sent with the given pattern, and not shown."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("493817\n"))
    ended = run("otp", RECEIVER, "-", "--pattern", "13", "--track-id", "T2")
    (sent,) = gateway.ledger
    assert (sent.code, sent.track_id) == ("493817", "T2")
    assert (ended.code, ended.err) == (0, f"accepted: id {sent.id}, track id T2\n")
    assert run("otp", RECEIVER, "493817").code == 2


def test_a_code_is_sent_by_a_voice_call(gateway: Emulator, run: Run) -> None:
    """The voice call is reported as queued."""
    ended = run("voice", RECEIVER, "493817", "--track-id", "T3")
    (sent,) = gateway.ledger
    assert (sent.kind, sent.code, ended.code) == ("voice", "493817", 0)
    assert ended.err == f"queued: id {sent.id}, track id T3\n"


@pytest.mark.parametrize("options", [[], ["--legacy-get"]])
def test_holoo_has_two_endpoints(gateway: Emulator, run: Run, options: list[str]) -> None:
    """Both endpoints send; the legacy one only with `--legacy-get`."""
    ended = run("holoo", RECEIVER, "text", "--json", *options)
    (sent,) = gateway.ledger
    assert (ended.code, ended.json["id"]) == (0, sent.id)
    assert gateway.requests_to(f"{'GET' if options else 'POST'} /service/holoo") == 1


@pytest.mark.parametrize("command", [("send", "-"), ("otp", "-", "--pattern", "13"), ("voice", "-"), ("holoo", "-")])
def test_ctrl_c_while_reading_the_text_sends_nothing(
    gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """The text is read outside the event loop, where Ctrl-C interrupts the read."""
    handlers: list[object] = []

    class Typed(io.StringIO):
        def read(self, size: int | None = -1, /) -> str:
            handlers.append(signal.getsignal(signal.SIGINT))
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Typed())
    assert run(command[0], RECEIVER, *command[1:]).code == 130
    assert handlers == [signal.default_int_handler]
    assert gateway.requests == 0


def test_a_footer_stands_below_the_text(gateway: Emulator, run: Run) -> None:
    """It is a line of its own."""
    assert run("send", RECEIVER, "حراج", "--footer", "لغو۱۱").code == 0
    assert [entry.message for entry in gateway.ledger] == ["حراج\nلغو۱۱"]
