"""What no store of idempotency keys takes for a key."""

from __future__ import annotations

import pytest

from wikipayam_async import InvalidInputError
from wikipayam_async.idempotency import IdempotencyStore

__all__ = ["check_impossible_keys"]


async def check_impossible_keys(store: IdempotencyStore) -> None:
    """Check that a store refuses them without asking its database, and does not quote them; close it."""
    for key in ("", "order 42", "a\0b", "a\nb", "\ud800", "\u200fسفارش", "x" * 256):
        for call in (store.read, store.forget):
            with pytest.raises(InvalidInputError) as caught:
                await call(key)
            assert caught.value.field == "idempotency_key"
            assert not key or key not in str(caught.value)
    await store.aclose()
