"""What a record of a key means for a message under the same key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from wikipayam_async import InsufficientBalanceError, SendStatus, SentMessage, SmsMessage, UnknownOutcomeError
from wikipayam_async.idempotency import (
    Claim,
    IdempotencyConflictError,
    IdempotencyRecord,
    InFlightError,
    MemoryIdempotencyStore,
)
from wikipayam_async.idempotency.keyed import Standing, standing_of
from wikipayam_async.idempotency.messages import keyed_sms
from wikipayam_async.idempotency.outcome import dump_error, dump_result
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
        ({"lease_left": 0.5}, Standing.IN_FLIGHT),
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


def test_a_claim_is_of_the_message_and_of_the_call() -> None:
    """Its digest has the secret of the store, and its lease is longer than an attempt by the time in which it is written."""
    store = MemoryIdempotencyStore(secret="s" * 16)
    assert KEYED.claim(store, 10.0) == Claim(
        key="k",
        kind="sms",
        digest=KEYED.digest(b"s" * 16),
        claim_id=KEYED.claim_id,
        owner=process_name(),
        track_id="t-1",
        lease=15.0,
        keep=604_800.0,
    )
    assert KEYED.digest(b"s" * 16) != KEYED.digest(b"")


def test_the_key_of_another_message_is_a_conflict() -> None:
    """Whatever became of that message."""
    with pytest.raises(IdempotencyConflictError) as caught:
        KEYED.answer(evolve(RECORD, kind="otp", status=SendStatus.ACCEPTED), Standing.CONFLICT)
    assert (caught.value.key, str(caught.value)) == (
        "k",
        (
            "sms.send: not sent: the idempotency key k was used for another message (another receiver, another text or another "
            "kind; that was a message of the kind otp). One key is for one message"
        ),
    )


def test_a_known_outcome_is_told_again() -> None:
    """A result is returned; the error of a refusal is raised, and says that it is an earlier call's."""
    accepted = dump_result(SentMessage("a", receiver="09123456789"), KEYED.receiver, KEYED.text)
    record = evolve(RECORD, status=SendStatus.ACCEPTED, outcome=accepted)
    assert KEYED.answer(record, Standing.KNOWN) == SentMessage("a", receiver="09123456789")
    refused = dump_error(InsufficientBalanceError("sms.send: 402 no", status_code=402))
    with pytest.raises(InsufficientBalanceError, match=r"^sms\.send: 402 no") as caught:
        KEYED.answer(evolve(RECORD, status=SendStatus.REJECTED, outcome=refused), Standing.KNOWN)
    assert caught.value.__notes__ == ["wikipayam_async: the outcome of an earlier call with the key k"]


@pytest.mark.parametrize(
    ("standing", "status", "ended"),
    [
        (Standing.KNOWN, SendStatus.UNKNOWN, "ended with an unknown outcome"),
        (Standing.LOST, None, "ended before it wrote an outcome"),
    ],
)
def test_an_unknown_outcome_stays_unknown(standing: Standing, status: SendStatus | None, ended: str) -> None:
    """The error holds the message as the caller passed it, and the track id that it was sent with."""
    with pytest.raises(UnknownOutcomeError, match=f"with the idempotency key k {ended}, so the gateway may") as caught:
        KEYED.answer(evolve(RECORD, status=status), standing)
    assert (caught.value.messages, caught.value.track_ids) == ((MESSAGE,), ("t-0",))


def test_a_call_that_waited_in_vain_names_the_other() -> None:
    """By its key and its track id."""
    error = KEYED.in_flight(RECORD, 2.04)
    assert isinstance(error, InFlightError)
    assert (error.key, error.track_id, str(error)) == (
        "k",
        "t-0",
        (
            "sms.send: not sent: another call with the idempotency key k is in progress, and had no outcome after 2.0 s. Call "
            "again with the same key later"
        ),
    )
