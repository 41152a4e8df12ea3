"""Signed, short-lived proofs that a number was verified. Pure: it stores and sends nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import msgspec
from attrs import field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.errors import ConfigurationError, WikipayamError
from wikipayam_async.redact.masks import mask_number, shape_of
from wikipayam_async.redact.sealed import Sealed

__all__ = ["InvalidProofError", "NumberProofs", "ProofSecret", "VerifiedNumber"]

ProofSecret: TypeAlias = str | bytes | Sequence[str | bytes]
"""One secret, or several: the first signs, and all of them are accepted."""

_PREFIX = "wp1"
_CONTEXT = b"wikipayam_async: proof of a verified number, version 1"
_SHORTEST_SECRET = 32
_LONGEST_PROOF = 1024
_LIFETIME = timedelta(minutes=10)


@frozen
class VerifiedNumber:
    """What a valid proof says.

    Attributes:
        receiver: The number, as `09…`. Masked in the `repr`.
        purpose: What it was verified for, such as `login`.
        challenge_id: The challenge whose code was entered. Store it to accept a proof only once.
        verified_at: When the code was accepted.
        expires_at: When the proof ends.
    """

    receiver: str = field(repr=mask_number)
    purpose: str
    challenge_id: str
    verified_at: datetime
    expires_at: datetime


class InvalidProofError(WikipayamError):
    """A proof is not valid: it was changed, signed with another secret, has expired, or is for another purpose.

    The text says which, and neither it nor the `repr` holds the proof.
    """


class _Claims(msgspec.Struct, frozen=True):
    """The signed content."""

    r: str
    p: str
    c: str
    t: int
    e: int


class NumberProofs:
    """Issues and checks proofs that somebody has entered the code that was sent to a number.

    A proof is a text for the caller who entered the code: `wp1`, the number, the purpose, the challenge and two times,
    and an HMAC-SHA-256. It is signed, not encrypted: its holder can read it. Hand it only to who entered the code, and keep
    it out of URLs and logs. It is accepted until it expires; compare `challenge_id` with a table of your own to accept it
    only once.

    Args:
        secret: One secret of at least 32 bytes, or several: the first signs, and all of them are accepted. To rotate, put
            a new one first, and remove the old one after `lifetime`. Each use derives a key of its own, so that the secret
            of a `Verifier` may be used here, too.
        lifetime: How long a proof is valid, at most a day.
        clock: Returns the time in seconds since 1970.

    Raises:
        ConfigurationError: An argument is invalid.
    """

    @without_frames
    def __init__(
        self, secret: ProofSecret, *, lifetime: timedelta = _LIFETIME, clock: Callable[[], float] = time.time
    ) -> None:
        if not isinstance(lifetime, timedelta) or not timedelta(seconds=1) <= lifetime <= timedelta(days=1):
            raise ConfigurationError(f"lifetime: expected a timedelta of 1 second to 1 day; got {shape_of(lifetime)}")
        self._keys = Sealed(_keys_of(secret))
        self._lifetime = int(lifetime.total_seconds())
        self._clock = clock

    @property
    def lifetime(self) -> timedelta:
        """How long a proof is valid."""
        return timedelta(seconds=self._lifetime)

    def issue(self, receiver: str, *, purpose: str, challenge_id: str = "") -> str:
        """Return a proof for a number whose code was accepted a moment ago.

        Args:
            receiver: The number, from the `CheckResult`.
            purpose: What it was verified for. `verify` accepts it for nothing else.
            challenge_id: The id of the challenge.
        """
        now = int(self._clock())
        claims = _Claims(receiver, purpose, challenge_id, now, now + self._lifetime)
        signed = f"{_PREFIX}.{_encode(msgspec.json.encode(claims))}"
        return f"{signed}.{_sign(self._keys.reveal()[0], signed)}"

    def verify(self, proof: str, *, purpose: str) -> VerifiedNumber:
        """Check a proof, in constant time.

        Args:
            proof: The proof.
            purpose: The purpose that it must be for.

        Raises:
            InvalidProofError: It is not valid.
        """
        claims = self._read(proof)
        if claims.p != purpose:
            raise InvalidProofError("the proof is for another purpose")
        if self._clock() >= claims.e:
            raise InvalidProofError("the proof has expired; verify the number again")
        at, end = (datetime.fromtimestamp(seconds, UTC) for seconds in (claims.t, claims.e))
        return VerifiedNumber(claims.r, claims.p, claims.c, at, end)

    def _read(self, proof: object) -> _Claims:
        if not isinstance(proof, str) or len(proof) > _LONGEST_PROOF or not proof.isascii():
            raise InvalidProofError("the proof is malformed")
        signed, _, signature = proof.rpartition(".")
        prefix, _, payload = signed.partition(".")
        # Every key is tried, so that the time does not show which one signed.
        matches = [hmac.compare_digest(_sign(key, signed), signature) for key in self._keys.reveal()]
        if prefix != _PREFIX or not any(matches):
            raise InvalidProofError("the proof was not signed with a secret of this app, or was changed")
        return msgspec.json.decode(_decode(payload), type=_Claims)

    def __repr__(self) -> str:
        return f"NumberProofs(lifetime={self.lifetime!r})"


def _keys_of(secret: object) -> tuple[bytes, ...]:
    secrets: Sequence[object] = (
        [secret] if isinstance(secret, str | bytes) or not isinstance(secret, Sequence) else secret
    )
    if not secrets:
        raise ConfigurationError("secret: expected at least one")
    return tuple(hmac.digest(_check_secret(one), _CONTEXT, hashlib.sha256) for one in secrets)


def _check_secret(secret: object) -> bytes:
    value = secret.encode() if isinstance(secret, str) else secret
    if not isinstance(value, bytes) or len(value) < _SHORTEST_SECRET:
        raise ConfigurationError(
            f"secret: expected at least {_SHORTEST_SECRET} bytes, such as secrets.token_urlsafe(32); got {shape_of(secret)}"
        )
    return value


def _sign(key: bytes, signed: str) -> str:
    return _encode(hmac.digest(key, signed.encode(), hashlib.sha256))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
