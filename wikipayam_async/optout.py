"""People who want no more messages: the words they answer with, and the list of their numbers."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, MutableSet
from collections.abc import Set as AbstractSet
from typing import Self

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import normalize_receiver
from wikipayam_async.numbers.digits import ascii_digit
from wikipayam_async.redact.masks import shape_of

__all__ = ["OPT_OUT_CODE", "OPT_OUT_WORDS", "OptOutList", "is_opt_out"]

OPT_OUT_WORDS = frozenset({"لغو", "cancel", "off", "stop", "unsubscribe"})
"""The words that ask for no more messages."""
OPT_OUT_CODE = "11"
"""The number that does so by itself: `لغو۱۱` below a message asks people to answer with 11."""

_LONGEST = 64
_UNSEEN = frozenset({"Cf", "Me", "Mn"})
"""Half-spaces, marks of direction, accents and the frames of emoji."""
_UNIFIED = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ـ": None})
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
_NUMBER_BEFORE = re.compile(r"^[0-9]{1,3}(?![0-9])[\W_]*")
_NUMBER_AFTER = re.compile(r"[\W_]*(?<![0-9])[0-9]{1,3}$")
_RULE = "expected an Iranian mobile number such as 09123456789"


def is_opt_out(text: str, *, words: AbstractSet[str] = OPT_OUT_WORDS, code: str | None = OPT_OUT_CODE) -> bool:
    """Tell whether a received text asks for no more messages.

    It does if it consists of one of the words, of a word and a number of up to three digits (`لغو`, `لغو۱۱`, `Stop 11!`),
    or of the code alone. Signs around it, spaces, half-spaces, capitals, the script of the digits and the Arabic or
    Persian way to write a letter make no difference. A sentence that merely contains the word is none: `سفارشم را لغو کنید`
    is about an order, and so is `لغو ۴۵۲۱۸`.

    Args:
        text: The text, as `Receive.message` has it.
        words: The words to look for; `OPT_OUT_WORDS | {"خاموش"}` adds one.
        code: The number that is enough by itself; None if there is none, as where people vote by numbers.

    Raises:
        InvalidInputError: The text is no string.
    """
    if not isinstance(text, str):
        raise InvalidInputError("text", rule="expected a string", got=shape_of(text))
    answer = text.strip()
    if len(answer) > _LONGEST:
        return False
    plain = _plain(answer)
    if not plain or (code is not None and plain == _plain(code)):
        return bool(plain)
    bare = (_NUMBER_BEFORE if plain[0].isdigit() else _NUMBER_AFTER).sub("", plain)
    return not {plain, bare}.isdisjoint(map(_plain, words))


class OptOutList(MutableSet[str]):
    """The numbers of people who want no more messages. A set, in which a number is the same in every spelling.

    It holds Iranian mobiles, in 65 to 90 bytes each, and may be changed while a bulk send looks at it.

    Args:
        numbers: The numbers, in any usual spelling.

    Raises:
        InvalidInputError: One is no Iranian mobile number; the error names its place, as in `opt_out[3]`.
    """

    __slots__ = ("_keys",)

    def __init__(self, numbers: Iterable[str] = ()) -> None:
        if isinstance(numbers, str | bytes) or not isinstance(numbers, Iterable):
            raise InvalidInputError("opt_out", rule="expected an iterable of numbers", got=shape_of(numbers))
        self._keys = {_key(number, f"opt_out[{index}]") for index, number in enumerate(numbers)}

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read a list from a file in UTF-8: one number a line; what follows a `#` is a comment.

        Args:
            path: The file. It is read at once: of a long list do it in a thread, before the sending.

        Raises:
            InvalidInputError: The file cannot be read, or a line is no Iranian mobile number; the error names the line.
        """
        found = cls()
        try:
            with open(path, encoding="utf-8-sig") as file:  # noqa: PTH123 - a path of any kind
                for place, line in enumerate(file, start=1):
                    number = line.partition("#")[0].strip()
                    if number:
                        found._keys.add(_key(number, f"opt_out, line {place}"))
        except (OSError, UnicodeDecodeError) as error:
            failure = InvalidInputError(
                "opt_out", rule="expected a text file in UTF-8 that can be read", got=type(error).__name__
            )
        else:
            return found
        raise failure

    def add(self, value: str) -> None:
        """Put a number on the list.

        Raises:
            InvalidInputError: It is no Iranian mobile number.
        """
        self._keys.add(_key(value, "number"))

    def discard(self, value: str) -> None:
        """Take a number off the list, if it is there.

        Raises:
            InvalidInputError: It is no Iranian mobile number.
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


def _key(number: str, field: str) -> int:
    try:
        return int(normalize_receiver(number))
    except InvalidInputError as error:
        failure = InvalidInputError(field, rule=_RULE, got=error.got)
    raise failure


def _plain(text: str) -> str:
    """Bring a short text to one spelling: letters, digits and spaces, without what is around them."""
    letters = unicodedata.normalize("NFKC", text).translate(_UNIFIED).casefold()
    kept = [ascii_digit(one) for one in letters if unicodedata.category(one) not in _UNSEEN]
    return " ".join(_AROUND.sub("", "".join(kept)).split())
