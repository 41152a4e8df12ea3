"""Payloads in columns: a column of messages, checked field by field and encoded without an object a message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any, Self, TypeVar, overload

import msgspec

from wikipayam_async.core.converter import encode_json
from wikipayam_async.messages.columns import Column, MessageColumn
from wikipayam_async.messages.models import SmsMessage, check_receiver, is_plain_sender
from wikipayam_async.messages.payload import (
    Batch,
    Payload,
    SmsPayload,
    are_mobiles,
    are_plain_ids,
    prepare_some,
)
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.redact.sealed import SealedBytes

__all__ = ["PayloadColumn", "batch_of", "prepare_messages"]

M = TypeVar("M")

_needs_escape = re.compile(r'["\\]').search
_GAP = "\0"
"""Stands for the text while a body is put together: no number and no plain track id has it."""


class PayloadColumn(Column[SmsPayload]):
    """Checked messages as they are sent, all from one line and with plain fields.

    Args:
        sender: The line.
        receivers: The receiver of each, as it is sent.
        texts: The text of each.
        track_ids: The track id of each.
        text: The one text of all, encoded; None if they differ.
        minted: Whether the track ids are generated, and so all different.
    """

    __slots__ = ("minted", "receivers", "sender", "text", "texts", "track_ids")

    def __init__(
        self,
        sender: str,
        receivers: Sequence[str],
        texts: Sequence[str],
        track_ids: Sequence[str],
        text: SealedBytes | None = None,
        *,
        minted: bool = False,
    ) -> None:
        self.sender = sender
        self.receivers = receivers
        self.texts = texts
        self.track_ids = track_ids
        self.text = text
        self.minted = minted

    def __len__(self) -> int:
        return len(self.receivers)

    @overload
    def __getitem__(self, index: int) -> SmsPayload: ...

    @overload
    def __getitem__(self, index: slice) -> PayloadColumn: ...

    def __getitem__(self, index: int | slice) -> SmsPayload | PayloadColumn:
        if isinstance(index, slice):
            return self.pick(range(len(self))[index])
        return SmsPayload(self.sender, self.receivers[index], self.texts[index], msgspec.UNSET, self.track_ids[index])

    def __iter__(self) -> Iterator[SmsPayload]:
        return map(SmsPayload, repeat(self.sender), self.receivers, self.texts, repeat(msgspec.UNSET), self.track_ids)

    def pick(self, positions: Sequence[int]) -> Self:
        """Return the payloads at these positions."""
        return type(self)(
            self.sender,
            [self.receivers[position] for position in positions],
            [self.texts[position] for position in positions],
            [self.track_ids[position] for position in positions],
            self.text,
            minted=self.minted,
        )

    def join(self, other: Any) -> Self:
        """Return the payloads of both, which come from one reader."""
        return type(self)(
            self.sender,
            [*self.receivers, *other.receivers],
            [*self.texts, *other.texts],
            [*self.track_ids, *other.track_ids],
            self.text,
            minted=self.minted,
        )

    def encode(self) -> SealedBytes:
        """Return the JSON array of the payloads, the same bytes as of a list of them."""
        if self.text is None:
            return SealedBytes(encode_json(list(self)))
        before = f'{{"sender":"{self.sender}","receiver":"'
        between = f'","message":{_GAP},"track_id":"'
        messages = f'"}},{before}'.join(map(between.join, zip(self.receivers, self.track_ids, strict=True)))
        return SealedBytes(f'[{before}{messages}"}}]'.encode("ascii").replace(b"\0", self.text))

    def __repr__(self) -> str:
        return f"<PayloadColumn of {len(self):,} messages>"


def batch_of(messages: Sequence[M], payloads: Sequence[Payload]) -> Batch[M]:
    """Return the batch of messages and their payloads, columns or not."""
    if isinstance(payloads, PayloadColumn):
        return Batch(messages, payloads, payloads.track_ids, payloads.encode())
    return Batch(messages, payloads)


def prepare_messages(
    messages: Sequence[SmsMessage],
    *,
    sender: str | None,
    track_ids: TrackIds,
    normalize: bool,
    validate: bool = True,
) -> tuple[Sequence[SmsPayload], dict[int, Exception]]:
    """Check the messages of a bulk send; an invalid message does not affect the others.

    It returns what `prepare_some` returns. Of a column it is a column, if all fields are plain, or all but the receivers.
    """
    if not isinstance(messages, MessageColumn):
        return prepare_some(messages, sender=sender, track_ids=track_ids, normalize=normalize, validate=validate)
    line = messages.sender or sender
    is_known = is_plain_sender(line) and _are_plain_ids(messages) and _are_plain_texts(messages)
    if is_known and are_mobiles(messages.receivers):
        return _payloads(line, messages, messages.receivers, track_ids, are_normal=True), {}
    if not is_known or not validate:
        return prepare_some(messages, sender=sender, track_ids=track_ids, normalize=normalize, validate=validate)
    receivers, refused = _checked(messages.receivers, normalize=normalize)
    valid = messages.pick([at for at in range(len(messages)) if at not in refused]) if refused else messages
    return _payloads(line, valid, receivers, track_ids, are_normal=normalize), refused


def _payloads(
    line: Any, messages: MessageColumn, receivers: Sequence[str], track_ids: TrackIds, *, are_normal: bool
) -> PayloadColumn:
    minted = messages.track_ids is None
    ids = track_ids.take(len(messages)) if messages.track_ids is None else messages.track_ids
    text = None
    if messages.is_one_text and are_normal and receivers and (minted or not _needs_escape("".join(ids))):
        text = SealedBytes(encode_json(messages.texts[0]))
    return PayloadColumn(line, receivers, messages.texts, ids, text, minted=minted)


def _are_plain_ids(messages: MessageColumn) -> bool:
    return messages.track_ids is None or are_plain_ids(messages.track_ids)


def _are_plain_texts(messages: MessageColumn) -> bool:
    """Return whether there are texts, and all are plain strings that can be sent."""
    texts = messages.texts[:1] if messages.is_one_text else messages.texts
    if set(map(type, texts)) != {str} or not all(texts):
        return False
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True


def _checked(receivers: Sequence[Any], *, normalize: bool) -> tuple[list[str], dict[int, Exception]]:
    """Return the valid receivers as they are sent, and the errors of the others by position."""
    valid: list[str] = []
    refused: dict[int, Exception] = {}
    for position, receiver in enumerate(receivers):
        try:
            valid.append(check_receiver(receiver, normalize=normalize))
        except Exception as error:  # noqa: BLE001 - code of the number itself may raise anything; it affects no other
            refused[position] = error.with_traceback(None)  # this frame's locals hold numbers
    return valid, refused
