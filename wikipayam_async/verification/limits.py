"""The limits of a verifier: how often codes are sent and entered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from wikipayam_async.checks import at_least_one, not_negative
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.verification.errors import LimitScope
from wikipayam_async.verification.store import Quota, WrongTryWait

if TYPE_CHECKING:
    from attrs import Attribute

    from wikipayam_async.verification.subjects import Subject

__all__ = ["DAY", "HOUR", "VerificationLimits"]

HOUR, DAY = 3600.0, 86400.0
_MOST_WRONG_TRIES = 100
_FIRST_WAIT = 60.0
_DIGITS_OF_A_NUMBER = 11


def _at_least_one_or_none(instance: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        at_least_one(instance, attribute, value)


@frozen(kw_only=True)
class VerificationLimits:
    """The limits of a verifier. Each is a setting of its own; the defaults suit a shop with some thousand logins a day.

    A period begins with its first event. So a limit of 5 an hour takes at most 10 in any hour, and 5 on average.

    Attributes:
        tries_per_challenge: How many codes may be entered for a challenge.
        wrong_tries_per_day: After this number of wrong codes for a receiver and purpose, across challenges, he gets no new
            challenge for a day; a right code forgets them. From `starts_per_hour * tries_per_challenge` wrong codes on,
            there is a wait, which doubles with every further challenge. At least that product, so that a stranger cannot
            lock out the owner within an hour; at most 100.
        starts_per_hour: Challenges of a receiver for one purpose in an hour.
        starts_per_day: The same in a day.
        resend_interval: Seconds between two challenges of a receiver for one purpose, and between two messages of a challenge.
        sends_per_challenge: How often a challenge's code is sent, its start and the fall-back included.
        sends_per_hour: Messages to a receiver in an hour, for all purposes.
        calls_per_hour: Those of them that are voice calls.
        ip_sends_per_hour: Messages that one address asks for in an hour, an IPv6 network of 64 bits counting as one. Mobile
            networks put thousands of users behind an address, so it cannot be low. None for no limit.
        prefix_sends_per_hour: Messages to numbers with the same first digits in an hour. It stops those who collect
            money for messages to a block of numbers, from whatever addresses. None for no limit.
        prefix_digits: How many digits of `09123456789` make the prefix.
        destination_sends_per_hour: Messages to one country in an hour. None for no limit.
        account_sends_per_hour: All messages in an hour: a limit of what an attack can cost. None for no limit.
        account_sends_per_day: All messages in a day. None for no limit.

    Raises:
        ConfigurationError: A limit is invalid.
    """

    tries_per_challenge: int = field(default=5, validator=at_least_one)
    wrong_tries_per_day: int = field(default=50, validator=at_least_one)
    starts_per_hour: int = field(default=5, validator=at_least_one)
    starts_per_day: int = field(default=20, validator=at_least_one)
    resend_interval: float = field(default=30.0, validator=not_negative)
    sends_per_challenge: int = field(default=3, validator=at_least_one)
    sends_per_hour: int = field(default=10, validator=at_least_one)
    calls_per_hour: int = field(default=3, validator=at_least_one)
    ip_sends_per_hour: int | None = field(default=60, validator=_at_least_one_or_none)
    prefix_sends_per_hour: int | None = field(default=30, validator=_at_least_one_or_none)
    prefix_digits: int = field(default=7, validator=at_least_one)
    destination_sends_per_hour: int | None = field(default=1_000, validator=_at_least_one_or_none)
    account_sends_per_hour: int | None = field(default=1_000, validator=_at_least_one_or_none)
    account_sends_per_day: int | None = field(default=10_000, validator=_at_least_one_or_none)

    def __attrs_post_init__(self) -> None:
        if not self.free_wrong_tries <= self.wrong_tries_per_day <= _MOST_WRONG_TRIES:
            raise ConfigurationError(
                f"wrong_tries_per_day: expected from starts_per_hour * tries_per_challenge ({self.free_wrong_tries}), "
                f"which a stranger can use up in an hour, to {_MOST_WRONG_TRIES}; got {self.wrong_tries_per_day}"
            )
        if self.prefix_digits > _DIGITS_OF_A_NUMBER:
            raise ConfigurationError(
                f"prefix_digits: expected from 1 to {_DIGITS_OF_A_NUMBER}; got {self.prefix_digits}"
            )

    @property
    def free_wrong_tries(self) -> int:
        """How many wrong codes have no wait: what a stranger can enter in an hour."""
        return self.starts_per_hour * self.tries_per_challenge

    @property
    def waits(self) -> Sequence[WrongTryWait]:
        """The waits after wrong codes: from a minute, doubling with every challenge, to a day."""
        return _waits(self.free_wrong_tries, self.wrong_tries_per_day, self.tries_per_challenge)

    def wait_after(self, wrong: int) -> float:
        """Return the wait in seconds for a new challenge after a number of wrong codes."""
        return max((wait.seconds for wait in self.waits if wait.tries <= wrong), default=0.0)

    def quotas_of_start(self, subject: Subject) -> list[Quota]:
        """Return what the first message of a challenge counts against."""
        owner = f"{subject.purpose}/{subject.receiver}"
        starts = [
            (LimitScope.PURPOSE, f"start/{owner}", self.starts_per_hour, HOUR),
            (LimitScope.PURPOSE, f"start/{owner}", self.starts_per_day, DAY),
        ]
        if self.resend_interval:
            starts.append((LimitScope.PURPOSE, f"start/{owner}", 1, self.resend_interval))
        return [_quota(*one) for one in starts]

    def quotas_of_send(self, subject: Subject, *, call: bool) -> list[Quota]:
        """Return what every message counts against.

        Args:
            subject: Whom it is for.
            call: Whether it is a voice call.
        """
        prefix = subject.receiver[: self.prefix_digits]
        sends: list[tuple[LimitScope, str, int | None, float]] = [
            (LimitScope.RECEIVER, f"receiver/{subject.receiver}", self.sends_per_hour, HOUR),
            (LimitScope.PREFIX, f"prefix/{prefix}", self.prefix_sends_per_hour, HOUR),
            (LimitScope.DESTINATION, f"destination/{subject.destination}", self.destination_sends_per_hour, HOUR),
            (LimitScope.ACCOUNT, "account", self.account_sends_per_hour, HOUR),
            (LimitScope.ACCOUNT, "account", self.account_sends_per_day, DAY),
        ]
        if call:
            sends.append((LimitScope.RECEIVER, f"call/{subject.receiver}", self.calls_per_hour, HOUR))
        if subject.network is not None:
            sends.append((LimitScope.IP, f"ip/{subject.network}", self.ip_sends_per_hour, HOUR))
        return [_quota(scope, key, limit, period) for scope, key, limit, period in sends if limit is not None]


@lru_cache(maxsize=16)
def _waits(free: int, most: int, step: int) -> Sequence[WrongTryWait]:
    growing = [
        WrongTryWait(tries=tries, seconds=min(_FIRST_WAIT * 2**number, DAY))
        for number, tries in enumerate(range(free, most, step))
    ]
    return (*growing, WrongTryWait(tries=most, seconds=DAY))


def _quota(scope: LimitScope, key: str, limit: int, period: float) -> Quota:
    return Quota(scope=scope, key=f"{key}/{period:g}", limit=limit, period=period)
