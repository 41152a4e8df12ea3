"""The keyed digest by which a store recognizes a message, without its receiver and its text."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

__all__ = ["digest_of"]

_WITHOUT_SECRET = b"wikipayam_async.idempotency"


def digest_of(key: str, kind: str, values: Sequence[str], secret: bytes) -> str:
    """Return the digest of a message as 64 hexadecimal digits.

    The idempotency key is part of it, so that equal messages under two keys have unequal digests.

    Args:
        key: The idempotency key.
        kind: The kind of message.
        values: What makes the message this one: its receiver, its text.
        secret: The key of the digest. Without one, whoever has the store can test guesses of the message.
    """
    digest = hmac.new(secret or _WITHOUT_SECRET, digestmod=hashlib.sha256)
    for part in (key, kind, *values):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
