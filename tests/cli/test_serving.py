from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Run
from wikipayam_async.cli import serving
from wikipayam_async.emulator import DEFAULT_TOKEN


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be asked to end there")
def test_an_emulator_is_served(tmp_path: Path) -> None:
    """The emulator answers where it says, with the latency, the faults and the state it was told, until it is asked to end."""
    state = tmp_path / "state.json"
    command = ["emulator", "--port", "0", "--latency", "1ms", "--fault", "503@first1", "--state", str(state), "--json"]
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
            assert [client.get(url, headers=headers).status_code for _ in range(2)] == [503, 200]
            process.terminate()
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert state.exists()


def test_what_is_served_is_told_to_humans(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--json` the words go to stderr."""

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
def test_a_bad_option_is_a_mistake(run: Run, option: str, value: str) -> None:
    """What cannot be read is named with its option, and nothing is served."""
    ended = run("emulator", f"{option}={value}")
    assert ended.code == 2
    assert option in ended.err


def test_a_port_that_is_taken_is_told(run: Run, tmp_path: Path) -> None:
    """An emulator that cannot begin says why, and ends as a mistake."""
    ended = run("emulator", "--port", "0", "--state", str(tmp_path))
    assert ended.code == 2
    assert "cannot start" in ended.err


def test_the_demo_is_shown_and_judged(run: Run) -> None:
    """The demo's report goes to the human, its verdict to the program."""
    ended = run("demo", "--messages", "40", "--json", "--no-faults")
    assert (ended.code, ended.json) == (0, {"agrees": True})
    assert "ledger" in ended.err


def test_the_demo_s_options_are_handed_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that the command takes reaches the demo, and books that disagree are a 1."""
    given: list[list[str]] = []

    def main(argv: list[str]) -> int:
        given.append(argv)
        return 1

    monkeypatch.setattr("wikipayam_async.demo.__main__.main", main)
    assert run("demo", "--concurrency", "2", "--batch-size", "3", "--seed", "4").code == 1
    assert given == [["--concurrency=2", "--batch-size=3", "--seed=4"]]
    assert serving.demo is not None
