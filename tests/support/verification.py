"""Random steps of stores of challenges, to compare two stores."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from wikipayam_async.outcomes import SendStatus
from wikipayam_async.verification import (
    ChallengeRecord,
    CheckAttempt,
    LimitScope,
    Quota,
    SendIntent,
    SendOutcome,
    VerificationStore,
    WrongTryWait,
)

__all__ = ["Step", "random_steps"]

Step: TypeAlias = Callable[[VerificationStore], Awaitable[object]]
"""One call of a store."""

_WAITS = [WrongTryWait(tries=3, seconds=40.0), WrongTryWait(tries=6, seconds=900.5)]
_RECEIVERS = ["09120000001", "09120000002"]
_PURPOSES = ["login"] * 9 + ["reset"]


def random_steps(seed: int, count: int) -> list[tuple[str, Step]]:
    """Return steps with their names: few receivers, small limits, and a clock that goes on, so that all rules apply."""
    chance = random.Random(seed)
    now, ids = 1_800_000_000.25, [f"{seed:08x}{number:024x}" for number in range(count)]
    used: list[str] = ["f" * 32]
    steps = []
    for number in range(count):
        now += chance.choice([0.0, 0.0, 0.125, 3.0, 10.0, 40.0])
        name = chance.choice(["start", "start", "find", "begin", "end", "check", "check", "check", "cancel", "due"])
        if name == "start":
            used.append(ids[number])
        steps.append((f"{number}: {name}", _step(name, chance, now, chance.choice(used[-4:]), used[-1])))
    return steps


def _quotas(chance: random.Random, receiver: str) -> list[Quota]:
    given = [
        (LimitScope.RECEIVER, f"receiver/{receiver}", 2, 100.0),
        (LimitScope.PREFIX, f"prefix/{receiver[:7]}", 3, 140.5),
        (LimitScope.ACCOUNT, "account", 3, 140.5),
    ]
    chosen = chance.sample(given, chance.randrange(4))
    return [Quota(scope=scope, key=key, limit=limit, period=period) for scope, key, limit, period in chosen]


def _step(name: str, chance: random.Random, now: float, known: str, newest: str) -> Step:
    receiver, purpose = chance.choice(_RECEIVERS), chance.choice(_PURPOSES)
    quotas, due = _quotas(chance, receiver), chance.choice([None, now + 10.0, now + 60.0])
    record = ChallengeRecord(
        id=newest,
        receiver=receiver,
        purpose=purpose,
        key_id="k",
        ip=chance.choice([None, "203.0.113.7"]),
        created_at=now,
        expires_at=now + 120,
        forget_at=now + 300,
        max_tries=3,
        resend_at=now + 30,
        fallback_at=due,
    )
    sends, limit = chance.choice([1, 1, 2]), chance.choice([1, 2, 50])
    intent = SendIntent(id=known, sends=sends, channel=1, resend_at=now + 30, quotas=quotas)
    outcome = SendOutcome(
        id=known,
        sends=sends,
        send_status=SendStatus.ACCEPTED,
        message_id=chance.choice([None, "m-1"]),
        resend_at=now + 45,
        fallback_at=due,
    )
    attempt = CheckAttempt(id=known, purpose=purpose, right=chance.random() < 0.2, forget_wrong_after=500.0)
    steps: dict[str, Step] = {
        "start": lambda store: store.start(record, quotas=quotas, waits=_WAITS, now=now),
        "find": lambda store: store.find(known, now=now),
        "begin": lambda store: store.begin_send(intent, now=now),
        "end": lambda store: store.end_send(outcome, now=now),
        "check": lambda store: store.check(attempt, now=now),
        "cancel": lambda store: store.cancel(known, now=now, refunds=[quota.key for quota in quotas]),
        "due": lambda store: _claimed(store, now, limit),
    }
    return steps[name]


async def _claimed(store: VerificationStore, now: float, limit: int) -> list[ChallengeRecord]:
    return list(await store.claim_due(now=now, limit=limit, lease=15.0))
