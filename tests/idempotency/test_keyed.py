"""What a record of a key means for a message under the same key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from wikipayam_async import SendStatus, SmsMessage, UnknownOutcomeError
from wikipayam_async.idempotency import IdempotencyRecord, MemoryIdempotencyStore
from wikipayam_async.idempotency.keyed import Standing, standing_of
from wikipayam_async.idempotency.messages import keyed_sms
from wikipayam_async.idempotency.process import process_name
from wikipayam_async.messages.payload import prepare_sms
from wikipayam_async.messages.track_ids import TrackIds

NOW = datetime(2026, 3, 21, tzinfo=UTC)
MESSAGE = SmsMessage("09123456789", "text", track_id="t-1")
KEYED = keyed_sms("k", MESSAGE, prepare_sms(MESSAGE, sender="1", track_ids=TrackIds(), normalize=True))
RECORD = IdempotencyRecord(
    key="k",
    kind="sms",
    digest=KEYED.digest(b""),
    claim_id="c",
    owner=process_name(),
    track_id="t-0",
    status=None,
    outcome="",
    lease_left=5.0,
    claimed_at=NOW,
    expires_at=NOW,
)


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({}, Standing.IN_FLIGHT),
        ({"owner": "another machine/1/2"}, Standing.IN_FLIGHT),
        ({"owner": process_name().rpartition("/")[0] + "/1"}, Standing.LOST),
        ({"lease_left": 0.0}, Standing.LOST),
        ({"status": SendStatus.ACCEPTED, "lease_left": -9.0}, Standing.KNOWN),
        ({"status": SendStatus.REJECTED}, Standing.KNOWN),
        ({"status": SendStatus.UNKNOWN}, Standing.KNOWN),
        ({"status": SendStatus.NOT_ATTEMPTED}, Standing.FREE),
        ({"status": SendStatus.NOT_ATTEMPTED, "digest": "e"}, Standing.CONFLICT),
        ({"kind": "otp"}, Standing.CONFLICT),
    ],
)
def test_a_record_has_one_meaning(changes: dict[str, Any], standing: Standing) -> None:
    """A claim without an outcome is never free, whoever made it and however long ago."""
    assert standing_of(evolve(RECORD, **changes), "sms", RECORD.digest) is standing


@pytest.mark.parametrize("status", [SendStatus.ACCEPTED, SendStatus.REJECTED])
def test_an_outcome_that_cannot_be_read_is_unknown(status: SendStatus) -> None:
    """As one of a later version: nothing may be sent, and nobody can say what was answered."""
    with pytest.raises(UnknownOutcomeError) as caught:
        KEYED.answer(evolve(RECORD, status=status, outcome='{"new": 1}'), Standing.KNOWN)
    assert caught.value.track_ids == ("t-0",)


def test_a_lost_claim_names_its_track_id() -> None:
    """If the service has one."""
    text = (
        "sms.send: not sent again: an earlier call with the idempotency key k ended before it wrote an outcome, so the "
    )
    text += "gateway may have accepted this message. Do not resend blindly: look in the panel first, by receiver, text and time, or by track id if it shows one"
    assert str(KEYED.unknown(RECORD, Standing.LOST)) == f"{text} (t-0)"
    assert str(KEYED.unknown(evolve(RECORD, track_id=None), Standing.LOST)) == text


def test_a_lease_is_longer_than_an_attempt() -> None:
    """By the time in which an outcome is written."""
    claim = KEYED.claim(MemoryIdempotencyStore(), 10.0)
    assert (claim.lease, claim.keep, claim.owner, claim.track_id) == (15.0, 604_800.0, process_name(), "t-1")
