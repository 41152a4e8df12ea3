from __future__ import annotations

from typing import Any

import anyio
import pytest

from tests.verification.faulty import InterruptedStore, fail
from tests.verification.stage import VICTIM, Stage
from wikipayam_async.testing import UNDELIVERED, Fault, waiting_then
from wikipayam_async.verification import (
    CodeSent,
    LimitReached,
    SmsChannel,
    VerificationLimits,
    VerificationStoreError,
    VoiceChannel,
)

pytestmark = pytest.mark.anyio

CHANNELS = [SmsChannel(otp_pattern_id=13), VoiceChannel()]


class EndOfTestError(Exception):
    """Ends a loop that runs until it is cancelled."""


async def test_a_delivered_code_needs_no_call() -> None:
    """One look, and the challenge is not due again."""
    stage = Stage()
    verifier = stage.verifier()
    await verifier.start(VICTIM, purpose="login")
    stage.clock.advance(29)
    assert await verifier.run_once() == 0
    stage.clock.advance(1)
    assert (await verifier.run_once(), stage.kinds()) == (1, ["otp"])
    stage.clock.advance(20)
    assert await verifier.run_once() == 0


async def test_an_undelivered_code_is_read_out() -> None:
    """The same code, once, and the event says that it was automatic."""
    stage = Stage()
    stage.emulator.delivery.choose(VICTIM, waiting_then(UNDELIVERED))
    verifier = stage.verifier()
    await verifier.start(VICTIM, purpose="login")
    code = stage.code()
    stage.clock.advance(30)
    for _ in range(3):
        await verifier.run_once()
        stage.clock.advance(20)
    assert (stage.kinds(), stage.code()) == (["otp", "voice"], code)
    sent = [(event.channel, event.number, event.automatic) for event in stage.events if isinstance(event, CodeSent)]
    assert sent == [("sms", 1, False), ("voice", 2, True)]


async def test_without_delivery_statuses_the_phone_rings() -> None:
    """What cannot be looked up is not confirmed."""
    stage = Stage()
    verifier = stage.verifier()
    await verifier.start(VICTIM, purpose="login")
    stage.emulator.faults.arm(Fault.status(500), on="POST /sms/deliver", times=9)
    stage.clock.advance(30)
    await verifier.run_once()
    assert stage.kinds() == ["otp", "voice"]


async def test_a_refused_fallback_goes_on_to_the_next_channel() -> None:
    """At once, since nothing has been sent."""
    stage = Stage()
    stage.emulator.delivery.choose(VICTIM, waiting_then(UNDELIVERED))
    verifier = stage.verifier(channels=[*CHANNELS, SmsChannel(template="code {code}")])
    await verifier.start(VICTIM, purpose="login")
    stage.emulator.faults.arm(Fault.status(422), on="POST /voice-otp/send")
    stage.clock.advance(30)
    assert [await verifier.run_once() for _ in range(3)] == [1, 1, 0]
    assert stage.kinds() == ["otp", "sms"]


async def test_a_limit_ends_the_fallback() -> None:
    """An event tells so, and the code stays valid."""
    stage = Stage()
    stage.emulator.delivery.choose(VICTIM, waiting_then(UNDELIVERED))
    verifier = stage.verifier(limits=VerificationLimits(account_sends_per_hour=1))
    challenge = await verifier.start(VICTIM, purpose="login")
    stage.clock.advance(30)
    assert [await verifier.run_once() for _ in range(2)] == [1, 0]
    (event,) = [event for event in stage.events if isinstance(event, LimitReached)]
    assert (event.scope, event.automatic) == ("account", True)
    assert await verifier.check(challenge.id, stage.code(), purpose="login")


async def test_a_challenge_of_other_settings_is_left_alone() -> None:
    """A process with fewer channels, fewer sends or without its secret does not send it."""
    cases: list[dict[str, Any]] = [
        {"channels": CHANNELS[:1]},
        {"secret": "another secret, which is long enough"},
        {"limits": VerificationLimits(sends_per_challenge=2)},
    ]
    for options in cases:
        stage = Stage()
        stage.emulator.delivery.choose(VICTIM, waiting_then(UNDELIVERED))
        settings: dict[str, Any] = {"channels": [SmsChannel(otp_pattern_id=13), VoiceChannel(), VoiceChannel()]}
        verifier = stage.verifier(**settings)
        await verifier.start(VICTIM, purpose="login")
        stage.clock.advance(30)
        await verifier.run_once()
        before = stage.kinds()
        stage.clock.advance(30)
        assert await stage.verifier(**{**settings, **options}).run_once() == 1
        assert stage.kinds() == before == ["otp", "voice"]


