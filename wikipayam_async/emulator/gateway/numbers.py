"""Iranian mobile numbers: validity and comparison."""

import re

_mobile = re.compile(r"(?:0|98|\+98|0098)(9[0-9]{9})").fullmatch


def is_mobile(number: str) -> bool:
    """Tell whether the gateway accepts a mobile number: `09...`, `989...`, `+989...` or `00989...`."""
    return _mobile(number) is not None


def local_form(number: str) -> str:
    """Return a mobile number as `09...`, so that all its spellings compare equal; any other number unchanged."""
    found = _mobile(number)
    return f"0{found[1]}" if found else number
