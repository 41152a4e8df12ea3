"""The probe of verification: starts and checks against the bare store, with many challenges pending."""

from __future__ import annotations

import gc
import secrets
import time
from collections.abc import Awaitable, Callable

from tests.benchmarks.fanout import run
from tests.benchmarks.job import Job, Measurement
from tests.benchmarks.machine import load, memory_now
from wikipayam_async import AsyncWikipayam
from wikipayam_async.verification import (
    ChallengeRecord,
    CheckAttempt,
    CodeMessage,
    MemoryStore,
    Quota,
    VerificationLimits,
    Verifier,
)
from wikipayam_async.verification.codes import CodeKeys
from wikipayam_async.verification.subjects import Subject

__all__ = ["RecordingChannel", "starts_and_checks"]

_SECRET = "a secret of the benchmarks, long enough"
_KEY_ID = CodeKeys(_SECRET, length=6).newest
_MANY = 10**9
_LIMITS = VerificationLimits(
    prefix_sends_per_hour=_MANY,
    destination_sends_per_hour=_MANY,
    account_sends_per_hour=_MANY,
    account_sends_per_day=_MANY,
)
_LIFETIME = 600.0
_ENOUGH = 1000
"""So many challenges take a measurable amount of memory."""


class RecordingChannel:
    """Sends nothing, and keeps the last code.

    Attributes:
        code: The last code.
    """

    name = "sms"
    is_call = False
    reports_delivery = True

    def __init__(self) -> None:
        self.code = ""

    async def send(self, client: AsyncWikipayam, message: CodeMessage) -> str | None:
        """Keep the code."""
        self.code = message.code
        return "65f0c0ffee65f0c0ffee0000"


def starts_and_checks(job: Job) -> list[Measurement]:
    """Put `tasks` pending challenges into the store; then measure starts and checks, each with the bare store's steps.

    Figures: CPU µs of `start`, `store_start`, `check` and `store_check`; `starts` and `checks` in a second; `memory`, the
    bytes of a pending challenge with its counters; and the load average.
    """

    async def main() -> Measurement:
        store, channel = MemoryStore(max_challenges=_MANY, max_counters=_MANY), RecordingChannel()
        async with AsyncWikipayam("token") as client:
            verifier = Verifier(
                client,
                store,
                secret=_SECRET,
                channels=[channel],
                limits=_LIMITS,
                lifetime=_LIFETIME,
                fallback_after=None,
            )
            gc.collect()
            before = memory_now()
            now = time.time()
            for number in range(job.tasks):  # as `start` does
                record = _record(number, now)
                await store.start(record, quotas=_quotas(record), waits=_LIMITS.waits, now=now)
            gc.collect()
            memory = (memory_now() - before) * 2**20 / job.tasks
            figures = await _verifier_figures(verifier, channel, job)
            figures |= await _store_figures(store, job)
        # A few are lost in what the process has allocated anyway.
        return Measurement(figures=figures | ({"memory": memory} if job.tasks >= _ENOUGH else {}) | load())

    return [run(main, "asyncio")]


async def _verifier_figures(verifier: Verifier, channel: RecordingChannel, job: Job) -> dict[str, float]:
    codes: list[tuple[str, str]] = []

    async def start(number: int) -> None:
        challenge = await verifier.start(_receiver(job.tasks + number), purpose="login", ip=_address(number))
        codes.append((challenge.id, channel.code))

    async def check(number: int) -> None:
        challenge_id, code = codes[number]
        assert await verifier.check(challenge_id, code, purpose="login")

    starts, start_cpu = await _timed(start, job.messages)
    checks, check_cpu = await _timed(check, job.messages)
    return {"starts": starts, "start": start_cpu, "checks": checks, "check": check_cpu}


async def _store_figures(store: MemoryStore, job: Job) -> dict[str, float]:
    """Measure what a verifier asks of its store: `start` and `end_send`; `find` and `check`. The arguments are made before."""
    now = time.time()
    records = [_record(job.tasks + job.messages + number, now) for number in range(job.messages)]
    quotas = [_quotas(record) for record in records]
    waits = _LIMITS.waits

    async def start(number: int) -> None:
        await store.start(records[number], quotas=quotas[number], waits=waits, now=now)

    async def check(number: int) -> None:
        attempt = CheckAttempt(id=records[number].id, purpose="login", right=True, forget_wrong_after=86400.0)
        await store.find(attempt.id, now=now)
        await store.check(attempt, now=now)

    _, start_cpu = await _timed(start, job.messages)
    _, check_cpu = await _timed(check, job.messages)
    return {"store_start": start_cpu, "store_check": check_cpu}


async def _timed(step: Callable[[int], Awaitable[None]], count: int) -> tuple[float, float]:
    """Return the steps in a second, and the CPU µs of one."""
    gc.collect()  # what was made before
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(count):
        await step(number)
    return count / (time.perf_counter() - wall), (time.process_time() - cpu) / count * 1e6


def _receiver(number: int) -> str:
    """Return a mobile number, with neighbours far apart."""
    return f"09{'01239'[number % 5]}{number * 7919 % 10**8:08}"


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _record(number: int, now: float) -> ChallengeRecord:
    return ChallengeRecord(
        id=secrets.token_hex(16),
        receiver=_receiver(number),
        purpose="login",
        key_id=_KEY_ID,
        ip=_address(number),
        created_at=now,
        expires_at=now + _LIFETIME,
        forget_at=now + 2 * _LIFETIME,
        max_tries=5,
        resend_at=now + 30,
    )


def _quotas(record: ChallengeRecord) -> list[Quota]:
    subject = Subject(
        receiver=record.receiver, purpose=record.purpose, destination="IR", ip=record.ip, network=record.ip
    )
    return [*_LIMITS.quotas_of_start(subject), *_LIMITS.quotas_of_send(subject, call=False)]
