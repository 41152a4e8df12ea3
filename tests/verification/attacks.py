"""The attacks on verification, over any store: each gets a stage on a store without data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import anyio

from tests.verification.faulty import InterruptedChannel, InterruptedStore, cancelling, fail, hang
from tests.verification.stage import VICTIM, Stage, wrong_code
from wikipayam_async import SendStatus
from wikipayam_async.testing import UNDELIVERED, waiting_then
from wikipayam_async.verification import (
    Challenge,
    ChallengeClosedError,
    CheckStatus,
    LimitReached,
    LimitScope,
    SmsChannel,
    VerificationLimitError,
    VerificationLimits,
    VerificationStoreError,
    Verifier,
    VoiceChannel,
)

__all__ = ["ATTACKS", "Attack", "refusal_of"]

E = TypeVar("E", bound=Exception)

Attack = Callable[[Stage], Awaitable[None]]

HOUR, DAY = 3600.0, 86400.0
DEFAULTS = VerificationLimits()


async def refusal_of(call: Awaitable[object], kind: type[E]) -> E | None:
    """Return the error that a call raises; None if it succeeds."""
    try:
        await call
    except kind as error:
        return error
    return None


async def parallel_right_checks(stage: Stage) -> None:
    """Of 100 concurrent checks of the right code by two processes, one is OK."""
    verifiers = [stage.verifier(), stage.verifier()]
    challenge = await verifiers[0].start(VICTIM, purpose="login")
    code, statuses = stage.code(), list[CheckStatus]()

    async def check(number: int) -> None:
        result = await verifiers[number % 2].check(challenge.id, code, purpose="login")
        statuses.append(result.status)
        assert (result.receiver is not None) == result.ok == bool(result)

    async with anyio.create_task_group() as group:
        for number in range(100):
            group.start_soon(check, number)
    assert Counter(statuses) == {CheckStatus.OK: 1, CheckStatus.USED: 99}


async def parallel_wrong_checks(stage: Stage) -> None:
    """Of 100 concurrent guesses, five are looked at; the right code is not accepted after them."""
    verifiers = [stage.verifier(), stage.verifier()]
    challenge = await verifiers[0].start(VICTIM, purpose="login")
    code, statuses = stage.code(), list[CheckStatus]()

    async def guess(number: int) -> None:
        result = await verifiers[number % 2].check(challenge.id, wrong_code(code, number + 1), purpose="login")
        statuses.append(result.status)

    async with anyio.create_task_group() as group:
        for number in range(100):
            group.start_soon(guess, number)
    assert Counter(statuses) == {CheckStatus.WRONG: 5, CheckStatus.LOCKED: 95}
    assert (await verifiers[0].check(challenge.id, code, purpose="login")).status is CheckStatus.LOCKED


async def _guess_all(stage: Stage, verifier: Verifier, until: float, number: int = 0) -> int:
    """Start and guess as often as the limits allow, each time from another address; return the number of guesses."""
    guesses = 0
    while stage.clock() < until:
        number += 1
        try:
            challenge = await verifier.start(VICTIM, purpose="login", ip=f"2001:db8:{number:x}::1")
        except VerificationLimitError as error:
            stage.clock.advance(min(error.retry_after, DAY))
            continue
        code = stage.code()
        while (await verifier.check(challenge.id, wrong_code(code, guesses + 1), purpose="login")).attempts_left:
            guesses += 1
        guesses += 1
    return guesses


async def guessing_across_challenges(stage: Stage) -> None:
    """One after another, 50 guesses a day are made, from however many addresses: a chance of 0.005 %."""
    verifier = stage.verifier()
    first = await _guess_all(stage, verifier, stage.clock() + DAY)
    assert first == DEFAULTS.wrong_tries_per_day == 50
    # In any later day, too: the first wrong codes are forgotten a day after the last.
    later = await _guess_all(stage, verifier, stage.clock() + 3 * DAY, number=10_000)
    assert later <= 3 * DEFAULTS.wrong_tries_per_day


async def guessing_at_hoarded_challenges(stage: Stage) -> None:
    """With challenges kept open to pass the limit together, no more than 75 guesses a day: a chance of 0.0075 %."""
    verifier = stage.verifier(lifetime=600.0)
    end, guesses = stage.clock() + DAY, 0
    while stage.clock() < end:
        hoard: list[tuple[str, str]] = []
        closes = stage.clock() + 590
        while stage.clock() < closes:
            try:
                challenge = await verifier.start(VICTIM, purpose="login")
            except VerificationLimitError as error:
                if hoard and stage.clock() + error.retry_after >= closes:
                    break
                stage.clock.advance(error.retry_after)
            else:
                hoard.append((challenge.id, stage.code()))
        for challenge_id, code in hoard:
            for number in range(6):
                result = await verifier.check(challenge_id, wrong_code(code, number + 1), purpose="login")
                guesses += result.status is CheckStatus.WRONG
    assert DEFAULTS.wrong_tries_per_day <= guesses
    assert guesses <= DEFAULTS.wrong_tries_per_day + DEFAULTS.free_wrong_tries == 75


async def guessing_beside_the_owner(stage: Stage) -> None:
    """If the owner logs in again and again, which forgets wrong codes, the limit of challenges bounds the guesses."""
    verifier = stage.verifier()
    begun, guesses = stage.clock(), 0
    while stage.clock() < begun + DAY:
        guesses += await _guess_all(stage, verifier, stage.clock() + 600, number=int(stage.clock() - begun))
        try:
            challenge = await verifier.start(VICTIM, purpose="login", ip="203.0.113.7")
        except VerificationLimitError:
            continue
        assert await verifier.check(challenge.id, stage.code(), purpose="login")
    assert guesses <= DEFAULTS.starts_per_day * DEFAULTS.tries_per_challenge == 100


async def replay(stage: Stage) -> None:
    """A code is accepted once, for its challenge and its purpose alone."""
    verifier = stage.verifier()
    challenge = await verifier.start(VICTIM, purpose="login")
    code = stage.code()
    assert (await verifier.check(challenge.id, code, purpose="pay")).status is CheckStatus.NOT_FOUND
    assert (await verifier.check(challenge.id, code, purpose="login")).status is CheckStatus.OK
    for seconds in (0, 119, 100, 5000):
        stage.clock.advance(seconds)
        assert not await stage.verifier().check(challenge.id, code, purpose="login")
    other = await verifier.start(VICTIM, purpose="login")
    assert stage.code() != code
    assert (await verifier.check(other.id, code, purpose="login")).status is CheckStatus.WRONG
    stage.clock.advance(31)
    third = await verifier.start(VICTIM, purpose="pay")
    for purpose in ("login", "pay"):
        assert not await verifier.check(third.id, code, purpose=purpose)


async def stranger_against_victim(stage: Stage) -> None:
    """All that a stranger can start and enter in an hour leaves the victim's code valid, and costs him an hour at most."""
    owner, stranger = stage.verifier(), stage.verifier()
    challenge = await owner.start(VICTIM, purpose="login", ip="203.0.113.7")
    code, wrong = stage.code(), 0
    stage.clock.advance(30)
    strange = await stranger.start(VICTIM, purpose="login", ip="198.51.100.1")
    for number in range(20):
        wrong += (
            await stranger.check(strange.id, wrong_code(stage.code(), number + 1), purpose="login")
        ).status == "wrong"
    assert wrong == 5
    await stranger.cancel(strange.id)
    assert (await owner.check(challenge.id, code, purpose="login")).receiver == VICTIM
    # He goes on for the rest of the hour.
    guesses = await _guess_all(stage, stranger, stage.clock() + 3000)
    assert guesses == 5 * 3
    error = await refusal_of(owner.start(VICTIM, purpose="login", ip="203.0.113.7"), VerificationLimitError)
    if error is not None:
        assert (error.scope, error.retry_after <= HOUR) == (LimitScope.PURPOSE, True)
        stage.clock.advance(error.retry_after)
        mine = await owner.start(VICTIM, purpose="login", ip="203.0.113.7")
        assert await owner.check(mine.id, stage.code(), purpose="login")


