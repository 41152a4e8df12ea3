from __future__ import annotations

import logging

import pytest

from tests.verification.stage import VICTIM, Stage
from wikipayam_async.testing import Fault, When
from wikipayam_async.verification import VerificationEvent, VerificationLimitError, VerificationLimits

pytestmark = pytest.mark.anyio


async def test_the_log_tells_what_happened(caplog: pytest.LogCaptureFixture) -> None:
    """Failures and budgets are warnings; there is no code, no number and no whole id in it."""
    stage = Stage()
    verifier = stage.verifier(limits=VerificationLimits(account_sends_per_hour=2))
    with caplog.at_level(logging.INFO, "wikipayam_async"):
        challenge = await verifier.start(VICTIM, purpose="login")
        with pytest.raises(VerificationLimitError):
            await verifier.start(VICTIM, purpose="login")
        await verifier.check(challenge.id, "1", purpose="login")
        await verifier.check("0" * 32, "1", purpose="login")
        stage.emulator.faults.arm(Fault.reset(when=When.AFTER), on="POST /otp/sms/send")
        await verifier.start("09120000001", purpose="login")
        with pytest.raises(VerificationLimitError):
            await verifier.start("09120000002", purpose="login")
    lines = [(one.levelname, one.getMessage()) for one in caplog.records if "verification" in one.getMessage()]
    short = challenge.id[:8]
    assert lines[:4] == [
        ("INFO", f"verification, challenge {short} (login): sms message 1: accepted"),
        ("INFO", "verification, challenge (none) (login): limit by purpose reached, for 30 s"),
        ("INFO", f"verification, challenge {short} (login): code wrong, 4 left"),
        ("INFO", "verification, challenge (none) (login): code not_found, 0 left"),
    ]
    assert [(level, text.partition(": ")[2]) for level, text in lines[4:]] == [
        ("WARNING", "sms message 1: unknown (UnknownOutcomeError)"),
        ("WARNING", "limit by account reached, for 3600 s"),
    ]
    assert VICTIM not in caplog.text


async def test_a_fault_of_the_hook_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged by its type."""

    def hook(event: VerificationEvent) -> None:
        raise ValueError(event.subject.receiver)

    stage = Stage()
    challenge = await stage.verifier(on_event=hook).start(VICTIM, purpose="login")
    assert await stage.verifier(on_event=None).check(challenge.id, stage.code(), purpose="login")
    assert "on_event raised ValueError for CodeSent; the call continues" in caplog.text
