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

from wikipayam_async.emulator import Emulator, Latency, Response, ServedEmulator, load_state, parse_fault
from wikipayam_async.emulator.app import Message, Receive, Send
from wikipayam_async.emulator.server import run as module
from wikipayam_async.emulator.server.control.context import Control
from wikipayam_async.emulator.server.control.guard import Guard
from wikipayam_async.emulator.server.index import Page
from wikipayam_async.emulator.server.responding import respond
from wikipayam_async.emulator.server.run import SAVE_INTERVAL, ServeOptions, Terminal, introduction, run
from wikipayam_async.emulator.server.shell import Shell

ITEM = [{"sender": "10002000", "receiver": "09123456789", "message": "سلام", "track_id": "T"}]


class Recorder:
    """Records the output, and runs one action per sleep; after the last one it interrupts."""

    def __init__(self, *actions: Callable[[], object]) -> None:
        self.actions: Sequence[Callable[[], object]] = actions
        self.slept: list[float] = []
        self.output: list[str] = []
        self.errors: list[str] = []

    def sleep(self, seconds: float) -> None:
        """Run the next action."""
        self.slept.append(seconds)
        if len(self.slept) > len(self.actions):
            raise KeyboardInterrupt
        self.actions[len(self.slept) - 1]()

    @property
    def terminal(self) -> Terminal:
        """The recording terminal."""
        return Terminal(self.output.append, self.errors.append, self.sleep)

    def send(self) -> httpx.Response:
        """Send a message to the printed URL."""
        url = self.output[0].split()[1]
        with httpx.Client(headers={"Authorization": "Bearer emulator-token"}, trust_env=False) as client:
            return client.post(f"{url}/api/v1/sms/send", json=ITEM)


def test_it_prints_its_url_and_stops_with_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """The output has what to copy, and ends with the number of messages and requests."""
    monkeypatch.setattr(module, "this_shell", lambda: Shell.FISH)
    recorder = Recorder()
    recorder.actions = [recorder.send, recorder.send]
    assert run(ServeOptions(port=0), recorder.terminal) == 0
    url = recorder.output[0].split()[1]
    assert "".join(recorder.output).splitlines() == [
        f"url:       {url}",
        "token:     emulator-token",
        "lines:     10002000 100010000",
        "user name: 09123456789",
        f"openapi:   {url}/openapi.json",
        f"control:   {url}/_emulator/",
        "",
        "To point a client at it, in fish:",
        "  set -gx SMS_AUTH_TOKEN emulator-token",
        "  set -gx SMS_SENDER 10002000",
        "  set -gx SMS_USERNAME 09123456789",
        f"  set -gx WIKIPAYAM_SMS_API_BASE_URL {url}",
        "  set -gx WIKIPAYAM_SMS_API_PREFIX /api/v1",
        "",
        "Press Ctrl-C to stop.",
        "",
        "messages accepted: 2, requests: 2",
    ]
    assert (recorder.errors, recorder.slept) == ([], [SAVE_INTERVAL] * 3)


def test_what_is_served_beside_the_gateway_is_announced() -> None:
    """A page is made of the emulator under control, is served, and its address is printed."""
    recorder = Recorder()
    answers: list[str] = []
    made: list[tuple[Control, Guard]] = []

    async def lab(scope: Message, receive: Receive, send: Send) -> None:
        await respond(Response(200, {}, b"the lab"), "GET", send)

    def make_pages(control: Control, guard: Guard) -> list[Page]:
        made.append((control, guard))
        return [Page("lab", "The lab", "/lab", lab)]

    def visit() -> None:
        address = next(line for line in recorder.output[0].splitlines() if line.startswith("lab:")).split()[1]
        answers.append(httpx.get(address, trust_env=False).text)

    recorder.actions = [visit]
    run(ServeOptions(port=0, control_token="secret"), recorder.terminal, pages=make_pages)
    assert (answers, made[0][1].token, made[0][0].emulator.requests) == (["the lab"], "secret", 0)


