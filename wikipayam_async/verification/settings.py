"""The settings of a verifier, and their checks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from attrs import field, frozen

from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.verification.channels import VerificationChannel
from wikipayam_async.verification.limits import VerificationLimits
from wikipayam_async.verification.subjects import check_destinations

__all__ = ["SHORTEST_REST", "RandomBytes", "VerifierSettings", "check_channels"]

RandomBytes = Callable[[int], bytes]
"""Returns the given number of random bytes."""

SHORTEST_REST = 20.0
"""Seconds that a code must still be valid for when the next channel is used: a call takes as long."""
_LONGEST_LIFETIME = 600.0
_SHORTEST_CODE, _LONGEST_CODE = 6, 10


def _seconds(name: str, value: object, *, most: float = math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most or value == math.inf:
        bound = f" and at most {most:g}" if most < math.inf else ""
        raise ConfigurationError(f"{name}: expected seconds above 0{bound}; got {shape_of(value)}")
    return float(value)


def check_channels(channels: Sequence[object]) -> tuple[VerificationChannel, ...]:
    """Return the channels.

    Raises:
        ConfigurationError: No channel is given, or a value is not a channel.
    """
    if not isinstance(channels, list | tuple) or not channels:
        raise ConfigurationError(
            f"channels: expected a list such as [SmsChannel(), VoiceChannel()]; got {shape_of(channels)}"
        )
    return tuple(_check_channel(channel) for channel in channels)


def _check_channel(channel: object) -> VerificationChannel:
    if isinstance(channel, type) or not isinstance(channel, VerificationChannel):
        raise ConfigurationError(f"channels: expected channels such as SmsChannel(); got {shape_of(channel)}")
    return channel


def _check_code_length(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not _SHORTEST_CODE <= value <= _LONGEST_CODE:
        raise ConfigurationError(
            f"code_length: expected {_SHORTEST_CODE} to {_LONGEST_CODE} digits; got {shape_of(value)}"
        )
    return value


def _check_limits(value: object) -> VerificationLimits:
    if not isinstance(value, VerificationLimits):
        raise ConfigurationError(f"limits: expected a VerificationLimits; got {shape_of(value)}")
    return value


def _lifetime(value: float) -> float:
    return _seconds("lifetime", value, most=_LONGEST_LIFETIME)


def _fallback_after(value: float | None) -> float | None:
    return None if value is None else _seconds("fallback_after", value)


def _store_timeout(value: float) -> float:
    return _seconds("store_timeout", value)


@frozen(kw_only=True)
class VerifierSettings:
    """The settings of a verifier.

    Attributes:
        channels: The channels, in the order in which they are tried.
        limits: The limits.
        code_length: The number of digits.
        lifetime: Seconds for which a code is valid.
        fallback_after: Seconds after which the next channel is used; None for never.
        destinations: The allowed destinations, the longest first.
        store_timeout: Seconds that a call of the store may take.

    Raises:
        ConfigurationError: A setting is invalid.
    """

    channels: tuple[VerificationChannel, ...] = field(converter=check_channels)
    limits: VerificationLimits = field(converter=_check_limits)
    code_length: int = field(converter=_check_code_length)
    lifetime: float = field(converter=_lifetime)
    fallback_after: float | None = field(converter=_fallback_after)
    destinations: tuple[str, ...] = field(converter=check_destinations)
    store_timeout: float = field(converter=_store_timeout)

    def __attrs_post_init__(self) -> None:
        if len(self.channels) > 1 and self.fallback_after is not None:
            latest = self.lifetime - SHORTEST_REST
            if self.fallback_after > latest:
                raise ConfigurationError(
                    f"fallback_after: expected at most lifetime - {SHORTEST_REST:g} s ({latest:g}), so that the code is "
                    f"still valid when the next channel has sent it, or None; got {self.fallback_after:g}"
                )
