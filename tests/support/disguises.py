"""The encodings that a secret may be written in, and an oracle that finds it in all of them.

It shares no code with the scrubber of the package: if the two did, a test would only show that they agree.
"""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote

__all__ = ["DISGUISES", "finds"]


def _each(template: str) -> Callable[[str], str]:
    return lambda text: "".join(template % ord(char) for char in text)


def _base64_after(before: bytes) -> Callable[[str], str]:
    return lambda text: base64.b64encode(before + text.encode() + b"!").decode()


def _persian_digits(text: str) -> str:
    return text.translate({ord("0") + digit: 0x6F0 + digit for digit in range(10)})


def _arabic_digits(text: str) -> str:
    return text.translate({ord("0") + digit: 0x660 + digit for digit in range(10)})


def _as_json(text: str) -> str:
    return json.dumps(text)[1:-1]


DISGUISES: dict[str, Callable[[str], str]] = {
    "JSON": _as_json,
    "JSON twice": lambda text: _as_json(_as_json(text)),
    "JSON of PHP": lambda text: _as_json(text).replace("/", "\\/"),
    "JSON in capitals": lambda text: re.sub(r"u[0-9a-f]{4}", lambda hit: "u" + hit[0][1:].upper(), _as_json(text)),
    "every letter as JSON": _each("\\u%04x"),
    "every letter as JSON twice": _each("\\\\u%04X"),
    "JavaScript": _each("\\u{%x}"),
    "escape()": _each("%%u%04X"),
    "bytes of Python": lambda text: repr(text.encode()),
    "URL": lambda text: quote(text, safe=""),
    "URL twice": lambda text: quote(quote(text, safe=""), safe=""),
    "URL in small letters": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "form": quote_plus,
    "HTML": html.escape,
    "HTML, decimal": _each("&#%d;"),
    "HTML, hexadecimal": _each("&#x%X;"),
    "HTML twice": lambda text: html.escape(_each("&#%d;")(text)),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, second place": _base64_after(b"a"),
    "base64, third place": _base64_after(b"ab"),
    "base64 of a URL": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 of JSON": lambda text: base64.b64encode(json.dumps(text).encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal in capitals": lambda text: text.encode().hex().upper(),
    "hexadecimal with colons": lambda text: text.encode().hex(":"),
    "UTF-16 in hexadecimal": lambda text: text.encode("utf-16-be").hex(),
    "UTF-16, little end first": lambda text: text.encode("utf-16-le").hex().upper(),
    "lines": "\n".join,
    "zero-width signs": "\u200b".join,
    "half-spaces": "\u200c".join,
    "Latin-1": lambda text: text.encode().decode("latin-1"),
    "Persian digits": _persian_digits,
    "Arabic digits": _arabic_digits,
    "capitals": str.upper,
}
"""What each encoding makes of a text."""


def finds(text: str, fragments: Iterable[str]) -> bool:
    """Return whether a text holds a fragment in any encoding.

    Only letters and digits are compared, so that signs, spaces and line breaks between them hide nothing.
    """
    return _finds(text, tuple(fragments))


@lru_cache(10_000)
def _finds(text: str, fragments: tuple[str, ...]) -> bool:
    searched = _BETWEEN.join(_readings(text))
    return any(one in searched for one in _squeezed_all(fragments))


@lru_cache
def _squeezed_all(fragments: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(squeezed for one in fragments if len(squeezed := _squeeze(one)) >= 4))


_SIGNS = re.compile(r"[\W_]+")
_FOREIGN_DIGITS = re.compile(r"(?![0-9])\d")
_BETWEEN = "界"
"""A letter between the readings of a text, which no fragment holds."""


def _squeeze(text: str) -> str:
    squeezed = _SIGNS.sub("", text).lower()
    return _FOREIGN_DIGITS.sub(lambda hit: str(unicodedata.decimal(hit[0])), squeezed)


_ESCAPES = re.compile(r"(?:\\+|%)u\{?([0-9a-fA-F]{4}|[0-9a-fA-F]{1,6}(?=\}))\}?")
_BYTES = re.compile(r"(?:\\+x[0-9a-fA-F]{2})+")
_SHORT = re.compile(r"\\+([\"'/bfnrt])")
_HIGH = re.compile(r"[\x80-\xff]{2,}")
_BASE64 = re.compile(r"[0-9A-Za-z+/_-]{6,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[ :]?){4,}")


def _readings(text: str) -> Iterator[str]:
    """Yield a text, what its escapes decode to, and what its words may mean in base64 and hexadecimal, all squeezed."""
    for _ in range(6):
        yield _squeeze(text)
        plain = _unescape(text)
        if plain == text:
            break
        text = plain
    yield from (_from_base64(found[0]) for found in _BASE64.finditer(text))
    yield from (_from_hexadecimal(found[0]) for found in _HEX.finditer(text))


@lru_cache(100_000)
def _from_base64(word: str) -> str:
    digits = word.rstrip("=").replace("-", "+").replace("_", "/")
    parts = [part[:-1] if len(part) % 4 == 1 else part for part in (digits[start:] for start in range(4))]
    return _squeezed(base64.b64decode(part + "=" * (-len(part) % 4)) for part in parts)


@lru_cache(100_000)
def _from_hexadecimal(word: str) -> str:
    digits = re.sub("[ :]", "", word)
    return _squeezed(bytes.fromhex(one) for one in (digits, "0" + digits + "0" * (1 - len(digits) % 2)))


def _squeezed(meanings: Iterable[bytes]) -> str:
    return _squeeze(_BETWEEN.join(one for raw in meanings for one in _inner(raw)))


def _inner(raw: bytes) -> Iterator[str]:
    for codec in ("utf-8", "utf-16-be", "utf-16-le"):
        plain = raw.decode(codec, "replace")
        yield plain
        yield _unescape(plain)


def _unescape(text: str) -> str:
    text = _BYTES.sub(lambda hit: bytes.fromhex(re.sub(r"\\+x", "", hit[0])).decode("utf-8", "replace"), text)
    text = _ESCAPES.sub(lambda hit: chr(min(int(hit[1], 16), 0x10FFFF)), text)
    text = _SHORT.sub(lambda hit: hit[1] if hit[1] in "\"'/" else " ", text)
    text = _HIGH.sub(lambda hit: hit[0].encode("latin-1").decode("utf-8", "replace"), text)
    return html.unescape(unquote(text))
