"""The names of columns and formats, compared as people read them."""

from __future__ import annotations

import unicodedata

__all__ = ["comparable_name"]

_LETTERS = str.maketrans({"ي": "ی", "ى": "ی", "ې": "ی", "ك": "ک", "ة": "ه", "ۀ": "ه", "ە": "ه", "ھ": "ه", "ہ": "ه"})


def comparable_name(name: str) -> str:
    """Return a name for comparison: names that people read as the same one compare equal.

    Case, width, spaces, half-spaces, direction marks, diacritics, punctuation and the script of digits do not count, nor
    does whether a Persian letter was typed on an Arabic keyboard.

    Args:
        name: The name.
    """
    parts = unicodedata.normalize("NFKD", name).translate(_LETTERS).casefold()
    kept = "".join(_digit(one) for one in parts if one.isalnum())
    return kept or parts.strip()


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)
