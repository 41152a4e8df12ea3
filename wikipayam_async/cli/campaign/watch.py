"""Watches a campaign that other processes send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic

import anyio

from wikipayam_async.campaigns.errors import DatabaseAwayError
from wikipayam_async.campaigns.models import CampaignProgress, CampaignStatus
from wikipayam_async.cli.campaign.dashboard import Snapshot, dashboard
from wikipayam_async.cli.campaign.offline import OpenCampaign
from wikipayam_async.cli.campaign.report import described_progress

__all__ = ["watch_campaign"]

_POLL_SECONDS = 1.0
_ENDED = {CampaignStatus.COMPLETED, CampaignStatus.CANCELED}


async def watch_campaign(
    found: OpenCampaign,
    *,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    clock: Callable[[], float] = monotonic,
) -> None:
    """Show a campaign and its workers until it is completed or canceled. A paused one may be resumed, so it is shown, too.

    A database that goes away is waited for. With `--json` there is a line of JSON for each change.

    Args:
        found: The campaign.
        sleep: Waits between two looks.
        clock: A monotonic clock, in seconds.
    """
    before: CampaignProgress | None = None
    is_away = False
    with dashboard(found.out, clock) as board:
        while True:
            try:
                now, workers = await found.campaign.progress(), await found.location.workers()
            except DatabaseAwayError as error:
                if not is_away:
                    board.say(str(error))
                is_away = True
            else:
                is_away = False
                board.show(Snapshot({str(found.location): now}, workers))
                if now.status in _ENDED:
                    return  # the command itself shows the last state
                if now != before:
                    found.out.emit({**described_progress(str(found.location), now), "workers": workers})
                before = now
            if found.out.closed:
                return
            await sleep(_POLL_SECONDS)
