"""Test support: the emulator, and clients and environment variables that use it.

With pytest, the fixtures `wikipayam_client`, `wikipayam_emulator`, `wikipayam_server`, `wikipayam_environ` and
`wikipayam_clock` are available as soon as this package is installed. They are built from this module, which also works
with unittest and other test frameworks.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import TypedDict, Unpack

from wikipayam_async.core.events import EventHook
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.core.retry import RetryPolicy
from wikipayam_async.emulator import (
    BLACKLISTED,
    DEFAULT_LINE,
    DEFAULT_PATTERN,
    DEFAULT_PREFIX,
    DEFAULT_TOKEN,
    DEFAULT_USERNAME,
    DELIVERED,
    FAILED,
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
from wikipayam_async.emulator.server.environment import environment
from wikipayam_async.idempotency import IdempotencyStore
from wikipayam_async.public import AsyncWikipayam

__all__ = [
    "BLACKLISTED",
    "DEFAULT_LINE",
    "DEFAULT_PATTERN",
    "DEFAULT_TOKEN",
    "DEFAULT_USERNAME",
    "DELIVERED",
    "FAILED",
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

_UNRESOLVABLE_URL = "https://emulator.invalid"
"""The domain does not exist, so a mistake in a test cannot reach a real gateway."""


class ClientOptions(TypedDict, total=False):
    """The options of `AsyncWikipayam` that `emulator_client` accepts."""

    token: str
    sender: str | None
    username: str | None
    api_prefix: str
    otp_pattern_id: int | None
    timeout: float
    retry: RetryPolicy
    rate_limit: RateLimit | None
    timezone: tzinfo | str | None
    idempotency: IdempotencyStore | None
    application: str | None
    on_event: EventHook | None


def emulator_client(emulator: Emulator, **options: Unpack[ClientOptions]) -> AsyncWikipayam:
    """Return a client that an emulator answers in process, without a socket.

    It uses the emulator's default token, line, user name and pattern, and reads no environment variables. It retries
    without the random delay, but respects `Retry-After`. It is not bound to an event loop until it is first used, and
    does not have to be closed.

    Args:
        emulator: The emulator.
        options: Options of `AsyncWikipayam` that replace these defaults.

    Raises:
        ConfigurationError: An option is invalid.
    """
    settings: ClientOptions = {
        "token": DEFAULT_TOKEN,
        "sender": DEFAULT_LINE,
        "username": DEFAULT_USERNAME,
        "api_prefix": DEFAULT_PREFIX,
        "otp_pattern_id": DEFAULT_PATTERN,
        "retry": RetryPolicy(initial_delay=0.0),
    }
    settings.update(options)
    return AsyncWikipayam(**settings, base_url=_UNRESOLVABLE_URL, transport=EmulatorTransport(emulator))


def emulator_environ(server: ServedEmulator) -> dict[str, str]:
    """Return the environment variables with which `AsyncWikipayam()` uses a served emulator.

    Pass them to `unittest.mock.patch.dict(os.environ, ...)`, or merge them into the `env` of a subprocess.

    Args:
        server: The served emulator.
    """
    return environment(server)
