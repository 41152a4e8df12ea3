import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from wikipayam_async.emulator import Emulator, Latency, ServedEmulator, load_state, parse_fault
from wikipayam_async.emulator.server.run import SAVED_EVERY, ServeOptions, Terminal, environment, introduction, run

ITEM = [{"sender": "10002000", "receiver": "09123456789", "message": "سلام", "track_id": "T"}]


class Ears:
    """Hears what is said, and does something at every pause; after the last it interrupts."""

    def __init__(self, *pauses: Callable[[], object]) -> None:
        self.pauses: Sequence[Callable[[], object]] = pauses
        self.slept: list[float] = []
        self.said: list[str] = []
        self.complaints: list[str] = []

    def sleep(self, seconds: float) -> None:
        """Do the next thing."""
        self.slept.append(seconds)
        if len(self.slept) > len(self.pauses):
            raise KeyboardInterrupt
        self.pauses[len(self.slept) - 1]()

    @property
    def terminal(self) -> Terminal:
        """The terminal of these ears."""
        return Terminal(self.said.append, self.complaints.append, self.sleep)

    def send(self) -> httpx.Response:
        """Send a message to the address that was said."""
        url = self.said[0].split()[1]
        with httpx.Client(headers={"Authorization": "Bearer emulator-token"}, trust_env=False) as client:
            return client.post(f"{url}/api/v1/sms/send", json=ITEM)


def test_it_says_where_it_is_and_ends_with_ctrl_c() -> None:
    """The lines suffice to point a client at it, and the last tells what has come in."""
    ears = Ears()
    ears.pauses = [ears.send, ears.send]
    assert run(ServeOptions(port=0), ears.terminal) == 0
    url = ears.said[0].split()[1]
    assert "".join(ears.said).splitlines() == [
        f"url:   {url}",
        "token: emulator-token",
        "lines: 10002000 100010000",
        "",
        "To point a client at it, in sh:",
        "  export SMS_AUTH_TOKEN=emulator-token",
        "  export SMS_SENDER=10002000",
        f"  export WIKIPAYAM_SMS_API_BASE_URL={url}",
        "  export WIKIPAYAM_SMS_API_PREFIX=/api/v1",
        "in the Windows command prompt:",
        "  set SMS_AUTH_TOKEN=emulator-token",
        "  set SMS_SENDER=10002000",
        f"  set WIKIPAYAM_SMS_API_BASE_URL={url}",
        "  set WIKIPAYAM_SMS_API_PREFIX=/api/v1",
        "",
        "Ctrl-C ends it.",
        "",
        "messages accepted: 2, requests: 2",
    ]
    assert (ears.complaints, ears.slept) == ([], [SAVED_EVERY] * 3)


def test_faults_and_latency_are_those_of_the_options() -> None:
    """Every answer is late, and the faults strike as they say."""
    ears = Ears()
    statuses: list[int] = []
    ears.pauses = [lambda: statuses.append(ears.send().status_code)] * 2
    began = time.monotonic()
    options = ServeOptions(port=0, latency=Latency(0.02), faults=(parse_fault("503@once"),))
    assert run(options, ears.terminal) == 0
    assert statuses == [503, 200]
    assert time.monotonic() - began >= 0.04


def test_requests_are_shown_on_demand() -> None:
    """Each of them is a line then."""
    ears = Ears()
    ears.pauses = [ears.send]
    run(ServeOptions(port=0, log=True), ears.terminal)
    assert ears.said[1].startswith("POST /sms/send 200 ")


def test_the_state_outlives_the_run(tmp_path: Path) -> None:
    """It is saved while serving and at the end, and taken up again at the next start."""
    state = tmp_path / "state.json"
    saved: list[int] = []

    def look() -> None:
        emulator = Emulator()
        load_state(emulator, state)
        saved.append(emulator.accepted)

    for _ in range(2):
        ears = Ears()
        ears.pauses = [ears.send, look]
        assert run(ServeOptions(port=0, state=state), ears.terminal) == 0
        assert ears.said[-1] == f"\nmessages accepted: 1, requests: 1; the state is in {state}\n"
    assert saved == [1, 2]


def test_what_comes_last_is_saved_too(tmp_path: Path) -> None:
    """A request after the last look is in the file as well."""
    state = tmp_path / "state.json"
    ears = Ears()

    def interrupted() -> None:
        ears.send()
        raise KeyboardInterrupt

    ears.pauses = [interrupted]
    run(ServeOptions(port=0, state=state), ears.terminal)
    emulator = Emulator()
    load_state(emulator, state)
    assert emulator.accepted == 1


