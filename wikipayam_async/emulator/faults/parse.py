"""Faults written as text, as the command line has them: ``WHAT@HOW OFTEN@WHERE``.

Examples: ``502@5%``, ``reset:after@every10``, ``429:retry=2@first3@/sms/send``, ``delay:2s@10%@GET /receives*``.

WHAT is a status code or the name of a fault. Behind a colon stands, with commas between, what there is to say of it:

- ``502``, ``status:502``: a status and a JSON body; ``retry=2`` adds a ``Retry-After``
- ``html``, ``html:503``: an HTML page
- ``redirect:https://example.com/``: a redirect; ``status=307`` for another than 302
- ``reset``, ``close``, ``hang``: RST, an orderly end, silence
- ``delay:2s``: a late answer; ``drip``, ``drip:50ms``: a byte at a time, with a pause before each
- ``truncated``, ``truncated:10``: half of the answer or so many bytes of it, then the end
- ``malformed-json``, ``invalid-utf8``, ``empty``: an answer that cannot be read
- ``missing-items``, ``missing-items:0,3``, ``duplicated-items:1``: items left out or doubled, counted from 0
- ``extra-items:2``, ``reordered-items``, ``null-track-ids``: items that do not match the request
- ``bomb``, ``bomb:64MiB,layers=2``, ``oversized:32MiB``: an answer too large to be read

The faults of the first four lines also take ``before`` or ``after``: whether the gateway processes the request or not.
``502:after`` accepts the messages and says 502 all the same. Without a word it is ``before`` for answers (a status, a
page, a redirect) and ``after`` for broken connections.

HOW OFTEN is ``5%`` (by chance, the same in every run with one seed), ``every10`` (the 10th, 20th, ... request),
``first3`` (the first three requests), ``once`` (the first) or ``always``, which is meant where nothing is said.

WHERE is a path without the prefix, with ``*`` for anything, and may have a method before it: ``/sms/send``,
``GET /receives*``. Without it every endpoint is meant.
"""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

from attrs import frozen

from wikipayam_async.emulator.faults.fault import Fault
from wikipayam_async.emulator.faults.parse_kind import parse_what
from wikipayam_async.emulator.faults.schedule import Faults
from wikipayam_async.emulator.gateway import routes

_percent = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?) ?%").fullmatch
_counted = re.compile(r"(every|first)[ -]?0*([1-9][0-9]{0,8})").fullmatch


@frozen
class Share:
    """By chance.

    Attributes:
        odds: How large a part of the requests, from 0 to 1.
    """

    odds: float


@frozen
class Turn:
    """By turns.

    Attributes:
        every: 10 is the 10th request, the 20th and so on; 1 is every request.
    """

    every: int


@frozen
class First:
    """At the beginning.

    Attributes:
        times: How many requests from the first one on.
    """

    times: int


HowOften: TypeAlias = Share | Turn | First

_ALWAYS = Turn(1)


@frozen
class FaultRule:
    """A fault, how often it strikes, and where.

    Attributes:
        fault: The fault.
        often: How often it strikes.
        on: Which requests are meant, as `Faults.arm` has it; None for every request.
    """

    fault: Fault
    often: HowOften = _ALWAYS
    on: str | None = None


def parse_fault(text: str) -> FaultRule:
    """Read a fault as the command line has it: ``WHAT@HOW OFTEN@WHERE``, of which the last two may be left out.

    ``502:after@5%``, ``reset@every10@/sms/send`` and ``hang@once`` are faults; `wikipayam_async.emulator.faults.parse`
    lists them all.

    Args:
        text: The text.

    Returns:
        The fault, how often it strikes, and where.

    Raises:
        ValueError: It is something else; the message says what is known.
    """
    what, *rest = (part.strip() for part in text.split("@"))
    places = [part for part in rest if "/" in part]
    often = [part for part in rest if "/" not in part]
    if len(places) > 1 or len(often) > 1:
        raise ValueError(f"{text!r} has too many parts; write WHAT@HOW OFTEN@WHERE, as in 502:after@5%@/sms/send")
    return FaultRule(
        parse_what(what),
        _how_often(often[0]) if often else _ALWAYS,
        _where(places[0]) if places else None,
    )


def arm_faults(faults: Faults, rules: Sequence[FaultRule], *, seed: int = 0) -> None:
    """Let faults strike as their rules say.

    A request is struck by one fault at most: by one of the first so many, or else by one that chance takes, or else by
    one whose turn it is, and of these by the one that was given first. The shares of one place are drawn together, so
    that each keeps its size.

    Args:
        faults: Where they are armed.
        rules: The rules.
        seed: Decides which requests chance takes.

    Raises:
        ValueError: The shares of one place come to more than 100 %; nothing is armed then.
    """
    shares: dict[str | None, dict[Fault, float]] = {}
    for rule in rules:
        if isinstance(rule.often, Share):
            odds = shares.setdefault(rule.on, {})
            odds[rule.fault] = odds.get(rule.fault, 0.0) + rule.often.odds
    for place, odds in shares.items():
        # Rounding must not refuse ten times 10 %.
        if sum(odds.values()) > 1 + 1e-9:
            raise ValueError(f"the faults for {place or 'every endpoint'} come to more than 100%")
    for number, (place, odds) in enumerate(shares.items()):
        faults.random(odds, seed=seed + number, on=place)
    for rule in rules:
        if isinstance(rule.often, First):
            faults.arm(rule.fault, on=rule.on, times=rule.often.times)
        elif isinstance(rule.often, Turn):
            faults.every(rule.fault, rule.often.every, on=rule.on)


def _how_often(text: str) -> HowOften:
    said = text.lower()
    if said == "always":
        return _ALWAYS
    if said == "once":
        return First(1)
    if counted := _counted(said):
        return Turn(int(counted[2])) if counted[1] == "every" else First(int(counted[2]))
    percent = _percent(said)
    if percent is None or float(percent[1]) > 100:  # noqa: PLR2004 - of a hundred
        raise ValueError(f"unknown how often {text!r}; known are 5%, every10, first3, once and always")
    return Share(float(percent[1]) / 100)


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
