"""Opt-out: the words that receivers reply with, and the list of numbers that opted out."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, MutableSet
from collections.abc import Set as AbstractSet
from typing import Self

from wikipayam_async.checks import without_frames
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import normalize_receiver
from wikipayam_async.numbers.digits import ascii_digit
from wikipayam_async.redact.masks import shape_of

__all__ = ["OPT_OUT_CODE", "OPT_OUT_WORDS", "OptOutList", "is_opt_out"]

OPT_OUT_WORDS = frozenset({"لغو", "cancel", "off", "stop", "unsubscribe"})
"""The words that opt out."""
OPT_OUT_CODE = "11"
"""The number that opts out by itself: `لغو۱۱` below a message asks the receiver to reply with 11."""

_MAX_LENGTH = 64
_INVISIBLE = frozenset({"Cf", "Me", "Mn"})
"""Unicode categories of half-spaces, direction marks, accents and emoji modifiers."""
_UNIFIED = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ـ": None})
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
_NUMBER_BEFORE = re.compile(r"^[0-9]{1,3}(?![0-9])[\W_]*")
_NUMBER_AFTER = re.compile(r"[\W_]*(?<![0-9])[0-9]{1,3}$")
_RULE = "expected an Iranian mobile number such as 09123456789"


@without_frames
def is_opt_out(text: str, *, words: AbstractSet[str] = OPT_OUT_WORDS, code: str | None = OPT_OUT_CODE) -> bool:
    """Return whether a received text is an opt-out.

    An opt-out is one of the words, a word and a number of up to three digits (`لغو`, `لغو۱۱`, `Stop 11!`), or the code
    alone. Surrounding punctuation, spaces, half-spaces, case, the script of the digits and Arabic letter forms are
    ignored. A sentence that contains a word is not an opt-out: `سفارشم را لغو کنید` is about an order, and so is
    `لغو ۴۵۲۱۸`.

    Args:
        text: The text, such as `ReceivedMessage.message`.
        words: The opt-out words; `OPT_OUT_WORDS | {"خاموش"}` adds one.
        code: The number that opts out by itself; None for none, for example if receivers vote with numbers.

    Raises:
        InvalidInputError: `text` is not a string.
    """
    if not isinstance(text, str):
        raise InvalidInputError("text", rule="expected a string", got=shape_of(text))
    answer = text.strip()
    if len(answer) > _MAX_LENGTH:
        return False
    plain = _plain(answer)
    if not plain or (code is not None and plain == _plain(code)):
        return bool(plain)
    bare = (_NUMBER_BEFORE if plain[0].isdigit() else _NUMBER_AFTER).sub("", plain)
    return not {plain, bare}.isdisjoint(map(_plain, words))


class OptOutList(MutableSet[str]):
    """A set of Iranian mobile numbers that opted out. All spellings of a number are equal.

    A number takes 65 to 90 bytes. The list may be changed while a bulk send uses it.

    Args:
        numbers: The numbers, in any spelling that `normalize_receiver` accepts.

    Raises:
        InvalidInputError: A value is not an Iranian mobile number. The error names its index, such as `opt_out[3]`.
    """

    __slots__ = ("_keys",)

    @without_frames
    def __init__(self, numbers: Iterable[str] = ()) -> None:
        if isinstance(numbers, str | bytes) or not isinstance(numbers, Iterable):
            raise InvalidInputError("opt_out", rule="expected an iterable of numbers", got=shape_of(numbers))
        self._keys = {_key(number, f"opt_out[{index}]") for index, number in enumerate(numbers)}

    @classmethod
    @without_frames
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read a list from a UTF-8 file with one number per line. Text after a `#` is a comment.

        Args:
            path: The file. Reading blocks, so read a long list in a thread before sending.

        Raises:
            InvalidInputError: The file cannot be read, or a line is not an Iranian mobile number. The error names the
                line.
        """
        result = cls()
        try:
            with open(path, encoding="utf-8-sig") as file:  # noqa: PTH123 - a path of any kind
                for line_number, line in enumerate(file, start=1):
                    number = line.partition("#")[0].strip()
                    if number:
                        result._keys.add(_key(number, f"opt_out, line {line_number}"))
        except (OSError, UnicodeDecodeError) as error:
            failure = InvalidInputError(
                "opt_out", rule="expected a readable text file in UTF-8", got=type(error).__name__
            )
        else:
            return result
        raise failure

    @without_frames
    def add(self, value: str) -> None:
        """Add a number to the list.

        Raises:
            InvalidInputError: The value is not an Iranian mobile number.
        """
        self._keys.add(_key(value, "number"))

    @without_frames
    def discard(self, value: str) -> None:
        """Remove a number from the list, if it is there.

        Raises:
            InvalidInputError: The value is not an Iranian mobile number.
        """
        self._keys.discard(_key(value, "number"))

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return _key(value, "number") in self._keys
        except InvalidInputError:
            return False

    def __iter__(self) -> Iterator[str]:
        """Yield the numbers in the form `09…`."""
        return (f"0{key}" for key in self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<OptOutList of {len(self)} numbers>"

    __sentry_repr__ = __rollbar_repr__ = __repr__
    """Sentry would walk a set that is a local of a failing function, and upload the numbers."""


def _key(number: str, field: str) -> int:
    try:
        return int(normalize_receiver(number))
    except InvalidInputError as error:
        failure = InvalidInputError(field, rule=_RULE, got=error.got)
    raise failure


def _plain(text: str) -> str:
    """Return a text in one spelling: letters, digits and single spaces, without surrounding punctuation."""
    letters = unicodedata.normalize("NFKC", text).translate(_UNIFIED).casefold()
    kept = [ascii_digit(letter) for letter in letters if unicodedata.category(letter) not in _INVISIBLE]
    return " ".join(_AROUND.sub("", "".join(kept)).split())
