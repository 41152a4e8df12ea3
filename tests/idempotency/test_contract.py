"""The contract of stores: every store of the package keeps it, and it notices stores that do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.impossible_keys import check_impossible_keys
from wikipayam_async.idempotency import (
    Claim,
    IdempotencyRecord,
    MemoryIdempotencyStore,
    Settlement,
    SQLiteIdempotencyStore,
)
from wikipayam_async.idempotency.contract import STORE_CONTRACT, Check

pytestmark = pytest.mark.anyio

every_part = pytest.mark.parametrize("check", STORE_CONTRACT, ids=lambda check: check.__name__)


@every_part
async def test_the_memory_store_keeps_the_contract(check: Check) -> None:
    """Every object of the test is the same store: memory is not shared."""
    store = MemoryIdempotencyStore()
    await check(lambda: store)


@every_part
async def test_the_sqlite_store_keeps_the_contract(check: Check, tmp_path: Path) -> None:
    """Each object opens the file by itself, as another process would."""
    await check(lambda: SQLiteIdempotencyStore(tmp_path / "sent.db"))


async def test_stores_refuse_impossible_keys(tmp_path: Path) -> None:
    """As a send does, whatever their database would make of them."""
    await check_impossible_keys(MemoryIdempotencyStore())
    await check_impossible_keys(SQLiteIdempotencyStore(tmp_path / "sent.db"))


class Broken(MemoryIdempotencyStore):
    """A store with a fault."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    async def claim(self, claim: Claim) -> IdempotencyRecord | None:
        """Forget the lease, or take every key."""
        changes: dict[str, Any] = {"short lease": {"lease": 1.0}, "short keep": {"keep": 1.0}}.get(self.fault, {})
        if self.fault == "takes every key":
            await self.forget(claim.key)
        return await super().claim(Claim(**{**{name: getattr(claim, name) for name in FIELDS}, **changes}))

    async def settle(self, settlement: Settlement) -> bool:
        """Lose the outcome."""
        return self.fault == "loses outcomes" or await super().settle(settlement)

    async def forget(self, key: str) -> bool:
        """Forget a key."""
        return self.fault == "forgets nothing" or await super().forget(key)


FIELDS = ("key", "kind", "digest", "claim_id", "owner", "track_id", "lease", "keep")


@pytest.mark.parametrize("fault", ["short lease", "short keep", "takes every key", "loses outcomes", "forgets nothing"])
async def test_the_contract_notices_a_fault(fault: str) -> None:
    """A store with a fault fails some part of it."""
    store, failed = Broken(fault), 0
    for check in STORE_CONTRACT:
        try:
            await check(lambda: store)
        except AssertionError:
            failed += 1
    assert failed > 0
