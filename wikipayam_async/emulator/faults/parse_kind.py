"""Parses the first part of a fault written as text: its kind and arguments, as in `502:after` and `missing-items:0,3`."""

import re
from collections.abc import Callable, Mapping
from math import inf
from typing import Any, TypeAlias

from attrs import field, frozen

from wikipayam_async.emulator.faults.fault import MEBIBYTE, Fault, FaultKind, When
from wikipayam_async.emulator.faults.latency import parse_duration

_Parser: TypeAlias = Callable[[str], object]

_UNITS: Mapping[str, int] = {"": 1, "kib": 1024, "mib": MEBIBYTE}
_WITHOUT_BODY = (204, 304)

_size = re.compile(r"([0-9]{1,12})(kib|mib|)", re.IGNORECASE).fullmatch


@frozen
class _Syntax:
    """How a kind of fault is written.

    Attributes:
        usage: Examples, for errors.
        make: Makes the fault of the parsed arguments.
        parse: Parses a positional argument.
        minimum: The minimum number of positional arguments.
        maximum: The maximum number of positional arguments.
        named: The parameter of `make` and the parser of every other argument: `before`, `after`, or `name=` and a value.
    """

    usage: str
    make: Callable[..., Fault]
    parse: _Parser = str
    minimum: int = field(default=0, kw_only=True)
    maximum: float = field(default=0, kw_only=True)
    named: Mapping[str, tuple[str, _Parser]] = field(factory=dict, kw_only=True)

    def parse_arguments(self, words: list[str]) -> Fault:
        positional: list[Any] = []
        named: dict[str, Any] = {}
        for word in words:
            name, equals, value = word.partition("=")
            parameter, parse = self.named.get(name + equals, ("", self.parse))
            if parameter in named or (not parameter and len(positional) >= self.maximum):
                raise self._misfit(word)
            if parameter:
                named[parameter] = self._parsed(parse, value)
            else:
                positional.append(self._parsed(parse, word))
        if len(positional) < self.minimum:
            raise ValueError(f"an argument is missing; write {self.usage}")
        return self.make(*positional, **named)

    def _parsed(self, parse: _Parser, text: str) -> object:
        try:
            return parse(text)
        except ValueError:
            raise self._misfit(text) from None

    def _misfit(self, text: str) -> ValueError:
        return ValueError(f"{text!r} does not fit here; write {self.usage}")


def parse_kind(text: str) -> Fault:
    """Parse the kind of a fault and its arguments.

    Raises:
        ValueError: The text is not a fault. The message lists the known kinds, or shows how this one is written.
    """
    name, _, rest = text.partition(":")
    words = [word.strip() for word in rest.split(",")] if rest else []
    name = name.strip().lower().replace("_", "-")
    if name.isascii() and name.isdigit():
        name, words = FaultKind.STATUS, [name, *words]
    syntax = _SYNTAX.get(name)
    if syntax is None:
        raise ValueError(f"unknown fault {name!r}; known are a status such as 502, and {', '.join(_SYNTAX)}")
    return syntax.parse_arguments(words)


def _integer(pattern: str) -> Callable[[str], int]:
    """Return a parser of the integers that match a pattern."""
    match = re.compile(pattern).fullmatch

    def parse(text: str) -> int:
        if match(text) is None:
            raise ValueError
        return int(text)

    return parse


_status, _number, _index = _integer(r"[2-5][0-9]{2}"), _integer(r"[1-9][0-9]{0,3}"), _integer(r"-?[0-9]{1,6}")


def _status_with_body(text: str) -> int:
    if (status := _status(text)) in _WITHOUT_BODY:
        raise ValueError
    return status


def _id(text: str) -> str:
    if not text:
        raise ValueError
    return text


def _bytes(text: str) -> int:
    if (match := _size(text)) is None:
        raise ValueError
    return int(match[1]) * _UNITS[match[2].lower()]


def _location(text: str) -> str:
    if not text.startswith(("/", "http://", "https://")):
        raise ValueError
    return text


