"""What goes out: the messages that a caller hands in, how they are checked, and what the gateway answers for each."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from wikipayam_async.core.converter import encode_json
from wikipayam_async.core.redact import SealedBytes, mask_mapping, mask_number, mask_text, shape_of, without_frames
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.numbers import normalize_receiver

__all__ = [
    "OtpMessage",
    "Prepared",
    "SentMessage",
    "SmsMessage",
    "TrackIds",
    "check_code",
    "check_receiver",
    "check_sender",
    "check_text",
    "check_track_id",
    "join_bodies",
    "prepare_all",
    "prepare_otp",
    "prepare_sms",
]

M = TypeVar("M")

_LONGEST_TRACK_ID = 255
_LONGEST_NUMBER = 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CODE = re.compile(r"[0-9A-Za-z]{1,32}")


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


@frozen
class Prepared(Generic[M]):
    """A message that passed the checks, encoded for the wire.

    Attributes:
        message: As the caller handed it in.
        receiver: The receiver as it is sent.
        track_id: The reference it is sent with.
        body: Its JSON object.
    """

    message: M
    receiver: str = field(repr=mask_number)
    track_id: str
    body: SealedBytes


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


@without_frames
def prepare_sms(
    message: SmsMessage, *, sender: str | None, track_ids: TrackIds, normalize: bool
) -> Prepared[SmsMessage]:
    """Check an SMS and encode it.

    Raises:
        InvalidInputError: A field breaks a rule.
        ConfigurationError: Neither the message nor the client names a sender.
    """
    if not isinstance(message, SmsMessage):
        raise InvalidInputError("message", rule="expected an SmsMessage", got=shape_of(message))
    if message.message is not None and message.note is not None:
        raise InvalidInputError("note", rule="hand in either message or note", got="both")
    name = "message" if message.note is None else "note"
    receiver = check_receiver(message.receiver, normalize=normalize)
    track_id = check_track_id(message.track_id) or track_ids.next()
    body = {
        "sender": check_sender(message.sender or sender),
        "receiver": receiver,
        name: check_text(getattr(message, name), field=name),
        "track_id": track_id,
    }
    return Prepared(message, receiver, track_id, SealedBytes(encode_json(body)))


@without_frames
def prepare_otp(
    message: OtpMessage, *, pattern_id: int | None, track_ids: TrackIds, normalize: bool
) -> Prepared[OtpMessage]:
    """Check a one-time code and encode it.

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
    body = {"receiver": receiver, "code": check_code(message.code), "otp_pattern_id": pattern, "track_id": track_id}
    return Prepared(message, receiver, track_id, SealedBytes(encode_json(body)))


def prepare_all(messages: Iterable[M], prepare: Callable[[M], Prepared[M]]) -> list[Prepared[M]]:
    """Check and encode the messages of one request; an error names the place, as in `messages[3].receiver`."""
    if not isinstance(messages, Iterable) or isinstance(messages, str | bytes):
        raise InvalidInputError("messages", rule="expected an iterable of messages", got=shape_of(messages))
    prepared: list[Prepared[M]] = []
    for index, message in enumerate(messages):
        try:
            prepared.append(prepare(message))
        except InvalidInputError as error:
            raise error.within(f"messages[{index}].") from None
        except ConfigurationError as error:
            raise ConfigurationError(f"messages[{index}].{error}") from None
    return prepared


def join_bodies(prepared: Sequence[Prepared[Any]]) -> SealedBytes:
    """Return the JSON array of the messages."""
    return SealedBytes(b"[" + b",".join([one.body for one in prepared]) + b"]")


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
        return normalize_receiver(receiver, field=field)
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
    if not _is_unicode(text):
        raise InvalidInputError(field, rule="expected valid Unicode", got="half of a surrogate pair")
    return text


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
    return value
