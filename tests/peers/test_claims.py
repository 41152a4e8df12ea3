"""The claims about features."""

from __future__ import annotations

from tests.peers.claims import FEATURES, PRESENT, matching_names, verdict
from tests.peers.facts import public_names
from tests.peers.job import Facts
from tests.peers.peers import OURS, PEERS


def parts_verdict(peer: str, *names: str) -> str:
    """Return the verdict on counting parts for a peer with these names."""
    return verdict("parts", peer, Facts("1", typed=False, names=len(names), found=matching_names(names)), OURS)


def test_a_peer_without_matching_names_lacks_the_feature() -> None:
    """The verdict is `no`, but only for a peer with any names."""
    assert parts_verdict("kavenegar", "sms_send", "party", "department") == "no"
    assert parts_verdict("kavenegar") == "–"


def test_unrelated_names_are_ignored() -> None:
    """A new matching name makes the feature not verified."""
    assert parts_verdict("twilio", "insights_segments") == "no"
    assert parts_verdict("twilio", "insights_segments", "count_segments") == "–"
    assert parts_verdict("kavenegar", "insights_segments") == "–"


def test_this_project_is_verified_by_its_names() -> None:
    """Without them its feature is not verified either."""
    assert parts_verdict(OURS, "count_parts", "send") == "`count_parts`"
    assert parts_verdict(OURS, "send") == "–"


def test_a_present_feature_is_shown_by_its_names() -> None:
    """All listed names must exist; a peer that is not listed is not verified."""
    facts = Facts("1", typed=False, names=2, found=matching_names(["sms_sendarray", "sms_send"]))
    assert verdict("many texts in one call", "kavenegar", facts, OURS) == "`sms_sendarray`"
    assert verdict("many texts in one call", "smsir-sdk", facts, OURS) == "–"
    assert verdict("many texts in one call", "twilio", facts, OURS) == "–"


def test_claims_name_known_peers() -> None:
    """Every peer in the claims exists."""
    named = {peer for feature in FEATURES.values() for peer in feature.unrelated}
    named |= {peer for peers in PRESENT.values() for peer in peers}
    assert named <= set(PEERS)


def test_public_names_are_those_of_functions_methods_and_classes() -> None:
    """Names that begin with an underscore are left out."""
    source = "class A:\n    async def b(self): ...\n    def _c(self): ...\ndef d(): ...\ne = 1\n"
    assert sorted(public_names(source)) == ["A", "b", "d"]
