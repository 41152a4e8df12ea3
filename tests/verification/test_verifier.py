from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.trackers import trackers
from tests.verification.attacks import refusal_of
from tests.verification.faulty import InterruptedStore, fail
from tests.verification.stage import SECRET, START, VICTIM, Stage, wrong_code
from wikipayam_async import APIStatusError, ClosedError, InvalidInputError, SendStatus, WikipayamError
from wikipayam_async.testing import Fault
from wikipayam_async.verification import (
    Challenge,
    ChallengeClosedError,
    CheckResult,
    CheckStatus,
    SmsChannel,
    VerificationLimitError,
    VerificationLimits,
)

NUMBER = "09351112233"
"""Errors quote the number of the other tests as an example."""

pytestmark = pytest.mark.anyio


async def test_a_challenge_says_what_a_page_needs() -> None:
    """Its id, its channel and its times, also in seconds from now."""
    challenge = await Stage().verifier().start(VICTIM, purpose="login")
    now = datetime.fromtimestamp(START, UTC)
    assert challenge == Challenge(
        id=challenge.id,
        purpose="login",
        channel="sms",
        send_status=SendStatus.ACCEPTED,
        expires_at=now + timedelta(seconds=120),
        resend_at=now + timedelta(seconds=30),
        expires_in=120.0,
        resend_in=30.0,
        resends_left=2,
    )
    assert len(challenge.id) == 32


async def test_results_say_what_is_left() -> None:
    """The tries of the challenge, and after the last one the wait for another."""
    stage = Stage()
    verifier = stage.verifier()
    for number in range(5):
        challenge = await verifier.start(VICTIM, purpose="login")
        results = [
            await verifier.check(challenge.id, wrong_code(stage.code(), each + 1), purpose="login") for each in range(6)
        ]
        assert [result.attempts_left for result in results] == [4, 3, 2, 1, 0, 0]
        assert [result.status for result in results] == [CheckStatus.WRONG] * 5 + [CheckStatus.LOCKED]
        assert [result.retry_after for result in results[-2:]] == ([60.0, 60.0] if number == 4 else [0.0, 0.0])
        stage.clock.advance(30)
    with pytest.raises(VerificationLimitError, match="limit by purpose"):
        await verifier.start(VICTIM, purpose="login")
    other = await verifier.start(VICTIM, purpose="pay")
    assert await verifier.check(other.id, stage.code(), purpose="pay") == CheckResult(
        status=CheckStatus.OK, receiver=VICTIM
    )


async def test_a_resend_has_the_same_code_and_the_same_end() -> None:
    """By the next channel, with the address of who asks."""
    stage = Stage()
    verifier = stage.verifier()
    challenge = await verifier.start(VICTIM, purpose="login", ip="203.0.113.7")
    code = stage.code()
    stage.clock.advance(30)
    again = await verifier.resend(challenge.id, ip="203.0.113.8")
    assert (again.id, again.channel, again.expires_at) == (challenge.id, "voice", challenge.expires_at)
    assert (again.expires_in, again.resend_in, again.resends_left) == (90.0, 30.0, 1)
    assert (stage.kinds(), stage.code()) == (["otp", "voice"], code)
    assert [event.subject.ip for event in stage.events] == ["203.0.113.7", "203.0.113.8"]


async def test_a_challenge_that_is_over_is_not_sent_again() -> None:
    """The error says why."""
    stage = Stage()
    verifier = stage.verifier()
    challenge = await verifier.start(VICTIM, purpose="login")
    for bad in ("0" * 32, "x", "", None, "A" * 32):
        with pytest.raises(ChallengeClosedError) as caught:
            await verifier.resend(bad)  # type: ignore[arg-type]
        assert caught.value.status is CheckStatus.NOT_FOUND
    with pytest.raises(ChallengeClosedError) as caught:
        await stage.verifier(secret="another secret, which is long enough").resend(challenge.id)
    assert caught.value.status is CheckStatus.EXPIRED
    stage.clock.advance(120)
    with pytest.raises(ChallengeClosedError, match="expired") as caught:
        await verifier.resend(challenge.id)
    assert caught.value.status is CheckStatus.EXPIRED
    with pytest.raises(InvalidInputError, match="ip"):
        await verifier.resend(challenge.id, ip="unknown")


async def test_a_resend_that_comes_second_sends_nothing() -> None:
    """Another process sent between its look and its step; without an interval, too."""
    for limits in (VerificationLimits(), VerificationLimits(resend_interval=0)):
        stage = Stage()
        verifier = stage.verifier(limits=limits)
        challenge = await verifier.start(VICTIM, purpose="login")
        stage.clock.advance(31)

        async def overtake(stage: Stage = stage, limits: VerificationLimits = limits, id_: str = challenge.id) -> None:
            await stage.verifier(limits=limits).resend(id_)

        slow = stage.verifier(InterruptedStore(stage.open_store(), at=1, when="before", what=overtake), limits=limits)
        with pytest.raises(VerificationLimitError) as caught:
            await slow.resend(challenge.id)
        assert caught.value.retry_after == (30.0 if limits.resend_interval else 1.0)
        assert stage.kinds() == ["otp", "voice"]


async def test_a_resend_that_a_limit_forbids_sends_nothing() -> None:
    """With the scope of the limit."""
    stage = Stage()
    verifier = stage.verifier(limits=VerificationLimits(account_sends_per_hour=1))
    challenge = await verifier.start(VICTIM, purpose="login")
    stage.clock.advance(31)
    with pytest.raises(VerificationLimitError, match="resend: not sent, because the limit by account"):
        await verifier.resend(challenge.id)
    assert stage.kinds() == ["otp"]


