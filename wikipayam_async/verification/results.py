"""What a verifier returns and raises, made of what its store says. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from wikipayam_async.verification.errors import VerificationLimitError
from wikipayam_async.verification.limits import VerificationLimits
from wikipayam_async.verification.models import Challenge, CheckResult, CheckStatus
from wikipayam_async.verification.settings import VerifierSettings
from wikipayam_async.verification.store import ChallengeRecord, CheckOutcome, Refusal

__all__ = ["challenge_of", "limit_error", "result_of"]


def challenge_of(record: ChallengeRecord, settings: VerifierSettings, *, now: float) -> Challenge:
    """Return a challenge as its user may see it.

    Args:
        record: The challenge in the store.
        settings: The settings of the verifier.
        now: The time.
    """
    return Challenge(
        id=record.id,
        purpose=record.purpose,
        channel=settings.channels[record.channel].name,
        send_status=record.send_status,
        expires_at=datetime.fromtimestamp(record.expires_at, UTC),
        resend_at=datetime.fromtimestamp(record.resend_at, UTC),
        expires_in=max(record.expires_at - now, 0.0),
        resend_in=max(record.resend_at - now, 0.0),
        resends_left=max(settings.limits.sends_per_challenge - record.sends, 0),
    )


def result_of(record: ChallengeRecord | None, outcome: CheckOutcome, limits: VerificationLimits) -> CheckResult:
    """Return the result of a check. The receiver is told only to who has entered the right code.

    Args:
        record: The challenge before the check; None if there was none.
        outcome: What the store made of the entered code.
        limits: The limits of the verifier.
    """
    status = outcome.status
    if record is None:
        return CheckResult(status=status)
    left = record.max_tries - outcome.wrong if status is CheckStatus.WRONG else 0
    blocked = status is CheckStatus.LOCKED or (status is CheckStatus.WRONG and left == 0)
    return CheckResult(
        status=status,
        receiver=record.receiver if status is CheckStatus.OK else None,
        attempts_left=left,
        retry_after=limits.wait_after(outcome.wrong_in_a_row) if blocked else 0.0,
    )


def limit_error(what: str, refusal: Refusal) -> VerificationLimitError:
    """Return the error of a refusal.

    Args:
        what: The call, and that it sent nothing.
        refusal: The limit that is reached.
    """
    return VerificationLimitError(
        f"{what}, because the limit by {refusal.scope} is reached; try again in {refusal.retry_after:.0f} s",
        scope=refusal.scope,
        retry_after=refusal.retry_after,
    )
