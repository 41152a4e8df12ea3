"""The shop's settings, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import attrs
from attrs import field, frozen

__all__ = ["Settings"]


@frozen(kw_only=True)
class Settings:
    """The settings. Each is read from `SHOP_` and its name in capitals, for example `SHOP_VOICE_AFTER`. Times are seconds.

    The client reads the gateway's own settings: `SMS_AUTH_TOKEN`, `SMS_SENDER` and `WIKIPAYAM_SMS_API_BASE_URL`.

    Attributes:
        otp_pattern: The gateway's pattern id for login codes.
        max_connections: The maximum number of connections to the gateway.
        code_lifetime: How long a login code is valid.
        code_max_attempts: How many wrong codes a user may enter.
        code_interval: Minimum time between two codes to a mobile.
        voice_after: How long to wait for the SMS with the code before calling.
        delivery_poll_interval: Time between two polls of the codes' delivery.
        inbound_poll_interval: Time between two polls for received messages.
        max_waiting: The maximum number of order notices in the outbox.
        batch_size: The maximum number of notices per request.
        drain_timeout: How long the outbox continues to send during shutdown.
        journal: The journal file; None keeps no journal.
        opted_out: The file of opted-out numbers; None keeps them in memory only.
    """

    otp_pattern: int = field(default=13, converter=int)
    max_connections: int = field(default=32, converter=int)
    code_lifetime: float = field(default=120.0, converter=float)
    code_max_attempts: int = field(default=5, converter=int)
    code_interval: float = field(default=60.0, converter=float)
    voice_after: float = field(default=20.0, converter=float)
    delivery_poll_interval: float = field(default=2.0, converter=float)
    inbound_poll_interval: float = field(default=5.0, converter=float)
    max_waiting: int = field(default=10_000, converter=int)
    batch_size: int = field(default=100, converter=int)
    drain_timeout: float = field(default=10.0, converter=float)
    journal: Path | None = field(default=None, converter=attrs.converters.optional(Path))
    opted_out: Path | None = field(default=None, converter=attrs.converters.optional(Path))

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the settings. Missing and empty variables have their defaults."""
        names = {attribute.name: f"SHOP_{attribute.name.upper()}" for attribute in attrs.fields(cls)}
        return cls(**{name: environ[variable] for name, variable in names.items() if environ.get(variable)})
