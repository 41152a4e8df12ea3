"""Login codes: generated, stored as keyed digests, checked. This module sends nothing."""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
import time
import unicodedata
from collections.abc import Callable

from attrs import define

__all__ = ["Codes", "TooSoonError"]

_DIGITS = 6


class TooSoonError(Exception):
    """A code was sent to the mobile a moment ago.

    Attributes:
        retry_after: Whole seconds until the mobile may have another code.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__("a code was sent a moment ago")
        self.retry_after = max(1, math.ceil(seconds))


@define
class _Issued:
    digest: bytes
    at: float
    attempts_left: int


class Codes:
    """The issued codes that were not used yet, in memory.

    Args:
        lifetime: How long a code is valid, in seconds.
        max_attempts: How many wrong codes a user may enter.
        interval: Minimum seconds between two codes to a mobile.
        clock: Returns monotonic seconds.
    """

    def __init__(
        self, *, lifetime: float, max_attempts: int, interval: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lifetime = lifetime
        self._max_attempts = max_attempts
        self._interval = interval
        self._clock = clock
        self._key = secrets.token_bytes()
        self._issued: dict[str, _Issued] = {}

    def issue(self, mobile: str) -> str:
        """Generate a code for a mobile. Its previous code becomes invalid.

        Raises:
            TooSoonError: The previous code was issued less than `interval` seconds ago.
        """
        now = self._clock()
        self._drop_expired(now)
        previous = self._issued.pop(mobile, None)
        if previous is not None and now < previous.at + self._interval:
            self._issued[mobile] = previous
            raise TooSoonError(previous.at + self._interval - now)
        code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
        self._issued[mobile] = _Issued(self._digest(mobile, code), now, self._max_attempts)
        return code

    def revoke(self, mobile: str) -> None:
        """Revoke a code that was not sent, so that the mobile may have another at once."""
        self._issued.pop(mobile, None)

    def check(self, mobile: str, entered: str) -> bool:
        """Return whether a code is valid for a mobile. A valid code is used up."""
        issued = self._issued.get(mobile)
        if issued is None or issued.attempts_left < 1 or self._clock() >= issued.at + self._lifetime:
            return False
        if hmac.compare_digest(issued.digest, self._digest(mobile, _ascii_digits(entered))):
            del self._issued[mobile]
            return True
        issued.attempts_left -= 1
        return False

    def _digest(self, mobile: str, code: str) -> bytes:
        """Return a keyed digest: six digits alone could be recovered by trying them all."""
        return hashlib.blake2b(f"{mobile} {code}".encode(), key=self._key).digest()

    def _drop_expired(self, now: float) -> None:
        """Drop the codes that are past both lifetime and interval. The oldest come first."""
        kept = max(self._lifetime, self._interval)
        for mobile, issued in list(self._issued.items()):
            if now < issued.at + kept:
                break
            del self._issued[mobile]


def _ascii_digits(entered: str) -> str:
    """Convert Persian and Arabic digits to ASCII, and remove whitespace."""
    return "".join(str(unicodedata.decimal(char, char)) for char in entered if not char.isspace())
