"""What a caller hands in and what the gateway answers: the messages, and the checks of their fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.numbers import normalize_receiver
from wikipayam_async.redact.masks import mask_mapping, mask_number, mask_text, shape_of

__all__ = [
    "OtpMessage",
    "SentMessage",
    "SmsMessage",
    "check_code",
    "check_receiver",
    "check_sender",
    "check_text",
    "check_track_id",
    "text_field",
]

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
        return _plain_str(normalize_receiver(receiver, field=field))
    return _short_text(field, receiver, _LONGEST_NUMBER)


def check_sender(sender: object, *, field: str = "sender") -> str:
    """Return a line that is fit to send from; None is a gap in the configuration."""
    if sender is None:
        raise ConfigurationError("sender: none given; pass sender=..., or set it on the client or in SMS_SENDER")
    return _short_text(field, sender, _LONGEST_NUMBER)


def check_track_id(track_id: object, *, field: str = "track_id") -> str | None:
    """Return a reference that is fit to be sent; None is none."""
    return None if track_id is None else _short_text(field, track_id, _LONGEST_TRACK_ID)


def text_field(message: SmsMessage) -> str:
    """Return which field of an SMS holds its text: `message`, or `note`.

    Raises:
        InvalidInputError: It is no SMS, or has two texts.
    """
    if not isinstance(message, SmsMessage):
        raise InvalidInputError("message", rule="expected an SmsMessage", got=shape_of(message))
    if message.note is None:
        return "message"
    if message.message is not None:
        raise InvalidInputError("note", rule="hand in either message or note", got="both")
    return "note"


def check_text(text: object, *, field: str = "message") -> str:
    """Return a text that is fit to be sent."""
    if not isinstance(text, str) or not text:
        raise InvalidInputError(field, rule="expected a text that is not empty", got=shape_of(text))
    plain = _plain_str(text)
    if not _is_unicode(plain):
        raise InvalidInputError(field, rule="expected valid Unicode", got="half of a surrogate pair")
    return plain


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
    return _plain_str(value)


def _plain_str(value: str) -> str:
    """Return what a string by inheritance holds, whatever its class makes of it."""
    return value if type(value) is str else str.__str__(value)
