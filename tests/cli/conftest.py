"""A command line, and an emulated gateway behind it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from wikipayam_async.cli import main
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, DEFAULT_USERNAME, Emulator, serve

SETTINGS = ("SMS_AUTH_TOKEN", "SMS_SENDER", "SMS_USERNAME", "WIKIPAYAM_SMS_API_BASE_URL", "WIKIPAYAM_SMS_API_PREFIX")


@frozen
class Ended:
    """A finished command.

    Attributes:
        code: The exit code.
        out: The text on stdout.
        err: The text on stderr.
    """

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The single line of JSON on stdout."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[Any]:
        """The lines of JSON on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """Return that it is a terminal."""
        return True


Run = Callable[..., Ended]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty directory, with no settings and an English terminal of known width."""
    monkeypatch.chdir(tmp_path)
    for name in (*SETTINGS, "LC_ALL", "LC_MESSAGES", "LANG", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulator on a port, with its settings in the environment."""
    emulator = Emulator()
    with serve(emulator) as served:
        monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
        monkeypatch.setenv("SMS_SENDER", DEFAULT_LINE)
        monkeypatch.setenv("SMS_USERNAME", DEFAULT_USERNAME)
        monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", served.url)
        yield emulator


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process."""

    def run(*argv: str) -> Ended:
        capsys.readouterr()
        code = main(argv)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run