async def flood_of_resends(stage: Stage) -> None:
    """Of 100 concurrent resends one sends; a challenge is sent three times, and a phone rings three times an hour."""
    verifiers = [stage.verifier(), stage.verifier()]
    challenge = await verifiers[0].start(VICTIM, purpose="login")
    errors: list[VerificationLimitError] = []

    async def resend(number: int) -> None:
        try:
            await verifiers[number % 2].resend(challenge.id)
        except VerificationLimitError as error:
            errors.append(error)

    async def flood() -> None:
        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(resend, number)

    await flood()
    assert (stage.kinds(), len(errors)) == (["otp"], 100)
    stage.clock.advance(31)
    await flood()
    assert (stage.kinds(), len(errors)) == (["otp", "voice"], 199)
    assert {error.scope for error in errors} == {LimitScope.RECEIVER}
    assert all(0 < error.retry_after <= 30 for error in errors)
    stage.clock.advance(31)
    await verifiers[1].resend(challenge.id)
    stage.clock.advance(20)
    closed = await refusal_of(verifiers[1].resend(challenge.id), ChallengeClosedError)
    assert closed is not None
    assert (closed.status, closed.send_status) == (None, SendStatus.REJECTED)
    assert stage.kinds() == ["otp", "voice", "voice"]
    assert await verifiers[0].check(challenge.id, stage.code(), purpose="login")


