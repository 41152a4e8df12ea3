"""Where the settings of a command come from: the environment, a `.env` file, the keyring, or a question."""

from __future__ import annotations

import getpass
import io
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import evolve, field, frozen

from wikipayam_async.cli.exits import NoTokenError
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.sealed import Secret

__all__ = ["DEFAULT_ENV_FILE", "Settings", "TokenSources", "need_token", "read_settings", "with_token"]

DEFAULT_ENV_FILE = Path(".env")

_TOKEN = "SMS_AUTH_TOKEN"  # noqa: S105 - its name
_ADDRESS = ("WIKIPAYAM_SMS_API_BASE_URL", "WIKIPAYAM_SMS_API_PREFIX")
_NAMES = ("SMS_SENDER", "SMS_USERNAME", *_ADDRESS)
_KEYRING = ("wikipayam", "token")


@frozen
class Settings:
    """What the surroundings of a command say.

    Attributes:
        token: The token; None where there is none and none was asked for.
        token_from: Where it was found.
        values: The other settings, by the names of their environment variables.
        ignored: Settings of the `.env` file that do not count, and why.
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
        import keyring  # noqa: PLC0415 - whoever wants it installs it
        from keyring.errors import KeyringError  # noqa: PLC0415 - as above
    except ImportError:
        return None
    try:
        return keyring.get_password(*_KEYRING)
    except KeyringError:
        return None


def _from_a_human() -> str | None:
    if not all(stream and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        return None
    try:
        return getpass.getpass("API token (not shown): ", stream=sys.stderr).strip()
    except EOFError:
        return None


@frozen
class TokenSources:
    """Where a token is looked for besides environment and file; tests put their own here.

    Attributes:
        keyring: Returns what the system's keyring holds, or None.
        human: Asks, or returns None where nobody can be asked.
    """

    keyring: Callable[[], str | None] = field(default=_from_keyring)
    human: Callable[[], str | None] = field(default=_from_a_human)


def read_settings(
    env_file: Path, environ: Mapping[str, str] = os.environ, sources: TokenSources = TokenSources()
) -> Settings:
    """Gather the settings; the environment goes before the file, the file before the keyring.

    Where the gateway is, a file may say only if the token stands in the same file: otherwise the file of some directory
    could lead the token from the environment to another host.

    Args:
        env_file: The file. `.env` need not exist; another one was meant to be there.
        environ: The environment.
        sources: Where else a token may be.

    Raises:
        ConfigurationError: The file cannot be read.
    """
    filed = _read_file(env_file)
    ignored = None
    if any(filed.get(name) for name in _ADDRESS) and (environ.get(_TOKEN) or not filed.get(_TOKEN)):
        filed = {name: value for name, value in filed.items() if name not in _ADDRESS}
        ignored = f"{env_file}: the gateway's address in it is ignored, because the token does not come from there"
    values = {name: value for name in _NAMES if (value := environ.get(name) or filed.get(name))}
    token, found = _find_token(environ, filed, env_file, sources)
    return Settings(Secret(token) if token else None, found, values, ignored)


def need_token(settings: Settings, sources: TokenSources = TokenSources()) -> Secret:
    """Return the token; ask for it if there is none yet.

    Args:
        settings: What is known.
        sources: Where else a token may be.

    Raises:
        NoTokenError: There is none.
    """
    if settings.token is not None:
        return settings.token
    answer = sources.human()
    if not answer:
        raise NoTokenError(
            "no token: set SMS_AUTH_TOKEN in the environment or in .env, or run `keyring set wikipayam token` "
            "(the panel shows it: profile, API token). It is never taken from the command line, where others see it"
        )
    return Secret(answer)


def with_token(settings: Settings) -> Settings:
    """Return the same settings with a token, which is asked for if there is none yet.

    Args:
        settings: What is known.

    Raises:
        NoTokenError: There is none.
    """
    return evolve(settings, token=need_token(settings))


def _find_token(
    environ: Mapping[str, str], filed: Mapping[str, str], env_file: Path, sources: TokenSources
) -> tuple[str | None, str]:
    if token := environ.get(_TOKEN):
        return token, "the environment"
    if token := filed.get(_TOKEN):
        return token, str(env_file)
    if token := sources.keyring():
        return token, "the keyring"
    return None, "nowhere"


def _read_file(path: Path) -> dict[str, str]:
    try:
        content = path.read_text(encoding="utf-8-sig")
        from dotenv import dotenv_values  # noqa: PLC0415 - where there is a file

        found = dotenv_values(stream=io.StringIO(content), interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, FileNotFoundError) and path == DEFAULT_ENV_FILE:
            return {}
        raise ConfigurationError(f"{path}: cannot be read ({type(error).__name__})") from None
    return {name: value for name, value in found.items() if value}