def test_the_control_token_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable sets the token, an empty one sets none, and the token is not shown."""
    monkeypatch.setenv("WIKIPAYAM_EMULATOR_CONTROL_TOKEN", "secret")
    options = ServeOptions(port=0)
    assert (options.control_token, "secret" in repr(options)) == ("secret", False)
    recorder = Recorder()
    statuses: list[int] = []

    def look() -> None:
        url = f"{recorder.output[0].split()[1]}/_emulator/"
        with httpx.Client(trust_env=False) as client:
            statuses.append(client.get(url).status_code)
            statuses.append(client.get(url, headers={"Authorization": "Bearer secret"}).status_code)

    recorder.actions = [look]
    run(options, recorder.terminal)
    assert statuses == [401, 200]
    assert "secret" not in "".join(recorder.output)
    monkeypatch.setenv("WIKIPAYAM_EMULATOR_CONTROL_TOKEN", "")
    assert ServeOptions().control_token is None


def test_an_unusable_control_token_stops_the_start() -> None:
    """The error names the variable and does not show the token."""
    recorder = Recorder()
    assert run(ServeOptions(port=0, control_token="two words"), recorder.terminal) == 2
    assert "WIKIPAYAM_EMULATOR_CONTROL_TOKEN" in recorder.errors[0]
    assert "two words" not in recorder.errors[0]


def test_faults_and_latency_are_those_of_the_options() -> None:
    """Latency and faults of the options are applied."""
    recorder = Recorder()
    statuses: list[int] = []
    recorder.actions = [lambda: statuses.append(recorder.send().status_code)] * 2
    started = time.monotonic()
    options = ServeOptions(port=0, latency=Latency(0.02), faults=(parse_fault("503@once"),))
    assert run(options, recorder.terminal) == 0
    assert statuses == [503, 200]
    assert time.monotonic() - started >= 0.04


def test_the_start_is_announced() -> None:
    """`announce` is called with the served emulator once it is printed."""
    recorder = Recorder()
    announced: list[str] = []
    run(ServeOptions(port=0), recorder.terminal, announce=lambda served: announced.append(served.url))
    assert announced == [recorder.output[0].split()[1]]


def test_requests_are_logged_on_demand() -> None:
    """With `log` every request is a line."""
    recorder = Recorder()
    recorder.actions = [recorder.send]
    run(ServeOptions(port=0, log=True), recorder.terminal)
    assert recorder.output[1].startswith("POST /sms/send 200 ")


def test_the_state_outlives_the_run(tmp_path: Path) -> None:
    """The state is saved while serving and at the end, and loaded at the next start."""
    state = tmp_path / "state.json"
    saved: list[int] = []

    def load_saved() -> None:
        emulator = Emulator()
        load_state(emulator, state)
        saved.append(emulator.accepted)

    for _ in range(2):
        recorder = Recorder()
        recorder.actions = [recorder.send, load_saved]
        assert run(ServeOptions(port=0, state=state), recorder.terminal) == 0
        assert recorder.output[-1] == f"\nmessages accepted: 1, requests: 1; the state is in {state}\n"
    assert saved == [1, 2]


def test_the_last_request_is_saved(tmp_path: Path) -> None:
    """A request after the last periodic save is in the file."""
    state = tmp_path / "state.json"
    recorder = Recorder()

    def interrupted() -> None:
        recorder.send()
        raise KeyboardInterrupt

    recorder.actions = [interrupted]
    run(ServeOptions(port=0, state=state), recorder.terminal)
    emulator = Emulator()
    load_state(emulator, state)
    assert emulator.accepted == 1


def test_a_full_disk_is_reported_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator continues, reports the error once, and exits with 1 if the last save fails."""
    state = tmp_path / "state.json"
    recorder = Recorder()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    recorder.actions = [lambda: monkeypatch.setattr(os, "fsync", full), recorder.send, lambda: None]
    assert run(ServeOptions(port=0, state=state), recorder.terminal) == 1
    error = f"the state is not saved: [Errno 28] No space left on device: {str(state)!r}\n"
    assert recorder.errors == [error, error]
    assert recorder.output[-1] == "\nmessages accepted: 1, requests: 1\n"


