"""Who is played to, and what is known of each before. Pure."""

from __future__ import annotations

from attrs import frozen

from tests.peers.answers import ANSWERS
from tests.peers.events import Event

__all__ = ["OURS", "PEERS", "VARIANTS", "Peer", "concerns"]

OURS = "wikipayam_async"


@frozen
class Peer:
    """A peer.

    Attributes:
        name: Its name on PyPI.
        package: What is imported.
        is_async: Whether the interface that is played to is asynchronous.
        speaks_tls: Whether its addresses can only be HTTPS.
        has_timeout: Whether a time-out can be set by its public interface.
        of: The peer whose answers and names it shares, if this is one with a setting changed.
        base_of: How the base URL was pointed at the loopback.
    """

    name: str
    package: str
    is_async: bool
    speaks_tls: bool
    has_timeout: bool
    base_of: str
    of: str = ""

    @property
    def distribution(self) -> str:
        """The name on PyPI."""
        return self.of or self.name


_ALL = [
    Peer(OURS, "wikipayam_async", is_async=True, speaks_tls=False, has_timeout=True, base_of="`base_url`"),
    Peer(
        "aio-kavenegar", "aio_kavenegar", is_async=True, speaks_tls=True, has_timeout=True, base_of="attribute `host`"
    ),
    Peer("kavenegar", "kavenegar", is_async=False, speaks_tls=True, has_timeout=False, base_of="attribute `host`"),
    Peer("melipayamak", "melipayamak", is_async=True, speaks_tls=False, has_timeout=False, base_of="attribute `PATH`"),
    Peer("farazsms", "farazsms", is_async=False, speaks_tls=False, has_timeout=False, base_of="`base_url`"),
    Peer("ippanel", "ippanel", is_async=False, speaks_tls=False, has_timeout=True, base_of="its `HTTPClient`"),
    Peer("smsir-sdk", "smsir", is_async=True, speaks_tls=False, has_timeout=True, base_of="`base_url`"),
    Peer("smsir-python", "sms_ir", is_async=False, speaks_tls=False, has_timeout=False, base_of="attribute `ENDPOINT`"),
    Peer("ghasedak-sms", "ghasedak_sms", is_async=False, speaks_tls=True, has_timeout=False, base_of="`base`"),
    Peer("twilio", "twilio", is_async=True, speaks_tls=False, has_timeout=True, base_of="attribute `api.base_url`"),
    Peer("vonage", "vonage_sms", is_async=False, speaks_tls=True, has_timeout=True, base_of="`rest_host`"),
    Peer("telnyx", "telnyx", is_async=True, speaks_tls=False, has_timeout=True, base_of="`base_url`"),
]
PEERS = {peer.name: peer for peer in _ALL}

_CHANGED = [
    Peer("twilio, max_retries=3", "twilio", is_async=True, speaks_tls=False, has_timeout=True, base_of="", of="twilio"),
    Peer("vonage, max_retries=0", "vonage_sms", is_async=False, speaks_tls=True, has_timeout=True, base_of="", of="vonage"),
    Peer("vonage, pool_maxsize=1", "vonage_sms", is_async=False, speaks_tls=True, has_timeout=True, base_of="", of="vonage"),
    Peer("telnyx, max_retries=0", "telnyx", is_async=True, speaks_tls=False, has_timeout=True, base_of="", of="telnyx"),
]  # fmt: skip
VARIANTS = {peer.name: peer for peer in _CHANGED}
"""Peers once more with the setting that decides about repeated posts; played only what is about these."""

_OF_VARIANTS = ("disconnected", "500", "502", "503", "too late")


def concerns(event: Event, peer: Peer) -> bool:
    """Tell whether an event can be played to a peer."""
    known = ANSWERS[peer.distribution]
    if peer.of and event.name not in _OF_VARIANTS:
        return False
    if event.name == "401 in its own envelope" and known.refused is None:
        return False
    if event.name == "unknown status" and known.unknown is None:
        return False
    if event.name == "too late" and not peer.has_timeout:
        return False  # the silence tells the same
    return peer.is_async or not event.only_async