async def flood_of_calls(stage: Stage) -> None:
    """A phone rings three times an hour, and gets ten messages, from however many addresses and for whatever purpose."""
    verifier = stage.verifier()
    begun, number = stage.clock(), 0
    scopes = set[LimitScope]()
    while stage.clock() < begun + HOUR:
        number += 1
        stage.clock.advance(31)
        try:
            challenge = await verifier.start(VICTIM, purpose=f"p{number}", ip=f"198.51.100.{number}")
            stage.clock.advance(31)
            await verifier.resend(challenge.id, ip=f"203.0.113.{number}")
        except VerificationLimitError as error:
            scopes.add(error.scope)
    assert scopes == {LimitScope.RECEIVER}
    assert Counter(stage.kinds()) == {"otp": 7, "voice": 3}


async def pumping(stage: Stage) -> None:
    """Adjacent numbers from rotating addresses: the prefix's limit stops them, then the account's; others are served."""
    verifier = stage.verifier(limits=VerificationLimits(account_sends_per_hour=50))
    scopes = Counter[str]()
    for block in ("0912345", "0935111", "0990222"):
        for number in range(100):
            try:
                await verifier.start(f"{block}{number:04}", purpose="login", ip=f"2001:db8:{number:x}:{block[-4:]}::1")
            except VerificationLimitError as error:
                scopes[error.scope] += 1
        if block == "0912345":
            assert scopes == {LimitScope.PREFIX: 70}
    assert stage.emulator.accepted == 50
    assert scopes == {LimitScope.PREFIX: 70, LimitScope.ACCOUNT: 80 + 100}
    alarms = [event for event in stage.events if isinstance(event, LimitReached)]
    assert len(alarms) == 250
    assert {event.subject.receiver[:4] for event in alarms} == {"0912", "0935", "0990"}


async def one_address(stage: Stage) -> None:
    """One address gets messages to 60 numbers an hour; an IPv6 network of 64 bits is one address."""
    verifier = stage.verifier()
    errors = [
        await refusal_of(
            verifier.start(f"09{10 + number % 30}{number:03}0000", purpose="login", ip=f"2001:db8::{number:x}"),
            VerificationLimitError,
        )
        for number in range(100)
    ]
    assert [error and error.scope for error in errors] == [None] * 60 + [LimitScope.IP] * 40
    assert stage.emulator.accepted == 60
    await verifier.start(VICTIM, purpose="login", ip="2001:db8:0:1::1")


