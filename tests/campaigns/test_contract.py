"""The contract of journals, and that it notices what a wrong journal does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wikipayam_async.campaigns import Journal, MemoryJournal, SQLiteJournal
from wikipayam_async.campaigns.contract import JOURNAL_CONTRACT, Check, a_chunk_is_claimed_once
from wikipayam_async.campaigns.memory import MemoryStore

pytestmark = pytest.mark.anyio


def memory(_: Path) -> Callable[[], Journal]:
    """Return a maker of journals that share a store."""
    store = MemoryStore()
    return lambda: MemoryJournal(store=store)


def sqlite(folder: Path) -> Callable[[], Journal]:
    """Return a maker of journals that share a file."""
    return lambda: SQLiteJournal(folder / "campaign.db")


@pytest.mark.parametrize("check", JOURNAL_CONTRACT, ids=lambda check: check.__name__)
@pytest.mark.parametrize("make", [memory, sqlite])
async def test_a_journal_keeps_the_contract(
    make: Callable[[Path], Callable[[], Journal]], check: Check, tmp_path: Path
) -> None:
    """Every journal of the package does what every journal must do."""
    await check(make(tmp_path))


class Careless(MemoryJournal):
    """A journal that lets everybody claim."""

    async def claim(self, no: int, token: str) -> bool:
        """Claim without a comparison."""
        await super().claim(no, token)
        return True


async def test_a_broken_contract_is_reported() -> None:
    """A check names what it expected and what it got."""
    store = MemoryStore()
    with pytest.raises(AssertionError) as caught:
        await a_chunk_is_claimed_once(lambda: Careless(store=store))
    assert str(caught.value) == "the second claim: expected False, got True"
