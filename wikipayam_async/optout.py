"""Opt-out: the words that receivers reply with, and the list of numbers that opted out."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, MutableSet
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Self

from wikipayam_async.checks import without_frames
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import normalize_receiver
from wikipayam_async.numbers.digits import ascii_digit
from wikipayam_async.redact.masks import shape_of

__all__ = ["OPT_OUT_CODE", "OPT_OUT_HINTS", "OPT_OUT_WORDS", "OptOutList", "Reply", "is_opt_out", "read_reply"]

OPT_OUT_WORDS = frozenset({"لغو", "cancel", "off", "stop", "unsubscribe"})
"""The words that opt out."""
OPT_OUT_CODE = "11"
"""The number that opts out by itself: `لغو۱۱` below a message asks the receiver to reply with 11."""
OPT_OUT_HINTS = frozenset({"laghv", "laghw", "lagho", "lagv", "lghv", "انصراف", "حذف", "نفرست", "نفرستید", "remove"})
"""The words of a reply that may be an opt-out, beside those that are one."""

_MAX_LENGTH = 64
_MAX_LENGTH_OF_A_SENTENCE = 200
_INVISIBLE = frozenset({"Cf", "Me", "Mn"})
"""Unicode categories of half-spaces, direction marks, accents and emoji modifiers."""
_UNIFIED = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ـ": None})
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
_NUMBER_BEFORE = re.compile(r"([0-9]+)[\W_]*(.*)", re.DOTALL)
_NUMBER_AFTER = re.compile(r"(.*?)[\W_]*([0-9]+)", re.DOTALL)
_LETTERS = re.compile(r"[^\W\d_]+")
_RULE = "expected an Iranian mobile number such as 09123456789"


class Reply(StrEnum):
    """What a received text says about further messages."""

    OPT_OUT = "opt_out"
    """The sender wants no more messages."""
    PERHAPS = "perhaps"
    """The sender may want no more messages, or cancel something else: a person has to read it."""
    OTHER = "other"
    """The text has none of the words."""


@without_frames
def read_reply(
    text: str,
    *,
    words: AbstractSet[str] = OPT_OUT_WORDS,
    code: str | None = OPT_OUT_CODE,
    hints: AbstractSet[str] = OPT_OUT_HINTS,
) -> Reply:
    """Return what a received text says about further messages.

    An opt-out is one of the words, a word with the code (`لغو`, `لغو۱۱`, `Stop 11!`), or the code alone. Surrounding
    punctuation, spaces, half-spaces, case, the script of the digits and Arabic letter forms are ignored.

    Everything else that contains a word is `PERHAPS`: another number (`لغو ۴۵۲` may name an order, `لغو 7` the code of
    another sender), another word (`لطفا لغو`, `لغو ارسال`, `سفارشم را لغو کنید`), or a hint such as `laghv`. Texts of more
    than 200 characters are `OTHER`.

    Args:
        text: The text, such as `ReceivedMessage.message`.
        words: The opt-out words; `OPT_OUT_WORDS | {"خاموش"}` adds one.
        code: The number below your messages that opts out by itself; None without such a number, for example if receivers vote
            with numbers.
        hints: The words that make a text `PERHAPS`, beside `words`.

    Raises:
        InvalidInputError: `text` is not a string.
    """
    if not isinstance(text, str):
        raise InvalidInputError("text", rule="expected a string", got=shape_of(text))
    answer = text.strip()
    if len(answer) > _MAX_LENGTH_OF_A_SENTENCE:
        return Reply.OTHER
    plain, plain_words = _plain(answer), frozenset(map(_plain, words))
    if len(answer) <= _MAX_LENGTH and _is_opt_out(plain, plain_words, None if code is None else _plain(code)):
        return Reply.OPT_OUT
    return Reply.PERHAPS if _has_word(plain, plain_words | frozenset(map(_plain, hints))) else Reply.OTHER


@without_frames
def is_opt_out(text: str, *, words: AbstractSet[str] = OPT_OUT_WORDS, code: str | None = OPT_OUT_CODE) -> bool:
    """Return whether a received text is an opt-out. A text that is only probably one is not: see `read_reply`.

    Args:
        text: The text, such as `ReceivedMessage.message`.
        words: The opt-out words; `OPT_OUT_WORDS | {"خاموش"}` adds one.
        code: The number below your messages that opts out by itself; None without such a number.

    Raises:
        InvalidInputError: `text` is not a string.
    """
    return read_reply(text, words=words, code=code) is Reply.OPT_OUT


def _is_opt_out(plain: str, words: AbstractSet[str], code: str | None) -> bool:
    if not plain:
        return False
    if plain in words or plain == code:
        return True
    if before := _NUMBER_BEFORE.fullmatch(plain):
        number, word = before.groups()
    elif after := _NUMBER_AFTER.fullmatch(plain):
        word, number = after.groups()
    else:
        return False
    return number == code and word in words


def _has_word(plain: str, words: AbstractSet[str]) -> bool:
    """Return whether a text contains a word; a Persian one also with an ending, as in `لغوکن`."""
    found = _LETTERS.findall(plain)
    between = f" {' '.join(found)} "
    return any(
        word and (f" {word} " in between or (not word.isascii() and any(one.startswith(word) for one in found)))
        for word in words
    )


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
