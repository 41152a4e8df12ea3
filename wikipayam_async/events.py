"""The events that `on_event` receives."""

from wikipayam_async.core.events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CampaignProgressed,
    Event,
    EventHook,
    RetryScheduled,
)
from wikipayam_async.outcomes import Attempt, CallOutcome, MessageOutcome, Phase
from wikipayam_async.publish import publish

__all__ = [
    "Attempt",
    "AttemptFinished",
    "AttemptStarted",
    "CallFinished",
    "CallOutcome",
    "CampaignProgressed",
    "Event",
    "EventHook",
    "MessageOutcome",
    "Phase",
    "RetryScheduled",
]

publish(__name__, ["CampaignProgressed"], globals())
