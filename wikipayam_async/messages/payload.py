"""Payloads: checked messages as their JSON goes over the wire, and the batches that go out in one request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from wikipayam_async.checks import without_frames
from wikipayam_async.core.converter import encode_json
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.messages.models import (
    OtpMessage,
    SmsMessage,
    check_code,
    check_receiver,
    check_sender,
    check_text,
    check_track_id,
    text_field,
)
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.redact.masks import mask_number, shape_of
from wikipayam_async.redact.sealed import Sealed, SealedBytes, reveal
from wikipayam_async.structs import Model

__all__ = [
    "Batch",
    "OtpPayload",
    "Payload",
    "SmsPayload",
    "are_mobiles",
    "are_plain",
    "are_plain_ids",
    "prepare_all",
    "prepare_otp",
    "prepare_sms",
    "prepare_some",
]

M = TypeVar("M")

_MOBILE_DIGITS = 11
_MOBILES = re.compile(r"(?:09[0-9]{9}\n)*+").fullmatch
_PLAIN_IDS = re.compile(r"(?:[!-~]{1,255}\n)*+").fullmatch


class Payload(Protocol):
    """A checked message as its JSON object goes over the wire.

    Its implementations are msgspec structs, unlike all other data in this package: a bulk send creates one per message,
    structs are created and encoded in a fraction of the time, and they are not public. Their strings are plain `str`: a
    subclass could be encoded differently from what was checked, or fail to encode and spoil its whole batch.
    """

    @property
    def receiver(self) -> str:
        """The receiver as it is sent."""
        ...

    @property
    def track_id(self) -> str:
        """The track id."""
        ...


class _MaskedPayload(msgspec.Struct, frozen=True, gc=False):
    """Masks text and number in its repr, and for rich, which prints the fields of a struct."""

    def __repr__(self: Payload) -> str:
        return f"<{self.track_id} to {mask_number(self.receiver)}>"

    def __rich_repr__(self: Payload) -> list[tuple[str, Any]]:
        return [("track_id", self.track_id), ("receiver", mask_number(self.receiver))]


class SmsPayload(_MaskedPayload, frozen=True, gc=False):
    """An SMS as it is sent, with the fields in the documented order and either a `message` or a `note`."""

    sender: str
    receiver: str
    message: str | msgspec.UnsetType
    note: str | msgspec.UnsetType
    track_id: str

    @property
    def text(self) -> str:
        """The text, from `message` or `note`."""
        return self.message or self.note or ""


class OtpPayload(_MaskedPayload, frozen=True, gc=False):
    """A one-time code as it is sent, with the fields in the documented order."""

    receiver: str
    code: str
    otp_pattern_id: int
    track_id: str


class Batch(Model, Generic[M], frozen=True):
    """The messages of one request, in order.

    Attributes:
        messages: The messages, as the caller passed them.
        payloads: Their payloads.
        track_ids: The track ids of the payloads.
        body: The JSON array of the payloads.
    """

    messages: Sequence[M]
    payloads: Sequence[Payload]
    track_ids: Sequence[str]
    body: SealedBytes
    _hidden = frozenset({"messages", "payloads", "track_ids"})

    @classmethod
    def of(cls, messages: Sequence[M], payloads: Sequence[Payload]) -> Batch[M]:
        """Return the batch of messages and their payloads."""
        body = SealedBytes(encode_json(payloads))
        return cls(messages, payloads, [payload.track_id for payload in payloads], body)

    @property
    def is_plain(self) -> bool:
        """Whether the messages hold nothing but plain strings, which cannot refer to anything."""
        return getattr(self.payloads, "is_plain", False)

    @property
    def has_distinct_ids(self) -> bool:
        """Whether the track ids are all different."""
        return getattr(self.payloads, "minted", False) or len(set(self.track_ids)) == len(self.track_ids)


@without_frames
def prepare_sms(
    message: SmsMessage, *, sender: str | None, track_ids: TrackIds, normalize: bool, validate: bool = True
) -> SmsPayload:
    """Check an SMS and return its payload.

    Raises:
        InvalidInputError: A field is invalid.
        ConfigurationError: Neither the message nor the client has a sender.
    """
    name = text_field(message)
    receiver = check_receiver(message.receiver, normalize=normalize, validate=validate)
    track_id = check_track_id(message.track_id) or track_ids.next()
    line = check_sender(message.sender or sender)
    if name == "note":
        return SmsPayload(line, receiver, msgspec.UNSET, check_text(message.note, field=name), track_id)
    return SmsPayload(line, receiver, check_text(message.message), msgspec.UNSET, track_id)


def prepare_some(
    messages: Sequence[SmsMessage],
    *,
    sender: str | None,
    track_ids: TrackIds,
    normalize: bool,
    validate: bool = True,
) -> tuple[list[SmsPayload], dict[int, Exception]]:
    """Check the messages of a bulk send, one by one; an invalid message does not affect the others.

    Returns:
        The payloads of the valid messages in order, and the errors of the others by index.
    """
    payloads: list[SmsPayload] = []
    errors: dict[int, Exception] = {}
    for index, message in enumerate(messages):
        try:
            payload = prepare_sms(message, sender=sender, track_ids=track_ids, normalize=normalize, validate=validate)
            payloads.append(payload)
        except Exception as error:  # noqa: BLE001 - code of the message itself may raise anything; it affects no other
            errors[index] = error.with_traceback(None)  # this frame's locals hold a text and a number
    return payloads, errors


def are_plain(values: Sequence[object]) -> bool:
    """Return whether all are plain strings, none of a subclass; False if there are none."""
    return set(map(type, values)) == {str}


def are_mobiles(receivers: Sequence[Any]) -> bool:
    """Return whether all are strings of the form `09123456789`, if of a subclass by their characters."""
    try:
        lines = "\n".join(receivers) + "\n"
    except TypeError:
        return False
    return _MOBILES(lines) is not None and len(lines) == (_MOBILE_DIGITS + 1) * len(receivers)


def are_plain_ids(ids: Sequence[Any]) -> bool:
    """Return whether all are valid track ids of visible ASCII characters, if of a subclass of `str` by their characters."""
    try:
        lines = "\n".join(ids) + "\n"
    except TypeError:
        return False
    return _PLAIN_IDS(lines) is not None and lines.count("\n") == len(ids)


@without_frames
def prepare_otp(
    message: OtpMessage, *, pattern_id: int | None, track_ids: TrackIds, normalize: bool, validate: bool = True
) -> OtpPayload:
    """Check a one-time code and return its payload.

    Raises:
        InvalidInputError: A field is invalid.
        ConfigurationError: Neither the message nor the client has a pattern.
    """
    if not isinstance(message, OtpMessage):
        raise InvalidInputError("message", rule="expected an OtpMessage", got=shape_of(message))
    receiver = check_receiver(message.receiver, normalize=normalize, validate=validate)
    track_id = check_track_id(message.track_id) or track_ids.next()
    pattern = message.otp_pattern_id if message.otp_pattern_id is not None else pattern_id
    if pattern is None:
        raise ConfigurationError("otp_pattern_id: none given; pass it with the message or to the client")
    if isinstance(pattern, bool) or not isinstance(pattern, int) or pattern < 0:
        raise InvalidInputError("otp_pattern_id", rule="expected a number such as 13", got=shape_of(pattern))
    return OtpPayload(receiver, check_code(message.code), pattern, track_id)


@without_frames
def prepare_all(messages: Iterable[M] | Sealed[Iterable[M]], prepare: Callable[[M], Payload]) -> Batch[M]:
    """Check the messages of one request and return their batch; an error has the index: `messages[3].receiver`."""
    messages = reveal(messages)
    if not isinstance(messages, Iterable) or isinstance(messages, str | bytes):
        raise InvalidInputError("messages", rule="expected an iterable of messages", got=shape_of(messages))
    taken: list[M] = []
    payloads: list[Payload] = []
    for index, message in enumerate(messages):
        taken.append(message)
        try:
            payloads.append(prepare(message))
        except InvalidInputError as error:
            raise error.within(f"messages[{index}].") from None
        except ConfigurationError as error:
            raise ConfigurationError(f"messages[{index}].{error}") from None
    return Batch.of(taken, payloads)