async def store_down(stage: Stage) -> None:
    """Nothing is sent and no code accepted, whichever call fails; after a message, the challenge is returned."""
    good = stage.verifier()
    for when in ("before", "after"):
        for at in range(3):
            receiver = f"0912{at}{'07' if when == 'after' else '08'}0000"
            verifier = stage.verifier(InterruptedStore(stage.open_store(), at=at, when=when, what=fail))
            if at == 0:
                error = await refusal_of(verifier.start(receiver, purpose="login"), VerificationStoreError)
                assert error is not None
                assert (error.send_status, stage.kinds(receiver)) == (SendStatus.NOT_ATTEMPTED, [])
                assert ("ConnectionRefusedError" in str(error), "0912" in str(error)) == (True, False)
                assert error.__cause__ is error.__context__ is None
                continue
            challenge = await verifier.start(receiver, purpose="login")
            assert stage.kinds(receiver) == ["otp"]
            code, oks = stage.code(receiver), 0
            for _ in range(3):
                try:
                    oks += (await verifier.check(challenge.id, code, purpose="login")).ok
                except VerificationStoreError:
                    continue
            assert oks <= 1
            assert (await good.check(challenge.id, code, purpose="login")).status is CheckStatus.USED
    broken = stage.verifier(InterruptedStore(stage.open_store(), at=None, when="before", what=fail))
    for call in (
        broken.start(VICTIM, purpose="login"),
        broken.resend("0" * 32),
        broken.check("0" * 32, "123456", purpose="login"),
        broken.cancel("0" * 32),
        broken.run_once(),
    ):
        assert await refusal_of(call, VerificationStoreError) is not None
    assert stage.kinds() == []


async def store_slow(stage: Stage) -> None:
    """A store that does not answer is one that is down."""
    challenge = await stage.verifier().start(VICTIM, purpose="login")
    slow = stage.verifier(InterruptedStore(stage.open_store(), at=None, when="before", what=hang), store_timeout=0.01)
    for call in (
        slow.start("09120000001", purpose="login"),
        slow.check(challenge.id, stage.code(), purpose="login"),
    ):
        error = await refusal_of(call, VerificationStoreError)
        assert "did not answer within 0.01 s" in str(error)
    assert stage.kinds("09120000001") == []
    assert await stage.verifier().check(challenge.id, stage.code(), purpose="login")


async def store_wiped(stage: Stage) -> None:
    """Codes that were sent before are not accepted any more, and not sent again; new ones work."""
    verifier = stage.verifier()
    challenge = await verifier.start(VICTIM, purpose="login")
    code = stage.code()
    if stage.wipe is None:
        stage.open_store().__init__()  # type: ignore[misc]
    else:
        await stage.wipe()
    assert (await verifier.check(challenge.id, code, purpose="login")).status is CheckStatus.NOT_FOUND
    closed = await refusal_of(verifier.resend(challenge.id), ChallengeClosedError)
    assert closed is not None
    assert closed.status is CheckStatus.NOT_FOUND
    stage.clock.advance(31)
    assert await verifier.run_once() == 0
    again = await verifier.start(VICTIM, purpose="login")
    assert await verifier.check(again.id, stage.code(), purpose="login")
    assert stage.kinds() == ["otp", "otp"]


async def cancelled_start(stage: Stage) -> None:
    """Cancelled at any call of the store: at most one message, and the owner may start again."""
    stage.emulator.delivery.script = waiting_then(UNDELIVERED)
    for when in ("before", "after"):
        for at in range(2):
            receiver = f"0912{at}{'07' if when == 'after' else '08'}0001"
            returned: Challenge | None = None
            with anyio.CancelScope() as scope:
                store = InterruptedStore(stage.open_store(), at=at, when=when, what=cancelling(scope))
                returned = await stage.verifier(store).start(receiver, purpose="login")
            # The outcome of a message is recorded whatever happens; then the caller has the challenge.
            assert (returned is not None, stage.kinds(receiver)) == ((True, ["otp"]) if at else (False, []))
            if at == 0:  # nothing was sent, so nothing was counted
                again = await stage.verifier().start(receiver, purpose="login")
                assert await stage.verifier().check(again.id, stage.code(receiver), purpose="login")


