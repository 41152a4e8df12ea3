"""The errors of idempotency keys. None contains a text, a code, a number or a token."""

from __future__ import annotations

from wikipayam_async.errors import WikipayamError
from wikipayam_async.outcomes import SendStatus

__all__ = ["IdempotencyConflictError", "IdempotencyStoreError", "InFlightError"]


class IdempotencyConflictError(WikipayamError, ValueError):
    """The idempotency key was used for another message: another receiver, another text or another kind. Nothing was sent.

    Attributes:
        key: The key.
    """

    send_status = SendStatus.REJECTED

    def __init__(self, text: str, *, key: str = "") -> None:
        super().__init__(text)
        self.key = key


class InFlightError(WikipayamError):
    """Another call with this key is in progress, and had no outcome within the time-out. This call sent nothing.

    A later call with the same key is safe: it returns or raises the known outcome. Without the key it is not.

    Attributes:
        key: The key.
        track_id: The track id that the other call sends with.
    """

    send_status = SendStatus.UNKNOWN

    def __init__(self, text: str, *, key: str = "", track_id: str | None = None) -> None:
        super().__init__(text)
        self.key = key
        self.track_id = track_id


class IdempotencyStoreError(WikipayamError):
    """The store of idempotency keys cannot be read or written. Nothing was sent; the same call may be made again."""

    send_status = SendStatus.NOT_ATTEMPTED
