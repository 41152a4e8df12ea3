"""The first half of a fault written as text: what goes wrong, as in ``502:after`` and ``missing-items:0,3``."""

import re
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeVar

from attrs import define, frozen

from wikipayam_async.emulator.faults.fault import MEBIBYTE, Fault, FaultKind, When
from wikipayam_async.emulator.faults.latency import parse_duration

T = TypeVar("T")

_UNITS: Mapping[str, int] = {"": 1, "kib": 1024, "mib": MEBIBYTE}
_WITHOUT_BODY = (204, 304)

_status_code = re.compile(r"[2-5][0-9]{2}").fullmatch
_small = re.compile(r"[1-9][0-9]{0,3}").fullmatch
_index = re.compile(r"-?[0-9]{1,6}").fullmatch
_size = re.compile(r"([0-9]{1,12})(kib|mib|)", re.IGNORECASE).fullmatch


@define
class Words:
    """What stands behind the colon of a fault; every reader takes out what it has read.

    Attributes:
        left: What has not been read yet.
        usage: How it is written, for errors.
    """

    left: list[str]
    usage: str

    def refuse(self, word: str) -> NoReturn:
        """Say that a word is none of this fault's.

        Args:
            word: The word.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"{word!r} does not fit here; write {self.usage}")

    def when(self, usual: When) -> When:
        """Read ``before`` or ``after``.

        Args:
            usual: What is meant without a word.

        Returns:
            Whether the request is processed before the fault strikes.
        """
        said = next((word for word in self.left if word in set(When)), None)
        if said is None:
            return usual
        self.left.remove(said)
        return When(said)

    def value(self, read: Callable[[str], T]) -> T | None:
        """Read a value that stands alone.

        Args:
            read: Makes a value of the text, or raises ValueError.

        Returns:
            The value, or None if there is none.
        """
        return self._read(read, self.left.pop(0)) if self.left else None

    def needed(self, read: Callable[[str], T]) -> T:
        """Read a value that has to be there.

        Args:
            read: Makes a value of the text, or raises ValueError.

        Returns:
            The value.

        Raises:
            ValueError: There is none.
        """
        value = self.value(read)
        if value is None:
            raise ValueError(f"something is missing; write {self.usage}")
        return value

    def values(self, read: Callable[[str], T]) -> list[T]:
        """Read all values.

        Args:
            read: Makes a value of a text, or raises ValueError.

        Returns:
            The values.
        """
        words, self.left = self.left, []
        return [self._read(read, word) for word in words]

    def named(self, name: str, read: Callable[[str], T]) -> T | None:
        """Read a value that has a name before it, as in ``retry=2``.

        Args:
            name: The name.
            read: Makes a value of the text, or raises ValueError.

        Returns:
            The value, or None if there is none.
        """
        said = next((word for word in self.left if word.startswith(f"{name}=")), None)
        if said is None:
            return None
        self.left.remove(said)
        return self._read(read, said.removeprefix(f"{name}="))

    def _read(self, read: Callable[[str], T], word: str) -> T:
        try:
            return read(word)
        except ValueError:
            self.refuse(word)


@frozen
class _Kind:
    usage: str
    make: Callable[[Words], Fault]


def parse_what(text: str) -> Fault:
    """Read what goes wrong.

    Args:
        text: The text.

    Returns:
        The fault.

    Raises:
        ValueError: It is no fault; the message lists those that are known, or says how this one is written.
    """
    name, _, rest = text.partition(":")
    words = [word.strip() for word in rest.split(",")] if rest else []
    name = name.strip().lower().replace("_", "-")
    if name.isascii() and name.isdigit():
        name, words = _spelled(FaultKind.STATUS), [name, *words]
    kind = _KINDS.get(name)
    if kind is None:
        raise ValueError(f"unknown fault {name!r}; known are a status such as 502, and {', '.join(_KINDS)}")
    given = Words(words, kind.usage)
    fault = kind.make(given)
    if given.left:
        given.refuse(given.left[0])
    return fault


def _spelled(kind: FaultKind) -> str:
    return kind.replace("_", "-")


def _matching(match: Callable[[str], re.Match[str] | None]) -> Callable[[str], int]:
    """Make a reader of whole numbers of one form."""

    def read(text: str) -> int:
        if match(text) is None:
            raise ValueError
        return int(text)

    return read


_code, _number, _place = _matching(_status_code), _matching(_small), _matching(_index)


def _answering(text: str) -> int:
    # A status without a body cannot have the body that these faults give it.
    if (status := _code(text)) in _WITHOUT_BODY:
        raise ValueError
    return status


def _bytes(text: str) -> int:
    if (match := _size(text)) is None:
        raise ValueError
    return int(match[1]) * _UNITS[match[2].lower()]


def _location(text: str) -> str:
    if not text.startswith(("/", "http://", "https://")):
        raise ValueError
    return text


def _status(words: Words) -> Fault:
    when, retry_after = words.when(When.BEFORE), words.named("retry", parse_duration)
    # As a whole number where it is one: that is what gateways say.
    seconds = None if retry_after is None else f"{retry_after:g}"
    return Fault.status(words.needed(_answering), retry_after=seconds, when=when)


def _html(words: Words) -> Fault:
    when, status = words.when(When.BEFORE), words.value(_answering)
    return Fault.html(502 if status is None else status, when=when)


def _redirect(words: Words) -> Fault:
    when, status = words.when(When.BEFORE), words.named("status", _code)
    return Fault.redirect(words.needed(_location), status=302 if status is None else status, when=when)


def _drip(words: Words) -> Fault:
    pause = words.value(parse_duration)
    return Fault.drip() if pause is None else Fault.drip(pause)


def _extra(words: Words) -> Fault:
    count = words.value(_number)
    return Fault.extra_items() if count is None else Fault.extra_items(count)


def _bomb(words: Words) -> Fault:
    layers, size = words.named("layers", _number) or 1, words.value(_bytes)
    return Fault.bomb(layers=layers) if size is None else Fault.bomb(size, layers=layers)


def _oversized(words: Words) -> Fault:
    size = words.value(_bytes)
    return Fault.oversized() if size is None else Fault.oversized(size)


_KINDS: Mapping[str, _Kind] = {
    _spelled(kind): _Kind(usage, make)
    for kind, usage, make in (
        (FaultKind.STATUS, "502, 502:after or 429:retry=2, with a status from 200 to 599 that has a body", _status),
        (FaultKind.HTML, "html, html:503 or html:502,after, with a status from 200 to 599 that has a body", _html),
        (FaultKind.REDIRECT, "redirect:https://example.com/ or redirect:/login,status=307,after", _redirect),
        (FaultKind.RESET, "reset, reset:before or reset:after", lambda it: Fault.reset(when=it.when(When.AFTER))),
        (FaultKind.CLOSE, "close, close:before or close:after", lambda it: Fault.close(when=it.when(When.AFTER))),
        (FaultKind.HANG, "hang, hang:before or hang:after", lambda it: Fault.hang(when=it.when(When.AFTER))),
        (FaultKind.DELAY, "delay:2s or delay:500ms", lambda it: Fault.delay(it.needed(parse_duration))),
        (FaultKind.DRIP, "drip or drip:50ms", _drip),
        (FaultKind.TRUNCATED, "truncated or truncated:10", lambda it: Fault.truncated(keep=it.value(_bytes))),
        (FaultKind.MALFORMED_JSON, "malformed-json", lambda _: Fault.malformed_json()),
        (FaultKind.INVALID_UTF8, "invalid-utf8", lambda _: Fault.invalid_utf8()),
        (FaultKind.EMPTY, "empty", lambda _: Fault.empty()),
        (
            FaultKind.MISSING_ITEMS,
            "missing-items or missing-items:0,3",
            lambda it: Fault.missing_items(*it.values(_place)),
        ),
        (FaultKind.REORDERED_ITEMS, "reordered-items", lambda _: Fault.reordered_items()),
        (
            FaultKind.DUPLICATED_ITEMS,
            "duplicated-items or duplicated-items:0,3",
            lambda it: Fault.duplicated_items(*it.values(_place)),
        ),
        (FaultKind.EXTRA_ITEMS, "extra-items or extra-items:2", _extra),
        (FaultKind.NULL_TRACK_IDS, "null-track-ids", lambda _: Fault.null_track_ids()),
        (FaultKind.BOMB, "bomb, bomb:64MiB or bomb:10MiB,layers=2", _bomb),
        (FaultKind.OVERSIZED, "oversized or oversized:32MiB", _oversized),
    )
}
"""Every kind of fault, by its name as text."""
