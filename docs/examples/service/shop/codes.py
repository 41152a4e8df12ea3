"""Login codes: made, kept as digests, compared. Nothing here sends."""

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
    """The mobile was sent a code a moment ago.

    Attributes:
        retry_after: Whole seconds until it may have another.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__("a code was sent a moment ago")
        self.retry_after = max(1, math.ceil(seconds))


@define
class _Issued:
    digest: bytes
    at: float
    tries_left: int


class Codes:
    """The codes that were sent and not used yet, in memory.

    Args:
        lifetime: Seconds for which a code is good.
        tries: How many wrong codes may be typed.
        pause: Seconds until a mobile may have another code.
        clock: Seconds that only rise.
    """

    def __init__(
        self, *, lifetime: float, tries: int, pause: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lifetime = lifetime
        self._tries = tries
        self._pause = pause
        self._clock = clock
        self._key = secrets.token_bytes()
        self._issued: dict[str, _Issued] = {}

    def issue(self, mobile: str) -> str:
        """Make a code for a mobile. The one before is good no more.

        Raises:
            TooSoonError: It had one a moment ago.
        """
        now = self._clock()
        self._drop_expired(now)
        before = self._issued.pop(mobile, None)
        if before is not None and now < before.at + self._pause:
            self._issued[mobile] = before
            raise TooSoonError(before.at + self._pause - now)
        code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
        self._issued[mobile] = _Issued(self._digest(mobile, code), now, self._tries)
        return code

    def forget(self, mobile: str) -> None:
        """Take a code back that was not sent, so that the mobile may have another at once."""
        self._issued.pop(mobile, None)

    def check(self, mobile: str, typed: str) -> bool:
        """Tell whether this is the mobile's code. A code is good once."""
        issued = self._issued.get(mobile)
        if issued is None or issued.tries_left < 1 or self._clock() >= issued.at + self._lifetime:
            return False
        if hmac.compare_digest(issued.digest, self._digest(mobile, _ascii_digits(typed))):
            del self._issued[mobile]
            return True
        issued.tries_left -= 1
        return False

    def _digest(self, mobile: str, code: str) -> bytes:
        """Six digits are soon tried out, so the digest has a key, which never leaves the process."""
        return hashlib.blake2b(f"{mobile} {code}".encode(), key=self._key).digest()

    def _drop_expired(self, now: float) -> None:
        """Keep no more than is still of use. The oldest stand first."""
        kept = max(self._lifetime, self._pause)
        for mobile, issued in list(self._issued.items()):
            if now < issued.at + kept:
                break
            del self._issued[mobile]


def _ascii_digits(typed: str) -> str:
    """Bring Persian and Arabic digits to ASCII: people type a code as their keyboard writes it."""
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in typed if not sign.isspace())
