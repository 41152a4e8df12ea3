"""Payloads in columns: messages checked field by field, and encoded together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any, Self, TypeAlias, TypeVar, final, overload

import msgspec

from wikipayam_async.messages.columns import Column, MessageColumn
from wikipayam_async.messages.models import SmsMessage, check_receiver, is_plain_sender
from wikipayam_async.messages.payload import (
    Batch,
    Payload,
    SmsPayload,
    are_mobiles,
    are_plain,
    are_plain_ids,
    prepare_some,
)
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.redact.sealed import SealedBytes

__all__ = ["PayloadColumn", "batch_of", "prepare_messages"]

M = TypeVar("M")

_encode_plain = msgspec.json.Encoder().encode
"""Encodes no string of a subclass, unlike `encode_json`."""
_needs_escape = re.compile(r'["\\]').search
_GAP = "\0"
"""Stands for the text while a body is put together: no number and no plain track id has it."""


@final
class PayloadColumn(Column[SmsPayload]):
    """Checked messages as they are sent, all from one line, with a `message` and plain fields.

    Args:
        sender: The line.
        receivers: The receiver of each, as it is sent.
        texts: The text of each.
        track_ids: The track id of each.
        text: The one text of all, encoded; None if they differ.
        minted: Whether the track ids are generated, and so all different.
        is_plain: Whether the messages, as the caller passed them, hold nothing but plain strings.
    """

    __slots__ = ("_body", "is_plain", "minted", "receivers", "sender", "text", "texts", "track_ids")

    def __init__(
        self,
        sender: str,
        receivers: Sequence[str],
        texts: Sequence[str],
        track_ids: Sequence[str],
        text: SealedBytes | None = None,
        *,
        minted: bool = False,
        is_plain: bool = False,
    ) -> None:
        self.sender = sender
        self.receivers = receivers
        self.texts = texts
        self.track_ids = track_ids
        self.text = text
        self.minted = minted
        self.is_plain = is_plain
        self._body: SealedBytes | None = None

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
            is_plain=self.is_plain,
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
            is_plain=self.is_plain and other.is_plain,
        )

    def encode(self) -> SealedBytes:
        """Return the JSON array of the payloads, the same bytes as of a list of them. It is made once.

        Raises:
            UnicodeEncodeError: A text is no Unicode.
            TypeError: A value is not a plain string.
        """
        if self._body is None:
            self._body = self._encoded()
        return self._body

    def _encoded(self) -> SealedBytes:
        if self.text is None:
            return SealedBytes(_encode_plain(list(self)))
        before = f'{{"sender":"{self.sender}","receiver":"'
        between = f'","message":{_GAP},"track_id":"'
        messages = f'"}},{before}'.join(map(between.join, zip(self.receivers, self.track_ids, strict=True)))
        return SealedBytes(f'[{before}{messages}"}}]'.encode("ascii").replace(b"\0", self.text))

    def __repr__(self) -> str:
        return f"<PayloadColumn of {len(self):,} messages>"


def batch_of(messages: Sequence[M], payloads: Sequence[Payload]) -> Batch[M]:
    """Return the batch of messages and their payloads, columns or not."""
    if type(payloads) is PayloadColumn:
        return Batch(messages, payloads, payloads.track_ids, payloads.encode())
    return Batch.of(messages, payloads)


def prepare_messages(
    messages: Sequence[SmsMessage],
    *,
    sender: str | None,
    track_ids: TrackIds,
    normalize: bool,
    validate: bool = True,
) -> tuple[Sequence[SmsPayload], dict[int, Exception]]:
    """Check the messages of a bulk send; an invalid message does not affect the others.

    It returns what `prepare_some` returns, in a column if all fields are plain, or of a column all but the receivers.
    """
    prepared = (
        _prepare_column(messages, sender, track_ids, normalize=normalize, validate=validate)
        if type(messages) is MessageColumn
        else _prepare_plain(messages, sender, track_ids)
    )
    if prepared is not None:
        return prepared
    return prepare_some(messages, sender=sender, track_ids=track_ids, normalize=normalize, validate=validate)


_Prepared: TypeAlias = tuple[PayloadColumn, dict[int, Exception]]


def _prepare_plain(messages: Sequence[SmsMessage], sender: str | None, track_ids: TrackIds) -> _Prepared | None:
    """Do the work of `prepare_sms` for all messages, in a sixth of the time; None if any needs the full checks.

    Each field is checked for all messages together, mostly in C: one Python call per message would cost more than all
    of these checks. No code of a subclass runs: what encodes the payloads finds its objects, and what is no Unicode.
    """
    if not is_plain_sender(sender) or set(map(type, messages)) != {SmsMessage}:
        return None
    if [one for one in messages if one.sender is not None or one.note is not None]:
        return None
    ids: list[Any] = [one.track_id for one in messages]
    minted = ids[0] is None and ids.count(None) == len(ids)  # to compare is slow if there are ids
    if minted:
        ids = track_ids.take(len(ids))
    receivers: list[Any] = [one.receiver for one in messages]
    texts: list[Any] = [one.message for one in messages]
    if not (are_plain(texts) and all(texts) and are_mobiles(receivers) and (minted or are_plain_ids(ids))):
        return None
    return _encodable(PayloadColumn(sender, receivers, texts, ids, minted=minted, is_plain=True))


def _prepare_column(
    messages: MessageColumn, sender: str | None, track_ids: TrackIds, *, normalize: bool, validate: bool
) -> _Prepared | None:
    """Check a column; None if other fields than the receivers are not plain, or the receivers are not to be checked."""
    line = messages.sender or sender
    if not (is_plain_sender(line) and _are_plain_ids(messages) and _are_plain_texts(messages)):
        return None
    receivers, refused = messages.receivers, dict[int, Exception]()
    are_normal = are_plain(receivers) and are_mobiles(receivers)
    is_plain = are_normal and (messages.sender is None or is_plain_sender(messages.sender))
    if not are_normal:
        if not validate:
            return None
        receivers, refused = _checked(receivers, normalize=normalize)
        are_normal = normalize
    valid = messages.pick([at for at in range(len(messages)) if at not in refused]) if refused else messages
    minted = valid.track_ids is None
    ids = track_ids.take(len(valid)) if valid.track_ids is None else valid.track_ids
    payloads = PayloadColumn(line, receivers, valid.texts, ids, minted=minted, is_plain=is_plain)
    if not (valid.is_one_text and are_normal and receivers and (minted or not _needs_escape("".join(ids)))):
        return _encodable(payloads, refused)
    payloads.text = _one_text(valid.texts[0])
    return None if payloads.text is None else (payloads, refused)


def _one_text(text: str) -> SealedBytes | None:
    try:
        return SealedBytes(_encode_plain(text))
    except UnicodeEncodeError:
        return None


def _encodable(payloads: PayloadColumn, refused: dict[int, Exception] | None = None) -> _Prepared | None:
    """Encode payloads, which is the last of their checks; None if they cannot be."""
    try:
        payloads.encode()
    except (UnicodeEncodeError, TypeError):
        return None
    return payloads, refused or {}


def _are_plain_ids(messages: MessageColumn) -> bool:
    ids = messages.track_ids
    return ids is None or (are_plain(ids) and are_plain_ids(ids))


def _are_plain_texts(messages: MessageColumn) -> bool:
    """Return whether there are texts, and all are plain strings with something in them."""
    texts = messages.texts[:1] if messages.is_one_text else messages.texts
    return are_plain(texts) and all(texts)


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
