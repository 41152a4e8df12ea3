"""Keeping secrets in: what may be shown of a token, a number, a text or an answer."""

from __future__ import annotations

import functools
import hmac
import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, NoReturn, ParamSpec, TypeVar, final
from urllib.parse import unquote

from wikipayam_async.errors import WikipayamError

__all__ = [
    "MASK",
    "Scrubber",
    "Sealed",
    "SealedBytes",
    "SealedFields",
    "Secret",
    "mask_mapping",
    "mask_number",
    "mask_text",
    "scrub",
    "seal",
    "shape_of",
    "without_frames",
]

P = ParamSpec("P")
T = TypeVar("T")

MASK = "***"
_SHOWN_AT_THE_FRONT, _SHOWN_AT_THE_END, _SHORTEST_MASKED_NUMBER = 4, 2, 8
_LONGEST_QUOTE, _LONGEST_READ = 300, 3000
_SHORTEST_SENSITIVE = 3
_PIECE = 8
"""So many characters in a row of a value are taken for a part of it, wherever they stand."""
_MOST_SEARCHED = 300_000_000
"""Characters of our own that are searched for a stranger's words, which takes a tenth of a second; the rest is masked."""
_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|([\"'/bfnrt]))")
_UNPRINTABLE = re.compile(
    r"[^\w\s.,:;!?()\[\]{}<>'\"/@#%&*+=|~^$€«»،؛؟-]|[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
_LONG_DIGITS = re.compile(r"(?:\d[ .()?-]{0,3}){6,}\d")  # 7 and more, however they are grouped


@final
class Secret:
    """A string that shows itself only through `reveal()`: masked in `repr`, `str` and formats, and never pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the string itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled: hand the token to the other process in its environment")


@final
class SealedBytes(bytes):
    """Bytes that hold texts, numbers or a token: whoever prints them (a debugger, a traceback with locals) sees a length."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"

    __str__ = __repr__

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)  # printers cut long bytes before they print them
        return part if isinstance(part, int) else SealedBytes(part)


@final
class SealedStr(str):
    """A string that shows its length to whoever prints it with quotes, as a traceback with locals does."""

    __slots__ = ()

    def __repr__(self) -> str:
        return mask_text(self)

    def __getitem__(self, key: Any) -> SealedStr:
        return SealedStr(super().__getitem__(key))


def seal(value: T) -> T | SealedStr:
    """Seal an argument, if it is a string; anything else is refused soon, by its shape."""
    return SealedStr(value) if isinstance(value, str) else value


@final
class Sealed(Generic[T]):
    """Anything at all, hidden from whoever prints it."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """Return the thing itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Sealed({MASK})"


@final
class SealedFields(Mapping[str, str]):
    """Fields that hold texts, numbers or a token: whoever prints them sees their names."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = dict(fields)

    def __getitem__(self, name: str) -> str:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return mask_mapping(self._fields)


def without_frames(check: Callable[P, T]) -> Callable[P, T]:
    """Let the errors of a check begin here: the frames below hold the value, and some tools print their locals."""

    @functools.wraps(check)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return check(*args, **kwargs)
        except WikipayamError as error:
            failure = error.with_traceback(None)
        except BaseException:
            del args, kwargs
            raise
        del args, kwargs
        raise failure from None

    return checked


def mask_number(number: object) -> str:
    """Return what may be shown of a phone number: `0912*****89`."""
    if not isinstance(number, str):
        return _mask_other(number)
    if len(number) < _SHORTEST_MASKED_NUMBER:
        return MASK
    hidden = len(number) - _SHOWN_AT_THE_FRONT - _SHOWN_AT_THE_END
    return number[:_SHOWN_AT_THE_FRONT] + "*" * hidden + number[-_SHOWN_AT_THE_END:]


def mask_text(text: object) -> str:
    """Return what may be shown of a message text or a code: its length."""
    return f"<{len(text)} characters>" if isinstance(text, str) else _mask_other(text)


def _mask_other(value: object) -> str:
    return "None" if value is None else f"<{shape_of(value)}>"


def mask_mapping(values: object) -> str:
    """Return what may be shown of fields that nobody knew of: their names."""
    return f"<{', '.join(sorted(map(str, values)))}>" if isinstance(values, dict) and values else "{}"


def shape_of(value: object) -> str:
    """Describe a bad value without showing it."""
    if isinstance(value, str):
        kinds = [name for name, test in _CHARACTER_KINDS if any(map(test, value))]
        return f"a string of {len(value)} characters" + (f" with {', '.join(kinds)}" if kinds else "")
    if isinstance(value, int | float) or value is None:
        return repr(value) if value is None or isinstance(value, bool) else f"a number ({type(value).__name__})"
    return f"an object of type {type(value).__name__}"


_CHARACTER_KINDS = (
    ("digits", str.isdecimal),
    ("letters", str.isalpha),
    ("spaces", str.isspace),
    ("other signs", lambda c: not (c.isdecimal() or c.isalpha() or c.isspace())),
)


class Scrubber:
    """Makes a stranger's texts fit to quote: short, printable, on one line, without the given values or long numbers.

    A value is found in whatever way its spaces and capitals are written, escaped as in JSON, HTML or a URL, and in
    parts: any eight characters in a row of it are masked.

    Args:
        sensitive: What must not come through.
    """

    __slots__ = ("_haystack", "_known", "_left", "_longest", "_short")

    def __init__(self, sensitive: Iterable[str] = ()) -> None:
        values = {_fold(_tidy(value)) for value in sensitive}
        self._short: dict[int, set[str]] = {}
        for value in values:
            if _SHORTEST_SENSITIVE <= len(value) < _PIECE:
                self._short.setdefault(len(value), set()).add(value)
        self._haystack = "\n".join(value for value in values if len(value) >= _PIECE)
        self._longest = max((len(value) for value in values if len(value) >= _SHORTEST_SENSITIVE), default=0)
        self._known: dict[str, bool] = {}
        self._left = _MOST_SEARCHED

    def __call__(self, text: str) -> str:
        """Return what may be quoted of a text."""
        most = _LONGEST_READ + self._longest
        clean = self._mask(_tidy(text[:most]))
        plain = _unescape(clean)
        if plain != clean:
            clean = self._mask(_tidy(plain))
        if len(text) > most and self._longest:
            clean = clean[: -self._longest]  # where the cut went through a value, its first half stands here
        clean = _LONG_DIGITS.sub(MASK, clean)
        return clean if len(clean) <= _LONGEST_QUOTE else clean[:_LONGEST_QUOTE] + "…"

    def _mask(self, text: str) -> str:
        folded = _fold(text)
        hidden = bytearray(len(text))
        if self._haystack:
            for start in range(len(folded) - _PIECE + 1):
                if self._occurs(folded[start : start + _PIECE]):
                    hidden[start : start + _PIECE] = b"x" * _PIECE
        for size in sorted(self._short, reverse=True):
            for start in range(len(folded) - size + 1):
                if folded[start : start + size] in self._short[size] and b"x" not in hidden[start : start + size]:
                    hidden[start : start + size] = b"x" * size
        kept: list[str] = []
        end = 0
        for run in re.finditer(b"x+", hidden):
            kept += (text[end : run.start()], MASK)
            end = run.end()
        return "".join((*kept, text[end:]))

    def _occurs(self, piece: str) -> bool:
        known = self._known.get(piece)
        if known is None:
            self._left -= len(self._haystack)
            known = self._known[piece] = self._left < 0 or piece in self._haystack
        return known


def scrub(text: str, sensitive: Iterable[str] = ()) -> str:
    """Return a stranger's text made fit to quote."""
    return Scrubber(sensitive)(text)


def _tidy(text: str) -> str:
    return _UNPRINTABLE.sub("?", " ".join(text.split()))


def _unescape(text: str) -> str:
    """Undo what stands between a text and its reader: JSON's, HTML's and a URL's ways to write it."""
    if "%" in text:
        text = unquote(text)
    if "&" in text:
        text = html.unescape(text)
    if "\\" in text:
        text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _PLAIN.get(found[2], " "), text)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


_PLAIN = {sign: sign for sign in "\"'/"}


def _fold(text: str) -> str:
    """Make capitals small, and a URL's spaces plain; the length stays."""
    folded = text.lower()
    if len(folded) != len(text):
        folded = "".join(small if len(small := one.lower()) == 1 else one for one in text)
    return folded.replace("+", " ").replace("ς", "σ")
