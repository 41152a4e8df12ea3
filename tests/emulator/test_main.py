import re
import runpy
import sys
import time
from importlib.resources import files
from pathlib import Path

import pytest

from wikipayam_async.emulator import Latency, parse_fault
from wikipayam_async.emulator import __main__ as command
from wikipayam_async.emulator.__main__ import main
from wikipayam_async.emulator.server.run import ServeOptions, Terminal


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> list[ServeOptions]:
    """The options that the command passes to `run`."""
    received: list[ServeOptions] = []

    def run(served: ServeOptions, terminal: Terminal | None) -> int:
        received.append(served)
        return 0

    monkeypatch.setattr(command, "run", run)
    return received


def test_the_command_passes_its_options(options: list[ServeOptions]) -> None:
    """Every option is passed on, and `--fault` may be repeated."""
    arguments = ["--host", "::1", "--port", "0", "--latency", "20ms-1s", "--seed", "7", "--state", "s.json", "--log"]
    arguments += ["--balance", "5000"]
    assert main([*arguments, "--fault", "502:after@5%", "--fault", "reset@/sms/send"]) == 0
    assert options == [
        ServeOptions(
            host="::1",
            port=0,
            latency=Latency(0.02, 1.0),
            faults=(parse_fault("502:after@5%"), parse_fault("reset@/sms/send")),
            balance=5_000,
            seed=7,
            state=Path("s.json"),
            log=True,
        )
    ]


def test_every_option_has_a_default(options: list[ServeOptions]) -> None:
    """Without options the emulator serves on its default port, without faults."""
    main([])
    assert options == [ServeOptions(host="127.0.0.1", port=8026)]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--port=65536", "argument --port: expected a number from 0 to 65535"),
        ("--port=http", "argument --port: expected a number from 0 to 65535"),
        ("--balance=much", "argument --balance: invalid int value: 'much'"),
        ("--latency=fast", "argument --latency: 'fast' is not a duration; write seconds"),
        ("--fault=rest", "argument --fault: unknown fault 'rest'; known are a status such as 502, and status, html,"),
        ("--fault=502@5", "argument --fault: unknown frequency '5'; known are 5%, every10"),
    ],
)
def test_an_invalid_option_is_explained(
    options: list[ServeOptions], capsys: pytest.CaptureFixture[str], option: str, message: str
) -> None:
    """The error message names the option and the reason, and the exit code is 2."""
    with pytest.raises(SystemExit) as caught:
        main([option])
    assert (caught.value.code, options) == (2, [])
    assert message in capsys.readouterr().err


def test_the_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """The help shows the syntax of latencies and faults."""
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "50ms-200ms" in shown
    assert "502:after@5%, reset@every10@/sms/send" in shown


def test_the_module_runs_as_a_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m` reads its options from the command line, runs until interrupted, and exits with 0."""

    def sleep(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["emulator", "--host", "127.0.0.1", "--port", "0"])
    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.delitem(sys.modules, "wikipayam_async.emulator.__main__", raising=False)
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(files("wikipayam_async.emulator") / "__main__.py"), run_name="__main__")
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("url:       http://127.0.0.1:")
