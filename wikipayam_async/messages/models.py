"""The models of messages and of the gateway's answer, and the checks of their fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeGuard

from attrs import field, frozen

from wikipayam_async.checks import is_unicode
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.numbers import normalize_receiver
from wikipayam_async.numbers.digits import digits_of_line
from wikipayam_async.redact.masks import mask_mapping, mask_number, mask_text, shape_of
from wikipayam_async.structs import Model

__all__ = [
    "OtpMessage",
    "SentMessage",
    "SmsMessage",
    "as_message",
    "check_code",
    "check_receiver",
    "check_sender",
    "check_text",
    "check_track_id",
    "is_plain_sender",
    "names_message",
    "surely_names_message",
    "text_field",
]

_LONGEST_TRACK_ID = 255
_LONGEST_NUMBER = 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NO_IDS = frozenset({"error", "failed", "false", "nan", "nil", "none", "null", "ok", "true", "undefined"})
_PLAIN_SENDER = re.compile(r"[0-9+]{1,20}").fullmatch
_PLAIN_ID = re.compile(r"[!-~]{1,255}").fullmatch
_CODE = re.compile(r"[0-9A-Za-z]{1,32}")


class _Addressed(Model, frozen=True):
    """The arguments of an SMS that may be given by position."""

    receiver: str
    message: str | None = None
    _masks = MappingProxyType({"receiver": mask_number, "message": mask_text, "note": mask_text})


class SmsMessage(_Addressed, frozen=True, kw_only=True):
    """One SMS. Pass either `message` or `note`, which the gateway treats alike.

    It cannot be changed: `msgspec.structs.replace`, `copy.replace` and `attrs.evolve` return a changed copy.

    Attributes:
        receiver: The recipient's mobile number, in any common format.
        message: The text, sent unchanged: spaces, digits and line breaks are kept.
        sender: The line, in any script and with or without spaces; the client's if None.
        track_id: Your own reference, which the gateway returns; generated if None.
        note: The text, under the gateway's other name for it.
    """

    sender: str | None = None
    track_id: str | None = None
    note: str | None = None


class _AddressedCode(Model, frozen=True):
    """The arguments of a one-time code that may be given by position."""

    receiver: str
    code: str
    _masks = MappingProxyType({"receiver": mask_number, "code": mask_text})


class OtpMessage(_AddressedCode, frozen=True, kw_only=True):
    """A one-time code by SMS, in the wording of a pattern that the gateway stores.

    Attributes:
        receiver: The recipient's mobile number, in any common format.
        code: The code; ASCII letters and digits.
        otp_pattern_id: The pattern; the client's if None.
        track_id: Your own reference, which the gateway returns; generated if None.
    """

    otp_pattern_id: int | None = None
    track_id: str | None = None


@frozen
class SentMessage:
    """A message that the gateway accepted. It is not delivered yet: query its delivery with the id.

    Attributes:
        id: The gateway's id, 24 hexadecimal digits.
        sender: The line, in the gateway's format.
        receiver: The recipient's mobile number, in the gateway's format.
        track_id: The track id that the message was sent with.
        extra: Fields that this version does not know.
    """

    id: str
    sender: str | None = None
    receiver: str | None = field(default=None, repr=mask_number)
    track_id: str | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


def as_message(receiver: str | SmsMessage, message: str | None, sender: str | None, track_id: str | None) -> SmsMessage:
    """Return the message of a call that takes either a complete message, or a receiver and a text.

    Raises:
        InvalidInputError: A value is given beside a complete message.
    """
    if not isinstance(receiver, SmsMessage):
        return SmsMessage(receiver, message, sender=sender, track_id=track_id)
    given = {"message": message, "sender": sender, "track_id": track_id}
    beside = [(name, shape_of(value)) for name, value in given.items() if value is not None]
    del message, given  # a traceback with locals shows no text
    if beside:
        name, got = beside[0]
        raise InvalidInputError(name, rule="expected none beside an SmsMessage, which has its own", got=got)
    return receiver


def check_code(code: object) -> str:
    """Return a one-time code, with Persian digits as ASCII: a voice reads them out and a person types them."""
    if isinstance(code, str):
        ascii_code = "".join(str(int(c)) if c.isdecimal() else c for c in code)
        if _CODE.fullmatch(ascii_code):
            return ascii_code
    raise InvalidInputError("code", rule="expected 1 to 32 digits or ASCII letters", got=shape_of(code))


def check_receiver(receiver: str, *, normalize: bool, validate: bool = True, field: str = "receiver") -> str:
    """Return a valid receiver as it is sent.

    Args:
        receiver: The receiver.
        normalize: Return a mobile in the form `09…`.
        validate: Refuse any receiver but an Iranian mobile.
        field: The name of the field, for errors.
    """
    if not validate:
        receiver = _short_text(field, receiver, _LONGEST_NUMBER)
        return _normal(receiver) if normalize else receiver
    normal = normalize_receiver(receiver, field=field)
    if normal is receiver and type(receiver) is str:  # the rule
        return receiver
    return _plain_str(normal) if normalize else _short_text(field, receiver, _LONGEST_NUMBER)


def check_sender(sender: object, *, field: str = "sender") -> str:
    """Return a valid line to send from, in ASCII digits without spaces; None raises `ConfigurationError`."""
    if is_plain_sender(sender):
        return sender
    if sender is None:
        raise ConfigurationError(f"{field}: none given; pass sender=..., or set it on the client or in SMS_SENDER")
    return _short_text(
        field, digits_of_line(_plain_str(sender)) if isinstance(sender, str) else sender, _LONGEST_NUMBER
    )


def is_plain_sender(sender: object) -> TypeGuard[str]:
    """Return whether a line needs no further check."""
    return type(sender) is str and _PLAIN_SENDER(sender) is not None


def check_track_id(track_id: object, *, field: str = "track_id") -> str | None:
    """Return a valid track id, or None if it is None."""
    if type(track_id) is str and _PLAIN_ID(track_id):  # the rule
        return track_id
    return None if track_id is None else _short_text(field, track_id, _LONGEST_TRACK_ID)


def names_message(value: object) -> bool:
    """Return whether the `id` of an answer's item names a message: programs also write null, 0, -1, false or `"null"`."""
    if isinstance(value, str):
        word = value.strip().lower()
        return bool(word) and word not in _NO_IDS and not word.startswith("-")
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def surely_names_message(value: object) -> bool:
    """Return whether the `id` of an answer without any other sign of acceptance names a message: no `"0"` either."""
    return names_message(value) and (not isinstance(value, str) or bool(value.strip().strip("0.")))


