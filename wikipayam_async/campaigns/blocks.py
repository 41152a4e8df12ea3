"""The messages of a plan in blocks: read from any iterable, checked, and hashed."""

from __future__ import annotations

import functools
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from hashlib import blake2b
from itertools import islice
from typing import Any

from attrs import evolve, field, frozen

from wikipayam_async.campaigns.models import CampaignMessage, CampaignMessages
from wikipayam_async.core.converter import encode_json
from wikipayam_async.errors import InvalidInputError, WikipayamError
from wikipayam_async.messages.columns import ColumnReader, MessageColumn
from wikipayam_async.messages.footer import Footer, footer_of, with_footer
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.messages.payload import SmsPayload
from wikipayam_async.messages.payload_columns import PayloadColumn
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.redact.sealed import Sealed

__all__ = [
    "BLOCK",
    "Block",
    "Checked",
    "campaign_messages_with",
    "column_json",
    "digest_of",
    "identity_of",
    "plain_text",
    "read_blocks",
]

BLOCK = 1000
"""Messages that are read, checked and hashed together."""


@frozen
class Block:
    """Some messages as they were passed, with what stands beside them."""

    messages: Sequence[SmsMessage] = field(repr=False)
    rows: list[int | None] | None
    columns: list[Mapping[str, str]] | None = field(repr=False)
    errors: Mapping[int, WikipayamError] = field(factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.messages)


@frozen
class Checked:
    """A block whose messages were checked.

    Attributes:
        block: The block.
        payloads: The payload of each message; None of an invalid one.
        refused: Why messages are held back, by position.
    """

    block: Block
    payloads: Sequence[SmsPayload | None] = field(repr=False)
    refused: dict[int, Exception] = field(repr=False)


def campaign_messages_with(
    footer: str | None, messages: CampaignMessages | ColumnReader
) -> CampaignMessages | ColumnReader:
    """Return messages with a footer below their texts; unchanged if it is None.

    Raises:
        InvalidInputError: The footer is no text.
    """
    below = footer_of(footer)
    if isinstance(messages, ColumnReader):
        return with_footer(messages, below)
    return messages if below is None else with_footer(messages, below, functools.partial(_with_footer, below))


def _with_footer(footer: Footer, one: SmsMessage | CampaignMessage) -> SmsMessage | CampaignMessage:
    if not isinstance(one, CampaignMessage):
        return footer.below_message(one)
    return one if one.error is not None else evolve(one, message=footer.below_message(one.message))


async def read_blocks(messages: CampaignMessages | ColumnReader) -> AsyncGenerator[Block]:
    """Yield the messages in blocks, all of the same size but the last."""
    block_of: Callable[[list[Any]], Block] = _block_of
    items: Any = messages
    if isinstance(messages, ColumnReader):
        block_of, items = functools.partial(_column_block, messages), messages.items
    if isinstance(items, AsyncIterable):
        asynchronous = aiter(items)
        try:
            while len(block := block_of(await _take(asynchronous))):
                yield block
        finally:
            close = getattr(asynchronous, "aclose", None)
            if close is not None:
                await close()
        return
    if not isinstance(items, Iterable) or isinstance(items, str | bytes):
        raise InvalidInputError("messages", rule="expected an iterable of SmsMessage", got=shape_of(items))
    plain: Iterator[Any] = iter(items)
    while len(block := block_of(list(islice(plain, BLOCK)))):
        yield block


def _column_block(reader: ColumnReader, items: list[Any]) -> Block:
    return Block(reader.column_of(items), None, None)


async def _take(messages: AsyncIterator[Any]) -> list[Any]:
    some: Sealed[list[Any]] = Sealed([])  # numbers, of which the traceback of an error of the iterable shows none
    add = some.reveal().append
    while len(some.reveal()) < BLOCK:
        try:
            add(await anext(messages))
        except StopAsyncIteration:
            break
    return some.reveal()


def _block_of(some: Sequence[Any]) -> Block:
    if CampaignMessage not in set(map(type, some)):
        return Block(list(some), None, None)
    full = [one if isinstance(one, CampaignMessage) else CampaignMessage(one) for one in some]
    errors = {at: one.error for at, one in enumerate(full) if one.error is not None}
    return Block([one.message for one in full], [one.row for one in full], [one.columns for one in full], errors)


def digest_of(checked: Checked) -> bytes:
    """Return the digest of what was passed: two spellings of a number are one, generated track ids are none."""
    block = checked.block
    content = [
        *(_identities_of(block.messages, checked.payloads) or _identities_one_by_one(checked)),
        block.rows,
        None if block.columns is None else list(map(column_json, block.columns)),
    ]
    return blake2b(encode_json(content), digest_size=16).digest()


def _identities_one_by_one(checked: Checked) -> Iterable[Sequence[str | None]]:
    return zip(*map(identity_of, checked.block.messages, checked.payloads), strict=True)


def _identities_of(messages: Sequence[SmsMessage], payloads: Sequence[object]) -> list[Sequence[str | None]] | None:
    """Return what `identity_of` returns for columns, by field; None if they are none."""
    if not isinstance(messages, MessageColumn) or not isinstance(payloads, PayloadColumn):
        return None
    nothing = [None] * len(messages)
    lines = nothing if messages.sender is None else [payloads.sender] * len(messages)
    return [payloads.receivers, payloads.texts, lines, nothing if messages.track_ids is None else payloads.track_ids]


def identity_of(message: SmsMessage, payload: SmsPayload | None) -> tuple[str | None, ...]:
    """Return what makes a message this message."""
    if payload is None:
        text = _text_of(message, "message") or _text_of(message, "note")
        return _text_of(message, "receiver"), text, _text_of(message, "sender"), _text_of(message, "track_id")
    line = None if message.sender is None else payload.sender
    return payload.receiver, payload.text, line, None if message.track_id is None else payload.track_id


def _text_of(message: object, name: str) -> str | None:
    """Return a field of a message; None if it is no text that can be stored, which its outcome says."""
    try:
        value = getattr(message, name, None)
        if not isinstance(value, str):
            return None
        value = str.__str__(value)
        value.encode()
        if "\0" in value:  # no database of PostgreSQL keeps it
            return None
    except Exception:  # noqa: BLE001 - code of the message itself may raise anything
        return None
    return value


def column_json(columns: Mapping[str, str]) -> str | None:
    """Return columns as they are stored; None if there are none."""
    return (
        encode_json({plain_text(name): plain_text(value) for name, value in columns.items()}).decode()
        if columns
        else None
    )


def plain_text(value: object) -> str:
    """Return a value of a file as a text that can be stored: what is no Unicode becomes a question mark."""
    return str(value).encode("utf-8", "replace").decode()
