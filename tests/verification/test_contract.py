"""The contract of stores."""

from __future__ import annotations

import pytest

from wikipayam_async.verification import MemoryStore
from wikipayam_async.verification.contract import STORE_CONTRACT, Check

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("check", STORE_CONTRACT, ids=lambda check: check.__name__)
async def test_the_memory_store_keeps_the_contract(check: Check) -> None:
    """Every object of the test is the same store: memory is not shared."""
    store = MemoryStore()
    await check(lambda: store)


def test_every_part_has_a_name_of_its_own() -> None:
    """It is in the id of its test."""
    assert len({check.__name__ for check in STORE_CONTRACT}) == len(STORE_CONTRACT) == 23