def test_a_failed_start_is_explained(tmp_path: Path) -> None:
    """An invalid state file is unchanged, and the exit code is 2."""
    state = tmp_path / "state.json"
    state.write_text("{}")
    recorder = Recorder()
    assert run(ServeOptions(port=0, state=state), recorder.terminal) == 2
    assert recorder.errors[0].startswith(f"the emulator cannot start: {state} does not hold an emulator's state")
    assert (recorder.output, state.read_text()) == ([], "{}")


def test_a_port_in_use_is_reported() -> None:
    """The error of the system is shown, and the exit code is 2."""
    recorder = Recorder()
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        assert run(ServeOptions(port=taken.getsockname()[1]), recorder.terminal) == 2
    assert recorder.errors[0].startswith("the emulator cannot start: ")


def test_a_missing_uvicorn_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra to install."""
    monkeypatch.delitem(sys.modules, "wikipayam_async.emulator.server.uvicorn_server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    recorder = Recorder()
    assert run(ServeOptions(port=0), recorder.terminal) == 2
    assert recorder.errors == [
        "the emulator cannot start: serving the emulator needs uvicorn: pip install 'wikipayam_async[emulator]'\n"
    ]


@pytest.mark.parametrize("port", [-1, 65_536])
def test_an_invalid_port_is_refused(port: int) -> None:
    """A port outside 0 to 65535 is refused."""
    with pytest.raises(ValueError):
        ServeOptions(port=port)


def test_any_thread_may_serve() -> None:
    """Only the main thread sets a signal handler; another thread leaves it unchanged."""
    recorder = Recorder()
    before = signal.getsignal(signal.SIGTERM)
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(run(ServeOptions(port=0), recorder.terminal)))
    thread.start()
    thread.join()
    assert (codes, signal.getsignal(signal.SIGTERM)) == ([0], before)


@pytest.mark.skipif(os.name == "nt", reason="Windows processes cannot receive SIGTERM")
def test_sigterm_stops_it_like_ctrl_c() -> None:
    """The previous SIGTERM handler is restored afterwards."""
    recorder = Recorder(lambda: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    assert run(ServeOptions(port=0), recorder.terminal) == 0
    assert (recorder.output[-1], signal.getsignal(signal.SIGTERM)) == ("\nmessages accepted: 0, requests: 0\n", before)


@pytest.mark.skipif(os.name == "nt", reason="Windows processes cannot receive SIGTERM")
def test_a_process_saves_its_state_at_sigterm(tmp_path: Path) -> None:
    """A process that receives SIGTERM saves its state and exits with 0."""
    state = tmp_path / "state.json"
    command = [sys.executable, "-m", "wikipayam_async.emulator", "--port", "0", "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        recorder = Recorder()
        recorder.output = [process.stdout.readline()]
        recorder.send()
        process.terminate()
        out = process.communicate(timeout=30)[0]
    emulator = Emulator()
    load_state(emulator, state)
    assert (process.returncode, emulator.accepted) == (0, 1)
    assert out.endswith(f"messages accepted: 1, requests: 1; the state is in {state}\n")


def test_the_address_of_an_ipv6_emulator_is_printed(emulator: Emulator) -> None:
    """The URL has the address in brackets."""
    served = ServedEmulator(emulator, "::1", 8026)
    assert introduction(served, [], Shell.SH).startswith("url:       http://[::1]:8026\n")


def test_a_terminal_writes_to_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unencodable characters are escaped, and a closed stream is ignored."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    Terminal().write("پ!\n")

    class Gone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    Terminal().write_error("x")
    assert written.getvalue() == b"\\u067e!" + os.linesep.encode()
