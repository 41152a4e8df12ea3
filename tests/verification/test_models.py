from __future__ import annotations

from datetime import UTC, datetime

from pydantic import TypeAdapter

from wikipayam_async import SendStatus
from wikipayam_async.verification import Challenge, CheckResult, CheckStatus


def test_only_a_right_code_is_true() -> None:
    """A result is true, and `ok`, with one status alone."""
    results = {status: CheckResult(status=status) for status in CheckStatus}
    assert [status for status, result in results.items() if result] == [CheckStatus.OK]
    assert [status for status, result in results.items() if result.ok] == [CheckStatus.OK]


def test_the_receiver_is_masked() -> None:
    """The `repr` of a result can be logged."""
    assert "receiver=0912*****89," in repr(CheckResult(status=CheckStatus.OK, receiver="09123456789"))


def test_a_challenge_may_be_in_a_pydantic_model() -> None:
    """Routes of FastAPI return it as JSON, and it can be read back."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    challenge = Challenge(
        id="a" * 32,
        purpose="login",
        channel="sms",
        send_status=SendStatus.ACCEPTED,
        expires_at=now,
        resend_at=now,
        expires_in=120.0,
        resend_in=30.0,
        resends_left=2,
    )
    adapter = TypeAdapter(Challenge)
    written = adapter.dump_json(challenge)
    assert (adapter.validate_json(written), b'"send_status":"accepted"' in written) == (challenge, True)
