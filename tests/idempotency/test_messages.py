"""Messages under a key."""

from __future__ import annotations

import pytest

from wikipayam_async import OtpMessage, SmsMessage
from wikipayam_async.idempotency.messages import keyed_otp, keyed_sms
from wikipayam_async.messages.payload import prepare_otp, prepare_sms
from wikipayam_async.messages.track_ids import TrackIds


def digest_of_sms(message: SmsMessage) -> str:
    """Return the digest of an SMS under the key `k`."""
    return keyed_sms("k", message, prepare_sms(message, sender="1", track_ids=TrackIds(), normalize=True)).digest(b"")


def digest_of_otp(message: OtpMessage) -> str:
    """Return the digest of a code under the key `k`."""
    payload = prepare_otp(message, pattern_id=13, track_ids=TrackIds(), normalize=True)
    return keyed_otp("k", message, payload).digest(b"")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (SmsMessage("+98 912 345 6789", "text"), True),
        (SmsMessage("09123456789", "text", sender="3000", track_id="t-9"), True),
        (SmsMessage("09123456789", note="text"), True),
        (SmsMessage("09123456780", "text"), False),
        (SmsMessage("09123456789", "Text"), False),
    ],
)
def test_an_sms_is_its_receiver_and_its_text(other: SmsMessage, same: bool) -> None:
    """In whatever spelling; the line and the track id may differ."""
    assert (digest_of_sms(SmsMessage("09123456789", "text")) == digest_of_sms(other)) is same


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (OtpMessage("09123456789", "۱۲۳۴", track_id="t"), True),
        (OtpMessage("09123456789", "1234", otp_pattern_id=14), False),
        (OtpMessage("09123456789", "1235"), False),
    ],
)
def test_a_code_has_a_pattern_too(other: OtpMessage, same: bool) -> None:
    """Its wording is part of the text."""
    assert (digest_of_otp(OtpMessage("09123456789", "1234")) == digest_of_otp(other)) is same


def test_nothing_personal_is_shown() -> None:
    """Neither by `repr`, nor by an error's key."""
    message = SmsMessage("09123456789", "a private text")
    payload = prepare_sms(message, sender="1", track_ids=TrackIds(), normalize=True)
    keyed = keyed_sms("to-09123456789", message, payload)
    assert "private" not in repr(keyed)
    assert keyed.shown_key == "to-***"