def text_field(message: SmsMessage) -> str:
    """Return the name of the field that holds the text of an SMS: `message` or `note`.

    Raises:
        InvalidInputError: It is not an `SmsMessage`, or has both.
    """
    if not isinstance(message, SmsMessage):
        raise InvalidInputError("message", rule="expected an SmsMessage", got=shape_of(message))
    if message.note is None:
        return "message"
    if message.message is not None:
        raise InvalidInputError("note", rule="pass either message or note", got="both")
    return "note"


def check_text(text: object, *, field: str = "message") -> str:
    """Return a valid text as it is sent."""
    if not isinstance(text, str) or not text:
        raise InvalidInputError(field, rule="expected a text that is not empty", got=shape_of(text))
    plain = text if type(text) is str else _plain_str(text)
    if not is_unicode(plain):
        raise InvalidInputError(field, rule="expected valid Unicode", got="a lone surrogate")
    return plain


def _normal(receiver: str) -> str:
    """Return a mobile in the form `09…`, any other receiver unchanged."""
    try:
        return _plain_str(normalize_receiver(receiver))
    except InvalidInputError:
        return receiver


def _short_text(name: str, value: object, longest: int) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > longest or _CONTROL.search(value):
        rule = f"expected a string of 1 to {longest} characters without control characters"
        raise InvalidInputError(name, rule=rule, got=shape_of(value))
    return _plain_str(value)


def _plain_str(value: str) -> str:
    """Return the characters of a subclass of `str`, whatever its `__str__` returns."""
    return value if type(value) is str else str.__str__(value)
