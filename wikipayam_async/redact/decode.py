"""Decoding of text that a program escaped: JSON, URLs, HTML, base64, hexadecimal, UTF-8 read as Latin-1."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import unquote

__all__ = ["decode_fully", "decode_latin_1", "decode_once", "encoded_words", "readings_of"]

_MAX_ROUNDS = 6
"""A text that a chain of programs escaped more often is not read."""
_UNICODE_ESCAPE = re.compile(
    r"[\\%](?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|U\+([0-9a-fA-F]{4,5})"
    r"|\\([\\\"'/bfnrtv])"
)
_BYTE_ESCAPES = re.compile(r"(?<!\\)((?:\\\\)*)((?:\\x[0-9a-fA-F]{2})+)")
_HEX_OF_BYTE = re.compile(r"x(..)")
_PLAIN = {sign: sign for sign in "\"'/\\"}
_LAST_CODE_POINT = 0x10FFFF
_WINDOWS = {
    char: bytes([byte]).decode("latin-1")
    for byte in range(0x80, 0xA0)
    if (char := bytes([byte]).decode("cp1252", "ignore"))
}
_LATIN_1 = re.compile(f"[\x80-\xff{''.join(_WINDOWS)}]{{2,}}")
_TO_LATIN_1 = str.maketrans(_WINDOWS)
_WORD = re.compile(
    r"(?:0x)?[0-9a-fA-F]{2,4}(?:[ :,;-]+(?:0x)?[0-9a-fA-F]{2,4}){3,}(?![0-9A-Za-z])|[0-9A-Za-z+/_-]{4,}={0,2}"
)
_BETWEEN_BYTES = re.compile(r"[ :,;-]+(?:0x)?|^0x")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){3,}")
_BASE64_GROUP = 4
_NOT_BASE64 = re.compile(r"[^0-9A-Za-z+/]")
_TOO_LARGE = re.compile(r"&#[0-9]{9,}")
"""No character; `html.unescape` raises on thousands of digits."""
_LEAST_READABLE = 0.7
_MAX_HIGH_BYTES = 4
"""The number of different high bytes in the UTF-16 form of a text: one for Latin, one for Persian, one for signs."""


def decode_once(text: str) -> str:
    """Decode the escapes of URLs, HTML, JSON and programming languages, and UTF-8 that was read as Latin-1."""
    if "%" in text:
        text = unquote(text)
    if "&" in text:
        from html import unescape  # noqa: PLC0415 - few texts need its long table

        text = unescape(_TOO_LARGE.sub("?", text))
    if "\\" in text or "%u" in text or "U+" in text:
        text = _BYTE_ESCAPES.sub(_decode_bytes, text)
        text = _UNICODE_ESCAPE.sub(_decode_escape, text)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return decode_latin_1(text)


def decode_latin_1(text: str) -> str:
    """Decode the parts of a text that are UTF-8, but were read as Latin-1 or as the code page of Windows."""
    return text if text.isascii() else _LATIN_1.sub(_decode_latin_1, text)


def decode_fully(text: str) -> str | None:
    """Decode a text until nothing is escaped; None if it is escaped too often to be read."""
    for _ in range(_MAX_ROUNDS):
        plain = decode_once(text)
        if plain == text:
            return text
        text = plain
    return None


def encoded_words(text: str) -> Iterator[re.Match[str]]:
    """Find the parts of a text that may be base64 or hexadecimal."""
    return _WORD.finditer(text)


def readings_of(word: str) -> Iterator[str]:
    """Yield what a word may mean: hexadecimal of UTF-8 or UTF-16, or base64 from any of its first four characters on.

    A part of a longer text in base64 starts in the middle of a group. Readings that are no text are left out.
    """
    bare = _BETWEEN_BYTES.sub("", word)
    for start in (0, 1):
        found = _HEX.match(bare, start)
        if found:
            yield from _texts_of(bytes.fromhex(found[0]))
    digits = _NOT_BASE64.sub("", word.replace("-", "+").replace("_", "/"))
    for start in range(_BASE64_GROUP):
        part = digits[start:]
        if len(part) % _BASE64_GROUP == 1:
            part = part[:-1]
        yield from _texts_of(base64.b64decode(part + "=" * (-len(part) % _BASE64_GROUP)))


def _texts_of(raw: bytes) -> Iterator[str]:
    text = raw.decode("utf-8", "ignore")
    if len(text.encode()) >= len(raw) * _LEAST_READABLE:
        yield text
    for high, codec in ((0, "utf-16-be"), (1, "utf-16-le")):
        if len(set(raw[high::2])) <= _MAX_HIGH_BYTES:
            yield raw.decode(codec, "ignore")
        if len(set(raw[1 - high :: 2])) <= _MAX_HIGH_BYTES:  # it starts in the middle of a character
            yield raw[1:].decode(codec, "ignore")


def _decode_bytes(found: re.Match[str]) -> str:
    raw = bytes.fromhex("".join(_HEX_OF_BYTE.findall(found[2])))
    try:
        return found[1] + raw.decode()
    except UnicodeDecodeError:
        return found[1] + raw.decode("latin-1")


def _decode_escape(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3] or found[4]
    if digits is None:
        return _PLAIN.get(found[5], " ")
    code_point = int(digits, 16)
    return chr(code_point) if code_point <= _LAST_CODE_POINT else "?"


def _decode_latin_1(found: re.Match[str]) -> str:
    try:
        return found[0].translate(_TO_LATIN_1).encode("latin-1").decode()
    except UnicodeDecodeError:
        return found[0]
