from __future__ import annotations

from typing import Any

import pytest

from wikipayam_async import ConfigurationError, InvalidInputError
from wikipayam_async.verification.subjects import check_destinations, check_purpose, make_subject, network_of


@pytest.mark.parametrize("receiver", ["09123456789", "+98 912 345 6789", "۰۹۱۲۳۴۵۶۷۸۹", "00989123456789", "9123456789"])
def test_a_number_has_one_form(receiver: str) -> None:
    """However it is written, it counts as the same."""
    subject = make_subject(receiver, purpose="login", ip=None, destinations=("IR",))
    assert (subject.receiver, subject.destination, subject.abroad) == ("09123456789", "IR", False)


def test_allowed_countries_are_named() -> None:
    """The longest calling code counts; spaces do not."""
    allowed = check_destinations(["IR", "+97", "+971"])
    for receiver in ("+971 50 123-4567", "00971501234567"):
        subject = make_subject(receiver, purpose="login", ip=None, destinations=allowed)
        assert (subject.receiver, subject.destination, subject.abroad) == ("+971501234567", "+971", True)


@pytest.mark.parametrize(
    ("receiver", "destinations"),
    [
        ("+971501234567", ("IR",)),
        ("+12125550123", ("IR", "+971")),
        ("02112345678", ("IR",)),
        ("09123456789", ("+971",)),
        ("+989123456789", ("+971",)),
        ("+98123", ("IR",)),
        ("", ("IR",)),
        (None, ("IR",)),
        (None, ("+971",)),
    ],
)
def test_other_numbers_are_refused(receiver: object, destinations: tuple[str, ...]) -> None:
    """By the name of the argument, without the number."""
    with pytest.raises(InvalidInputError, match="receiver") as caught:
        make_subject(receiver, purpose="login", ip=None, destinations=destinations)  # type: ignore[arg-type]
    assert not receiver or str(receiver) not in str(caught.value)


@pytest.mark.parametrize("destinations", ["IR", [], ["98"], ["+98"], ["+989"], ["+0"], [5], ["ir"]])
def test_invalid_destinations_are_refused(destinations: list[str]) -> None:
    """A country is named `IR` or by its calling code."""
    with pytest.raises(ConfigurationError, match="destinations"):
        check_destinations(destinations)


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_an_address_counts_as_its_network(ip: str, network: str) -> None:
    """An IPv4 address alone, an IPv6 address with the 64 bits that a customer gets."""
    assert network_of(ip) == network
    assert make_subject("09123456789", purpose="p", ip=ip, destinations=("IR",)).network == network


@pytest.mark.parametrize(
    "ip",
    [
        *("unknown", "203.0.113.7, 10.0.0.1", "203.0.113.7:80", "", 5, b"\xcb\x00q\x07", True),
        *("fe80::1%\ud800", "fe80::1%a\0b", "fe80::1%" + "x" * 64),  # zones that a store may refuse
    ],
)
def test_what_is_no_address_is_refused(ip: Any) -> None:
    """A header of a proxy is not one, nor is a number."""
    with pytest.raises(InvalidInputError, match="ip"):
        make_subject("09123456789", purpose="login", ip=ip, destinations=("IR",))


@pytest.mark.parametrize("purpose", ["", "a b", "ورود", "x" * 65, None, "a/b"])
def test_an_invalid_purpose_is_refused(purpose: object) -> None:
    """It is a word of a program."""
    with pytest.raises(InvalidInputError, match="purpose"):
        check_purpose(purpose)


def test_no_address_has_no_network() -> None:
    """Then no limit counts by address."""
    assert make_subject("09123456789", purpose="login", ip=None, destinations=("IR",)).network is None
