"""The public names of `wikipayam_async`."""

from wikipayam_async.batching.batcher import Batcher
from wikipayam_async.batching.health import SendingHealth
from wikipayam_async.batching.outbox import Outbox
from wikipayam_async.bulk.hooks import OutgoingMessage
from wikipayam_async.bulk.hours import SendingHours
from wikipayam_async.bulk.interruption import report_from
from wikipayam_async.bulk.options import BulkProgress
from wikipayam_async.bulk.results import BulkError, BulkReport, BulkSourceError, BulkUnknownOutcomeError, SendResult
from wikipayam_async.bulk.runner import BulkRun
from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.core.events import AttemptFinished, AttemptStarted, CallFinished, Event, RetryScheduled
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.core.operation import Replay
from wikipayam_async.core.retry import RetryPolicy
from wikipayam_async.errors import (
    SAFE_TO_RETRY,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    BeforeSendError,
    ClosedError,
    ConfigurationError,
    InsufficientBalanceError,
    InvalidInputError,
    NotFoundError,
    OutboxFullError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    ServerError,
    SuppressedError,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.messages.models import OtpMessage, SentMessage, SmsMessage
from wikipayam_async.outcomes import Attempt, CallOutcome, MessageOutcome, Phase, SendStatus
from wikipayam_async.services.account import Balance
from wikipayam_async.services.holoo import HolooResult
from wikipayam_async.services.receives.health import WorkerHealth
from wikipayam_async.services.receives.models import (
    DeleteResult,
    MarkReadResult,
    Pagination,
    ReceivedMessage,
    ReceivesPage,
    Statistics,
    UnreadPage,
)
from wikipayam_async.services.receives.worker import InboundWorker
from wikipayam_async.services.sms.delivery import FINAL_STATES, Delivery, DeliveryReport, DeliveryStatus
from wikipayam_async.services.sms.legacy_inbox import LegacyInbox
from wikipayam_async.services.sms.watch import DeliveryWatch, Polling
from wikipayam_async.services.voice import VoiceOtp
from wikipayam_async.version import __version__

__all__ = [
    "FINAL_STATES",
    "SAFE_TO_RETRY",
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncWikipayam",
    "Attempt",
    "AttemptFinished",
    "AttemptStarted",
    "AuthenticationError",
    "BadRequestError",
    "Balance",
    "Batcher",
    "BeforeSendError",
    "BulkError",
    "BulkProgress",
    "BulkReport",
    "BulkRun",
    "BulkSourceError",
    "BulkUnknownOutcomeError",
    "CallFinished",
    "CallOutcome",
    "ClosedError",
    "ConfigurationError",
    "DeleteResult",
    "Delivery",
    "DeliveryReport",
    "DeliveryStatus",
    "DeliveryWatch",
    "Event",
    "HolooResult",
    "InboundWorker",
    "InsufficientBalanceError",
    "InvalidInputError",
    "LegacyInbox",
    "MarkReadResult",
    "MessageOutcome",
    "NotFoundError",
    "OtpMessage",
    "Outbox",
    "OutboxFullError",
    "OutgoingMessage",
    "Pagination",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "Phase",
    "Polling",
    "RateLimit",
    "RateLimitError",
    "ReceivedMessage",
    "ReceivesPage",
    "Replay",
    "ResponseError",
    "RetryPolicy",
    "RetryScheduled",
    "SendResult",
    "SendStatus",
    "SendingHealth",
    "SendingHours",
    "SentMessage",
    "ServerError",
    "SmsMessage",
    "Statistics",
    "SuppressedError",
    "UnknownOutcomeError",
    "UnprocessableError",
    "UnreadPage",
    "VoiceOtp",
    "WikipayamError",
    "WorkerHealth",
    "__version__",
    "report_from",
]
