"""What goes out: the messages that a caller hands in, how they are checked, and what the gateway answers for each."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from attrs import Factory, field, frozen

from wikipayam_async.core.converter import encode_json
from wikipayam_async.core.redact import SealedBytes, mask_mapping, mask_number, mask_text, shape_of, without_frames
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.numbers import normalize_receiver

__all__ = [
    "Batch",
    "OtpMessage",
    "OtpWire",
    "SentMessage",
    "SmsMessage",
    "SmsWire",
    "TrackIds",
    "Wire",
    "check_code",
    "check_receiver",
    "check_sender",
    "check_text",
    "check_track_id",
    "prepare_all",
    "prepare_otp",
    "prepare_sms",
    "prepare_some",
]

M = TypeVar("M")

_LONGEST_TRACK_ID = 255
_LONGEST_NUMBER = 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CODE = re.compile(r"[0-9A-Za-z]{1,32}")
_PLAIN_RECEIVER = re.compile(r"09[0-9]{9}").fullmatch
_PLAIN_SENDER = re.compile(r"[0-9+]{1,20}").fullmatch


@frozen
class SmsMessage:
    """One SMS. Hand in either `message` or `note`, which the gateway takes for the same.

    Attributes:
        receiver: The mobile that gets it, in any usual spelling.
        message: The text. It is sent to the letter: spaces, digits and line breaks are kept.
        sender: The line it is sent from; the client's if None.
        track_id: Your own reference, which the gateway repeats; one is made if None.
        note: The text, under the gateway's other name for it.
    """

    receiver: str = field(repr=mask_number)
    message: str | None = field(default=None, repr=mask_text)
    sender: str | None = field(default=None, kw_only=True)
    track_id: str | None = field(default=None, kw_only=True)
    note: str | None = field(default=None, kw_only=True, repr=mask_text)


@frozen
class OtpMessage:
    """One one-time code by SMS, sent in the words of a pattern that the gateway keeps.

    Attributes:
        receiver: The mobile that gets it, in any usual spelling.
        code: The code; ASCII letters and digits.
        otp_pattern_id: The pattern; the client's if None.
        track_id: Your own reference, which the gateway repeats; one is made if None.
    """

    receiver: str = field(repr=mask_number)
    code: str = field(repr=mask_text)
    otp_pattern_id: int | None = field(default=None, kw_only=True)
    track_id: str | None = field(default=None, kw_only=True)


@frozen
class SentMessage:
    """The gateway's word that it accepted a message. It has not been delivered yet: ask with the id.

    Attributes:
        id: The gateway's id, 24 hexadecimal digits.
        sender: The line, as the gateway names it.
        receiver: The mobile, as the gateway writes it.
        track_id: The reference that the message was sent with.
        extra: Fields that this version does not know.
    """

    id: str
    sender: str | None = None
    receiver: str | None = field(default=None, repr=mask_number)
    track_id: str | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


class Wire(Protocol):
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

    def __repr__(self: Wire) -> str:
        return f"<{self.track_id} to {mask_number(self.receiver)}>"

    def __rich_repr__(self: Wire) -> list[tuple[str, Any]]:
        return [("track_id", self.track_id), ("receiver", mask_number(self.receiver))]


class SmsWire(_Masked, frozen=True, gc=False):
    """An SMS on the wire, its fields in the order of the documentation; it has either a `message` or a `note`."""

    sender: str
    receiver: str
    message: str | msgspec.UnsetType
    note: str | msgspec.UnsetType
    track_id: str


class OtpWire(_Masked, frozen=True, gc=False):
    """A one-time code on the wire, its fields in the order of the documentation."""

    receiver: str
    code: str
    otp_pattern_id: int
    track_id: str


def _names_of(batch: Batch[Any]) -> list[str]:
    return [wire.track_id for wire in batch.wires]


def _body_of(batch: Batch[Any]) -> SealedBytes:
    return SealedBytes(encode_json(batch.wires))


@frozen
class Batch(Generic[M]):
    """The messages of one request, in their order.

    Attributes:
        messages: As the caller handed them in.
        wires: As they are sent.
        track_ids: The references that they are sent with.
        body: The JSON array.
    """

    messages: Sequence[M] = field(repr=False)
    wires: Sequence[Wire] = field(repr=False)
    track_ids: Sequence[str] = field(init=False, repr=False, default=Factory(_names_of, takes_self=True))
    body: SealedBytes = field(init=False, default=Factory(_body_of, takes_self=True))


class TrackIds:
    """Makes references that no other run, process or machine makes: a random name and a number."""

    __slots__ = ("_count", "_prefix")

    def __init__(self) -> None:
        self._prefix = "w" + secrets.token_hex(6)
        self._count = 0

    def next(self) -> str:
        """Return the next reference."""
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
def prepare_sms(message: SmsMessage, *, sender: str | None, track_ids: TrackIds, normalize: bool) -> SmsWire:
    """Check an SMS and put it into the form of the wire.

    Raises:
        InvalidInputError: A field breaks a rule.
        ConfigurationError: Neither the message nor the client names a sender.
    """
    if not isinstance(message, SmsMessage):
        raise InvalidInputError("message", rule="expected an SmsMessage", got=shape_of(message))
    if message.message is not None and message.note is not None:
        raise InvalidInputError("note", rule="hand in either message or note", got="both")
    receiver = check_receiver(message.receiver, normalize=normalize)
    track_id = check_track_id(message.track_id) or track_ids.next()
    line = check_sender(message.sender or sender)
    if message.note is not None:
        return SmsWire(line, receiver, msgspec.UNSET, check_text(message.note, field="note"), track_id)
    return SmsWire(line, receiver, check_text(message.message), msgspec.UNSET, track_id)


def prepare_some(
    messages: Sequence[SmsMessage], *, sender: str | None, track_ids: TrackIds, normalize: bool
) -> tuple[list[SmsWire], dict[int, Exception]]:
    """Check the messages of a bulk send, one by one: a bad one spoils no other.

    Returns:
        The good ones in their order, and what is wrong with the others, by their place.
    """
    wires: list[SmsWire] = []
    refused: dict[int, Exception] = {}
    line = _plain(sender) if isinstance(sender, str) and _PLAIN_SENDER(sender) else None
    for place, (message, name) in enumerate(zip(messages, track_ids.take(len(messages)), strict=True)):
        try:
            # All that `prepare_sms` does for a message that gives no cause for doubt, as nearly all of them do. Written
            # out, because one call of a function costs as much as all of these checks together.
            if (
                line
                and type(message) is SmsMessage
                and message.note is None
                and message.sender is None
                and message.track_id is None
                and type(receiver := message.receiver) is str
                and _PLAIN_RECEIVER(receiver)
                and type(text := message.message) is str
                and text.encode()
            ):
                wires.append(SmsWire(line, receiver, text, msgspec.UNSET, name))
            else:
                wires.append(prepare_sms(message, sender=sender, track_ids=track_ids, normalize=normalize))
        except UnicodeEncodeError:
            refused[place] = _not_unicode("message")
        except Exception as error:  # noqa: BLE001 - whatever a message's own code raises, it costs that message alone
            refused[place] = error.with_traceback(None)  # the locals of this frame hold a text and a number
    return wires, refused


@without_frames
def prepare_otp(message: OtpMessage, *, pattern_id: int | None, track_ids: TrackIds, normalize: bool) -> OtpWire:
    """Check a one-time code and put it into the form of the wire.

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
    return OtpWire(receiver, check_code(message.code), pattern, track_id)


