"""For your tests: the emulator, and clients and environments that lead to it.

With pytest, the fixtures `wikipayam_client`, `wikipayam_emulator`, `wikipayam_server`, `wikipayam_environ` and
`wikipayam_clock` are there as soon as this package is installed. They are made of what stands here, which unittest and
everything else can use as well.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import TypedDict, Unpack

from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.core.events import EventHook
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.core.retry import RetryPolicy
from wikipayam_async.emulator import (
    DEFAULT_LINE,
    DEFAULT_PATTERN,
    DEFAULT_PREFIX,
    DEFAULT_TOKEN,
    DEFAULT_USERNAME,
    DELIVERED,
    UNDELIVERED,
    WAITING_FOR_UPDATE,
    DeliveryRules,
    DeliveryScript,
    Emulator,
    EmulatorTransport,
    Fault,
    LedgerEntry,
    ManualClock,
    MessageKind,
    ServedEmulator,
    When,
    serve,
    waiting_then,
)

__all__ = [
    "DEFAULT_LINE",
    "DEFAULT_PATTERN",
    "DEFAULT_TOKEN",
    "DEFAULT_USERNAME",
    "DELIVERED",
    "UNDELIVERED",
    "WAITING_FOR_UPDATE",
    "ClientOptions",
    "DeliveryRules",
    "DeliveryScript",
    "Emulator",
    "EmulatorTransport",
    "Fault",
    "LedgerEntry",
    "ManualClock",
    "MessageKind",
    "ServedEmulator",
    "When",
    "emulator_client",
    "emulator_environ",
    "serve",
    "waiting_then",
]

_NOWHERE = "https://emulator.invalid"
"""A name that no resolver knows: what goes wrong in a test never reaches a real gateway."""


class ClientOptions(TypedDict, total=False):
    """What can be handed on to the client of an emulator; each means what it means to `AsyncWikipayam`."""

    token: str
    sender: str | None
    username: str | None
    api_prefix: str
    otp_pattern_id: int | None
    timeout: float
    retry: RetryPolicy
    rate_limit: RateLimit | None
    timezone: tzinfo | str | None
    application: str | None
    on_event: EventHook | None


def emulator_client(emulator: Emulator, **options: Unpack[ClientOptions]) -> AsyncWikipayam:
    """Make a client whose calls an emulator answers, without a socket.

    It has the emulator's default token, line, user name and pattern, looks at no environment variable, and tries again
    without the usual random pause; a `Retry-After` is obeyed. It belongs to no event loop until it is first used, and
    holds nothing that would have to be closed.

    Args:
        emulator: What answers.
        options: Options of `AsyncWikipayam`, in place of these.

    Raises:
        ConfigurationError: An option breaks a rule.
    """
    settings: ClientOptions = {
        "token": DEFAULT_TOKEN,
        "sender": DEFAULT_LINE,
        "username": DEFAULT_USERNAME,
        "api_prefix": DEFAULT_PREFIX,
        "otp_pattern_id": DEFAULT_PATTERN,
        "retry": RetryPolicy(first_pause=0.0),
    }
    settings.update(options)
    return AsyncWikipayam(**settings, base_url=_NOWHERE, transport=EmulatorTransport(emulator))


def emulator_environ(server: ServedEmulator) -> dict[str, str]:
    """Return the environment variables with which an `AsyncWikipayam()` without arguments finds a served emulator.

    They suit `unittest.mock.patch.dict(os.environ, ...)` and the `env` of a subprocess.

    Args:
        server: The emulator, on its port.
    """
    return {
        "SMS_AUTH_TOKEN": DEFAULT_TOKEN,
        "SMS_SENDER": DEFAULT_LINE,
        "SMS_USERNAME": DEFAULT_USERNAME,
        "WIKIPAYAM_SMS_API_BASE_URL": server.url,
        "WIKIPAYAM_SMS_API_PREFIX": DEFAULT_PREFIX,
    }