async def cancelled_message(stage: Stage) -> None:
    """A start that is cancelled while its message is sent: nobody has the challenge, so no phone rings for it."""
    stage.emulator.delivery.script = waiting_then(UNDELIVERED)
    for number, when in enumerate(("before", "after")):
        receiver = f"09120000{number:03}"
        with anyio.CancelScope() as scope:
            channel = InterruptedChannel(when=when, what=cancelling(scope))
            await stage.verifier(channels=[channel, VoiceChannel()]).start(receiver, purpose="login")
        sent = ["otp"] if when == "after" else []
        assert stage.kinds(receiver) == sent
        stage.clock.advance(31)
        assert await stage.verifier().run_once() == 0
        assert stage.kinds(receiver) == sent


async def cancelled_check(stage: Stage) -> None:
    """Cancelled at any call of the store: the code is accepted at most once."""
    for when in ("before", "after"):
        for at in range(2):
            receiver = f"0912{at}{'07' if when == 'after' else '08'}0002"
            challenge = await stage.verifier().start(receiver, purpose="login")
            code = stage.code(receiver)
            with anyio.CancelScope() as scope:
                store = InterruptedStore(stage.open_store(), at=at, when=when, what=cancelling(scope))
                await stage.verifier(store).check(challenge.id, code, purpose="login")
            made = (at, when) == (1, "after")
            later = [await stage.verifier().check(challenge.id, code, purpose="login") for _ in range(2)]
            assert [one.status for one in later] == [CheckStatus.USED if made else CheckStatus.OK, CheckStatus.USED]


async def cancelled_resend(stage: Stage) -> None:
    """Cancelled at any call of the store: at most one more message, and the code stays valid."""
    for when in ("before", "after"):
        for at in range(3):
            receiver = f"0912{at}{'07' if when == 'after' else '08'}0003"
            challenge = await stage.verifier(fallback_after=None).start(receiver, purpose="login")
            stage.clock.advance(31)
            with anyio.CancelScope() as scope:
                store = InterruptedStore(stage.open_store(), at=at, when=when, what=cancelling(scope))
                await stage.verifier(store).resend(challenge.id)
            sent = stage.kinds(receiver)
            assert sent == (["otp", "voice"] if at == 2 else ["otp"])
            assert await stage.verifier().check(challenge.id, stage.code(receiver), purpose="login")


async def cancelled_resend_message(stage: Stage) -> None:
    """A resend that is cancelled while its message is sent: the code stays valid, and no message follows by itself."""
    for number, when in enumerate(("before", "after")):
        receiver = f"09120010{number:03}"
        first = SmsChannel(otp_pattern_id=13)
        challenge = await stage.verifier(channels=[first], fallback_after=None).start(receiver, purpose="login")
        stage.clock.advance(31)
        with anyio.CancelScope() as scope:
            channel = InterruptedChannel(when=when, what=cancelling(scope))
            await stage.verifier(channels=[first, channel, VoiceChannel()], fallback_after=None).resend(challenge.id)
        stage.clock.advance(31)
        await stage.verifier().run_once()
        assert stage.kinds(receiver) == ["otp"] + ["otp"] * number
        assert await stage.verifier().check(challenge.id, stage.code(receiver), purpose="login")


async def cancelled_fallback(stage: Stage) -> None:
    """Cancelled at any call of the store, and taken up by another process: a phone rings at most once."""
    stage.emulator.delivery.script = waiting_then(UNDELIVERED)
    for when in ("before", "after"):
        for at in range(4):
            receiver = f"0912{at}{'07' if when == 'after' else '08'}0004"
            challenge = await stage.verifier().start(receiver, purpose="login")
            stage.clock.advance(31)
            with anyio.CancelScope() as scope:
                store = InterruptedStore(stage.open_store(), at=at, when=when, what=cancelling(scope))
                await stage.verifier(store).run_once()
            stage.clock.advance(16)  # the lease is over
            await stage.verifier().run_once()
            kinds = stage.kinds(receiver)
            assert kinds == (["otp"] if (at, when) == (1, "after") else ["otp", "voice"])
            assert await stage.verifier().check(challenge.id, stage.code(receiver), purpose="login")


