"""Features, and the public names that show them. Pure.

A "no" requires that no public name matches the feature, except names that were read and found unrelated. If a release
has another matching name, the page says that the feature was not verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from attrs import field, frozen

from tests.peers.job import Facts

__all__ = ["ABSENT", "FEATURES", "NOT_VERIFIED", "PRESENT", "Feature", "matching_names", "verdict"]

NOT_VERIFIED = "–"


@frozen
class Feature:
    """A feature of a distribution.

    Attributes:
        title: The name on the page.
        pattern: A pattern of public names that would show it.
        ours: This project's names for it.
        unrelated: By peer, matching names that were read and found unrelated.
    """

    title: str
    pattern: str
    ours: tuple[str, ...]
    unrelated: Mapping[str, tuple[str, ...]] = field(factory=dict)


FEATURES: Mapping[str, Feature] = {
    "parts": Feature(
        "counts the parts of a text",
        r"(^|_)(parts?|segments?)(_|$)|Parts?$|Segments?$|gsm_?7|ucs_?2|septet",
        ("count_parts",),
        {
            "twilio": ("insights_segments",),  # recordings of calls
            "telnyx": ("DataPayloadCostPart", "Segment"),  # the price of a call, and a piece of a transcript
        },
    ),
    "waiting": Feature(
        "waits for the delivery",
        r"^(wait|poll|await)|wait_(for|until)|_until_|until_done",
        ("wait_for_delivery",),
        {"vonage": ("Wait",)},  # a pause in a call's script
    ),
    "double": Feature(
        "ships a fake for tests",
        r"fake|mock|stub|emulat|sandbox|testing|test_(client|double)",
        ("Emulator",),
        {
            "smsir-python": ("fake_response",),  # its result without a response
            "telnyx": (
                "AgentTestingConfiguration",  # registering an RCS sender; the others concern calls
                "AgentTestingConfigurationParam",
                "CallDeepfakeDetectionErrorWebhookEvent",
                "CallDeepfakeDetectionResultWebhookEvent",
                "DeepfakeDetection",
            ),
        },
    ),
}

PRESENT: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "many texts in one call": {
        "wikipayam_async": ("send_many", "send_bulk", "bulk"),
        "aio-kavenegar": ("sms_sendarray",),
        "kavenegar": ("sms_sendarray",),
        "melipayamak": ("send_multiple_sms",),
        "farazsms": ("send_variable",),
        "smsir-sdk": ("LikeToLikeSend",),
        "smsir-python": ("send_like_to_like",),
        "ghasedak-sms": ("send_pair_to_pair_sms",),
    },
    "inbound messages": {
        "wikipayam_async": ("list", "consume", "worker"),
        "aio-kavenegar": ("sms_receive",),
        "kavenegar": ("sms_receive",),
        "melipayamak": ("get_messages",),
        "farazsms": ("inbox",),
        "ippanel": ("fetch_inbox",),
        "smsir-sdk": ("LatestReceive", "LiveReceive", "ArchiveReceive"),
        "smsir-python": ("report_latest_received", "report_today_received", "report_archived_received"),
        "ghasedak-sms": ("get_received_smses",),
        "twilio": ("RequestValidator",),
        "vonage": ("verify_signature",),
        "telnyx": ("unwrap",),
    },
}
"""The names of a feature by peer. Peers that are not listed were not verified."""


def matching_names(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the public names that match each feature."""
    available = set(names)
    found = {
        key: sorted(name for name in available if re.search(feature.pattern, name, re.IGNORECASE))
        for key, feature in FEATURES.items()
    }
    wanted = {key: {name for there in peers.values() for name in there} for key, peers in PRESENT.items()}
    return found | {key: sorted(available & names) for key, names in wanted.items()}


ABSENT = "no"


def verdict(key: str, peer: str, facts: Facts, ours: str) -> str:
    """Return a peer's names for a feature, `no`, or the mark for not verified."""
    found = facts.found.get(key, ())
    if key in PRESENT or peer == ours:
        wanted = FEATURES[key].ours if key in FEATURES else PRESENT[key].get(peer, ())
        return ", ".join(f"`{name}`" for name in wanted) if wanted and set(wanted) <= set(found) else NOT_VERIFIED
    if not facts.names or set(found) - set(FEATURES[key].unrelated.get(peer, ())):
        return NOT_VERIFIED
    return ABSENT
