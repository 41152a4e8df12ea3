"""What a verifier returns: a challenge, and the result of a check."""

from __future__ import annotations

import enum
from datetime import datetime

from attrs import field, frozen

from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import mask_number

__all__ = ["Challenge", "CheckResult", "CheckStatus"]


@frozen(kw_only=True)
class Challenge:
    """A one-time code that a user has to enter. It has neither the code nor the receiver.

    Attributes:
        id: The id, 32 hexadecimal digits. `resend`, `check` and `cancel` take it. Whoever has it may try codes, so give it
            to the browser or the app that asked for the code, and to nobody else.
        purpose: What the code is for, such as `login`.
        channel: The channel of the last message: `sms` or `voice`, or the name of a channel of your own.
        send_status: Whether the last message may be on its way. After `UNKNOWN`, the code may arrive, and the challenge is
            valid.
        expires_at: The time at which the code expires, in UTC.
        resend_at: The time from which on it may be sent again, in UTC.
        expires_in: Seconds until `expires_at`, counted from the call that returned this object.
        resend_in: Seconds until `resend_at`, counted from the call that returned this object; 0 if that is past.
        resends_left: How often the code may be sent again.
    """

    id: str
    purpose: str
    channel: str
    send_status: SendStatus
    expires_at: datetime
    resend_at: datetime
    expires_in: float
    resend_in: float
    resends_left: int


class CheckStatus(enum.StrEnum):
    """The status of a check."""

    OK = "ok"
    """The code is right. It is used up now: no other check of it is `OK`."""
    WRONG = "wrong"
    """The code is wrong."""
    EXPIRED = "expired"
    """The code is too old, or was cancelled."""
    LOCKED = "locked"
    """Too many wrong codes were entered: the right one is not accepted any more. The user needs a new challenge."""
    USED = "used"
    """The right code was entered before."""
    NOT_FOUND = "not_found"
    """There is no such challenge, or it is for another purpose."""


@frozen(kw_only=True)
class CheckResult:
    """The result of a check. It is true only if the code is right.

    Attributes:
        status: The status.
        receiver: The verified number in the form `09123456789`; None unless the status is `OK`.
        attempts_left: How many more codes may be entered for the challenge.
        retry_after: Seconds until the receiver may have another challenge for this purpose, after too many wrong codes;
            0 if he may at once, as far as wrong codes are concerned.
    """

    status: CheckStatus
    receiver: str | None = field(default=None, repr=mask_number)
    attempts_left: int = 0
    retry_after: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the code is right."""
        return self.status is CheckStatus.OK

    def __bool__(self) -> bool:
        return self.ok
