from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from tests.cli.conftest import Run
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import guarded
from wikipayam_async.emulator import Emulator, Fault


def when(happened: Callable[[], object], then: Callable[[], object]) -> threading.Thread:
    """Call `then` as soon as `happened` returns true."""

    def wait() -> None:
        while not happened():
            time.sleep(0.001)
        then()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@pytest.mark.skipif(os.name == "nt", reason="a process cannot send itself Ctrl-C there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_send_is_finished_and_reported(gateway: Emulator, run: Run, number: signal.Signals) -> None:
    """On Ctrl-C or SIGTERM the send in flight is finished, its outcome shown, and the exit code is 130."""
    gateway.faults.arm(Fault.delay(0.1))
    thread = when(lambda: gateway.ledger, lambda: os.kill(os.getpid(), number))
    ended = run("otp", "09123456789", "1234", "--pattern", "13", "--json", "--track-id", "T1")
    thread.join()
    (sent,) = gateway.ledger
    assert ended.code == 130
    assert ended.json == {"interrupted": True, "sends": [{"track_id": "T1", "status": "accepted", "id": sent.id}]}
    assert (
        ended.err
        == f"interrupted: finishing requests in flight; a second signal ends at once\ntrack id T1: accepted, id {sent.id}\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="a process cannot send itself Ctrl-C there")
def test_an_interrupted_read_ends_with_130(gateway: Emulator, run: Run) -> None:
    """An interrupted read writes nothing to stdout."""
    gateway.faults.arm(Fault.delay(5))
    thread = when(lambda: gateway.requests, lambda: os.kill(os.getpid(), signal.SIGINT))
    ended = run("balance")
    thread.join()
    assert (ended.code, ended.out) == (130, "")


def test_a_keyboard_interrupt_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    """A `KeyboardInterrupt` from the command is reported too."""

    def work() -> Exit:
        raise KeyboardInterrupt

    assert guarded(Output(), work) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_the_address_of_an_untrusted_file_is_a_warning(gateway: Emulator, run: Run) -> None:
    """The address in a `.env` without the token is ignored, with a warning."""
    with open(".env", "w", encoding="utf-8") as file:  # noqa: PTH123 - of the directory the command runs in
        file.write("WIKIPAYAM_SMS_API_BASE_URL=https://elsewhere.example\n")
    ended = run("balance")
    assert ended.code == 0
    assert "address is ignored" in ended.err
    assert gateway.requests == 1


def test_options_reach_the_client(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """--base-url overrides the environment, and an invalid option is a usage error."""
    url = os.environ["WIKIPAYAM_SMS_API_BASE_URL"]
    monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", "https://elsewhere.example")
    assert run("balance", "--base-url", url).code == 0
    assert run("balance", "--base-url", "http://example.com").code == 2
    assert run("balance", "--timeout", "0").code == 2


@pytest.mark.skipif(os.name == "nt", reason="it has no terminals that hang up")
@pytest.mark.parametrize(("ignored", "code"), [(False, 130), (True, 0)])
def test_a_closed_terminal_interrupts_the_command(gateway: Emulator, run: Run, *, ignored: bool, code: int) -> None:
    """Sends in flight are finished and reported; under `nohup` the command continues."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        gateway.faults.arm(Fault.delay(0.1))
        thread = when(lambda: gateway.ledger, lambda: os.kill(os.getpid(), signal.SIGHUP))
        ended = run("otp", "09123456789", "1234", "--pattern", "13")
        thread.join()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert ended.code == code
    assert gateway.ledger[0].id in ended.err


@pytest.mark.skipif(os.name == "nt", reason="a process cannot send itself Ctrl-C there")
def test_a_second_signal_ends_the_process_at_once(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The send in flight is not waited for, and a warning says so."""
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    gateway.faults.arm(Fault.delay(0.3))

    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = when(lambda: gateway.ledger, twice)
    result = run("otp", "09123456789", "1234", "--pattern", "13")
    thread.join()
    assert ended == [130]
    assert "ended at once: what was in flight may have been sent\n" in result.err
