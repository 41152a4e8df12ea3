"""`wikipayam verify`."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Terminal
from wikipayam_async.emulator import Emulator, Fault, When

RECEIVER = "09123456789"
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


class Person(Terminal):
    """Somebody who answers each question with a function of the emulator's last code."""

    def __init__(self, gateway: Emulator, *answers: Callable[[str], str]) -> None:
        super().__init__()
        self._gateway, self._answers = gateway, list(answers)

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override] # as a text stream has it
        """Return the next answer; the end of the input after the last one."""
        if not self._answers:
            return ""
        return self._answers.pop(0)(self._gateway.last_code(RECEIVER) or "")


def yes(_: str) -> str:
    """Answer a question."""
    return "y\n"


def right(code: str) -> str:
    """Type the code as a Persian keyboard does."""
    return f" {code.translate(PERSIAN)}\n"


def wrong(code: str) -> str:
    """Type another code."""
    return f"{(int(code) + 1) % 10**6:06}\n"


def call(_: str) -> str:
    """Ask for a call."""
    return "\n"


@pytest.fixture
def ask(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, list[str], str]]:
    """A function that runs the command for a person, and returns the exit code and the lines of stderr and stdout."""

    def ask(answers: list[Callable[[str], str]], *options: str) -> tuple[int, list[str], str]:
        monkeypatch.setattr(sys, "stdin", Person(gateway, *answers))
        ended = run("verify", "+98 912 345 6789", *options)
        code = gateway.last_code(RECEIVER)
        assert RECEIVER not in ended.err + ended.out
        assert code is None or not re.search(code, ended.err + ended.out)
        return ended.code, ended.err.splitlines(), ended.out

    return ask


Ask = Callable[..., tuple[int, list[str], str]]


def test_a_person_verifies_a_number(ask: Ask, gateway: Emulator) -> None:
    """It asks before it sends; a wrong code may be followed by the right one, in Persian digits."""
    code, lines, _ = ask([yes, wrong, right], "--pattern", "13")
    assert (code, [str(entry.kind) for entry in gateway.ledger]) == (0, ["otp"])
    assert lines == [
        "Send a code by SMS to 0912*****89? [y/N]",
        "sent by SMS: the code is valid for 120 s",
        "Code (an empty line for a voice call):",
        "wrong: 4 more may be typed",
        "Code (an empty line for a voice call):",
        "verified: 0912*****89",
    ]


def test_nothing_is_sent_without_a_yes(ask: Ask, gateway: Emulator) -> None:
    """Every other answer means no."""
    assert ask([call], "--pattern", "13")[:2] == (
        1,
        ["Send a code by SMS to 0912*****89? [y/N]", "nothing was sent"],
    )
    assert gateway.requests == 0


def test_without_a_pattern_the_code_is_read_out(ask: Ask, gateway: Emulator) -> None:
    """`--yes` asks nothing; JSON has the status."""
    code, lines, out = ask([right], "--yes", "--json")
    assert (code, out, [str(entry.kind) for entry in gateway.ledger]) == (0, '{"status":"ok"}\n', ["voice"])
    assert lines[0] == "sent by voice call: the code is valid for 120 s"


def test_an_empty_line_asks_for_a_call(ask: Ask, gateway: Emulator) -> None:
    """With the same code, and as often as a service would; the code stays valid."""
    code, lines, _ = ask([call, call, call, right], "--yes", "--pattern", "13")
    assert (code, [str(entry.kind) for entry in gateway.ledger]) == (0, ["otp", "voice", "voice"])
    assert len({entry.code for entry in gateway.ledger}) == 1
    assert lines[2] == "sent by voice call: the code is valid for 120 s"
    assert lines[6].startswith("resend: not sent, because the code was sent 3 times")


def test_too_many_wrong_codes_end_the_trial(ask: Ask) -> None:
    """The fifth is the last one."""
    code, lines, out = ask([wrong] * 9, "--yes", "--pattern", "13")
    assert (code, out) == (1, "")
    assert [line for line in lines if "Code" not in line][1:] == [
        *[f"wrong: {left} more may be typed" for left in (4, 3, 2, 1)],
        "not verified: wrong",
    ]


def test_the_end_of_the_input_ends_the_trial(ask: Ask) -> None:
    """Its exit code is 1."""
    code, lines, _ = ask([], "--yes", "--pattern", "13")
    assert (code, lines[-1]) == (1, "not verified: no code was typed")


def test_a_code_that_may_have_been_sent_is_checked(ask: Ask, gateway: Emulator) -> None:
    """The person sees that its outcome is unknown."""
    gateway.faults.arm(Fault.reset(when=When.AFTER), on="POST /otp/sms/send")
    code, lines, _ = ask([right], "--yes", "--pattern", "13")
    assert (code, lines[0]) == (
        0,
        "sent by SMS; its outcome is unknown, and it may arrive: the code is valid for 120 s",
    )


def test_a_code_that_is_refused_ends_the_trial(ask: Ask, gateway: Emulator) -> None:
    """With the exit code of the error."""
    gateway.faults.arm(Fault.status(402), on="POST /otp/sms/send")
    code, lines, _ = ask([right], "--yes", "--pattern", "13")
    assert (code, lines[-1].startswith("error: ")) == (1, True)


def test_a_file_whose_settings_are_ignored_is_warned_about(ask: Ask) -> None:
    """Once, though the command reaches the gateway several times."""
    Path(".env").write_text("WIKIPAYAM_SMS_API_BASE_URL=http://127.0.0.1:9\n", "utf-8")
    code, lines, _ = ask([right], "--yes", "--pattern", "13")
    assert (code, sum(".env" in line for line in lines)) == (0, 1)


def test_ctrl_c_at_the_prompt_ends_the_trial(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code is read outside the event loop, where Ctrl-C interrupts the read."""
    handlers: list[object] = []

    def interrupt(_: str) -> str:
        handlers.append(signal.getsignal(signal.SIGINT))
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Person(gateway, interrupt))
    assert run("verify", RECEIVER, "--yes", "--pattern", "13").code == 130
    assert handlers == [signal.default_int_handler]


def test_an_invalid_number_is_a_usage_error(gateway: Emulator, run: Run) -> None:
    """Before anything is asked."""
    assert run("verify", "02188776655", "--pattern", "13").code == 2
    assert gateway.requests == 0