@pytest.mark.parametrize("options", [{"channels": CHANNELS[:1]}, {"secret": "another secret, which is long enough"}])
async def test_a_process_of_other_settings_takes_no_fallback_from_the_others(options: dict[str, Any]) -> None:
    """One that still has the old secrets, or fewer channels, leaves the challenge due for those that know it."""
    stage = Stage()
    stage.emulator.delivery.choose(VICTIM, waiting_then(UNDELIVERED))
    settings: dict[str, Any] = {"channels": [SmsChannel(otp_pattern_id=13), VoiceChannel(), VoiceChannel()]}
    await stage.verifier(**settings).start(VICTIM, purpose="login")
    stage.clock.advance(30)
    await stage.verifier(**settings).run_once()
    stage.clock.advance(30)
    assert await stage.verifier(**{**settings, **options}).run_once() == 1
    stage.clock.advance(20)
    assert await stage.verifier(**settings).run_once() == 1
    assert stage.kinds() == ["otp", "voice", "voice"]


async def test_a_failed_store_is_asked_again_more_rarely(caplog: pytest.LogCaptureFixture) -> None:
    """The loop goes on, and returns to its interval when the store is back."""
    stage = Stage()
    store = stage.open_store()
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 7:
            store_of_loop._at = 10_000
        if len(pauses) == 9:
            raise EndOfTestError

    store_of_loop = InterruptedStore(store, at=None, when="before", what=fail)
    with pytest.raises(EndOfTestError):
        await stage.verifier(store_of_loop, sleep=sleep).run(poll_interval=1.0)
    assert pauses == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 1.0, 1.0]
    assert "no fall-back for now: the store of challenges failed with ConnectionRefusedError" in caplog.text


async def test_a_full_step_is_followed_by_another() -> None:
    """A hundred are taken in one step, with one request for their deliveries."""
    stage = Stage()
    verifier = stage.verifier()
    for number in range(101):
        await verifier.start(f"09{10 + number % 30}{number:03}0000", purpose="login")
    stage.clock.advance(30)
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise EndOfTestError

    with pytest.raises(EndOfTestError):
        await stage.verifier(sleep=sleep).run(poll_interval=5.0)
    assert (pauses, stage.emulator.requests_to("POST /sms/deliver")) == ([0.0, 5.0, 5.0], 2)


async def test_a_store_that_fails_in_a_step_leaves_the_challenge_due(caplog: pytest.LogCaptureFixture) -> None:
    """Another step takes it when the lease is over."""
    stage = Stage()
    stage.emulator.delivery.choose(VICTIM, waiting_then(UNDELIVERED))
    await stage.verifier().start(VICTIM, purpose="login")
    stage.clock.advance(30)
    broken = stage.verifier(InterruptedStore(stage.open_store(), at=1, when="before", what=fail))
    assert (await broken.run_once(), stage.kinds()) == (1, ["otp"])
    assert "no fall-back for a challenge for now" in caplog.text
    stage.clock.advance(15)
    await stage.verifier().run_once()
    assert stage.kinds() == ["otp", "voice"]


async def test_entering_the_verifier_runs_the_fallback() -> None:
    """In a task of its own, until the block ends."""
    stage = Stage()
    stage.emulator.delivery.choose(VICTIM, waiting_then(UNDELIVERED))
    asleep = anyio.Event()

    async def sleep(seconds: float) -> None:
        asleep.set()
        await anyio.sleep_forever()

    verifier = stage.verifier(sleep=sleep)
    await verifier.start(VICTIM, purpose="login")
    stage.clock.advance(30)
    with anyio.fail_after(5):
        async with verifier as entered:
            assert entered is verifier
            await asleep.wait()
    assert stage.kinds() == ["otp", "voice"]


async def test_a_step_needs_the_store() -> None:
    """Its error is the caller's."""
    broken = Stage().verifier(InterruptedStore(Stage().open_store(), at=0, when="before", what=fail))
    with pytest.raises(VerificationStoreError):
        await broken.run_once()
