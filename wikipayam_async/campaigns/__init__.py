"""Campaigns: bulk sends that outlive their process. Planned once, run as often as it takes, nothing sent twice."""

from wikipayam_async.bulk.hours import SendingHours
from wikipayam_async.campaigns.campaign import Campaign
from wikipayam_async.campaigns.errors import (
    CampaignError,
    JournalBusyError,
    JournalError,
    JournalWriteError,
    PlanChangedError,
)
from wikipayam_async.campaigns.journal import (
    Counts,
    Journal,
    PlanBlock,
    Resolution,
    StopRequest,
    StoredChunk,
    StoredMessage,
    StoredOutcome,
)
from wikipayam_async.campaigns.memory import MemoryJournal
from wikipayam_async.campaigns.models import (
    AuditEntry,
    CampaignDelivery,
    CampaignMessage,
    CampaignPlan,
    CampaignProgress,
    CampaignReport,
    CampaignResult,
    CampaignStatus,
    Decision,
    PlanProgress,
)
from wikipayam_async.campaigns.rules import SpendingLimit
from wikipayam_async.campaigns.sqlite.journal import SQLiteJournal
from wikipayam_async.core.events import CampaignProgressed
from wikipayam_async.publish import publish
from wikipayam_async.pydantic_schema import add_schema

__all__ = [
    "AuditEntry",
    "Campaign",
    "CampaignDelivery",
    "CampaignError",
    "CampaignMessage",
    "CampaignPlan",
    "CampaignProgress",
    "CampaignProgressed",
    "CampaignReport",
    "CampaignResult",
    "CampaignStatus",
    "Counts",
    "Decision",
    "Journal",
    "JournalBusyError",
    "JournalError",
    "JournalWriteError",
    "MemoryJournal",
    "PlanBlock",
    "PlanChangedError",
    "PlanProgress",
    "Resolution",
    "SQLiteJournal",
    "SendingHours",
    "SpendingLimit",
    "StopRequest",
    "StoredChunk",
    "StoredMessage",
    "StoredOutcome",
]

publish(__name__, [name for name in __all__ if name != "SendingHours"], globals())  # that one is the package's
for _model in (AuditEntry, CampaignDelivery, CampaignPlan, CampaignProgress, CampaignReport, CampaignResult):
    add_schema(_model)
