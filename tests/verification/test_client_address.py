"""The address of a caller behind proxies."""

from __future__ import annotations

from typing import Any

import pytest

from wikipayam_async import ConfigurationError
from wikipayam_async.verification.client_address import client_address

PROXY, CALLER, FORGED = "10.0.0.1", "203.0.113.7", "198.51.100.1"


@pytest.mark.parametrize(
    ("peer", "headers", "hops", "expected"),
    [
        (CALLER, (), 0, CALLER),
        (CALLER, (FORGED,), 0, CALLER),
        (PROXY, (CALLER,), 1, CALLER),
        (PROXY, (f"{FORGED}, {CALLER}",), 1, CALLER),
        (PROXY, (FORGED, CALLER), 1, CALLER),
        (PROXY, (f"{FORGED},{CALLER} , 10.0.0.2",), 2, CALLER),
        (CALLER, (FORGED,), 2, CALLER),
        (CALLER, (), 1, CALLER),
        (PROXY, ("unknown",), 1, PROXY),
        (PROXY, ("",), 1, PROXY),
        (None, (CALLER,), 1, CALLER),
        (None, (CALLER,), 0, None),
        (None, ("unknown",), 1, None),
        ("testclient", (), 0, None),
    ],
)
def test_only_entries_of_trusted_proxies_are_read(
    peer: str | None, headers: tuple[str, ...], hops: int, expected: str | None
) -> None:
    """What a caller wrote before them is ignored, and without proxies the header is."""
    assert client_address(peer, headers, trusted_hops=hops) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("203.0.113.7:4711", CALLER),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("::ffff:203.0.113.7", CALLER),
        ("fe80::7%eth0", "fe80::7"),
        ("203.0.113.7.evil", PROXY),
        ("[", PROXY),
    ],
)
def test_an_address_has_one_form(entry: str, expected: str) -> None:
    """Without a port and a zone, so that each caller has one budget."""
    assert client_address(PROXY, [entry], trusted_hops=1) == expected


@pytest.mark.parametrize("hops", [-1, True, "1", None, 1.0])
def test_the_number_of_proxies_is_a_number(hops: Any) -> None:
    """0 or more."""
    with pytest.raises(ConfigurationError, match="trusted_hops: expected the number of your proxies"):
        client_address(PROXY, trusted_hops=hops)
