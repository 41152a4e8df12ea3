from __future__ import annotations

import logging

import anyio
import pytest

from tests.verification.faulty import fail
from wikipayam_async.verification import MemoryStore, VerificationStoreError
from wikipayam_async.verification.guard import StoreGuard

pytestmark = pytest.mark.anyio


async def test_an_own_error_of_a_store_stays() -> None:
    """It says more than its type."""

    async def full() -> None:
        raise VerificationStoreError("full")

    with pytest.raises(VerificationStoreError, match=r"^full$") as caught:
        await StoreGuard(MemoryStore(), timeout=1.0)(full())
    assert caught.value.__context__ is None


async def test_the_last_write_survives_a_cancellation() -> None:
    """It is made within the time-out, and its failure is a line in the log."""
    done = []

    async def write() -> None:
        await anyio.lowlevel.checkpoint()
        done.append(1)

    with anyio.CancelScope() as scope:
        scope.cancel()
        await StoreGuard(MemoryStore(), timeout=1.0).finish(write())
    assert done == [1]


async def test_a_failed_last_write_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """By the type of the error: its text may show a number."""
    with caplog.at_level(logging.WARNING):
        await StoreGuard(MemoryStore(), timeout=1.0).finish(fail())
    assert [record.getMessage() for record in caplog.records] == [
        "verification: the store of challenges failed with ConnectionRefusedError after a send"
    ]
