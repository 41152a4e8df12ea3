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
    """Each is read from the variable `SHOP_` and its name in capitals, as `SHOP_VOICE_AFTER`. Times are in seconds.

    The gateway's own (`SMS_AUTH_TOKEN`, `SMS_SENDER`, `WIKIPAYAM_SMS_API_BASE_URL`) are read by the client.

    Attributes:
        otp_pattern: The gateway's pattern for login codes.
        max_connections: The most connections to the gateway.
        code_lifetime: How long a login code is good for.
        code_tries: How many wrong codes may be typed.
        code_pause: How long a mobile waits for another code.
        voice_after: How long the SMS with the code may take before the shop calls.
        look_every: How often to ask whether the SMS was delivered.
        poll_every: How often to look for received messages.
        max_waiting: How many order notices may wait to be sent.
        batch_size: The most notices of a request.
        drain_timeout: How long a shop that shuts down goes on sending what waits.
        journal: The file that tells of each notice; none if it is not given.
        opted_out: The file with the numbers that want no announcements; they are kept in memory alone if it is not given.
    """

    otp_pattern: int = field(default=13, converter=int)
    max_connections: int = field(default=32, converter=int)
    code_lifetime: float = field(default=120.0, converter=float)
    code_tries: int = field(default=5, converter=int)
    code_pause: float = field(default=60.0, converter=float)
    voice_after: float = field(default=20.0, converter=float)
    look_every: float = field(default=2.0, converter=float)
    poll_every: float = field(default=5.0, converter=float)
    max_waiting: int = field(default=10_000, converter=int)
    batch_size: int = field(default=100, converter=int)
    drain_timeout: float = field(default=10.0, converter=float)
    journal: Path | None = field(default=None, converter=attrs.converters.optional(Path))
    opted_out: Path | None = field(default=None, converter=attrs.converters.optional(Path))

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read them; what is not there has its default."""
        names = {attribute.name: f"SHOP_{attribute.name.upper()}" for attribute in attrs.fields(cls)}
        return cls(**{name: environ[variable] for name, variable in names.items() if environ.get(variable)})
