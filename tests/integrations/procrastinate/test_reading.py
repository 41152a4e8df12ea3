"""What is read of a campaign while it is sent."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from tests.campaigns.shared_place import SharedPlace
from wikipayam_async import SendStatus

pytestmark = pytest.mark.anyio


async def test_messages_of_two_campaigns_are_apart(place: SharedPlace) -> None:
    """In one database, with the same indexes and chunks."""
    await place.plan(10, "first", text="first")
    await place.plan(20, "second", text="second")
    async with aclosing(place.journal("first")) as first, aclosing(place.journal("second")) as second:
        await first.lock()
        await first.claim(0, "token")
        assert {result.message for result in await first.results(-1, 100)} == {"first"}
        assert len(await first.results(-1, 100, SendStatus.UNKNOWN)) == 10
        assert len(await second.results(-1, 100, SendStatus.NOT_ATTEMPTED)) == 20
        assert [len(chunk.messages) for chunk in await second.pending(-1, 9)] == [10, 10]
        chunk = await second.chunk(1)
        assert chunk is not None
        assert (chunk.no, chunk.messages[0].index) == (1, 10)
