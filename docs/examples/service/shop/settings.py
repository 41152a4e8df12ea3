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
        redis: The URL of the Redis with the login codes; None keeps them in memory, for a single process.
        code_secret: The secret that login codes are derived from, at least 32 characters; None makes one for each process,
            which is not enough with a Redis.
        code_lifetime: How long a login code is valid.
        voice_after: How long to wait for the SMS with the code before calling.
        codes_per_hour: The maximum number of codes and calls in an hour.
        codes_per_address: Those that one address may ask for.
        codes_per_prefix: Those to numbers with the same first seven digits.
        trusted_hops: The number of proxies in front of the shop that append to `X-Forwarded-For`.
        inbound_poll_interval: Time between two polls for received messages.
        max_waiting: The maximum number of order notices in the outbox.
        batch_size: The maximum number of notices per request.
        drain_timeout: How long the outbox continues to send during shutdown.
        journal: The journal file; None keeps no journal.
        opted_out: The file of opted-out numbers; None keeps them in memory only.
    """

    otp_pattern: int = field(default=13, converter=int)
    max_connections: int = field(default=32, converter=int)
    redis: str | None = None
    code_secret: str | None = field(default=None, repr=False)
    code_lifetime: float = field(default=120.0, converter=float)
    voice_after: float = field(default=20.0, converter=float)
    codes_per_hour: int = field(default=1_000, converter=int)
    codes_per_address: int = field(default=60, converter=int)
    codes_per_prefix: int = field(default=30, converter=int)
    trusted_hops: int = field(default=0, converter=int)
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
