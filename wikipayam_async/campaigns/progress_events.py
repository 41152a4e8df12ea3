"""Tells the hook for events how far a campaign has got."""

from __future__ import annotations

import logging

from attrs import asdict

from wikipayam_async.campaigns.models import CampaignProgress, CampaignStatus, OnCampaignEvent
from wikipayam_async.core.events import CampaignProgressed

__all__ = ["emit_progress"]

logger = logging.getLogger("wikipayam_async")


def emit_progress(on_event: OnCampaignEvent | None, name: str, progress: CampaignProgress) -> None:
    """Call the hook, if there is one; what it raises is logged.

    Args:
        on_event: The hook.
        name: The name of the campaign.
        progress: How far it has got.
    """
    if on_event is None:
        return
    fields = asdict(progress)
    status: CampaignStatus = fields.pop("status")
    try:
        on_event(CampaignProgressed(name, status.value, **fields))
    except Exception as error:  # noqa: BLE001 - a fault of the hook must not change the campaign
        logger.error("on_event raised %s for CampaignProgressed; the campaign goes on", type(error).__name__)
