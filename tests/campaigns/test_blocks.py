"""Blocks of messages; their work within a plan is in test_planner.py."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from anyio.lowlevel import checkpoint

from tests.campaigns.doubles import messages
from wikipayam_async import InvalidInputError, SmsMessage
from wikipayam_async.campaigns import CampaignMessage
from wikipayam_async.campaigns.blocks import (
    BLOCK,
    Block,
    Checked,
    column_json,
    digest_of,
    identity_of,
    plain_text,
    read_blocks,
)
from wikipayam_async.messages.payload import SmsPayload, prepare_sms
from wikipayam_async.messages.track_ids import TrackIds

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
    assert (len(digests), {len(digest) for digest in digests}) == (len(others), {16})
    assert "09120000001" not in repr(others)


def test_what_is_no_unicode_is_replaced() -> None:
    """Files hold anything; the journal holds texts."""
    value: Any = 7
    assert [plain_text(value), plain_text("\ud800a")] == ["7", "?a"]
    assert (column_json({}), column_json({"a": "\ud800"})) == (None, '{"a":"?"}')


def payload_of(message: SmsMessage) -> SmsPayload:
    """Check a message as a plan does."""
    return prepare_sms(message, sender="1000", track_ids=TrackIds(), normalize=True, validate=True)


class Plain:
    """An asynchronous iterator that is no generator."""

    def __init__(self, given: Iterator[SmsMessage]) -> None:
        self._given = given

    def __aiter__(self) -> Plain:
        """Return itself."""
        return self

    async def __anext__(self) -> SmsMessage:
        """Return the next message."""
        await checkpoint()
        try:
            return next(self._given)
        except StopIteration:
            raise StopAsyncIteration from None


async def test_an_asynchronous_source_is_read_in_blocks_and_closed() -> None:
    """Also one that is left early; one that cannot be closed is read all the same."""
    closed: list[int] = []

    async def source(count: int) -> AsyncGenerator[SmsMessage]:
        try:
            for message in messages(count):
                await checkpoint()
                yield message
        finally:
            closed.append(count)

    assert [len(block) async for block in read_blocks(source(BLOCK + 2))] == [BLOCK, 2]
    assert closed == [BLOCK + 2]
    async with aclosing(read_blocks(source(BLOCK + 3))) as blocks:
        assert len(await anext(blocks)) == BLOCK
    assert closed == [BLOCK + 2, BLOCK + 3]
    assert [block.messages async for block in read_blocks(Plain(iter(messages(3))))] == [list(messages(3))]


@pytest.mark.parametrize(
    ("given", "got"),
    [("text", "a string of 4 characters with letters"), (b"text", "an object of type bytes"), (7, "a number (int)")],
)
async def test_what_is_no_source_is_refused(given: Any, got: str) -> None:
    """A text is no iterable of messages; the error shows nothing of it."""
    with pytest.raises(InvalidInputError) as caught:
        await anext(read_blocks(given))
    assert str(caught.value) == f"messages: expected an iterable of SmsMessage; got {got}"


async def test_what_is_wrong_with_a_row_stands_beside_its_message() -> None:
    """By its position in the block."""
    plain, error = SmsMessage("09120000001", "a"), InvalidInputError("text", rule="expected one", got="none")
    (block,) = [one async for one in read_blocks([plain, CampaignMessage(plain, error=error)])]
    assert (block.messages, dict(block.errors)) == ([plain, plain], {1: error})


def test_two_spellings_of_a_message_are_one() -> None:
    """A number counts as it is sent; a line and a track id count only if the message has its own."""
    spellings = [SmsMessage(number, "a") for number in ("09120000001", "+989120000001", "989120000001")]
    identities = {identity_of(one, payload_of(one)) for one in spellings}
    assert identities == {("09120000001", "a", None, None)}
    digests = {digest_of(Checked(Block([one], None, None), [payload_of(one)], {})) for one in spellings}
    assert len(digests) == 1
    full = SmsMessage("09120000001", "a", sender="2000", track_id="t")
    assert identity_of(full, payload_of(full)) == ("09120000001", "a", "2000", "t")
    own_line = SmsMessage("09120000001", "a", sender="2000")
    own_id = SmsMessage("09120000001", "a", track_id="t")
    assert [identity_of(one, payload_of(one))[2:] for one in (own_line, own_id)] == [("2000", None), (None, "t")]


class Odd:
    """An object in the place of a message."""

    receiver = "\ud800"
    message = None
    note = "from a file"
    sender = 7

    @property
    def track_id(self) -> str:
        """Fail."""
        raise RuntimeError


def test_an_invalid_message_is_told_apart_by_its_texts() -> None:
    """What is no text that can be stored counts as missing."""
    odd: Any = Odd()
    assert identity_of(odd, None) == (None, "from a file", None, None)
    invalid = SmsMessage("nobody", "a", sender="1", track_id="t")
    assert identity_of(invalid, None) == ("nobody", "a", "1", "t")
    assert identity_of(SmsMessage("a\0b", "a", sender="\0"), None) == (None, "a", None, None)
    nothing: Any = object()
    assert identity_of(nothing, None) == (None, None, None, None)
