"""What a record says about claims."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from wikipayam_async.idempotency import Claim, IdempotencyRecord
from wikipayam_async.outcomes import SendStatus

NOW = datetime(2026, 3, 21, tzinfo=UTC)
CLAIM = Claim(key="k", kind="sms", digest="d", claim_id="c", owner="o", track_id=None, lease=15.0, keep=60.0)
RECORD = IdempotencyRecord(
    key="k",
    kind="sms",
    digest="d",
    claim_id="another",
    owner="o",
    track_id=None,
    status=None,
    outcome="",
    lease_left=-1000.0,
    claimed_at=NOW,
    expires_at=NOW,
)


@pytest.mark.parametrize(
    ("changes", "yields"),
    [
        ({}, False),
        ({"claim_id": "c"}, True),
        ({"status": SendStatus.NOT_ATTEMPTED}, True),
        ({"status": SendStatus.NOT_ATTEMPTED, "digest": "e"}, False),
        ({"status": SendStatus.NOT_ATTEMPTED, "kind": "otp"}, False),
        ({"status": SendStatus.UNKNOWN}, False),
        ({"status": SendStatus.ACCEPTED}, False),
        ({"status": SendStatus.REJECTED}, False),
    ],
)
def test_a_record_yields_to_few_claims(changes: dict[str, Any], yields: bool) -> None:
    """To its own call, and to the same message if it was not attempted; never because its lease is over."""
    assert evolve(RECORD, **changes).yields_to(CLAIM) is yields


def test_representations_show_no_digest() -> None:
    """Nor what was answered."""
    assert "digest" not in repr(CLAIM) + repr(RECORD)
