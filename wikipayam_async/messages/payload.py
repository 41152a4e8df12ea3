"""What goes out: messages that passed the checks, made into payloads, put together into one request."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from attrs import Factory, field, frozen

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
from wikipayam_async.redact.masks import mask_number, shape_of
from wikipayam_async.redact.sealed import SealedBytes

__all__ = [
    "Batch",
    "OtpPayload",
    "Payload",
    "SmsPayload",
    "TrackIds",
    "prepare_all",
    "prepare_otp",
    "prepare_sms",
    "prepare_some",
]

M = TypeVar("M")

_PLAIN_SENDER = re.compile(r"[0-9+]{1,20}").fullmatch
_MOBILE_DIGITS = 11
_SHORT_NAME = 255


class Payload(Protocol):
    """A message that passed the checks, as its JSON object goes over the wire.

    Its classes are msgspec's, unlike all other data here: there is one for every message of a bulk send, it is made and
    encoded in a fraction of the time, and nobody outside sees it. Its strings are plain ones: what inherits from `str`
    could be encoded as something else than it was checked as, or not at all, and take the others of its request with it.
    """

    @property
    def receiver(self) -> str:
        """The receiver as it is sent."""
        ...

    @property
    def track_id(self) -> str:
        """The reference it is sent with."""
        ...


class _Masked(msgspec.Struct, frozen=True, gc=False):
    """Shows no text and no full number, neither in its repr nor to rich, which would print the fields of a struct."""

    def __repr__(self: Payload) -> str:
        return f"<{self.track_id} to {mask_number(self.receiver)}>"

    def __rich_repr__(self: Payload) -> list[tuple[str, Any]]:
        return [("track_id", self.track_id), ("receiver", mask_number(self.receiver))]


class SmsPayload(_Masked, frozen=True, gc=False):
    """An SMS as it is sent, its fields in the order of the documentation; it has either a `message` or a `note`."""

    sender: str
    receiver: str
    message: str | msgspec.UnsetType
    note: str | msgspec.UnsetType
    track_id: str

    @property
    def text(self) -> str:
        """The text, under whichever name it goes."""
        return self.message or self.note or ""


class OtpPayload(_Masked, frozen=True, gc=False):
    """A one-time code as it is sent, its fields in the order of the documentation."""

    receiver: str
    code: str
    otp_pattern_id: int
    track_id: str


def _names_of(batch: Batch[Any]) -> list[str]:
    return [payload.track_id for payload in batch.payloads]


def _body_of(batch: Batch[Any]) -> SealedBytes:
    return SealedBytes(encode_json(batch.payloads))


@frozen
class Batch(Generic[M]):
    """The messages of one request, in their order.

    Attributes:
        messages: As the caller handed them in.
        payloads: As they are sent.
        track_ids: The references that they are sent with.
        body: The JSON array.
    """

    messages: Sequence[M] = field(repr=False)
    payloads: Sequence[Payload] = field(repr=False)
    track_ids: Sequence[str] = field(init=False, repr=False, default=Factory(_names_of, takes_self=True))
    body: SealedBytes = field(init=False, default=Factory(_body_of, takes_self=True))


class TrackIds:
    """Makes references that no other run, process or machine makes: a random name and a number."""

    __slots__ = ("_count", "_prefix")

    def __init__(self) -> None:
        self._prefix = ""
        self._count = 0

    def next(self) -> str:
        """Return the next reference."""
        self._prefix = self._prefix or "w" + secrets.token_hex(6)
        self._count += 1
        return f"{self._prefix}-{self._count}"

    def take(self, count: int) -> list[str]:
        """Return references for so many messages, which share a number and are counted apart, as in `…-7.42`."""
        stem = self.next()
        return [stem + place for place in (_PLACES[:count] if count <= len(_PLACES) else _places(count))]


def _places(count: int) -> list[str]:
    return [f".{place}" for place in range(count)]


_PLACES = _places(1000)


@without_frames
def prepare_sms(message: SmsMessage, *, sender: str | None, track_ids: TrackIds, normalize: bool) -> SmsPayload:
    """Check an SMS and make its payload.

    Raises:
        InvalidInputError: A field breaks a rule.
        ConfigurationError: Neither the message nor the client names a sender.
    """
    name = text_field(message)
    receiver = check_receiver(message.receiver, normalize=normalize)
    track_id = check_track_id(message.track_id) or track_ids.next()
    line = check_sender(message.sender or sender)
    if name == "note":
        return SmsPayload(line, receiver, msgspec.UNSET, check_text(message.note, field=name), track_id)
    return SmsPayload(line, receiver, check_text(message.message), msgspec.UNSET, track_id)


def prepare_some(
    messages: Sequence[SmsMessage], *, sender: str | None, track_ids: TrackIds, normalize: bool
) -> tuple[list[SmsPayload], dict[int, Exception]]:
    """Check the messages of a bulk send: a bad one spoils no other.

    Returns:
        The good ones in their order, and what is wrong with the others, by their place.
    """
    at_once = _prepare_at_once(messages, sender, track_ids)
    if at_once is not None:
        return at_once, {}
    payloads: list[SmsPayload] = []
    refused: dict[int, Exception] = {}
    for place, message in enumerate(messages):
        try:
            payloads.append(prepare_sms(message, sender=sender, track_ids=track_ids, normalize=normalize))
        except Exception as error:  # noqa: BLE001 - whatever a message's own code raises, it costs that message alone
            refused[place] = error.with_traceback(None)  # the locals of this frame hold a text and a number
    return payloads, refused


def _prepare_at_once(
    messages: Sequence[SmsMessage], sender: str | None, track_ids: TrackIds
) -> list[SmsPayload] | None:
    """Do what `prepare_sms` does for each, at a fifth of the price; None if any message gives cause for a closer look.

    Whole columns are checked, most of it in C: a single call of a function costs more than all that is done here for one
    message.
    """
    if type(sender) is not str or not _PLAIN_SENDER(sender) or set(map(type, messages)) != {SmsMessage}:
        return None
    if [one for one in messages if one.sender is not None or one.note is not None]:
        return None
    names: list[Any] = [one.track_id for one in messages]
    if names.count(None) == len(names):
        names = track_ids.take(len(names))
    receivers: list[Any] = [one.receiver for one in messages]
    texts: list[Any] = [one.message for one in messages]
    if not set(map(type, receivers)) == set(map(type, texts)) == set(map(type, names)) == {str}:
        return None
    if not (all(texts) and _are_mobiles(receivers) and _are_plain_names(names)):
        return None
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return None
    return list(map(SmsPayload, repeat(sender), receivers, texts, repeat(msgspec.UNSET), names))


def _are_mobiles(receivers: Sequence[str]) -> bool:
    """Tell whether each has the form `09123456789`."""
    count, digits = len(receivers), "".join(receivers)
    return (
        set(map(len, receivers)) == {_MOBILE_DIGITS}
        and digits.isascii()
        and digits.isdecimal()
        and digits[::_MOBILE_DIGITS] == "0" * count
        and digits[1::_MOBILE_DIGITS] == "9" * count
    )


def _are_plain_names(names: Sequence[str]) -> bool:
    """Tell whether each is a short string of visible ASCII characters."""
    text = "".join(names)
    return (
        all(names) and max(map(len, names)) <= _SHORT_NAME and text.isascii() and text.isprintable() and " " not in text
    )


@without_frames
def prepare_otp(message: OtpMessage, *, pattern_id: int | None, track_ids: TrackIds, normalize: bool) -> OtpPayload:
    """Check a one-time code and make its payload.

    Raises:
        InvalidInputError: A field breaks a rule.
        ConfigurationError: Neither the message nor the client names a pattern.
    """
    if not isinstance(message, OtpMessage):
        raise InvalidInputError("message", rule="expected an OtpMessage", got=shape_of(message))
    receiver = check_receiver(message.receiver, normalize=normalize)
    track_id = check_track_id(message.track_id) or track_ids.next()
    pattern = message.otp_pattern_id if message.otp_pattern_id is not None else pattern_id
    if pattern is None:
        raise ConfigurationError("otp_pattern_id: none given; pass it with the message or to the client")
    if isinstance(pattern, bool) or not isinstance(pattern, int) or pattern < 0:
        raise InvalidInputError("otp_pattern_id", rule="expected a number such as 13", got=shape_of(pattern))
    return OtpPayload(receiver, check_code(message.code), pattern, track_id)


def prepare_all(messages: Iterable[M], prepare: Callable[[M], Payload]) -> Batch[M]:
    """Check the messages of one request; an error names the place, as in `messages[3].receiver`."""
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
    return Batch(taken, payloads)
