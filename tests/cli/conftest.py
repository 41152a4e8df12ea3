"""A command line, and an emulated gateway behind it."""

from __future__ import annotations

import io
import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from attrs import frozen
from cyclopts import App
from rich.console import Console

from wikipayam_async.cli import app, main, output, translations
from wikipayam_async.cli.speech import spoken
from wikipayam_async.cli.translations import translate
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, DEFAULT_USERNAME, Emulator, serve

PASSWORD = "p4ssw0rd"
NARROW = 72
"""The width of the terminal that the help is shown on."""
PERSIAN = re.compile("[\u0600-\u06ff]")
SETTINGS = (
    "SMS_AUTH_TOKEN",
    "SMS_SENDER",
    "SMS_USERNAME",
    "WIKIPAYAM_DATABASE_URL",
    "WIKIPAYAM_SMS_API_BASE_URL",
    "WIKIPAYAM_SMS_API_PREFIX",
)


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


CELLS = "  "
"""A line with two spaces is one of a table, or the text of a message."""
SAID_BY_TESTS = {
    "Go? [y/N]",
    "error: perhaps",
    "error: slow down",
    "progress",
    "sheet \x1b[2Jevil\u202e is ignored",
    "text",
    "waiting for the sending hours",
    "warned",
}
"""What tests say themselves."""


@pytest.fixture(autouse=True)
def everything_is_said_in_persian(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every sentence that a test of a command hears has a Persian one in `wikipayam_async.cli.speech_fa`."""
    heard: set[str] = set()

    def listen(text: str, language: str) -> str:
        heard.update(text.split("\n"))
        return spoken(text, language)

    monkeypatch.setattr(output, "spoken", listen)
    yield
    english = (line for line in heard - SAID_BY_TESTS if CELLS not in line and re.search("[A-Za-z]", line))
    assert [line for line in english if not PERSIAN.search(spoken(line.removeprefix("error: "), "fa"))] == []


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
def database(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty database, which has a password; it is in the environment, too."""
    name = f"cli_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = postgres_url.replace("://tests@", f"://tests:{PASSWORD}@").replace("/postgres", f"/{name}")
    monkeypatch.setenv("WIKIPAYAM_DATABASE_URL", url)
    yield url
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process."""

    def run(*argv: str) -> Ended:
        capsys.readouterr()
        code = main(argv)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


AT = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - the gateway's times have no zone


TEXTS = ("لغو ", '=HYPERLINK("http://example.com")', "hello\x1b[31m")


@pytest.fixture
def ids(gateway: Emulator) -> list[str]:
    """The ids of three received messages."""
    return [gateway.inbound(sender="989127782175", message=text, received_at=AT) for text in TEXTS]


@frozen
class Shown:
    """The help of all commands.

    Attributes:
        pages: The page of each command.
        asked: The texts that were looked up.
    """

    pages: dict[tuple[str, ...], str]
    asked: frozenset[str]


@pytest.fixture(scope="session")
def shown() -> Shown:
    """Every page of the help, in Persian on a narrow terminal."""
    asked: set[str] = set()

    def record(text: str, language: str) -> str:
        asked.add(" ".join(text.split()))
        return translate(text, language)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(translations, "translate", record)
        patch.setattr(app, "translate", record)
        patch.delenv("FORCE_COLOR", raising=False)
        tree = app.build("fa")
        pages = {path: page_of(app.build("fa", *path[:1]), path) for path in paths(tree)}
        return Shown(pages, frozenset(asked))


def paths(tree: App, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every command."""
    yield above
    for name in tree:
        if not name.startswith("-"):
            yield from paths(tree[name], (*above, name))


def page_of(tree: App, path: tuple[str, ...]) -> str:
    """Return the help of a command, on a narrow terminal."""
    tree.console = Console(width=NARROW)  # groups of commands keep the one that they used first
    with redirect_stdout(StringIO()) as page:
        tree([*path, "--help"])
    return page.getvalue()
