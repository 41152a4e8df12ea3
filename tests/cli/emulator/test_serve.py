from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Run
from wikipayam_async.cli.emulator import serve
from wikipayam_async.emulator import DEFAULT_BALANCE, DEFAULT_TOKEN
from wikipayam_async.emulator.server.run import DEFAULT_PORT


def test_the_defaults_are_those_of_the_emulator() -> None:
    """They are repeated, because the help does without the emulator."""
    assert (serve.DEFAULT_PORT, serve.DEFAULT_BALANCE) == (DEFAULT_PORT, DEFAULT_BALANCE)


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be asked to end there")
def test_an_emulator_is_served(tmp_path: Path) -> None:
    """The emulator serves with the given latency, faults and state until it is terminated."""
    state = tmp_path / "state.json"
    command = ["emulator", "--port", "0", "--latency", "1ms", "--fault", "503@first1", "--state", str(state), "--json"]
    command += ["--balance", "7,000"]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "wikipayam_async.cli", *command], stdout=subprocess.PIPE, text=True
    )
    with process, httpx.Client(trust_env=False) as client:
        try:
            assert process.stdout is not None
            found = json.loads(process.stdout.readline())
            assert found["SMS_AUTH_TOKEN"] == DEFAULT_TOKEN
            prefix = found["WIKIPAYAM_SMS_API_PREFIX"].strip("/")
            url = f"{found['WIKIPAYAM_SMS_API_BASE_URL']}/{prefix}/user/balance"
            headers = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}
            assert client.get(url, headers=headers).status_code == 503
            assert client.get(url, headers=headers).json()["data"]["balance"] == 7_000
            process.terminate()
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert state.exists()


def test_without_json_the_settings_go_to_stderr(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a client are shown as shell exports on stderr."""

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    ended = run("emulator", "--port", "0")
    assert (ended.code, ended.out) == (0, "")
    assert "export SMS_AUTH_TOKEN=" in ended.err
    assert ended.err.endswith("messages accepted: 0, requests: 0\n")


@pytest.mark.parametrize(
    ("option", "value"), [("--port", "70000"), ("--port", "-1"), ("--latency", "soon"), ("--fault", "nonsense@5%")]
)
def test_a_bad_option_is_a_usage_error(run: Run, option: str, value: str) -> None:
    """An invalid value is reported with its option, and nothing is served."""
    ended = run("emulator", f"{option}={value}")
    assert ended.code == 2
    assert option in ended.err


def test_an_emulator_that_cannot_start_ends_with_2(run: Run, tmp_path: Path) -> None:
    """The reason is shown, and the exit code is 2."""
    ended = run("emulator", "--port", "0", "--state", str(tmp_path))
    assert ended.code == 2
    assert "cannot start" in ended.err
