"""The errors of verification. None contains a code, a full number or a challenge's id."""

from __future__ import annotations

import enum

from wikipayam_async.errors import WikipayamError
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.verification.models import CheckStatus

__all__ = ["ChallengeClosedError", "LimitScope", "VerificationLimitError", "VerificationStoreError"]


class LimitScope(enum.StrEnum):
    """What a limit counts by."""

    RECEIVER = "receiver"
    """The messages to one receiver, for all purposes."""
    PURPOSE = "purpose"
    """The challenges of one receiver for one purpose, and the wrong codes entered for them."""
    IP = "ip"
    """The messages that one address asked for."""
    PREFIX = "prefix"
    """The messages to numbers with the same first digits."""
    DESTINATION = "destination"
    """The messages to one country."""
    ACCOUNT = "account"
    """All messages."""


class VerificationLimitError(WikipayamError):
    """A limit is reached. Nothing was sent by this call; it may be repeated after `retry_after` seconds.

    Attributes:
        scope: What the limit counts by.
        retry_after: Seconds after which the call may succeed.
    """

    send_status = SendStatus.NOT_ATTEMPTED

    def __init__(self, text: str, *, scope: LimitScope, retry_after: float) -> None:
        super().__init__(text)
        self.scope = scope
        self.retry_after = retry_after


class ChallengeClosedError(WikipayamError):
    """A challenge cannot be sent again, because it is over. Nothing was sent; start another one.

    Attributes:
        status: Why: `USED`, `EXPIRED`, `LOCKED` or `NOT_FOUND`; None if it was sent as often as it may be.
    """

    send_status = SendStatus.REJECTED

    def __init__(self, text: str, *, status: CheckStatus | None = None) -> None:
        super().__init__(text)
        self.status = status


class VerificationStoreError(WikipayamError):
    """The store of challenges cannot be read or written, is too slow, or is full. Nothing was sent, and no code is accepted."""

    send_status = SendStatus.NOT_ATTEMPTED