def test_a_disk_that_is_full_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator goes on, says so once, and ends with another exit code if it has not saved in the end."""
    state = tmp_path / "state.json"
    ears = Ears()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    ears.pauses = [lambda: monkeypatch.setattr(os, "fsync", full), ears.send, lambda: None]
    assert run(ServeOptions(port=0, state=state), ears.terminal) == 1
    trouble = f"the state is not saved: [Errno 28] No space left on device: {str(state)!r}\n"
    assert ears.complaints == [trouble, trouble]
    assert ears.said[-1] == "\nmessages accepted: 1, requests: 1\n"


def test_what_cannot_begin_says_why(tmp_path: Path) -> None:
    """A file that is no state is left alone, and the exit code is 2."""
    state = tmp_path / "state.json"
    state.write_text("{}")
    ears = Ears()
    assert run(ServeOptions(port=0, state=state), ears.terminal) == 2
    assert ears.complaints[0].startswith(f"the emulator cannot begin: {state} holds no state of an emulator")
    assert (ears.said, state.read_text()) == ([], "{}")


def test_a_port_that_is_taken_is_told() -> None:
    """The error is the system's."""
    ears = Ears()
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        assert run(ServeOptions(port=taken.getsockname()[1]), ears.terminal) == 2
    assert ears.complaints[0].startswith("the emulator cannot begin: ")


def test_a_missing_uvicorn_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.delitem(sys.modules, "wikipayam_async.emulator.server.uvicorn_server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ears = Ears()
    assert run(ServeOptions(port=0), ears.terminal) == 2
    assert ears.complaints == [
        "the emulator cannot begin: serving the emulator needs uvicorn: pip install 'wikipayam_async[emulator]'\n"
    ]


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_is_a_port(port: int) -> None:
    """Numbers that are none are refused."""
    with pytest.raises(ValueError):
        ServeOptions(port=port)


def test_any_thread_may_serve() -> None:
    """Only the main thread can listen to signals, and another leaves them alone."""
    ears = Ears()
    before = signal.getsignal(signal.SIGTERM)
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(run(ServeOptions(port=0), ears.terminal)))
    thread.start()
    thread.join()
    assert (codes, signal.getsignal(signal.SIGTERM)) == ([0], before)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM that a process could hear")
def test_sigterm_ends_it_as_ctrl_c_does() -> None:
    """And what SIGTERM did before, it does afterwards."""
    ears = Ears(lambda: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    assert run(ServeOptions(port=0), ears.terminal) == 0
    assert (ears.said[-1], signal.getsignal(signal.SIGTERM)) == ("\nmessages accepted: 0, requests: 0\n", before)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM that a process could hear")
def test_a_process_ends_with_its_state_saved(tmp_path: Path) -> None:
    """SIGTERM from outside is an orderly end of a real process."""
    state = tmp_path / "state.json"
    command = [sys.executable, "-m", "wikipayam_async.emulator", "--port", "0", "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        ears = Ears()
        ears.said = [process.stdout.readline()]
        ears.send()
        process.terminate()
        out = process.communicate(timeout=30)[0]
    emulator = Emulator()
    load_state(emulator, state)
    assert (process.returncode, emulator.accepted) == (0, 1)
    assert out.endswith(f"messages accepted: 1, requests: 1; the state is in {state}\n")


def test_the_environment_leads_to_it(emulator: Emulator) -> None:
    """The variables are those that a client without arguments reads."""
    served = ServedEmulator(emulator, "::1", 8026)
    assert environment(served) == {
        "SMS_AUTH_TOKEN": "emulator-token",
        "SMS_SENDER": "10002000",
        "WIKIPAYAM_SMS_API_BASE_URL": "http://[::1]:8026",
        "WIKIPAYAM_SMS_API_PREFIX": "/api/v1",
    }
    assert introduction(served).startswith("url:   http://[::1]:8026\n")


def test_a_terminal_speaks_to_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters that it does not know are written in another way, and one that is gone is put up with."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    Terminal().write("پ!\n")

    class Gone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    Terminal().complain("x")
    assert written.getvalue() == b"\\u067e!" + os.linesep.encode()