def prepare_all(messages: Iterable[M], prepare: Callable[[M], Wire]) -> Batch[M]:
    """Check the messages of one request; an error names the place, as in `messages[3].receiver`."""
    if not isinstance(messages, Iterable) or isinstance(messages, str | bytes):
        raise InvalidInputError("messages", rule="expected an iterable of messages", got=shape_of(messages))
    taken: list[M] = []
    wires: list[Wire] = []
    for index, message in enumerate(messages):
        taken.append(message)
        try:
            wires.append(prepare(message))
        except InvalidInputError as error:
            raise error.within(f"messages[{index}].") from None
        except ConfigurationError as error:
            raise ConfigurationError(f"messages[{index}].{error}") from None
    return Batch(taken, wires)


def check_code(code: object) -> str:
    """Return a one-time code; Persian digits become ASCII, since a voice reads digits and a person types them."""
    if isinstance(code, str):
        ascii_code = "".join(str(int(c)) if c.isdecimal() else c for c in code)
        if _CODE.fullmatch(ascii_code):
            return ascii_code
    raise InvalidInputError("code", rule="expected 1 to 32 digits or ASCII letters", got=shape_of(code))


def check_receiver(receiver: str, *, normalize: bool, field: str = "receiver") -> str:
    """Return a receiver as it is sent."""
    if normalize:
        return _plain(normalize_receiver(receiver, field=field))
    return _short_text(field, receiver, _LONGEST_NUMBER)


def check_sender(sender: object) -> str:
    """Return a line that is fit to send from; None is a gap in the configuration."""
    if sender is None:
        raise ConfigurationError("sender: none given; pass sender=..., or set it on the client or in SMS_SENDER")
    return _short_text("sender", sender, _LONGEST_NUMBER)


def check_track_id(track_id: object) -> str | None:
    """Return a reference that is fit to be sent; None is none."""
    return None if track_id is None else _short_text("track_id", track_id, _LONGEST_TRACK_ID)


def check_text(text: object, *, field: str = "message") -> str:
    """Return a text that is fit to be sent."""
    if not isinstance(text, str) or not text:
        raise InvalidInputError(field, rule="expected a text that is not empty", got=shape_of(text))
    plain = _plain(text)
    if not _is_unicode(plain):
        raise _not_unicode(field)
    return plain


def _not_unicode(field: str) -> InvalidInputError:
    return InvalidInputError(field, rule="expected valid Unicode", got="half of a surrogate pair")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _short_text(name: str, value: object, longest: int) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > longest or _CONTROL.search(value):
        rule = f"expected a string of 1 to {longest} characters without control characters"
        raise InvalidInputError(name, rule=rule, got=shape_of(value))
    return _plain(value)


def _plain(value: str) -> str:
    """Return what a string by inheritance holds, whatever its class makes of it."""
    return value if type(value) is str else str.__str__(value)
