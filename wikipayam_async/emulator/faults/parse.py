"""Parses faults written as text, as the command line takes them: `WHAT@HOW OFTEN@WHERE`.

Examples: `502@5%`, `reset:after@every10`, `429:retry=2@first3@/sms/send`, `delay:2s@10%@GET /receives*`.

WHAT is a status code or the kind of a fault. Its arguments follow a colon, separated by commas:

- `502`, `status:502`: a status and a JSON body; `retry=2` adds a `Retry-After`
- `html`, `html:503`: an HTML page
- `redirect:https://example.com/`: a redirect; `status=307` sets another status than 302
- `reset`, `close`, `hang`: no response: RST, FIN, or silence
- `delay:2s`: a delayed response; `drip`, `drip:50ms`: one byte at a time, with a pause before each
- `truncated`, `truncated:10`: half of the body, or its first 10 bytes, then the end of the connection
- `malformed-json`, `invalid-utf8`, `empty`: an unreadable body
- `missing-items`, `missing-items:0,3`, `duplicated-items:1`: items omitted or repeated, counted from 0
- `extra-items:2`, `reordered-items`, `null-track-ids`: items that do not match the request
- `unencodable:ID`, `raw-item:ID,null`: a received message that the gateway cannot encode, or the client cannot read
- `bomb`, `bomb:64MiB,layers=2`, `oversized:32MiB`: a body that is too large

The faults of the first four lines also take `before` or `after`: whether they occur before or after the request is
processed. `502:after` accepts the messages and responds with 502. The default is `before` for responses (a status, a
page, a redirect) and `after` for broken connections.

HOW OFTEN is `5%` (at random; the same requests for the same seed), `every10` (the 10th, 20th, ... request), `first3`
(the first three requests), `once` (the first request) or `always`, which is the default.

WHERE is a path without the prefix, with `*` for anything, and optionally a method before it: `/sms/send`,
`GET /receives*`. The default is every endpoint.
"""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

from attrs import field, frozen

from wikipayam_async.emulator.faults.fault import Fault
from wikipayam_async.emulator.faults.parse_kind import parse_kind
from wikipayam_async.emulator.faults.schedule import ArmedFault, Faults
from wikipayam_async.emulator.gateway import routes

_percent = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?) ?%").fullmatch
_counted = re.compile(r"(every|first)[ -]?0*([1-9][0-9]{0,8})").fullmatch


@frozen
class Probability:
    """At random.

    Attributes:
        value: The fraction of requests, from 0 to 1.
    """

    value: float


@frozen
class EveryNth:
    """Periodically.

    Attributes:
        period: 10 means the 10th request, the 20th and so on; 1 means every request.
    """

    period: int


@frozen
class FirstN:
    """At the start.

    Attributes:
        requests: The number of requests.
    """

    requests: int


Frequency: TypeAlias = Probability | EveryNth | FirstN

_ALWAYS = EveryNth(1)


@frozen
class FaultRule:
    """A fault, how often it occurs, and on which requests.

    Attributes:
        fault: The fault.
        often: How often it occurs.
        on: Which requests match, as in `Faults.arm`; None for every request.
        text: The rule as it was written; empty for a rule that was not parsed. It is not compared.
    """

    fault: Fault
    often: Frequency = _ALWAYS
    on: str | None = None
    text: str = field(default="", eq=False)


def parse_fault(text: str) -> FaultRule:
    """Parse a fault as the command line takes it: `WHAT@HOW OFTEN@WHERE`; the last two parts are optional.

    Examples are `502:after@5%`, `reset@every10@/sms/send` and `hang@once`; `wikipayam_async.emulator.faults.parse`
    lists all forms.

    Args:
        text: The text.

    Raises:
        ValueError: The text is not a fault. The message lists what is known.
    """
    what, *rest = (part.strip() for part in text.split("@"))
    places = [part for part in rest if "/" in part]
    often = [part for part in rest if "/" not in part]
    if len(places) > 1 or len(often) > 1:
        raise ValueError(f"{text!r} has too many parts; write WHAT@HOW OFTEN@WHERE, as in 502:after@5%@/sms/send")
    return FaultRule(
        parse_kind(what),
        _frequency(often[0]) if often else _ALWAYS,
        _where(places[0]) if places else None,
        text.strip(),
    )


def arm_faults(faults: Faults, rules: Sequence[FaultRule], *, seed: int = 0) -> list[ArmedFault]:
    """Add faults by rules.

    A request has at most one fault: one for the first n requests, else a random one, else a periodic one; of several,
    the one given first. The random faults with the same `on` are drawn together, so that each keeps its probability.

    Args:
        faults: The faults of an emulator, to which the rules are added.
        rules: The rules.
        seed: Determines which requests have a random fault.

    Returns:
        The armed fault of each rule, in their order. Random ones with the same `on` share one.

    Raises:
        ValueError: The probabilities for one `on` exceed 100 %; nothing is added.
    """
    shares: dict[str | None, dict[Fault, float]] = {}
    for rule in rules:
        if isinstance(rule.often, Probability):
            odds = shares.setdefault(rule.on, {})
            odds[rule.fault] = odds.get(rule.fault, 0.0) + rule.often.value
    for on, odds in shares.items():
        # The tolerance allows ten times 10 %, whose sum is rounded.
        if sum(odds.values()) > 1 + 1e-9:
            raise ValueError(f"the faults for {on or 'every endpoint'} exceed 100%")
    drawn = {on: faults.random(odds, seed=seed + number, on=on) for number, (on, odds) in enumerate(shares.items())}
    return [_arm(faults, rule, drawn) for rule in rules]


def _arm(faults: Faults, rule: FaultRule, drawn: Mapping[str | None, ArmedFault]) -> ArmedFault:
    match rule.often:
        case FirstN(requests):
            return faults.arm(rule.fault, on=rule.on, times=requests)
        case EveryNth(period):
            return faults.every(rule.fault, period, on=rule.on)
        case _:
            return drawn[rule.on]


def _frequency(text: str) -> Frequency:
    lowered = text.lower()
    if lowered == "always":
        return _ALWAYS
    if lowered == "once":
        return FirstN(1)
    if counted := _counted(lowered):
        return EveryNth(int(counted[2])) if counted[1] == "every" else FirstN(int(counted[2]))
    percent = _percent(lowered)
    if percent is None or float(percent[1]) > 100:  # noqa: PLR2004 - percent
        raise ValueError(f"unknown frequency {text!r}; known are 5%, every10, first3, once and always")
    return Probability(float(percent[1]) / 100)


def _where(text: str) -> str:
    method, blank, path = text.partition(" ")
    if not blank:
        method, path = "*", text
    path = path.strip().replace("{id}", "*")
    on = f"{method.upper()} {path if path.startswith(('/', '*')) else f'/{path}'}"
    known = routes.targets()
    if not any(fnmatchcase(target, on) for target in known):
        raise ValueError(f"unknown endpoint {text!r}; known are {', '.join(known)}")
    return on
