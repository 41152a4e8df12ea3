"""Campaigns on many machines: a journal in PostgreSQL, and workers, with procrastinate. Needs the extra `distributed`."""

from __future__ import annotations

try:
    import procrastinate  # noqa: F401 - whether it is there
    import psycopg  # noqa: F401 - as above
except ImportError as missing:
    raise ImportError(
        "wikipayam_async.integrations.procrastinate needs procrastinate: pip install 'wikipayam_async[distributed]'"
    ) from missing

from wikipayam_async.integrations.procrastinate.journal import PostgresJournal
from wikipayam_async.integrations.procrastinate.presence import WorkerInfo
from wikipayam_async.integrations.procrastinate.schema import SCHEMA_VERSION, SchemaState, migrate, read_schema
from wikipayam_async.integrations.procrastinate.tasks import campaign_tasks
from wikipayam_async.integrations.procrastinate.worker import CampaignWorker, list_workers
from wikipayam_async.publish import publish

__all__ = [
    "SCHEMA_VERSION",
    "CampaignWorker",
    "PostgresJournal",
    "SchemaState",
    "WorkerInfo",
    "campaign_tasks",
    "list_workers",
    "migrate",
    "read_schema",
]

publish(__name__, [name for name in __all__ if name != "SCHEMA_VERSION"], globals())
