"""Types for annotations: unions that arguments take, callables that are passed, and results with no other public home."""

from wikipayam_async.batching.outbox import OnOutcome
from wikipayam_async.bulk.hooks import BeforeSend
from wikipayam_async.bulk.options import BulkProgress, OnProgress
from wikipayam_async.bulk.screening import Dedupe, OptOut, OptOutPredicate
from wikipayam_async.bulk.source import Messages
from wikipayam_async.core.converter import JsonValue
from wikipayam_async.core.events import EventHook
from wikipayam_async.core.lanes import Connections
from wikipayam_async.cost.estimate import CostEstimate  # noqa: F401 - as below
from wikipayam_async.dates import DateLike
from wikipayam_async.messages.columns import Receivers
from wikipayam_async.outcomes import AnyMessage, HasId, Ids
from wikipayam_async.services.account import (
    Balance,  # noqa: F401 - for the annotations of `CostCheck`
    CostCheck,
)
from wikipayam_async.services.raw import RawResponse
from wikipayam_async.services.receives.consumer import MessageErrorHandler, MessageHandler
from wikipayam_async.services.receives.queries import ReadStatus, SortBy, SortOrder

__all__ = [
    "AnyMessage",
    "BeforeSend",
    "BulkProgress",
    "Connections",
    "CostCheck",
    "DateLike",
    "Dedupe",
    "EventHook",
    "HasId",
    "Ids",
    "JsonValue",
    "MessageErrorHandler",
    "MessageHandler",
    "Messages",
    "OnOutcome",
    "OnProgress",
    "OptOut",
    "OptOutPredicate",
    "RawResponse",
    "ReadStatus",
    "Receivers",
    "SortBy",
    "SortOrder",
]
