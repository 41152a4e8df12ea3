"""The address of a caller, directly or behind proxies that are known. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.masks import shape_of

__all__ = ["check_trusted_hops", "client_address"]


def client_address(peer: str | None, forwarded_for: Iterable[str] = (), *, trusted_hops: int = 0) -> str | None:
    """Return the address of a caller, for the limits of a `Verifier`.

    Each proxy appends the address that it was called from to `X-Forwarded-For`. So with n proxies of your own the caller is
    the n-th entry from the end, and what stands before it is whatever the caller wrote. Without proxies the header is not
    read at all.

    Args:
        peer: The address at the other end of the connection; None for a Unix socket.
        forwarded_for: The values of the headers `X-Forwarded-For`, in their order.
        trusted_hops: The number of proxies of your own in front of the app, each of which appends to the header.

    Returns:
        The address. `peer` if the header has too few entries, which means that the request did not pass all the proxies,
        or if the entry is no address. None if neither is an address.

    Raises:
        ConfigurationError: `trusted_hops` is not a whole number of at least 0.
    """
    check_trusted_hops(trusted_hops)
    direct = _address_of(peer or "")
    if not trusted_hops:
        return direct
    entries = [entry for value in forwarded_for for entry in value.split(",")]
    if len(entries) < trusted_hops:
        return direct
    return _address_of(entries[-trusted_hops]) or direct


def check_trusted_hops(hops: object) -> int:
    """Return a number of proxies.

    Raises:
        ConfigurationError: It is not a whole number of at least 0.
    """
    if isinstance(hops, bool) or not isinstance(hops, int) or hops < 0:
        raise ConfigurationError(f"trusted_hops: expected the number of your proxies, 0 or more; got {shape_of(hops)}")
    return hops


def _address_of(text: str) -> str | None:
    """Return an address in its usual form, without a port; IPv4 within IPv6 as IPv4."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address)))  # without its zone
    return str(address)
