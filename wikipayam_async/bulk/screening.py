"""Hold messages back before they are sent: duplicates, and messages to receivers that opted out."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Literal, TypeAlias

from wikipayam_async.checks import without_frames
from wikipayam_async.errors import InvalidInputError, SuppressedError
from wikipayam_async.messages.payload import SmsPayload, are_mobiles
from wikipayam_async.messages.payload_columns import PayloadColumn
from wikipayam_async.numbers import normalize_receiver
from wikipayam_async.optout import OptOutList
from wikipayam_async.redact.masks import shape_of

__all__ = ["Dedupe", "OptOut", "OptOutPredicate", "Screen", "ScreenResult"]

Dedupe: TypeAlias = Literal["receiver", "receiver_and_text"]
"""What makes a message a duplicate: its receiver, or its receiver and its text."""

OptOutPredicate: TypeAlias = Callable[[str], bool | Awaitable[bool]]
"""Returns whether a number, `09…`, has opted out; may be async."""

OptOut: TypeAlias = OptOutList | str | os.PathLike[str] | Iterable[str] | OptOutPredicate
"""The receivers that opted out: a list, the path of a file, numbers, or a predicate."""

ScreenResult: TypeAlias = SuppressedError | None
"""Why a message is held back; None if it may be sent."""

_PLAIN = re.compile(r"09[0-9]{9}").fullmatch
_DIGEST_BYTES = 16
"""Enough that no two different messages have the same digest, which would hold one back."""


class Screen:
    """Decides which messages of one run are held back. It remembers the messages it has seen: use one per run.

    Of several equal messages the first is sent and the others are held back, even if the gateway then refuses the
    first. A message that is held back for an opt-out does not count as the first. The opt-out is checked before each
    message. If the check fails, because the predicate raises or returns no bool, or because the receiver is not an
    Iranian mobile and the list holds only those, the message is held back.

    Memory per message that is sent: 65 to 90 bytes with `dedupe="receiver"`, 80 to 110 with `"receiver_and_text"`,
    none without `dedupe`.

    Args:
        dedupe: What makes a message a duplicate; None holds back no duplicates.
        opt_out: The receivers that opted out. An `OptOutList` is consulted for each message, so it may change during
            the run; other numbers, and a file, are read once, now. A predicate is called for one number at a time.

    Raises:
        InvalidInputError: An argument breaks a rule, or a number of the list is invalid.
    """

    __slots__ = ("_by_text", "_listed", "_predicate", "_seen")

    @without_frames
    def __init__(self, *, dedupe: Dedupe | None = None, opt_out: OptOut | None = None) -> None:
        if dedupe not in {None, "receiver", "receiver_and_text"}:
            raise InvalidInputError("dedupe", rule="expected 'receiver' or 'receiver_and_text'", got=shape_of(dedupe))
        self._by_text = dedupe == "receiver_and_text"
        self._seen: set[int | bytes] | None = None if dedupe is None else set()
        self._predicate: OptOutPredicate | None = None
        self._listed: OptOutList | None = None
        if callable(opt_out):
            self._predicate = opt_out
        elif opt_out is not None:
            self._listed = _read(opt_out)

    def check(self, receiver: str, text: str) -> ScreenResult | Awaitable[ScreenResult]:
        """Return why a message is held back, or None; with an async predicate, return an awaitable of that.

        Call it once for each valid message, in the order of the input.

        Args:
            receiver: The receiver as it is sent.
            text: The text.
        """
        number = _normal(receiver)
        refusal = None if self._listed is None else _look_up(number, self._listed)
        if refusal is not None:
            return refusal
        key = None if self._seen is None else self._key(number, text)
        return self._admit(key) if self._predicate is None else self._ask(self._predicate, number, key)

    def admits_all(self, payloads: Sequence[SmsPayload]) -> bool:
        """Return whether none of these is held back, and remember them; False if any may be, which `check` finds out.

        It takes payloads in a column, if all receivers are mobiles; of any other messages it does not know.

        Args:
            payloads: The next messages.
        """
        if not isinstance(payloads, PayloadColumn) or self._predicate is not None or self._by_text:
            return False
        if not are_mobiles(payloads.receivers):
            return False
        if self._listed is not None and any(map(self._listed.__contains__, payloads.receivers)):
            return False
        if self._seen is None:
            return True
        numbers = set(map(int, payloads.receivers))
        if len(numbers) < len(payloads) or not self._seen.isdisjoint(numbers):
            return False
        self._seen |= numbers
        return True

    def _ask(
        self, predicate: OptOutPredicate, number: str, key: int | bytes | None
    ) -> ScreenResult | Awaitable[ScreenResult]:
        if self._seen is not None and key in self._seen:
            return _duplicate()  # held back whatever the predicate returns
        try:
            answer = predicate(number)
        except Exception as error:  # noqa: BLE001 - after any exception the answer is unknown
            return _unknown(f"the check raised {type(error).__name__}")
        return self._wait(answer, key) if isinstance(answer, Awaitable) else self._judge(answer, key)

    async def _wait(self, answer: Awaitable[bool], key: int | bytes | None) -> ScreenResult:
        try:
            known = await answer
        except Exception as error:  # noqa: BLE001 - after any exception the answer is unknown
            return _unknown(f"the check raised {type(error).__name__}")
        return self._judge(known, key)

    def _judge(self, answer: object, key: int | bytes | None) -> ScreenResult:
        if not isinstance(answer, int):  # databases return 0 and 1
            return _unknown(f"the check returned {shape_of(answer)} instead of a bool")
        return _opted_out() if answer else self._admit(key)

    def _admit(self, key: int | bytes | None) -> ScreenResult:
        if self._seen is None or key is None:
            return None
        if key in self._seen:
            return _duplicate()
        self._seen.add(key)
        return None

    def _key(self, number: str, text: str) -> int | bytes:
        """Return what is remembered of a message: its number as an integer, which is small, or a digest."""
        if self._by_text:
            return _digest(f"{number}\0{text}")
        return int(number) if _PLAIN(number) else _digest(number)


def _read(opt_out: OptOutList | str | os.PathLike[str] | Iterable[str]) -> OptOutList:
    if isinstance(opt_out, OptOutList):
        return opt_out
    if isinstance(opt_out, str | os.PathLike):
        return OptOutList.read(opt_out)
    if isinstance(opt_out, Iterable) and not isinstance(opt_out, bytes):
        return OptOutList(opt_out)
    rule = "expected an OptOutList, numbers, the path of a file, or a predicate"
    raise InvalidInputError("opt_out", rule=rule, got=shape_of(opt_out))


def _look_up(number: str, listed: OptOutList) -> ScreenResult:
    if not _PLAIN(number):
        return _unknown("the list holds only Iranian mobiles")
    return _opted_out() if number in listed else None


def _normal(receiver: str) -> str:
    """Return a mobile in the form `09…`; another receiver unchanged."""
    try:
        return normalize_receiver(receiver)
    except InvalidInputError:
        return receiver


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()


def _duplicate() -> SuppressedError:
    return SuppressedError("not sent: a duplicate of an earlier message in this run", reason="duplicate")


def _opted_out() -> SuppressedError:
    return SuppressedError("not sent: the receiver opted out", reason="opted_out")


def _unknown(why: str) -> SuppressedError:
    return SuppressedError(f"not sent: it is unknown whether the receiver opted out; {why}", reason="opt_out_unknown")
