"""Login codes, with a manual clock."""

from __future__ import annotations

import pytest

from shop.codes import Codes, TooSoonError
from wikipayam_async.testing import ManualClock

MOBILE = "09123456789"


@pytest.fixture
def clock() -> ManualClock:
    """A manual clock."""
    return ManualClock()


@pytest.fixture
def codes(clock: ManualClock) -> Codes:
    """Codes valid for two minutes, one a minute, with three attempts."""
    return Codes(lifetime=120, max_attempts=3, interval=60, clock=clock)


def wrong(code: str) -> str:
    """Return a different code."""
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_code_is_valid_once(codes: Codes) -> None:
    """A used code is rejected."""
    code = codes.issue(MOBILE)
    assert len(code) == 6
    assert [codes.check(MOBILE, code), codes.check(MOBILE, code)] == [True, False]


@pytest.mark.parametrize("digits", ["۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩"])
def test_a_code_may_be_entered_in_any_digits(codes: Codes, digits: str) -> None:
    """Persian and Arabic digits, and spaces, are accepted."""
    code = codes.issue(MOBILE).translate({ord(str(value)): digit for value, digit in enumerate(digits)})
    assert codes.check(MOBILE, f"{code[:3]} {code[3:]}")


def test_a_code_is_valid_for_its_own_mobile_only(codes: Codes) -> None:
    """Another mobile's code and a code that was never issued are rejected."""
    codes.issue("09350000000")
    assert not codes.check("09350000000", codes.issue(MOBILE) + "0")
    assert not codes.check("09190000000", "123456")


def test_attempts_are_limited(codes: Codes) -> None:
    """After three wrong codes the right one is rejected, and no new one is issued before the interval is over."""
    code = codes.issue(MOBILE)
    assert [codes.check(MOBILE, wrong(code)) for _ in range(3)] == [False] * 3
    assert not codes.check(MOBILE, code)
    with pytest.raises(TooSoonError):
        codes.issue(MOBILE)


def test_a_code_expires(codes: Codes, clock: ManualClock) -> None:
    """A code is rejected once its lifetime is over."""
    code = codes.issue(MOBILE)
    clock.advance(120)
    assert not codes.check(MOBILE, code)


def test_a_new_code_is_issued_after_the_interval(codes: Codes, clock: ManualClock) -> None:
    """The error holds the remaining seconds, and the new code replaces the old one."""
    first = codes.issue(MOBILE)
    clock.advance(59.5)
    with pytest.raises(TooSoonError) as caught:
        codes.issue(MOBILE)
    assert caught.value.retry_after == 1
    clock.advance(0.5)
    second = codes.issue(MOBILE)
    assert [codes.check(MOBILE, code) for code in (first, second)] == [first == second, True]


def test_expired_codes_are_dropped(codes: Codes, clock: ManualClock) -> None:
    """Only the codes of the last two minutes are kept, however many mobiles ask."""
    for number in range(100):
        codes.issue(f"0912{number:07}")
        clock.advance(10)
    assert len(codes._issued) == 12
