from __future__ import annotations

import pytest

from wikipayam_async import ConfigurationError, InvalidInputError
from wikipayam_async.templates import Template
from wikipayam_async.testing import Emulator, emulator_client
from wikipayam_async.verification import CodeMessage, SmsChannel, VerificationChannel, VoiceChannel

pytestmark = pytest.mark.anyio

MESSAGE = CodeMessage(receiver="09123456789", code="123456", track_id="t-1")


@pytest.mark.parametrize(
    ("channel", "kind", "text"),
    [
        (SmsChannel(), "otp", "کد تأیید شما: 123456"),
        (SmsChannel(otp_pattern_id=13), "otp", "کد تأیید شما: 123456"),
        (SmsChannel(template="code {code}\n@shop.example #{code}"), "sms", "code 123456\n@shop.example #123456"),
        (SmsChannel(template=Template("{code}"), sender="10002000"), "sms", "123456"),
        (VoiceChannel(), "voice", "123456"),
    ],
)
async def test_a_channel_sends_the_code(channel: VerificationChannel, kind: str, text: str) -> None:
    """In a pattern, in a text, or in a call, under the track id that it is given."""
    emulator = Emulator()
    id_ = await channel.send(emulator_client(emulator), MESSAGE)
    (entry,) = emulator.ledger
    assert (str(entry.kind), entry.message, entry.id, entry.track_id) == (kind, text, id_, "t-1")
    assert emulator.last_code("09123456789") == "123456"


@pytest.mark.parametrize("channel", [SmsChannel(), SmsChannel(template="{code}"), VoiceChannel()])
async def test_a_number_abroad_is_sent_as_it_is(channel: VerificationChannel) -> None:
    """The client does not refuse it; what the gateway does is the gateway's business."""
    emulator = Emulator()
    message = CodeMessage(receiver="+971501234567", code="123456", track_id="t-1", abroad=True)
    with pytest.raises(Exception, match="422"):
        await channel.send(emulator_client(emulator), message)
    assert emulator.requests == 1


def test_channels_describe_themselves() -> None:
    """Their names are in challenges, and only an SMS reports its delivery."""
    assert [(one.name, one.is_call, one.reports_delivery) for one in (SmsChannel(), VoiceChannel())] == [
        ("sms", False, True),
        ("voice", True, False),
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"otp_pattern_id": 13, "template": "{code}"}, "expected one of them"),
        ({"sender": "10002000"}, "a pattern has its own line"),
        ({"template": "no field"}, "whose only field is {code}"),
        ({"template": "{code} {name}"}, "whose only field is {code}"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, object], expected: str) -> None:
    """Nothing would be done as it was meant."""
    with pytest.raises(ConfigurationError) as caught:
        SmsChannel(**options)  # type: ignore[arg-type]
    assert expected in str(caught.value)


def test_an_invalid_template_is_refused() -> None:
    """With the error of templates."""
    with pytest.raises(InvalidInputError):
        SmsChannel(template="{code")


def test_a_message_can_be_logged() -> None:
    """Its `repr` shows neither code nor number."""
    assert ("123456" in repr(MESSAGE), "09123456789" in repr(MESSAGE)) == (False, False)
