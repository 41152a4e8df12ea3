from __future__ import annotations

import anyio
import pytest

from tests.verification.faulty import InterruptedChannel, fail
from tests.verification.stage import SECRET, VICTIM, Stage
from wikipayam_async import APIStatusError, AsyncWikipayam, SendStatus
from wikipayam_async.emulator import DEFAULT_PREFIX, DEFAULT_TOKEN
from wikipayam_async.testing import Fault, When, emulator_client, serve
from wikipayam_async.verification import (
    CodeSent,
    SmsChannel,
    VerificationChannel,
    VerificationLimitError,
    VerificationLimits,
    Verifier,
    VoiceChannel,
)

pytestmark = pytest.mark.anyio

OTP = "POST /otp/sms/send"
CHANNELS: list[VerificationChannel] = [SmsChannel(otp_pattern_id=13), VoiceChannel()]
VOICE = "POST /voice-otp/send"


async def test_an_unknown_outcome_is_a_state() -> None:
    """The code may arrive, and works; it is not sent again on that channel by itself, but by the next one."""
    stage = Stage()
    stage.emulator.faults.arm(Fault.reset(when=When.AFTER), on=OTP)
    verifier = stage.verifier()
    challenge = await verifier.start(VICTIM, purpose="login")
    assert (challenge.send_status, stage.kinds()) == (SendStatus.UNKNOWN, ["otp"])
    code = stage.code()
    stage.clock.advance(30)
    assert await verifier.run_once() == 1
    assert (stage.kinds(), stage.code()) == (["otp", "voice"], code)
    assert await verifier.check(challenge.id, code, purpose="login")


async def test_an_unknown_outcome_on_the_only_channel_is_not_repeated() -> None:
    """Until the user asks for it."""
    stage = Stage()
    stage.emulator.faults.arm(Fault.reset(when=When.AFTER), on=OTP)
    verifier = stage.verifier(channels=[SmsChannel(otp_pattern_id=13)])
    challenge = await verifier.start(VICTIM, purpose="login")
    stage.clock.advance(60)
    assert (await verifier.run_once(), stage.kinds()) == (0, ["otp"])
    again = await verifier.resend(challenge.id)
    assert (again.send_status, again.channel, stage.kinds()) == (SendStatus.ACCEPTED, "sms", ["otp", "otp"])
    first, second = stage.emulator.sent_to(VICTIM)
    assert (first.code == second.code, first.track_id == second.track_id) == (True, False)


async def test_a_refused_start_is_given_back() -> None:
    """Its error is the gateway's; the user may try again at once, but his address has used up one."""
    stage = Stage()
    verifier = stage.verifier(limits=VerificationLimits(ip_sends_per_hour=3))
    for fault in (Fault.status(422), Fault.status(402)):
        stage.emulator.faults.arm(fault, on=OTP)
        with pytest.raises(APIStatusError) as caught:
            await verifier.start(VICTIM, purpose="login", ip="203.0.113.7")
        assert caught.value.send_status is SendStatus.REJECTED
    challenge = await verifier.start(VICTIM, purpose="login", ip="203.0.113.7")
    assert await verifier.check(challenge.id, stage.code(), purpose="login")
    stage.clock.advance(31)
    with pytest.raises(VerificationLimitError, match="limit by ip"):
        await verifier.start(VICTIM, purpose="login", ip="203.0.113.7")
    failures = [event.failure for event in stage.events if isinstance(event, CodeSent)]
    assert failures == ["UnprocessableError", "InsufficientBalanceError", None]


async def test_a_refused_resend_leaves_the_code_valid() -> None:
    """The user may ask again at once, and gets it by the same channel."""
    stage = Stage()
    verifier = stage.verifier()
    challenge = await verifier.start(VICTIM, purpose="login")
    stage.clock.advance(31)
    stage.emulator.faults.arm(Fault.status(422), on=VOICE)
    with pytest.raises(APIStatusError):
        await verifier.resend(challenge.id)
    again = await verifier.resend(challenge.id)
    assert (again.channel, again.resends_left, stage.kinds()) == ("voice", 0, ["otp", "voice"])
    assert await verifier.check(challenge.id, stage.code(), purpose="login")


async def test_a_channel_of_ones_own_that_raises_is_unknown() -> None:
    """Its exception is not the caller's: the code may have been sent."""
    stage = Stage()
    channel = InterruptedChannel(when="after", what=fail)
    challenge = await stage.verifier(channels=[channel]).start(VICTIM, purpose="login")
    assert (challenge.send_status, stage.kinds()) == (SendStatus.UNKNOWN, ["otp"])
    assert isinstance(stage.events[0], CodeSent)
    assert stage.events[0].failure == "ConnectionRefusedError"


async def test_a_cancelled_request_keeps_its_outcome() -> None:
    """A request that has begun to leave is finished, and what it brought is in the store before the cancellation goes on."""
    stage = Stage()
    store = stage.open_store()
    challenge = await stage.verifier().start(VICTIM, purpose="login")
    stage.clock.advance(31)
    with anyio.CancelScope() as scope:
        client = emulator_client(stage.emulator, on_event=lambda event: scope.cancel() if stage.kinds()[1:] else None)
        verifier = Verifier(client, store, secret=SECRET, channels=CHANNELS, clock=stage.clock)
        await verifier.resend(challenge.id)
    record = await store.find(challenge.id, now=stage.clock())
    assert record is not None
    assert (scope.cancelled_caught, stage.kinds()) == (True, ["otp", "voice"])
    assert (record.send_status, record.message_id) == (SendStatus.ACCEPTED, stage.emulator.ledger[-1].id)


async def test_a_connection_that_breaks_leaves_a_valid_challenge() -> None:
    """Over a real socket, after the gateway has accepted the code: it was sent once, and it works."""
    stage = Stage()
    with serve(stage.emulator) as server:
        async with AsyncWikipayam(DEFAULT_TOKEN, base_url=server.url, api_prefix=DEFAULT_PREFIX) as client:
            stage.emulator.faults.arm(Fault.reset(when=When.AFTER), on=OTP)
            verifier = Verifier(client, stage.open_store(), secret=SECRET, channels=CHANNELS, clock=stage.clock)
            challenge = await verifier.start(VICTIM, purpose="login")
            assert (challenge.send_status, stage.kinds()) == (SendStatus.UNKNOWN, ["otp"])
            assert await verifier.check(challenge.id, stage.code(), purpose="login")


async def test_a_late_fallback_is_not_made() -> None:
    """A code that expires while a voice reads it out helps nobody."""
    stage = Stage()
    channels = [SmsChannel(otp_pattern_id=13), VoiceChannel(), SmsChannel(otp_pattern_id=13)]
    verifier = stage.verifier(channels=channels, lifetime=120.0, fallback_after=60.0)
    await verifier.start(VICTIM, purpose="login")
    stage.clock.advance(60)
    await verifier.run_once()
    stage.clock.advance(45)
    assert await verifier.run_once() == 0
