"""Masks for sensitive values: a few digits of a number, the length of a text, the shape of a value."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MASK", "mask_mapping", "mask_number", "mask_text", "shape_of"]

MASK = "***"
_SHOWN_AT_THE_FRONT, _SHOWN_AT_THE_END, _SHORTEST_MASKED_NUMBER = 4, 2, 8


def mask_number(number: object) -> str:
    """Return a masked phone number: `0912*****89`."""
    if not isinstance(number, str):
        return _mask_other(number)
    if len(number) < _SHORTEST_MASKED_NUMBER:
        return MASK
    hidden = len(number) - _SHOWN_AT_THE_FRONT - _SHOWN_AT_THE_END
    return number[:_SHOWN_AT_THE_FRONT] + "*" * hidden + number[-_SHOWN_AT_THE_END:]


def mask_text(text: object) -> str:
    """Return the length of a message text or a code, in place of its content."""
    return f"<{len(text)} characters>" if isinstance(text, str) else _mask_other(text)


def _mask_other(value: object) -> str:
    return "None" if value is None else f"<{shape_of(value)}>"


def mask_mapping(values: object) -> str:
    """Return the names of a mapping's fields, without the values."""
    return f"<{', '.join(sorted(map(str, values)))}>" if isinstance(values, Mapping) and values else "{}"


def shape_of(value: object) -> str:
    """Describe an invalid value without showing it."""
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
    ("symbols", lambda c: not (c.isdecimal() or c.isalpha() or c.isspace())),
)