def _retry_after(text: str) -> str:
    # An integer where it is one, as gateways send it.
    return f"{parse_duration(text):g}"


_WHEN: Mapping[str, tuple[str, _Parser]] = {
    "before": ("when", lambda _: When.BEFORE),
    "after": ("when", lambda _: When.AFTER),
}

_SYNTAX: Mapping[str, _Syntax] = {
    kind.replace("_", "-"): syntax
    for kind, syntax in {
        FaultKind.STATUS: _Syntax(
            "502, 502:after or 429:retry=2, with a status from 200 to 599 that has a body",
            Fault.status,
            _status_with_body,
            minimum=1,
            maximum=1,
            named={**_WHEN, "retry=": ("retry_after", _retry_after)},
        ),
        FaultKind.HTML: _Syntax(
            "html, html:503 or html:502,after, with a status from 200 to 599 that has a body",
            Fault.html,
            _status_with_body,
            maximum=1,
            named=_WHEN,
        ),
        FaultKind.REDIRECT: _Syntax(
            "redirect:https://example.com/ or redirect:/login,status=307,after",
            Fault.redirect,
            _location,
            minimum=1,
            maximum=1,
            named={**_WHEN, "status=": ("status", _status)},
        ),
        FaultKind.RESET: _Syntax("reset, reset:before or reset:after", Fault.reset, named=_WHEN),
        FaultKind.CLOSE: _Syntax("close, close:before or close:after", Fault.close, named=_WHEN),
        FaultKind.HANG: _Syntax("hang, hang:before or hang:after", Fault.hang, named=_WHEN),
        FaultKind.DELAY: _Syntax("delay:2s or delay:500ms", Fault.delay, parse_duration, minimum=1, maximum=1),
        FaultKind.DRIP: _Syntax("drip or drip:50ms", Fault.drip, parse_duration, maximum=1),
        FaultKind.TRUNCATED: _Syntax(
            "truncated or truncated:10", lambda keep=None: Fault.truncated(keep=keep), _bytes, maximum=1
        ),
        FaultKind.MALFORMED_JSON: _Syntax("malformed-json", Fault.malformed_json),
        FaultKind.INVALID_UTF8: _Syntax("invalid-utf8", Fault.invalid_utf8),
        FaultKind.EMPTY: _Syntax("empty", Fault.empty),
        FaultKind.MISSING_ITEMS: _Syntax(
            "missing-items or missing-items:0,3", Fault.missing_items, _index, maximum=inf
        ),
        FaultKind.REORDERED_ITEMS: _Syntax("reordered-items", Fault.reordered_items),
        FaultKind.DUPLICATED_ITEMS: _Syntax(
            "duplicated-items or duplicated-items:0,3", Fault.duplicated_items, _index, maximum=inf
        ),
        FaultKind.EXTRA_ITEMS: _Syntax("extra-items or extra-items:2", Fault.extra_items, _number, maximum=1),
        FaultKind.NULL_TRACK_IDS: _Syntax("null-track-ids", Fault.null_track_ids),
        FaultKind.BOMB: _Syntax(
            "bomb, bomb:64MiB or bomb:10MiB,layers=2",
            Fault.bomb,
            _bytes,
            maximum=1,
            named={"layers=": ("layers", _number)},
        ),
        FaultKind.OVERSIZED: _Syntax("oversized or oversized:32MiB", Fault.oversized, _bytes, maximum=1),
        FaultKind.UNENCODABLE: _Syntax(
            "unencodable:ID, with the id of an item", Fault.unencodable, _id, minimum=1, maximum=1
        ),
        FaultKind.RAW_ITEM: _Syntax(
            "raw-item:ID or raw-item:ID,null, with the id of an item and what replaces it",
            lambda item, raw="null": Fault.raw_item(item, raw.encode()),
            _id,
            minimum=1,
            maximum=2,
        ),
    }.items()
}
"""The syntax of every kind of fault, by its name as text."""
