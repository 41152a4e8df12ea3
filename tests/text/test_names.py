from __future__ import annotations

import pytest

from wikipayam_async.text.names import comparable_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("كد ملي", "کد ملی"),
        ("شماره‌ همراه", "شماره همراه"),
        ("شماره\u00a0همراه", "شماره همراه"),
        ("شماره\nهمراه", "شماره همراه"),
        ("شمارۀ همراه", "شماره همراه"),
        ("Mobile Number", "mobile_number"),
        ("ＭＯＢＩＬＥ", "mobile"),
        (" Mobile: ", "mobile"),
        ("آدرس", "ادرس"),
        ("تلفن ۱", "تلفن 1"),
        ("\ufeffmobile\u200f", "mobile"),
        ("ﻧﺎﻡ", "نام"),
    ],
)
def test_spellings_of_a_name_compare_equal(one: str, other: str) -> None:
    """People read them as the same name."""
    assert comparable_name(one) == comparable_name(other)


@pytest.mark.parametrize(("one", "other"), [("نام", "نام خانوادگی"), ("تلفن 1", "تلفن 2"), ("#", "%"), ("a", "")])
def test_other_names_differ(one: str, other: str) -> None:
    """A name of signs is compared by them."""
    assert comparable_name(one) != comparable_name(other)
