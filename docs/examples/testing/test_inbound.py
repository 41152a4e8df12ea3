"""Received messages (anyio's own plugin)."""

import pytest
from login import collect_opt_outs

from wikipayam_async import AsyncWikipayam
from wikipayam_async.optout import OptOutList
from wikipayam_async.testing import Emulator


@pytest.mark.anyio
async def test_an_opt_out_word_adds_its_sender_to_the_list(
    wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator
) -> None:
    """Only that sender is added, and every message is marked as read."""
    wikipayam_emulator.inbound(sender="09123456789", message="لغو")
    wikipayam_emulator.inbound(sender="09351234567", message="ممنون")
    opted_out = OptOutList()
    await collect_opt_outs(wikipayam_client, opted_out)
    assert list(opted_out) == ["09123456789"]
    assert all(message.is_read for message in wikipayam_emulator.inbox())
