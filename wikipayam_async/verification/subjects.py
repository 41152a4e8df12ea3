"""Whom a code is for, and who asks for it: checks of the receiver, the purpose and the address."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable

from attrs import field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.numbers import is_mobile, normalize_receiver
from wikipayam_async.redact.masks import mask_number, mask_text, shape_of

__all__ = ["IRAN", "Subject", "check_destinations", "check_purpose", "make_subject", "network_of"]

IRAN = "IR"
"""The name of Iran as a destination."""

_PURPOSE = re.compile(r"[0-9A-Za-z_.:-]{1,64}")
_CALLING_CODE = re.compile(r"\+[1-9][0-9]{0,6}")
_FOREIGN = re.compile(r"\+[1-9][0-9]{7,14}")
_SEPARATORS = re.compile(r"[\s().-]")
_IPV6_NETWORK = 64
_LONGEST_ADDRESS = 64


@frozen(kw_only=True)
class Subject:
    """Whom a code is for, and who asks for it.

    Attributes:
        receiver: The number: `09123456789`, or `+97150…` abroad.
        purpose: What the code is for.
        destination: The country: `IR`, or the allowed calling code.
        ip: The address that asks, as the caller gave it; None if unknown.
        network: What the limit by address counts it as; None if unknown.
    """

    receiver: str = field(repr=mask_number)
    purpose: str
    destination: str
    ip: str | None = field(default=None, repr=mask_text)
    network: str | None = field(default=None, repr=mask_text)

    @property
    def abroad(self) -> bool:
        """Whether the number is not Iranian."""
        return self.destination != IRAN


@without_frames
def check_purpose(purpose: object) -> str:
    """Return a purpose: 1 to 64 letters, digits, `_`, `.`, `:` or `-`.

    Raises:
        InvalidInputError: It is not.
    """
    if not isinstance(purpose, str) or not _PURPOSE.fullmatch(purpose):
        rule = "expected 1 to 64 ASCII letters, digits, '_', '.', ':' or '-', such as login"
        raise InvalidInputError("purpose", rule=rule, got=shape_of(purpose))
    return str.__str__(purpose)


def check_destinations(destinations: Iterable[str]) -> tuple[str, ...]:
    """Return the allowed destinations: `IR`, and calling codes such as `+971`; the longest first.

    Raises:
        ConfigurationError: No destination is given, or one is neither `IR` nor a calling code.
    """
    allowed = () if isinstance(destinations, str) else tuple(destinations)
    if not allowed or not all(
        isinstance(one, str) and (one == IRAN or _CALLING_CODE.fullmatch(one)) for one in allowed
    ):
        raise ConfigurationError('destinations: expected "IR", and calling codes such as "+971", in a list')
    if any(one.startswith("+98") for one in allowed):
        raise ConfigurationError('destinations: write "IR" for Iran, not +98')
    return tuple(sorted(allowed, key=len, reverse=True))


@without_frames
def make_subject(receiver: str, *, purpose: str, ip: str | None, destinations: Collection[str]) -> Subject:
    """Return whom a code is for.

    Raises:
        InvalidInputError: The number, the purpose or the address is invalid, or the number's country is not allowed.
    """
    checked = check_purpose(purpose)
    network = None if ip is None else network_of(ip)
    if IRAN in destinations and is_mobile(receiver):
        local = normalize_receiver(receiver)
        return Subject(receiver=local, purpose=checked, destination=IRAN, ip=ip, network=network)
    number = _SEPARATORS.sub("", receiver) if isinstance(receiver, str) else ""
    number = "+" + number[2:] if number.startswith("00") else number
    if _FOREIGN.fullmatch(number) and not number.startswith("+98"):
        for destination in destinations:
            if number.startswith(destination):
                return Subject(receiver=number, purpose=checked, destination=destination, ip=ip, network=network)
        rule = f"expected a number of an allowed destination ({', '.join(sorted(destinations))})"
        raise InvalidInputError("receiver", rule=rule, got=shape_of(receiver))
    if IRAN in destinations:
        normalize_receiver(receiver)  # its error says what is wrong
    raise InvalidInputError("receiver", rule="expected a number of an allowed destination", got=shape_of(receiver))


def _is_short_text(ip: object) -> bool:
    """Return whether a store can keep it: the zone of an IPv6 address, after `%`, may be any text."""
    return isinstance(ip, str) and ip.isascii() and ip.isprintable() and len(ip) <= _LONGEST_ADDRESS


@without_frames
def network_of(ip: str) -> str:
    """Return the network that an address counts as: an IPv4 address, or the 64 bits of an IPv6 network.

    Raises:
        InvalidInputError: It is not an address.
    """
    try:
        address = ipaddress.ip_address(ip if _is_short_text(ip) else "")  # of a number it would be one, too
    except ValueError:
        rule = "expected an IPv4 or IPv6 address, such as 203.0.113.7, or None"
        raise InvalidInputError("ip", rule=rule, got=shape_of(ip)) from None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), _IPV6_NETWORK), strict=False))
