from __future__ import annotations

from wikipayam_async.templates.values import BrokenValue, ShownValue


def test_values_are_not_shown() -> None:
    """The text of a cell is personal data; the reason of a broken one is not."""
    assert repr(ShownValue("0912", 912)) == "ShownValue(text=<4 characters>)"
    assert repr(BrokenValue("the error #N/A")) == "BrokenValue(reason='the error #N/A')"
