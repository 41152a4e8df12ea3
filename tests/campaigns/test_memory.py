"""The journal in memory; its behaviour is tested by the contract (test_contract.py)."""

from __future__ import annotations

import pytest

from wikipayam_async.campaigns import JournalBusyError, JournalError, MemoryJournal, StopRequest

pytestmark = pytest.mark.anyio


async def test_one_journal_writes_at_a_time() -> None:
    """Journals that share a store exclude each other as processes do."""
    first = MemoryJournal("eid")
    second = MemoryJournal("eid", store=first.store)
    await first.lock()
    await first.lock()
    with pytest.raises(JournalBusyError, match="eid: another Campaign has this journal open for writing"):
        await second.lock()
    with pytest.raises(JournalError, match="the journal is not open for writing"):
        await second.write_facts({})
    await second.aclose()
    assert await second.in_use()
    await first.aclose()
    await second.lock()
    assert (first.name, await first.in_use()) == ("eid", True)


async def test_requests_reach_the_writer() -> None:
    """Only if there is another one; a cancellation outweighs a pause."""
    first = MemoryJournal()
    second = MemoryJournal(store=first.store)
    assert not await second.request(StopRequest.PAUSE)
    await first.lock()
    assert not await first.request(StopRequest.PAUSE)
    assert await first.requested() is None
    assert await second.request(StopRequest.PAUSE)
    assert await first.requested() is StopRequest.PAUSE
    assert await second.request(StopRequest.CANCEL)
    assert await first.requested() is StopRequest.CANCEL
    await first.clear_request()
    assert await first.requested() is None
