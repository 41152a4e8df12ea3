from __future__ import annotations

import pytest

from wikipayam_async.emulator.codes import code_in


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("کد شما: 123456", "123456"),
        ("کد شما: ۱۲۳۴۵۶", "123456"),
        ("123456 است. دوباره: 123456", "123456"),
        ("کد 9876\n\n@shop.example #9876", "9876"),
        ("order 1234567 is paid, code 7654321", None),
        ("سفارش 1234 رسید", None),
        ("تماس: 09123456789", None),
        ("سلام", None),
    ],
)
def test_the_code_of_a_text(text: str, code: str | None) -> None:
    """It is that of the autofill line, or the only number as long as a code."""
    assert code_in(text) == code
