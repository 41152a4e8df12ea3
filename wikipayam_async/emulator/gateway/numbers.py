"""Iranian mobile numbers: which are valid, and when two are the same."""

import re

_mobile = re.compile(r"(?:0|98|\+98|0098)(9[0-9]{9})").fullmatch


def is_mobile(number: str) -> bool:
    """Tell whether the gateway takes this for a mobile number.

    Args:
        number: A number in any of its spellings.

    Returns:
        True for ``09...``, ``989...``, ``+989...`` and ``00989...`` of the right length.
    """
    return _mobile(number) is not None


def local_form(number: str) -> str:
    """Bring a mobile number to its local spelling, so that two spellings compare equal.

    Args:
        number: A number in any of its spellings.

    Returns:
        ``09...`` for a mobile number; any other number as it came.
    """
    found = _mobile(number)
    return f"0{found[1]}" if found else number
