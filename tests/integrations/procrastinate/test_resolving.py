"""An operator's decision about messages of chunks that are settled; whatever journal has to do is in its contract."""

from __future__ import annotations

import pytest

from tests.campaigns.shared_place import SharedPlace
from wikipayam_async import InvalidInputError
from wikipayam_async.campaigns import Counts
from wikipayam_async.emulator import Fault

pytestmark = pytest.mark.anyio


async def test_requeued_messages_of_several_chunks_share_one(database_url: str) -> None:
    """Under new track ids, in the order of the plan; the others keep their outcomes."""
    place = SharedPlace(database_url)
    await place.plan(30)
    place.emulator.faults.arm(Fault.close(), on="POST /sms/send", times=3)
    async with place.open() as campaign:
        await campaign.run(concurrency=1)
        await campaign.requeue(["m-25", "m-0", "m-12"], note="not in the panel")
    journal = place.journal()
    try:
        (chunk,) = await journal.pending(-1, 10)
        counts = await journal.counts()
    finally:
        await journal.aclose()
    assert ([one.index for one in chunk.messages], counts) == ([0, 12, 25], Counts(pending=3, unknown=27))
    assert {"m-0", "m-12", "m-25"}.isdisjoint(one.track_id for one in chunk.messages)


async def test_a_track_id_that_a_database_cannot_keep_is_nobodys(database_url: str) -> None:
    """It is refused like any other unknown one."""
    place = SharedPlace(database_url)
    await place.plan(10)
    async with place.open() as campaign:
        with pytest.raises(InvalidInputError, match=r"track_ids: expected messages of this campaign .* got 1 others"):
            await campaign.requeue(["m-0\0"], note="not in the panel")
