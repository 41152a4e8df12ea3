"""What is looked for in the peers' public names, and what was read there. Pure.

A "no" is only said where nothing sounds like the feature but names that were read and found to be something else; as
soon as a release has another such name, the page says that it was not verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from attrs import field, frozen

from tests.peers.job import Facts

__all__ = ["ABSENT", "FEATURES", "NOT_VERIFIED", "PRESENT", "Feature", "sounding_like", "verdict"]

NOT_VERIFIED = "–"


@frozen
class Feature:
    """Something a distribution may have.

    Attributes:
        title: What a reader calls it.
        pattern: What its public names would sound like.
        judged: By peer, names that sound like it and were read: they are something else.
        ours: The names by which this project has it.
    """

    title: str
    pattern: str
    ours: tuple[str, ...]
    judged: Mapping[str, tuple[str, ...]] = field(factory=dict)


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
        "ships a stand-in for tests",
        r"fake|mock|stub|emulat|sandbox|testing|test_(client|double)",
        ("Emulator",),
        {
            "smsir-python": ("fake_response",),  # what it returns where there was no answer
            "telnyx": (
                "AgentTestingConfiguration",  # of registering a sender of RCS; the others are about calls
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
"""What is there under which names; nothing is said about who is not listed."""


def sounding_like(names: Iterable[str]) -> dict[str, list[str]]:
    """Sort out the public names that concern a claim."""
    held = set(names)
    found = {
        key: sorted(name for name in held if re.search(feature.pattern, name, re.IGNORECASE))
        for key, feature in FEATURES.items()
    }
    wanted = {key: {name for there in peers.values() for name in there} for key, peers in PRESENT.items()}
    return found | {key: sorted(held & names) for key, names in wanted.items()}


ABSENT = "no"


def verdict(key: str, peer: str, facts: Facts, ours: str) -> str:
    """Tell whether a peer has a feature: the names that it has, `no`, or that this was not verified."""
    found = facts.found.get(key, ())
    if key in PRESENT or peer == ours:
        wanted = FEATURES[key].ours if key in FEATURES else PRESENT[key].get(peer, ())
        return ", ".join(f"`{name}`" for name in wanted) if wanted and set(wanted) <= set(found) else NOT_VERIFIED
    if not facts.names or set(found) - set(FEATURES[key].judged.get(peer, ())):
        return NOT_VERIFIED
    return ABSENT
