"""The login codes, on a clock of their own."""

from __future__ import annotations

import pytest

from shop.codes import Codes, TooSoonError
from wikipayam_async.testing import ManualClock

MOBILE = "09123456789"


@pytest.fixture
def clock() -> ManualClock:
    """A clock that moves when told to."""
    return ManualClock()


@pytest.fixture
def codes(clock: ManualClock) -> Codes:
    """Codes that are good for two minutes, one a minute, three tries."""
    return Codes(lifetime=120, tries=3, pause=60, clock=clock)


def wrong(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_code_is_good_once(codes: Codes) -> None:
    """Whoever reads it over a shoulder comes too late."""
    code = codes.issue(MOBILE)
    assert len(code) == 6
    assert [codes.check(MOBILE, code), codes.check(MOBILE, code)] == [True, False]


@pytest.mark.parametrize("digits", ["۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩"])
def test_a_code_may_be_typed_in_any_digits(codes: Codes, digits: str) -> None:
    """Persian and Arabic keyboards write other digits, and people put spaces between them."""
    code = codes.issue(MOBILE).translate({ord(str(value)): digit for value, digit in enumerate(digits)})
    assert codes.check(MOBILE, f"{code[:3]} {code[3:]}")


def test_a_code_is_good_for_its_own_mobile_alone(codes: Codes) -> None:
    """Nobody logs in as another."""
    codes.issue("09350000000")
    assert not codes.check("09350000000", codes.issue(MOBILE) + "0")
    assert not codes.check("09190000000", "123456")


def test_tries_are_limited(codes: Codes) -> None:
    """After three wrong codes the right one does not help, nor does asking for another before the pause is over."""
    code = codes.issue(MOBILE)
    assert [codes.check(MOBILE, wrong(code)) for _ in range(3)] == [False] * 3
    assert not codes.check(MOBILE, code)
    with pytest.raises(TooSoonError):
        codes.issue(MOBILE)


def test_a_code_expires(codes: Codes, clock: ManualClock) -> None:
    """It is good for its lifetime, to the second."""
    code = codes.issue(MOBILE)
    clock.advance(120)
    assert not codes.check(MOBILE, code)


def test_another_code_may_be_had_after_the_pause(codes: Codes, clock: ManualClock) -> None:
    """The pause is told; the older code is good no more."""
    first = codes.issue(MOBILE)
    clock.advance(59.5)
    with pytest.raises(TooSoonError) as caught:
        codes.issue(MOBILE)
    assert caught.value.retry_after == 1
    clock.advance(0.5)
    second = codes.issue(MOBILE)
    assert [codes.check(MOBILE, code) for code in (first, second)] == [first == second, True]


def test_what_is_of_no_use_any_more_is_not_kept(codes: Codes, clock: ManualClock) -> None:
    """Memory holds the codes of two minutes, however many mobiles come by."""
    for number in range(100):
        codes.issue(f"0912{number:07}")
        clock.advance(10)
    assert len(codes._issued) == 12
