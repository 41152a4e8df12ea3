"""Iranian mobile numbers: every way people write them, brought to the one form that the gateway documents."""

from __future__ import annotations

import re
import unicodedata

from wikipayam_async.core.redact import shape_of, without_frames
from wikipayam_async.errors import InvalidInputError

__all__ = ["normalize_receiver"]

_LONGEST_INPUT = 64
_IGNORED = re.compile(
    "["
    r"\s\-().·"
    "\u00ad\u2010-\u2015\u2212"  # soft hyphen, hyphens, dashes, minus
    "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # ZWNJ, ZWJ and the marks of direction
    "]+"
)
_PLAIN = re.compile(r"09[0-9]{9}")
_MOBILE = re.compile(r"(?:(?:\+|00)?98|0)?(9[0-9]{9})")
_RULE = "expected an Iranian mobile number such as 09123456789 (normalize=False sends any receiver as it is)"


@without_frames
def normalize_receiver(text: str, *, field: str = "receiver") -> str:
    """Return a mobile number in the form `09123456789`.

    Taken are `09…`, `9…`, `98…`, `+98…` and `0098…`, in ASCII, Persian, Arabic or full-width digits, with spaces, hyphens,
    dots, brackets, half-spaces (ZWNJ) and marks of direction anywhere.

    Args:
        text: The number as somebody wrote it.
        field: How to call it in the error.

    Raises:
        InvalidInputError: It is no Iranian mobile number. The error does not quote it.
    """
    if isinstance(text, str):
        if _PLAIN.fullmatch(text):
            return text
        if len(text) <= _LONGEST_INPUT:
            digits = "".join(map(_ascii_digit, _IGNORED.sub("", text)))
            found = _MOBILE.fullmatch(digits)
            if found:
                return "0" + found[1]
    raise InvalidInputError(field, rule=_RULE, got=shape_of(text))


def _ascii_digit(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    return "+" if character == "\uff0b" else character
