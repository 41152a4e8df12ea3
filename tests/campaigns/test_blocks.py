"""Blocks of messages; their work within a plan is in test_planner.py."""

from __future__ import annotations

from typing import Any

import pytest

from tests.campaigns.doubles import messages
from wikipayam_async import SmsMessage
from wikipayam_async.campaigns import CampaignMessage
from wikipayam_async.campaigns.blocks import BLOCK, Block, Checked, column_json, digest_of, plain_text, read_blocks

pytestmark = pytest.mark.anyio


async def test_all_blocks_but_the_last_are_full() -> None:
    """So that the digests of a plan do not depend on how its messages are read."""
    assert [len(block) async for block in read_blocks(messages(2 * BLOCK + 5))] == [BLOCK, BLOCK, 5]
    assert [len(block) async for block in read_blocks(iter(()))] == []


async def test_columns_stand_beside_the_messages() -> None:
    """A message without any has none; a block without any has no lists of them."""
    plain = SmsMessage("09120000001", "a")
    (block,) = [one async for one in read_blocks([CampaignMessage(plain, row=7, columns={"a": "b"}), plain])]
    assert (block.messages, block.rows, block.columns) == ([plain, plain], [7, None], [{"a": "b"}, {}])
    (block,) = [one async for one in read_blocks([plain])]
    assert (block.rows, block.columns) == (None, None)


def test_a_digest_tells_messages_apart() -> None:
    """By number, text, line, track id, row and columns; a block shows no text."""
    one = SmsMessage("09120000001", "a")
    others = [
        Block([SmsMessage("09120000002", "a")], None, None),
        Block([SmsMessage("09120000001", "b")], None, None),
        Block([SmsMessage("09120000001", "a", sender="1")], None, None),
        Block([SmsMessage("09120000001", "a", track_id="1")], None, None),
        Block([one], [1], None),
        Block([one], None, [{"a": "b"}]),
        Block([one], None, None),
    ]
    digests = {digest_of(Checked(block, [None], {0: ValueError()})) for block in others}
    assert len(digests) == len(others)
    assert "09120000001" not in repr(others)


def test_what_is_no_unicode_is_replaced() -> None:
    """Files hold anything; the journal holds texts."""
    value: Any = 7
    assert [plain_text(value), plain_text("\ud800a")] == ["7", "?a"]
    assert (column_json({}), column_json({"a": "\ud800"})) == (None, '{"a":"?"}')
