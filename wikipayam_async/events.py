"""The events that `on_event` receives."""

from wikipayam_async.core.events import AttemptFinished, AttemptStarted, CallFinished, Event, EventHook, RetryScheduled
from wikipayam_async.outcomes import Attempt, CallOutcome, MessageOutcome, Phase

__all__ = [
    "Attempt",
    "AttemptFinished",
    "AttemptStarted",
    "CallFinished",
    "CallOutcome",
    "Event",
    "EventHook",
    "MessageOutcome",
    "Phase",
    "RetryScheduled",
]
