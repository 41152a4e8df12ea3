"""Events of the progress of a campaign."""

from __future__ import annotations

import pytest

from wikipayam_async.campaigns import CampaignProgress, CampaignStatus
from wikipayam_async.campaigns.progress_events import emit_progress
from wikipayam_async.core.events import CampaignProgressed

PROGRESS = CampaignProgress(CampaignStatus.PAUSED, 6, 3, 0, 1, 0, 2, "paused")


def test_the_hook_gets_an_event() -> None:
    """With the name of the campaign and all counts; without a hook, nothing happens."""
    seen: list[CampaignProgressed] = []
    emit_progress(None, "eid", PROGRESS)
    emit_progress(seen.append, "eid", PROGRESS)
    assert seen == [
        CampaignProgressed(
            "eid", "paused", total=6, pending=3, sending=0, accepted=1, rejected=0, unknown=2, reason="paused"
        )
    ]


def test_a_hook_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It does not end the campaign."""

    def fail(_: CampaignProgressed) -> None:
        raise RuntimeError

    emit_progress(fail, "eid", PROGRESS)
    assert caplog.messages == ["on_event raised RuntimeError for CampaignProgressed; the campaign goes on"]
