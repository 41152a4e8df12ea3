"""The one-time code in the text of an SMS, as a phone that offers it for input finds it."""

import re

__all__ = ["code_in"]

_AUTOFILL = re.compile(r"@[a-z0-9.-]+ #([0-9]{4,32})$")
_NUMBER = re.compile(r"(?<!\d)\d{6,10}(?!\d)")
"""Prices and order numbers are often shorter, and phone numbers longer."""


def code_in(text: str) -> str | None:
    """Return the code in a text: that of its autofill line, or the only number of 6 to 10 digits, as ASCII digits.

    Args:
        text: The text.

    Returns:
        The code; None if the text has no such number, or several.
    """
    line = _AUTOFILL.search(text)
    if line:
        return line[1]
    found = {"".join(str(int(digit)) for digit in number) for number in _NUMBER.findall(text)}
    return found.pop() if len(found) == 1 else None
