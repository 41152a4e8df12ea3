from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal
from wikipayam_async import ConfigurationError
from wikipayam_async.cli.exits import NoTokenError
from wikipayam_async.cli.settings import TokenSources, need_token, read_settings

NOTHING = TokenSources(keyring=lambda: None, prompt=lambda: None)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """A settings file."""
    path = tmp_path / ".env"
    path.write_text(
        '\ufeffSMS_AUTH_TOKEN="filed"\nSMS_SENDER=1000\nWIKIPAYAM_SMS_API_BASE_URL=https://filed.example\n',
        encoding="utf-8",
    )
    return path


def test_the_file_is_read(env_file: Path) -> None:
    """With an empty environment all settings come from the file."""
    found = read_settings(env_file, {}, NOTHING)
    assert need_token(found, NOTHING).reveal() == "filed"
    assert (found.token_from, found.get("SMS_SENDER")) == (str(env_file), "1000")
    assert found.get("WIKIPAYAM_SMS_API_BASE_URL") == "https://filed.example"
    assert (found.ignored, "filed" in repr(found.token)) == (None, False)


def test_no_other_variables_are_kept(env_file: Path) -> None:
    """Settings hold only the variables of the client; their `repr` shows no value."""
    found = read_settings(
        env_file, {"SMS_AUTH_TOKEN": "outer", "SMS_USERNAME": "09123456789", "OTHER": "secret"}, NOTHING
    )
    assert found.values == {"SMS_USERNAME": "09123456789", "SMS_SENDER": "1000"}
    assert [word for word in ("outer", "09123456789", "1000") if word in repr(found)] == []


def test_without_stderr_there_is_no_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without stderr the token is not asked for."""
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", None)
    assert TokenSources().prompt() is None


def test_the_environment_overrides_the_file(env_file: Path) -> None:
    """Variables of the environment override the file; an empty variable counts as unset."""
    found = read_settings(env_file, {"SMS_AUTH_TOKEN": "outer", "SMS_SENDER": "2000", "SMS_USERNAME": ""}, NOTHING)
    assert need_token(found, NOTHING).reveal() == "outer"
    assert (found.token_from, found.get("SMS_SENDER"), found.get("SMS_USERNAME")) == ("the environment", "2000", None)


def test_a_file_cannot_redirect_a_token_from_elsewhere(env_file: Path) -> None:
    """The gateway's address in a file counts only with the token of the same file."""
    found = read_settings(env_file, {"SMS_AUTH_TOKEN": "outer"}, NOTHING)
    assert found.get("WIKIPAYAM_SMS_API_BASE_URL") is None
    assert found.ignored is not None
    assert "address" in found.ignored
    env_file.write_text("WIKIPAYAM_SMS_API_PREFIX=v9\n", encoding="utf-8")
    keyed = read_settings(env_file, {}, TokenSources(keyring=lambda: "kept", prompt=lambda: None))
    assert (keyed.token_from, keyed.get("WIKIPAYAM_SMS_API_PREFIX")) == ("the keyring", None)


def test_the_prompt_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any token there is a prompt; without an answer the error names the sources."""
    monkeypatch.chdir(tmp_path)
    found = read_settings(Path(".env"), {}, NOTHING)
    assert (found.token, found.token_from) == (None, "nowhere")
    assert need_token(found, TokenSources(keyring=lambda: None, prompt=lambda: "typed")).reveal() == "typed"
    with pytest.raises(NoTokenError) as caught:
        need_token(found, NOTHING)
    assert "SMS_AUTH_TOKEN" in str(caught.value)
    assert "keyring set wikipayam token" in str(caught.value)


def test_an_undecodable_file_is_a_usage_error(tmp_path: Path) -> None:
    """The error names the file, and shows nothing of its content."""
    path = tmp_path / ".env"
    path.write_bytes(b"SMS_AUTH_TOKEN=\xff\xfe")
    with pytest.raises(ConfigurationError) as caught:
        read_settings(path, {}, NOTHING)
    assert str(caught.value) == f"{path}: cannot be read (UnicodeDecodeError)"


def test_without_a_terminal_there_is_no_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command in a pipe does not ask for a token."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("typed\n"))
    assert TokenSources().prompt() is None


def test_the_typed_token_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the token is asked for without echo."""
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt, stream: " typed " if "not shown" in prompt and stream else "")
    assert TokenSources().prompt() == "typed"


def test_the_token_is_asked_for_in_persian(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a Persian locale the prompt is Persian."""
    monkeypatch.setenv("LANG", "fa_IR.UTF-8")
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt, stream: f"asked {prompt}" if stream else "")
    assert TokenSources().prompt() == "asked توکن (دیده نمی‌شود):"


class Keyring:
    """A fake of the package `keyring`, which the tests do not install."""

    class KeyringError(Exception):
        """The error of a keyring."""

    def __init__(self, password: str | None) -> None:
        self.password = password

    def get_password(self, service: str, name: str) -> str | None:
        """Return the password of the documented names."""
        assert (service, name) == ("wikipayam", "token")
        if self.password == "locked":
            raise self.KeyringError
        return self.password


@pytest.mark.parametrize(("held", "found"), [("kept", "kept"), (None, None), ("locked", None)])
def test_the_keyring_is_read(monkeypatch: pytest.MonkeyPatch, held: str | None, found: str | None) -> None:
    """An installed keyring gives its token; a locked one gives none."""
    keyring = Keyring(held)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", keyring)
    assert TokenSources().keyring() == found


def test_a_keyring_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package there is no token and no error."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert TokenSources().keyring() is None


def test_a_given_file_must_exist(tmp_path: Path) -> None:
    """A typo in the name is an error, so nothing is sent from another account: only `.env` need not exist."""
    for path, reason in ((tmp_path / "prod.env", "FileNotFoundError"), (tmp_path, "IsADirectoryError")):
        with pytest.raises(ConfigurationError) as caught:
            read_settings(path, {"SMS_AUTH_TOKEN": "outer"}, NOTHING)
        assert str(caught.value) == f"{path}: cannot be read ({reason})"


@pytest.mark.skipif(sys.platform == "win32", reason="it has no named pipes of this kind")
def test_the_file_may_be_a_pipe(tmp_path: Path) -> None:
    """A pipe, as in `--env-file <(...)`, is read."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    thread = threading.Thread(target=lambda: pipe.write_text("SMS_AUTH_TOKEN=piped\n", encoding="utf-8"))
    thread.start()
    found = read_settings(pipe, {}, NOTHING)
    thread.join()
    assert need_token(found, NOTHING).reveal() == "piped"


def test_an_empty_answer_is_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-D at the prompt gives no token and no crash."""

    def end(*_: object, **__: object) -> str:
        raise EOFError

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr("getpass.getpass", end)
    assert TokenSources().prompt() is None
