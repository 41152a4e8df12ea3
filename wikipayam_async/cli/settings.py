"""The settings of a command, from the environment, a `.env` file, the keyring or a prompt."""

from __future__ import annotations

import getpass
import io
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import field, frozen

from wikipayam_async.cli.exits import NoTokenError
from wikipayam_async.cli.speech import spoken
from wikipayam_async.cli.translations import language_of
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.sealed import Secret

__all__ = ["DEFAULT_ENV_FILE", "NO_TOKEN", "Settings", "TokenSources", "need_token", "read_settings"]

DEFAULT_ENV_FILE = Path(".env")
NO_TOKEN = Secret("none")
"""In a client that makes no request."""

_TOKEN = "SMS_AUTH_TOKEN"  # noqa: S105 - its name
_ADDRESS = ("WIKIPAYAM_SMS_API_BASE_URL", "WIKIPAYAM_SMS_API_PREFIX")
_NAMES = ("SMS_SENDER", "SMS_USERNAME", *_ADDRESS)
_KEYRING = ("wikipayam", "token")


@frozen
class Settings:
    """The settings of a command.

    Attributes:
        token: The token; None if none was found.
        token_from: Where the token was found.
        values: The other settings, by environment variable.
        ignored: A warning about ignored settings of the `.env` file, if any.
    """

    token: Secret | None
    token_from: str
    values: Mapping[str, str] = field(repr=False)
    ignored: str | None = None

    def get(self, name: str) -> str | None:
        """Return a setting, or None.

        Args:
            name: The environment variable.
        """
        return self.values.get(name) or None


def _from_keyring() -> str | None:
    try:
        import keyring  # noqa: PLC0415 - optional
        from keyring.errors import KeyringError  # noqa: PLC0415 - as above
    except ImportError:
        return None
    try:
        return keyring.get_password(*_KEYRING)
    except KeyringError:
        return None


def _from_prompt() -> str | None:
    if not all(stream and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        return None
    try:
        question = spoken("API token (not shown):", language_of(os.environ))
        return getpass.getpass(f"{question} ", stream=sys.stderr).strip()
    except EOFError:
        return None


@frozen
class TokenSources:
    """The sources of a token besides environment and file; tests replace them.

    Attributes:
        keyring: Returns the token of the system's keyring, or None.
        prompt: Asks for the token, or returns None without a terminal.
    """

    keyring: Callable[[], str | None] = field(default=_from_keyring)
    prompt: Callable[[], str | None] = field(default=_from_prompt)


def read_settings(
    env_file: Path, environ: Mapping[str, str] = os.environ, sources: TokenSources = TokenSources()
) -> Settings:
    """Read the settings: the environment first, then the file, then the keyring.

    The gateway's address in a file counts only if the token is in the same file. Otherwise the `.env` file of an untrusted
    directory could redirect the token of the environment to another host.

    Args:
        env_file: The file. `.env` need not exist; any other file must.
        environ: The environment.
        sources: The other sources of a token.

    Raises:
        ConfigurationError: The file cannot be read.
    """
    from_file = _read_file(env_file)
    ignored = None
    if any(from_file.get(name) for name in _ADDRESS) and (environ.get(_TOKEN) or not from_file.get(_TOKEN)):
        from_file = {name: value for name, value in from_file.items() if name not in _ADDRESS}
        ignored = f"{env_file}: the gateway's address is ignored, because the token does not come from this file"
    values = {name: value for name in _NAMES if (value := environ.get(name) or from_file.get(name))}
    token, token_from = _find_token(environ, from_file, env_file, sources)
    return Settings(Secret(token) if token else None, token_from, values, ignored)


def need_token(settings: Settings, sources: TokenSources = TokenSources()) -> Secret:
    """Return the token; ask for it if none was found.

    Args:
        settings: The settings.
        sources: The other sources of a token.

    Raises:
        NoTokenError: No source has a token.
    """
    if settings.token is not None:
        return settings.token
    answer = sources.prompt()
    if not answer:
        raise NoTokenError(
            "no token: set SMS_AUTH_TOKEN in the environment or in .env, or run `keyring set wikipayam token` "
            "(the panel shows it: profile, API token). It is never a command-line argument, which other users could see"
        )
    return Secret(answer)


def _find_token(
    environ: Mapping[str, str], from_file: Mapping[str, str], env_file: Path, sources: TokenSources
) -> tuple[str | None, str]:
    if token := environ.get(_TOKEN):
        return token, "the environment"
    if token := from_file.get(_TOKEN):
        return token, str(env_file)
    if token := sources.keyring():
        return token, "the keyring"
    return None, "nowhere"


def _read_file(path: Path) -> dict[str, str]:
    try:
        content = path.read_text(encoding="utf-8-sig")
        from dotenv import dotenv_values  # noqa: PLC0415 - only if there is a file

        found = dotenv_values(stream=io.StringIO(content), interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, FileNotFoundError) and path == DEFAULT_ENV_FILE:
            return {}
        raise ConfigurationError(f"{path}: cannot be read ({type(error).__name__})") from None
    return {name: value for name, value in found.items() if value}
