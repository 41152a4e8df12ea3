"""A "no" is only said where every name that sounds like the feature was read."""

from __future__ import annotations

from tests.peers.claims import FEATURES, PRESENT, sounding_like, verdict
from tests.peers.facts import public_names
from tests.peers.job import Facts
from tests.peers.peers import OURS, PEERS


def about(peer: str, *names: str) -> str:
    """Tell whether a peer with these names counts parts."""
    return verdict("parts", peer, Facts("1", typed=False, names=len(names), found=sounding_like(names)), OURS)


def test_a_peer_without_such_names_has_it_not() -> None:
    """But only if it has names at all."""
    assert about("kavenegar", "sms_send", "party", "department") == "no"
    assert about("kavenegar") == "–"


def test_a_name_that_was_read_is_no_hindrance() -> None:
    """A new one is: the page must not say more than was looked at."""
    assert about("twilio", "insights_segments") == "no"
    assert about("twilio", "insights_segments", "count_segments") == "–"
    assert about("kavenegar", "insights_segments") == "–"


def test_this_project_has_to_show_its_names_too() -> None:
    """Without them it is not verified either."""
    assert about(OURS, "count_parts", "send") == "`count_parts`"
    assert about(OURS, "send") == "–"


def test_what_is_there_is_told_by_its_names() -> None:
    """All of them have to be there; of a peer that is not listed nothing is said."""
    facts = Facts("1", typed=False, names=2, found=sounding_like(["sms_sendarray", "sms_send"]))
    assert verdict("many texts in one call", "kavenegar", facts, OURS) == "`sms_sendarray`"
    assert verdict("many texts in one call", "smsir-sdk", facts, OURS) == "–"
    assert verdict("many texts in one call", "twilio", facts, OURS) == "–"


def test_claims_are_made_of_known_peers() -> None:
    """A name with a slip would silently say nothing."""
    named = {peer for feature in FEATURES.values() for peer in feature.judged}
    named |= {peer for peers in PRESENT.values() for peer in peers}
    assert named <= set(PEERS)


def test_public_names_are_those_of_functions_methods_and_classes() -> None:
    """What begins with an underscore is nobody's business."""
    source = "class A:\n    async def b(self): ...\n    def _c(self): ...\ndef d(): ...\ne = 1\n"
    assert sorted(public_names(source)) == ["A", "b", "d"]
