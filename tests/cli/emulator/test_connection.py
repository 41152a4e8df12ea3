from __future__ import annotations

import socket
from contextlib import closing

import pytest

from tests.cli.conftest import Run
from tests.cli.emulator.conftest import Command
from wikipayam_async.cli.emulator.connection import EmulatorConnection, url_of
from wikipayam_async.emulator import Emulator, create_server_app, serve


def test_without_an_emulator_the_error_says_how_to_start_one(run: Run) -> None:
    """The exit code is that of a failed connection, and JSON has the error, too."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    ended = run("emulator", "status", "--url", f"http://127.0.0.1:{port}", "--json")
    text = f"No emulator answers at http://127.0.0.1:{port}. Start one with `wikipayam emulator`, or pass its --url."
    assert (ended.code, ended.err) == (5, f"error: {text}\n")
    assert ended.json == {"error": {"type": "APIConnectionError", "message": text}}


def test_the_control_token_comes_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong token is an error of authentication, and the right one is accepted."""
    emulator = Emulator()
    with serve(emulator, app=create_server_app(emulator, control_token="secret")) as served:
        codes = []
        for token in ("wrong", "secret"):
            monkeypatch.setenv("WIKIPAYAM_EMULATOR_CONTROL_TOKEN", token)
            codes.append(run("emulator", "reset", "--url", served.url).code)
    assert codes == [4, 0]


def test_another_refusal_is_a_usage_error(command: Command) -> None:
    """The error has the message and the hint of the emulator."""
    ended = command("delivery", "set", "0912", "")
    text = (
        "The body is invalid: Expected `str` of length >= 1 - at `$.status`. Its fields are: receiver, status, after."
    )
    assert (ended.code, ended.err) == (2, f"error: {text}\n")


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:8026"),
        ({"WIKIPAYAM_SMS_API_BASE_URL": "http://127.0.0.1:9000"}, "http://127.0.0.1:9000"),
        ({"WIKIPAYAM_SMS_API_BASE_URL": "https://wikipayam.ir"}, "http://127.0.0.1:8026"),
    ],
)
def test_the_url_is_that_of_a_client_of_the_emulator(environ: dict[str, str], url: str) -> None:
    """A variable that points a client to an emulator points the commands there, and one of the gateway does not."""
    assert url_of(EmulatorConnection(), environ) == url
    assert url_of(EmulatorConnection(url="http://[::1]:1"), environ) == "http://[::1]:1"
