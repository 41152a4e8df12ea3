from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Run
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, serve


def interrupt_after(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something once the lab is served, then end it as Ctrl-C does."""

    def sleep(_: float) -> None:
        act()
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", sleep)


def test_the_lab_starts_with_an_emulator(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default the lab is beside an emulator, whose start message names its address."""
    interrupt_after(monkeypatch, lambda: None)
    ended = run("lab", "--port", "0")
    assert (ended.code, "/lab\n" in ended.err) == (0, True)


def test_the_real_gateway_is_chosen_by_an_option(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --real, a send from the page reaches the gateway, its outcome is on the terminal, and the token is nowhere."""
    emulator = Emulator()
    with serve(emulator) as gateway:
        monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
        monkeypatch.setenv("SMS_SENDER", "10002000")
        monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", gateway.url)

        def send() -> None:
            lab = json.loads(capsys.readouterr().out)["lab"]
            with httpx.Client(trust_env=False, base_url=lab) as client:
                for operation, fields in (
                    ("sms_send", {"receiver": "09123456789", "message": "x", "track_id": "T"}),
                    ("holoo_send", {"to": "09123456789", "message": "x", "username": "09123456789"}),
                    ("account_balance", {}),
                ):
                    prepared = client.post("api/prepare", json={"operation": operation, "fields": fields}).json()
                    answer = client.post("api/run", json={"number": prepared["number"]})
                    assert answer.json()["made"]["error"] is None
                    assert DEFAULT_TOKEN not in answer.text

        interrupt_after(monkeypatch, send)
        ended = run("lab", "--real", "--port", "0", "--json")
    assert ended.code == 0
    assert [entry.track_id for entry in emulator.ledger] == ["T", None]
    assert f"sms.send, T: accepted, {emulator.ledger[0].id}" in ended.err
    assert DEFAULT_TOKEN not in ended.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [(["--base-url", "https://a.test"], "--real"), (["--real", "--env-file", "missing.env"], "missing.env")],
)
def test_an_option_that_would_be_ignored_is_an_error(run: Run, arguments: list[str], text: str) -> None:
    """Options of the gateway need --real, and a file of settings must exist."""
    ended = run("lab", *arguments)
    assert (ended.code in {2, 4}, text in ended.err) == (True, True)


def test_a_port_in_use_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is shown, and the exit code is 2."""
    monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = run("lab", "--real", "--port", str(taken.getsockname()[1]))
    assert (ended.code, "the lab cannot start" in ended.err) == (2, True)


def test_ignored_settings_are_told(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An address of the gateway in a file is ignored when the token comes from elsewhere, and the command says so."""
    monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
    file = tmp_path / "lab.env"
    file.write_text("WIKIPAYAM_SMS_API_BASE_URL=https://a.test\n")
    interrupt_after(monkeypatch, lambda: None)
    ended = run("lab", "--real", "--port", "0", "--env-file", str(file))
    assert (ended.code, "is ignored" in ended.err, "gateway: https://wikipayam.ir" in ended.err) == (0, True, True)
