"""The peers and their properties. Pure."""

from __future__ import annotations

from attrs import frozen

from tests.peers.answers import ANSWERS
from tests.peers.events import Event

__all__ = ["OURS", "PEERS", "VARIANTS", "Peer", "applies"]

OURS = "wikipayam_async"


@frozen
class Peer:
    """A peer.

    Attributes:
        name: The name on PyPI.
        package: The package that is imported.
        is_async: Whether the tested interface is asynchronous.
        uses_tls: Whether it supports only HTTPS.
        has_timeout: Whether its public interface has a time-out setting.
        base_url: How its base URL was set to the loopback.
        variant_of: The peer of which this is a variant with a changed setting.
    """

    name: str
    package: str
    is_async: bool
    uses_tls: bool
    has_timeout: bool
    base_url: str
    variant_of: str = ""

    @property
    def distribution(self) -> str:
        """The name on PyPI."""
        return self.variant_of or self.name


_ALL = [
    Peer(OURS, "wikipayam_async", is_async=True, uses_tls=False, has_timeout=True, base_url="`base_url`"),
    Peer("aio-kavenegar", "aio_kavenegar", is_async=True, uses_tls=True, has_timeout=True, base_url="attribute `host`"),
    Peer("kavenegar", "kavenegar", is_async=False, uses_tls=True, has_timeout=False, base_url="attribute `host`"),
    Peer("melipayamak", "melipayamak", is_async=True, uses_tls=False, has_timeout=False, base_url="attribute `PATH`"),
    Peer("farazsms", "farazsms", is_async=False, uses_tls=False, has_timeout=False, base_url="`base_url`"),
    Peer("ippanel", "ippanel", is_async=False, uses_tls=False, has_timeout=True, base_url="its `HTTPClient`"),
    Peer("smsir-sdk", "smsir", is_async=True, uses_tls=False, has_timeout=True, base_url="`base_url`"),
    Peer("smsir-python", "sms_ir", is_async=False, uses_tls=False, has_timeout=False, base_url="attribute `ENDPOINT`"),
    Peer("ghasedak-sms", "ghasedak_sms", is_async=False, uses_tls=True, has_timeout=False, base_url="`base`"),
    Peer("twilio", "twilio", is_async=True, uses_tls=False, has_timeout=True, base_url="attribute `api.base_url`"),
    Peer("vonage", "vonage_sms", is_async=False, uses_tls=True, has_timeout=True, base_url="`rest_host`"),
    Peer("telnyx", "telnyx", is_async=True, uses_tls=False, has_timeout=True, base_url="`base_url`"),
]
PEERS = {peer.name: peer for peer in _ALL}

_VARIANTS = [
    Peer("twilio, max_retries=3", "twilio", is_async=True, uses_tls=False, has_timeout=True, base_url="", variant_of="twilio"),
    Peer("vonage, max_retries=0", "vonage_sms", is_async=False, uses_tls=True, has_timeout=True, base_url="", variant_of="vonage"),
    Peer("vonage, pool_maxsize=1", "vonage_sms", is_async=False, uses_tls=True, has_timeout=True, base_url="", variant_of="vonage"),
    Peer("telnyx, max_retries=0", "telnyx", is_async=True, uses_tls=False, has_timeout=True, base_url="", variant_of="telnyx"),
]  # fmt: skip
VARIANTS = {peer.name: peer for peer in _VARIANTS}
"""Peers with a changed setting for retries, run only with the events that concern retries."""

_VARIANT_EVENTS = ("disconnected", "500", "502", "503", "time-out")


def applies(event: Event, peer: Peer) -> bool:
    """Return whether an event applies to a peer."""
    known = ANSWERS[peer.distribution]
    if peer.variant_of and event.name not in _VARIANT_EVENTS:
        return False
    if event.name == "401 in its own envelope" and known.refused is None:
        return False
    if event.name == "unknown status" and known.unknown is None:
        return False
    if event.name == "time-out" and not peer.has_timeout:
        return False  # the event `silence` shows the same
    return peer.is_async or not event.only_async
