"""Messages of `/sms/send` and `/otp/sms/send` under an idempotency key."""

from __future__ import annotations

from wikipayam_async.idempotency.keyed import KeyedMessage
from wikipayam_async.messages.models import OtpMessage, SentMessage, SmsMessage
from wikipayam_async.messages.payload import OtpPayload, SmsPayload
from wikipayam_async.redact.sealed import Sealed

__all__ = ["keyed_otp", "keyed_sms"]


def keyed_sms(key: str, message: SmsMessage, payload: SmsPayload) -> KeyedMessage:
    """Return an SMS under a key. Its line and its track id may differ from one call to the next."""
    return KeyedMessage(
        key=key,
        kind="sms",
        operation="sms.send",
        message=message,
        track_id=payload.track_id,
        receiver=Sealed(payload.receiver),
        text=Sealed(payload.text),
        result=SentMessage,
    )


def keyed_otp(key: str, message: OtpMessage, payload: OtpPayload) -> KeyedMessage:
    """Return a code under a key."""
    return KeyedMessage(
        key=key,
        kind="otp",
        operation="otp.send",
        message=message,
        track_id=payload.track_id,
        receiver=Sealed(payload.receiver),
        text=Sealed(payload.code),
        result=SentMessage,
        variant=str(payload.otp_pattern_id),
    )
