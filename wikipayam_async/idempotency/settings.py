"""Checks of what users pass: keys, stores, and the settings of stores."""

from __future__ import annotations

import re
from datetime import timedelta

from wikipayam_async.checks import is_unicode, without_frames
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.idempotency.store import IdempotencyStore
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.redact.sealed import Sealed

__all__ = ["check_keep_for", "check_key", "check_secret", "check_store", "require_store"]

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_SHORTEST_SECRET = 16
_METHODS = ("claim", "settle", "read", "forget", "purge", "aclose")


def check_key(key: object) -> str:
    """Return an idempotency key: 1 to 255 visible ASCII characters.

    Raises:
        InvalidInputError: It is not. The error does not quote it.
    """
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        rule = "expected 1 to 255 visible ASCII characters without spaces, such as order-42:shipped"
        raise InvalidInputError("idempotency_key", rule=rule, got=shape_of(key))
    return str.__str__(key)


def check_store(store: object) -> None:
    """Check that an object is a store of idempotency keys, or None.

    Raises:
        ConfigurationError: It is not.
    """
    missing = None if store is None else next((m for m in _METHODS if not callable(getattr(store, m, None))), None)
    if isinstance(store, type) or missing is not None:
        raise ConfigurationError(
            'idempotency: expected a store such as SQLiteIdempotencyStore("sent.db") or MemoryIdempotencyStore(); '
            f"got {shape_of(store)}"
        )


def require_store(store: object) -> IdempotencyStore:
    """Return the store of a client.

    Raises:
        ConfigurationError: The client has none.
    """
    if not isinstance(store, IdempotencyStore):
        raise ConfigurationError(
            "idempotency_key: not sent, because the client has no store for keys; pass "
            'idempotency=SQLiteIdempotencyStore("sent.db") to AsyncWikipayam, or another store of '
            "wikipayam_async.idempotency"
        )
    return store


def check_keep_for(keep_for: object) -> timedelta:
    """Return how long keys are kept.

    Raises:
        ConfigurationError: It is no duration above 0.
    """
    if not isinstance(keep_for, timedelta) or keep_for <= timedelta(0):
        raise ConfigurationError(
            f"keep_for: expected a timedelta above 0, such as timedelta(days=7); got {shape_of(keep_for)}"
        )
    return keep_for


@without_frames
def check_secret(secret: object) -> Sealed[bytes]:
    """Return the key of digests, sealed; empty for None.

    Raises:
        ConfigurationError: It is shorter than 16 bytes, or no valid text and no bytes.
    """
    if isinstance(secret, str) and not is_unicode(secret):
        raise ConfigurationError("secret: expected valid Unicode; got a lone surrogate")
    value = secret.encode() if isinstance(secret, str) else b"" if secret is None else secret
    if not isinstance(value, bytes) or (secret is not None and len(value) < _SHORTEST_SECRET):
        raise ConfigurationError(f"secret: expected at least 16 bytes of text or bytes; got {shape_of(secret)}")
    return Sealed(value)