async def fallback_by_many(stage: Stage) -> None:
    """Three processes look at once: every undelivered code is read out once, and no delivered one."""
    verifiers = [stage.verifier() for _ in range(3)]
    receivers = [f"09{10 + number % 30}{number:03}0000" for number in range(120)]
    for number, receiver in enumerate(receivers):
        if number % 2:
            stage.emulator.delivery.choose(receiver, waiting_then(UNDELIVERED))
        await verifiers[number % 3].start(receiver, purpose="login")
    stage.clock.advance(30)
    for _ in range(3):
        async with anyio.create_task_group() as group:
            for verifier in verifiers:
                group.start_soon(verifier.run_once)
    kinds = [list(stage.kinds(receiver)) for receiver in receivers]
    assert kinds == [["otp", "voice"] if number % 2 else ["otp"] for number in range(120)]
    assert sum([await verifier.run_once() for verifier in verifiers]) == 0


async def clock_set_back(stage: Stage) -> None:
    """Codes from the future are not accepted, used ones stay used, and nobody waits for longer than a period."""
    verifier = stage.verifier()
    used = await verifier.start(VICTIM, purpose="login")
    used_code = stage.code()
    assert await verifier.check(used.id, used_code, purpose="login")
    stage.clock.advance(31)
    challenge = await verifier.start(VICTIM, purpose="login")
    code = stage.code()
    stage.clock.advance(-HOUR)
    assert (await verifier.check(challenge.id, code, purpose="login")).status is CheckStatus.EXPIRED
    assert (await verifier.check(used.id, used_code, purpose="login")).status is CheckStatus.USED
    assert await verifier.run_once() == 0
    for _ in range(10):
        error = await refusal_of(verifier.start(VICTIM, purpose="login"), VerificationLimitError)
        if error is not None:
            assert 0 < error.retry_after <= HOUR
            stage.clock.advance(error.retry_after)
    assert len(stage.kinds()) <= 10


async def clock_set_forward(stage: Stage) -> None:
    """Codes expire, and are not sent again; new ones work."""
    verifier = stage.verifier()
    challenge = await verifier.start(VICTIM, purpose="login")
    code = stage.code()
    stage.clock.advance(30 * DAY)
    assert await verifier.run_once() == 0
    assert not await verifier.check(challenge.id, code, purpose="login")
    again = await verifier.start(VICTIM, purpose="login")
    assert await verifier.check(again.id, stage.code(), purpose="login")
    assert stage.kinds() == ["otp", "otp"]


async def a_step_of_the_clock_within_the_tolerance(stage: Stage) -> None:
    """Processes whose clocks differ by some seconds work together."""
    verifier = stage.verifier()
    challenge = await verifier.start(VICTIM, purpose="login")
    stage.clock.advance(-5)
    assert await stage.verifier().check(challenge.id, stage.code(), purpose="login")


ATTACKS: Sequence[Attack] = (
    parallel_right_checks,
    parallel_wrong_checks,
    guessing_across_challenges,
    guessing_at_hoarded_challenges,
    guessing_beside_the_owner,
    replay,
    stranger_against_victim,
    flood_of_resends,
    flood_of_calls,
    pumping,
    one_address,
    store_down,
    store_slow,
    store_wiped,
    cancelled_start,
    cancelled_message,
    cancelled_check,
    cancelled_resend,
    cancelled_resend_message,
    cancelled_fallback,
    fallback_by_many,
    clock_set_back,
    clock_set_forward,
    a_step_of_the_clock_within_the_tolerance,
)
"""Every attack."""
