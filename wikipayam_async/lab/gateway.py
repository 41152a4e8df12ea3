"""The gateway that the lab calls: the emulator beside it, or the real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from attrs import field, frozen

from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.core.events import EventHook
from wikipayam_async.emulator.app import Exchanger
from wikipayam_async.emulator.gateway.gateway import DEFAULT_PREFIX
from wikipayam_async.emulator.gateway.state import DEFAULT_LINE, DEFAULT_TOKEN, DEFAULT_USERNAME
from wikipayam_async.emulator.transport import EmulatorTransport
from wikipayam_async.redact.sealed import Secret

__all__ = ["Connect", "LabGateway", "emulated", "real"]

Connect: TypeAlias = Callable[[EventHook], AsyncWikipayam]
"""Makes a client whose events go to a hook."""

_ANY_HOST = "https://wikipayam.ir"


@frozen(kw_only=True)
class LabGateway:
    """A gateway, and what the page shows of it.

    Attributes:
        connect: Makes a client of it.
        token: The token, which no response of the lab contains.
        base_url: Its URL; None for the emulator, which has that of the page.
        prefix: The prefix of its paths.
        sender: The line of the clients, if they have one.
        username: The user name of the clients, if they have one.
        is_real: Whether a send costs money.
    """

    connect: Connect = field(repr=False)
    token: Secret
    base_url: str | None
    prefix: str
    sender: str | None
    username: str | None
    is_real: bool


def emulated(exchanger: Exchanger) -> LabGateway:
    """Return the gateway of an emulator in this process.

    Args:
        exchanger: The emulator, or what records its requests.
    """

    def connect(on_event: EventHook) -> AsyncWikipayam:
        return AsyncWikipayam(
            DEFAULT_TOKEN,
            sender=DEFAULT_LINE,
            username=DEFAULT_USERNAME,
            base_url=_ANY_HOST,
            api_prefix=DEFAULT_PREFIX,
            transport=EmulatorTransport(exchanger),
            on_event=on_event,
        )

    return LabGateway(
        connect=connect,
        token=Secret(DEFAULT_TOKEN),
        base_url=None,
        prefix=DEFAULT_PREFIX,
        sender=DEFAULT_LINE,
        username=DEFAULT_USERNAME,
        is_real=False,
    )


def real(token: Secret, connect: Connect, *, username: str | None) -> LabGateway:
    """Return the real gateway.

    Args:
        token: The token.
        connect: Makes a client with that token and user name.
        username: The user name, if there is one.

    Raises:
        ConfigurationError: A setting of the client is invalid.
    """
    client = connect(lambda _event: None)
    return LabGateway(
        connect=connect,
        token=token,
        base_url=client.base_url,
        prefix=client.api_prefix,
        sender=client.sender,
        username=username,
        is_real=True,
    )