async def test_a_cancelled_challenge_takes_no_code() -> None:
    """It is cancelled once."""
    stage = Stage()
    verifier = stage.verifier()
    challenge = await verifier.start(VICTIM, purpose="login")
    assert [await verifier.cancel(challenge.id), await verifier.cancel(challenge.id)] == [True, False]
    assert [await verifier.cancel("x"), await verifier.cancel(None)] == [False, False]  # type: ignore[arg-type]
    assert (await verifier.check(challenge.id, stage.code(), purpose="login")).status is CheckStatus.EXPIRED


async def test_every_check_makes_the_same_steps() -> None:
    """Whatever the answer is, the store is asked alike: its time tells nothing."""
    stage = Stage()
    store = InterruptedStore(stage.open_store(), at=10_000, when="before", what=fail)
    verifier = stage.verifier(store)
    challenge = await verifier.start(VICTIM, purpose="login")
    code, steps = stage.code(), set[tuple[str, ...]]()
    entries = [
        (challenge.id, wrong_code(code), CheckStatus.WRONG),
        ("0" * 32, code, CheckStatus.NOT_FOUND),
        (challenge.id, code, CheckStatus.OK),
        (challenge.id, code, CheckStatus.USED),
    ]
    for challenge_id, entered, status in entries:
        store.calls.clear()
        assert (await verifier.check(challenge_id, entered, purpose="login")).status is status
        steps.add(tuple(store.calls))
    assert steps == {("find", "check")}
    store.calls.clear()
    assert (await verifier.check("no id", code, purpose="login")).status is CheckStatus.NOT_FOUND
    assert store.calls == []


async def test_secrets_rotate() -> None:
    """A new first secret checks what the old one sent; without the old one, nothing is accepted."""
    stage = Stage()
    old, new = SECRET, "another secret, which is long enough"
    challenge = await stage.verifier().start(VICTIM, purpose="login")
    gone = await stage.verifier(secret=new).check(challenge.id, stage.code(), purpose="login")
    assert gone.status is CheckStatus.NOT_FOUND
    assert await stage.verifier(secret=[new, old]).check(challenge.id, stage.code(), purpose="login")
    second = await stage.verifier(secret=[new, old]).start(VICTIM, purpose="pay")
    assert await stage.verifier(secret=[old, new]).check(second.id, stage.code(), purpose="pay")


@pytest.mark.parametrize("code", ["", "123456789012345678901234567890123", "abc", None, "\u202e", "\ud800"])
async def test_what_is_no_code_is_wrong(code: str) -> None:
    """Whatever is entered, it counts as a try."""
    stage = Stage()
    verifier = stage.verifier()
    challenge = await verifier.start(VICTIM, purpose="login")
    result = await verifier.check(challenge.id, code, purpose="login")
    assert (result.status, result.attempts_left) == (CheckStatus.WRONG, 4)


async def test_longer_codes_and_other_lifetimes() -> None:
    """Codes may have up to ten digits, and live for up to ten minutes."""
    stage = Stage()
    verifier = stage.verifier(code_length=8, lifetime=600.0, channels=[SmsChannel(otp_pattern_id=13)])
    challenge = await verifier.start(VICTIM, purpose="login")
    stage.clock.advance(599)
    assert len(stage.code()) == 8
    assert await verifier.check(challenge.id, " ".join(stage.code()), purpose="login")


async def _failures(stage: Stage) -> AsyncIterator[BaseException]:
    """Make every call fail, and yield its error."""
    verifier = stage.verifier()
    stage.emulator.faults.arm(Fault.status(422), on="POST /otp/sms/send")
    broken = stage.verifier(InterruptedStore(stage.open_store(), at=None, when="before", what=fail))
    slow = stage.verifier(InterruptedStore(stage.open_store(), at=1, when="before", what=fail))
    refused = await refusal_of(verifier.start(NUMBER, purpose="login", ip="203.0.113.7"), APIStatusError)
    challenge = await verifier.start(NUMBER, purpose="login", ip="203.0.113.7")
    code = stage.code(NUMBER)
    calls: list[Awaitable[object]] = [
        verifier.start(NUMBER, purpose="login"),
        verifier.start(NUMBER + "0", purpose="login"),
        verifier.start(NUMBER, purpose="log in"),
        verifier.start(NUMBER, purpose="login", ip="203.0.113"),
        verifier.resend(challenge.id),
        broken.start(NUMBER, purpose="login"),
        broken.resend(challenge.id),
        broken.check(challenge.id, code, purpose="login"),
        slow.check(challenge.id, code, purpose="login"),
        verifier.check(challenge.id, code, purpose="log in"),
    ]
    assert refused is not None
    yield refused
    for call in calls:
        error = await refusal_of(call, WikipayamError)
        assert error is not None
        yield error


async def test_no_error_tracker_gets_a_code_or_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Sentry, Rollbar and rich show of every error has no code, no number, no secret and no whole id."""
    stage = Stage()
    with trackers(monkeypatch.setattr) as tools:
        count = 0
        async for error in _failures(stage):
            count += 1
            shown = tools.catch(error)
            secrets = [NUMBER, SECRET, *([stage.code(NUMBER)] if stage.kinds(NUMBER) else [])]
            assert [(count, secret, text[:500]) for text in shown for secret in secrets if secret in text] == []
    assert count == 11


async def test_a_verifier_is_entered_once() -> None:
    """Two loops in one process are one too many; a plain `with` says what to write."""
    verifier = Stage().verifier()
    async with verifier:
        with pytest.raises(ClosedError, match="entered already"):
            await verifier.__aenter__()
    await verifier.__aexit__(None, None, None)
    with pytest.raises(TypeError, match="async with verifier"), verifier:  # type: ignore[attr-defined]
        pass
