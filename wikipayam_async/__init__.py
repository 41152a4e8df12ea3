"""The async Python SDK for the Wikipayam SMS gateway.

It never sends a message twice and never loses track of one: see `AsyncWikipayam`.
"""

from typing import TYPE_CHECKING

from wikipayam_async.version import __version__ as __version__

if TYPE_CHECKING:
    from wikipayam_async.public import *  # noqa: F403 - for type checkers, which read its `__all__`
    from wikipayam_async.public import __all__ as __all__
else:
    from importlib import import_module
    from importlib.util import find_spec

    _NAMES = {
        "batching.batcher": ["Batcher"],
        "batching.health": ["SendingHealth"],
        "batching.outbox": ["Outbox"],
        "bulk.hooks": ["OutgoingMessage"],
        "bulk.hours": ["SendingHours"],
        "bulk.interruption": ["report_from"],
        "bulk.options": ["BulkProgress"],
        "bulk.results": ["BulkError", "BulkReport", "BulkSourceError", "BulkUnknownOutcomeError", "SendResult"],
        "bulk.runner": ["BulkRun"],
        "client": ["AsyncWikipayam"],
        "core.events": ["AttemptFinished", "AttemptStarted", "CallFinished", "Event", "RetryScheduled"],
        "core.limits": ["RateLimit"],
        "core.operation": ["Replay"],
        "core.retry": ["RetryPolicy"],
        "errors": [
            "SAFE_TO_RETRY",
            "APIConnectionError",
            "APIStatusError",
            "APITimeoutError",
            "AuthenticationError",
            "BadRequestError",
            "BeforeSendError",
            "ClosedError",
            "ConfigurationError",
            "InsufficientBalanceError",
            "InvalidInputError",
            "NotFoundError",
            "OutboxFullError",
            "PayloadTooLargeError",
            "PermissionDeniedError",
            "RateLimitError",
            "ResponseError",
            "ServerError",
            "SuppressedError",
            "UnknownOutcomeError",
            "UnprocessableError",
            "WikipayamError",
        ],
        "messages.models": ["OtpMessage", "SentMessage", "SmsMessage"],
        "outcomes": ["Attempt", "CallOutcome", "MessageOutcome", "Phase", "SendStatus"],
        "services.account": ["Balance"],
        "services.holoo": ["HolooResult"],
        "services.receives.health": ["WorkerHealth"],
        "services.receives.models": [
            "DeleteResult",
            "MarkReadResult",
            "Pagination",
            "ReceivedMessage",
            "ReceivesPage",
            "Statistics",
            "UnreadPage",
        ],
        "services.receives.worker": ["InboundWorker"],
        "services.sms.delivery": ["FINAL_STATES", "Delivery", "DeliveryReport", "DeliveryStatus"],
        "services.sms.legacy_inbox": ["LegacyInbox"],
        "services.sms.watch": ["DeliveryWatch", "Polling"],
        "services.voice": ["VoiceOtp"],
    }
    _MODULES = {name: module for module, names in _NAMES.items() for name in names}

    def __getattr__(name: str) -> object:
        """Load a public name on first access, and `__all__` with all of them.

        Imports of single modules, such as the pytest plugin or `wikipayam_async.numbers`, thus do not load the client,
        and a program that only sends does not load what receives.
        """
        if name in _MODULES:
            globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        elif name == "__all__":
            public = import_module(f"{__name__}.public")
            globals().update({each: getattr(public, each) for each in public.__all__}, __all__=public.__all__)
        elif not name.startswith("__") and find_spec(f"{__name__}.{name}"):
            return import_module(f"{__name__}.{name}")
        if name not in globals():
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        return globals()[name]

    def __dir__() -> list[str]:
        """Return all public names, loaded or not."""
        return sorted({*globals(), *_MODULES})
