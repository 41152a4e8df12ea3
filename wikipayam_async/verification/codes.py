"""Codes: derived from a secret, normalised as people type them, compared in constant time. Pure."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable

from wikipayam_async.checks import is_unicode, without_frames
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.redact.sealed import Sealed

__all__ = ["CodeKeys", "matches", "normalize_code"]

_SHORTEST_SECRET = 32
_LONGEST_ENTRY = 256
_IGNORED = {"Cf", "Zs", "Pd", "Cc"}
"""Categories of the characters that a code may be typed with: direction marks, spaces, hyphens, line ends."""


def normalize_code(entered: object) -> str:
    """Return an entered code with ASCII digits, without spaces, hyphens and invisible marks; empty if it is no string.

    Digits of every script are converted: Persian, Arabic, full width.
    """
    if not isinstance(entered, str) or len(entered) > _LONGEST_ENTRY:
        return ""
    return "".join(
        str(unicodedata.decimal(character, character))
        for character in entered
        if unicodedata.category(character) not in _IGNORED
    )


def matches(entered: str, code: str) -> bool:
    """Compare a normalised code with the right one, in a time that does not depend on either's digits."""
    return hmac.compare_digest(entered.encode("utf-8", "surrogatepass"), code.encode())


class CodeKeys:
    """The secrets that codes are derived from. The first derives the codes of new challenges; all check.

    A code is a truncated HMAC-SHA256 over the challenge's id (128 random bits), the receiver and the purpose. So it is the
    same in every message of its challenge, differs from that of every other, and nothing has to store it.

    Args:
        secret: A secret of at least 32 bytes, or several, the newest first.
        length: The number of digits.

    Raises:
        ConfigurationError: A secret is too short or none is given.
    """

    def __init__(self, secret: str | bytes | Iterable[str | bytes], *, length: int) -> None:
        self._keys = _seal_keys(secret)
        self._length = length

    @property
    def newest(self) -> str:
        """The id of the secret that new challenges use."""
        return next(iter(self._keys))

    def knows(self, key_id: str) -> bool:
        """Return whether the secret of a challenge is still there."""
        return key_id in self._keys

    def derive(self, key_id: str, *, challenge: str, receiver: str, purpose: str) -> str:
        """Return the code of a challenge.

        Raises:
            KeyError: The secret is not there.
        """
        digest = _digest(self._keys[key_id].reveal(), "code", challenge, receiver, purpose)
        # 256 bits: the remainder of 10^length is uniform to within 2^-200.
        return f"{int.from_bytes(digest, 'big') % 10**self._length:0{self._length}}"

    def secrets_for(self, use: str) -> list[bytes]:
        """Return secrets for another use, one for each secret: nothing that they sign or derive is a code."""
        return [_digest(key.reveal(), use) for key in self._keys.values()]

    def pseudonym(self, receiver: str) -> str:
        """Return a keyed digest of a number, for events."""
        return _digest(self._keys[self.newest].reveal(), "receiver", receiver).hex()[:16]

    def __repr__(self) -> str:
        return f"CodeKeys({len(self._keys)} secrets)"


@without_frames
def _seal_keys(secret: object) -> dict[str, Sealed[bytes]]:
    given = [secret] if isinstance(secret, str | bytes) else list(secret) if isinstance(secret, Iterable) else []
    if any(isinstance(one, str) and not is_unicode(one) for one in given):
        raise ConfigurationError("secret: expected valid Unicode; got a lone surrogate")
    keys = [one.encode() if isinstance(one, str) else one for one in given]
    if not keys or not all(isinstance(key, bytes) and len(key) >= _SHORTEST_SECRET for key in keys):
        raise ConfigurationError(
            f"secret: expected at least {_SHORTEST_SECRET} bytes, such as secrets.token_hex(32), or a list of such; "
            f"got {shape_of(secret)}"
        )
    return {_digest(key, "key id").hex()[:16]: Sealed(key) for key in keys}


def _digest(key: bytes, *parts: str) -> bytes:
    """Return an HMAC over parts. Their lengths are part of it: no two lists of parts give the same message."""
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in ("wikipayam", *parts))
    return hmac.digest(key, message, hashlib.sha256)
