"""The faults of the demo, and a seeded plan of the requests that they strike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from random import Random

from attrs import frozen

from wikipayam_async.emulator import Emulator, Fault, ThrownFault, When
from wikipayam_async.emulator.exchange import Json

__all__ = ["READING", "SENDING", "NamedFault", "arm", "count_faults"]

_FASTEST, _SLOWEST = 0.004, 0.014
_MAX_SHARE = 0.25
_BLOCKED: Json = {
    "message": "The given data was invalid.",
    "errors": {"0.receiver": ["The receiver does not take advertising."]},
}


@frozen
class NamedFault:
    """A named fault and its frequency.

    Attributes:
        name: The name in the report.
        fault: The fault of the emulator.
        share: The share of requests it strikes, from 0 to 1; at least one request, unless there are only a few.
    """

    name: str
    fault: Fault
    share: float


SENDING: Sequence[NamedFault] = (
    NamedFault("429 with Retry-After", Fault.status(429, retry_after=0.2), 0.03),
    NamedFault("422 for one message", Fault.status(422, json=_BLOCKED), 0.01),
    NamedFault("502 before accepting", Fault.html(502, when=When.BEFORE), 0.01),
    NamedFault("502 after accepting", Fault.html(502, when=When.AFTER), 0.01),
    NamedFault("disconnect before accepting", Fault.close(when=When.BEFORE), 0.004),
    NamedFault("disconnect after accepting", Fault.close(when=When.AFTER), 0.004),
    NamedFault("reset before accepting", Fault.reset(when=When.BEFORE), 0.004),
    NamedFault("reset after accepting", Fault.reset(when=When.AFTER), 0.004),
    NamedFault("answer breaks off", Fault.truncated(), 0.004),
    NamedFault("answer leaves one message out", Fault.missing_items(), 0.01),
    NamedFault("answer in another order", Fault.reordered_items(), 0.01),
)
"""The faults of `/sms/send`."""

READING: Sequence[NamedFault] = (
    NamedFault("status: 429 with Retry-After", Fault.status(429, retry_after=0.1), 0.02),
    NamedFault("status: 502", Fault.html(502), 0.02),
    NamedFault("status: disconnect", Fault.close(), 0.02),
)
"""The faults of `/sms/deliver`."""


def arm(emulator: Emulator, sends: int, seed: int, *, faults: bool) -> None:
    """Configure the faults of the emulator, and the latency of all other requests.

    Args:
        emulator: The emulator.
        sends: The expected number of requests to `/sms/send`.
        seed: The seed of the plan.
        faults: False plans no faults.
    """
    random = Random(seed)  # noqa: S311 - the plan is the same in every run
    plans = {"POST /sms/send": (SENDING, sends), "POST /sms/deliver": (READING, sends)}
    for target, (named_faults, requests) in plans.items():
        emulator.faults.script(_plan(named_faults if faults else (), requests, random), on=target)
    emulator.faults.arm(_latency(random), times=None)


def count_faults(log: Iterable[ThrownFault]) -> Mapping[str, int]:
    """Count the faults that struck.

    Args:
        log: The faults that the emulator has thrown.

    Returns:
        The counts by name, in the order of the lists, without the latency.
    """
    thrown = Counter((one.path, one.fault) for one in log)
    counts = {named.name: thrown["/sms/send", named.fault] for named in SENDING}
    counts |= {named.name: thrown["/sms/deliver", named.fault] for named in READING}
    return {name: count for name, count in counts.items() if count}


def _plan(named_faults: Sequence[NamedFault], requests: int, random: Random) -> list[Fault]:
    struck = [named.fault for named in named_faults for _ in range(max(1, round(named.share * requests)))]
    # A small run should not consist only of faults.
    struck = random.sample(struck, min(len(struck), ceil(requests * _MAX_SHARE)))
    others = [_latency(random) for _ in range(requests - len(struck))]
    plan = struck + others
    random.shuffle(plan)
    return plan


def _latency(random: Random) -> Fault:
    return Fault.delay(random.uniform(_FASTEST, _SLOWEST))
