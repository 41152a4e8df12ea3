"""What goes wrong in the demo: a list of troubles, and a seeded plan of which request each of them strikes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from random import Random

from attrs import frozen

from wikipayam_async.emulator import Emulator, Fault, ThrownFault, When
from wikipayam_async.emulator.exchange import Json

__all__ = ["READING", "SENDING", "Trouble", "arm", "count_troubles"]

_FASTEST, _SLOWEST = 0.004, 0.014
_MAX_SHARE = 0.25
_BLOCKED: Json = {
    "message": "The given data was invalid.",
    "errors": {"0.receiver": ["The receiver does not take advertising."]},
}


@frozen
class Trouble:
    """One way in which a request goes wrong.

    Attributes:
        name: What the report calls it.
        fault: What the emulator is to do.
        share: How many of the requests it strikes, from 0 to 1; at least one, unless there are only a few.
    """

    name: str
    fault: Fault
    share: float


SENDING: Sequence[Trouble] = (
    Trouble("429 with Retry-After", Fault.status(429, retry_after=0.2), 0.03),
    Trouble("422 for one message", Fault.status(422, json=_BLOCKED), 0.01),
    Trouble("502 before accepting", Fault.html(502, when=When.BEFORE), 0.01),
    Trouble("502 after accepting", Fault.html(502, when=When.AFTER), 0.01),
    Trouble("disconnect before accepting", Fault.close(when=When.BEFORE), 0.004),
    Trouble("disconnect after accepting", Fault.close(when=When.AFTER), 0.004),
    Trouble("reset before accepting", Fault.reset(when=When.BEFORE), 0.004),
    Trouble("reset after accepting", Fault.reset(when=When.AFTER), 0.004),
    Trouble("answer breaks off", Fault.truncated(), 0.004),
    Trouble("answer leaves one message out", Fault.missing_items(), 0.01),
    Trouble("answer in another order", Fault.reordered_items(), 0.01),
)
"""What strikes `/sms/send`."""

READING: Sequence[Trouble] = (
    Trouble("status: 429 with Retry-After", Fault.status(429, retry_after=0.1), 0.02),
    Trouble("status: 502", Fault.html(502), 0.02),
    Trouble("status: disconnect", Fault.close(), 0.02),
)
"""What strikes `/sms/deliver`."""


def arm(emulator: Emulator, sends: int, seed: int, *, faults: bool) -> None:
    """Set the emulator up: which requests fail and how, and how long all others take.

    Args:
        emulator: The emulator.
        sends: How many requests to `/sms/send` are expected.
        seed: Decides which are struck.
        faults: False lets nothing fail.
    """
    random = Random(seed)  # noqa: S311 - it has to be the same in every run
    plans = {"POST /sms/send": (SENDING, sends), "POST /sms/deliver": (READING, sends)}
    for target, (troubles, requests) in plans.items():
        emulator.faults.script(_plan(troubles if faults else (), requests, random), on=target)
    emulator.faults.arm(_latency(random), times=None)


def count_troubles(log: Iterable[ThrownFault]) -> Mapping[str, int]:
    """Count what struck.

    Args:
        log: What the emulator has thrown.

    Returns:
        The counts by name, in the order of the lists; the latency is no trouble.
    """
    thrown = Counter((strike.path, strike.fault) for strike in log)
    counts = {trouble.name: thrown["/sms/send", trouble.fault] for trouble in SENDING}
    counts |= {trouble.name: thrown["/sms/deliver", trouble.fault] for trouble in READING}
    return {name: count for name, count in counts.items() if count}


def _plan(troubles: Sequence[Trouble], requests: int, random: Random) -> list[Fault]:
    struck = [trouble.fault for trouble in troubles for _ in range(max(1, round(trouble.share * requests)))]
    # A handful of requests is not to consist of troubles alone.
    struck = random.sample(struck, min(len(struck), ceil(requests * _MAX_SHARE)))
    unharmed = [_latency(random) for _ in range(requests - len(struck))]
    plan = struck + unharmed
    random.shuffle(plan)
    return plan


def _latency(random: Random) -> Fault:
    return Fault.delay(random.uniform(_FASTEST, _SLOWEST))
