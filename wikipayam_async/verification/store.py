"""What a store of challenges does: few methods, and each is one atomic step."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import mask_number, mask_text
from wikipayam_async.verification.errors import LimitScope
from wikipayam_async.verification.models import CheckStatus

__all__ = [
    "CLOCK_TOLERANCE",
    "ChallengeRecord",
    "ChallengeState",
    "CheckAttempt",
    "CheckOutcome",
    "Quota",
    "Refusal",
    "SendIntent",
    "SendOutcome",
    "VerificationStore",
    "WrongTryWait",
]

CLOCK_TOLERANCE = 30.0
"""Seconds by which the clocks of processes may differ: a challenge from further in the future counts as expired."""


class ChallengeState(enum.StrEnum):
    """The state of a challenge in a store. Its expiry and its wrong tries are not part of it."""

    OPEN = "open"
    USED = "used"
    """The right code was entered."""
    CANCELED = "canceled"


@frozen(kw_only=True)
class ChallengeRecord:
    """A challenge, as a store keeps it. It has no code: that is derived from the verifier's secret.

    All times are those of the verifier's clock, in seconds (by default Unix time).

    Attributes:
        id: The id: 32 hexadecimal digits.
        receiver: The number that is verified.
        purpose: What the code is for.
        key_id: Which of the verifier's secrets the code is derived from.
        ip: The address that started it; None if none was given.
        created_at: The time of the start.
        expires_at: The time at which the code expires.
        forget_at: The time at which the store may forget the record; not before `expires_at`.
        max_tries: How many codes may be entered.
        wrong: How many wrong codes were entered.
        state: The state.
        channel: The index of the channel of the last send.
        sends: How often a send was begun.
        send_status: The outcome of the last send; `UNKNOWN` from its beginning until `end_send`.
        message_id: The gateway's id of the last message; None before the first.
        resend_at: The time from which on the user may have it sent again.
        fallback_at: The time at which the next channel is due; None if none is. `claim_due` moves it.
    """

    id: str = field(repr=mask_text)
    receiver: str = field(repr=mask_number)
    purpose: str
    key_id: str
    ip: str | None = field(default=None, repr=mask_text)
    created_at: float
    expires_at: float
    forget_at: float
    max_tries: int
    wrong: int = 0
    state: ChallengeState = ChallengeState.OPEN
    channel: int = 0
    sends: int = 1
    send_status: SendStatus = SendStatus.UNKNOWN
    message_id: str | None = None
    resend_at: float
    fallback_at: float | None = None

    def status_at(self, now: float) -> CheckStatus | None:
        """Return why the challenge takes no code at a time; None if it does. The order of the rules matters."""
        if self.state is ChallengeState.USED:
            return CheckStatus.USED
        if self.state is ChallengeState.CANCELED:
            return CheckStatus.EXPIRED
        if now >= self.expires_at or now < self.created_at - CLOCK_TOLERANCE:
            return CheckStatus.EXPIRED
        if self.wrong >= self.max_tries:
            return CheckStatus.LOCKED
        return None


@frozen(kw_only=True)
class Quota:
    """How many events a counter takes in a period.

    A counter is a number and the time of its first event. An event at `since + period` or later begins a new period, in
    which the counter begins at 0. If `since` lies in the future, because a clock was set back, the period begins now and
    the number stays.

    Attributes:
        key: The name of the counter, such as `receiver/09123456789/3600`; visible ASCII characters.
        scope: What it counts by, for the error.
        limit: How many events a period takes; at least 1.
        period: The length of a period in seconds.
    """

    key: str = field(repr=mask_text)
    scope: LimitScope
    limit: int
    period: float


@frozen(kw_only=True)
class WrongTryWait:
    """How long a receiver has to wait for a new challenge after a number of wrong codes.

    Attributes:
        tries: The number of wrong codes, for this receiver and purpose, across challenges.
        seconds: The wait, counted from the last of them.
    """

    tries: int
    seconds: float


@frozen(kw_only=True)
class Refusal:
    """Why a store refused to begin a send. It has changed nothing.

    Attributes:
        scope: The limit that is reached.
        retry_after: Seconds until it takes another event.
    """

    scope: LimitScope
    retry_after: float


@frozen(kw_only=True)
class SendIntent:
    """The intent to send a challenge's code once more.

    Attributes:
        id: The challenge.
        sends: How often a send was begun before: if the record has another number, somebody else was first.
        channel: The index of the channel to use.
        resend_at: The new time from which on the user may have it sent again.
        quotas: What the send counts against.
    """

    id: str = field(repr=mask_text)
    sends: int
    channel: int
    resend_at: float
    quotas: Sequence[Quota] = ()


@frozen(kw_only=True)
class SendOutcome:
    """The outcome of a send.

    Attributes:
        id: The challenge.
        sends: The number of sends that were begun, this one included: if the record has another, a later one was begun.
        send_status: The outcome.
        message_id: The gateway's id; None if it gave no id.
        resend_at: The time from which on the user may have it sent again.
        fallback_at: The time at which the next channel is due; None if none is.
    """

    id: str = field(repr=mask_text)
    sends: int
    send_status: SendStatus
    message_id: str | None
    resend_at: float
    fallback_at: float | None


@frozen(kw_only=True)
class CheckAttempt:
    """A code that was entered. The verifier has compared it.

    Attributes:
        id: The challenge.
        purpose: What the caller wants it for.
        right: Whether it is the code of the challenge.
        forget_wrong_after: Seconds after the last wrong code at which those of a receiver and purpose are forgotten.
    """

    id: str = field(repr=mask_text)
    purpose: str
    right: bool
    forget_wrong_after: float


@frozen(kw_only=True)
class CheckOutcome:
    """What a store made of an entered code.

    Attributes:
        status: The status.
        wrong: The wrong codes of the challenge, this one included; 0 for `NOT_FOUND`.
        wrong_in_a_row: The wrong codes of the receiver for this purpose, across challenges and since the last right
            one, this one included. Other statuses than `WRONG` and `LOCKED` may leave it 0.
    """

    status: CheckStatus
    wrong: int = 0
    wrong_in_a_row: int = 0


@runtime_checkable
class VerificationStore(Protocol):
    """Keeps challenges and counters. `wikipayam_async.verification.contract` tests an implementation.

    Every method that changes something is **one atomic step**: no other call on the same data comes between its reads and
    its writes, from whichever process. A Lua script on Redis, a transaction in SQL that locks the rows, or a lock in one
    process are such steps. When a method returns, others see its changes.

    `now` is the caller's clock in seconds. A store uses it for every decision, and its own clock only to remove what is
    forgotten. After `forget_at` a record may be gone at any time, and counts as not found.

    A method raises `VerificationStoreError` when the store cannot be read or written or is full; any other exception is
    turned into one by the verifier, and so is an answer that takes longer than its `store_timeout`. After an error the
    step may or may not have been made. A cancelled call may have made its step, too, and must leave the store usable.

    A record has a receiver's number and no secret; protect the store as you protect your users' numbers.
    """

    async def start(
        self, record: ChallengeRecord, *, quotas: Sequence[Quota], waits: Sequence[WrongTryWait], now: float
    ) -> Refusal | None:
        """Create a challenge, if every limit allows it.

        1. Wrong tries: let `tries` be the wrong codes of the record's receiver and purpose (0 if they are forgotten), and
           `last` the time of the last one, or `now` if that is in the future. The wait is that of the entry of `waits`
           with the largest `tries` that is not larger; without such an entry there is no wait. If `now < last + seconds`, refuse
           with the scope `PURPOSE` and `last + seconds - now`.
        2. Quotas: if any counter has no room, refuse. Of several, the one with the longest `retry_after` is reported, and
           of equal ones the first.
        3. Otherwise add 1 to every counter, and save the record. Its `id` is new.

        Args:
            record: The challenge.
            quotas: What the send counts against; their keys differ.
            waits: The waits after wrong codes, by growing `tries`.
            now: The time.

        Returns:
            None if it was created; otherwise why not. A refusal changes nothing.
        """
        ...

    async def find(self, id: str, *, now: float) -> ChallengeRecord | None:  # noqa: A002 - a challenge's field
        """Return a challenge, open or not; None if it is unknown or forgotten (`now >= forget_at`)."""
        ...

    async def begin_send(self, intent: SendIntent, *, now: float) -> ChallengeRecord | Refusal | None:
        """Record that the code is about to be sent again, before the request leaves.

        1. If the challenge is not there or takes no code at `now` (`ChallengeRecord.status_at`), or if its `sends` is not
           that of the intent, return None.
        2. If any counter of the quotas has no room, return the refusal, as `start` does.
        3. Otherwise add 1 to every counter; set `channel` and `resend_at` to the intent's, add 1 to `sends`, and set
           `send_status` to `UNKNOWN`, `message_id` and `fallback_at` to None.

        So of several processes that have read the same record, one sends.

        Returns:
            The record after the change; a refusal; or None if the send must not be made.
        """
        ...

    async def end_send(self, outcome: SendOutcome, *, now: float) -> bool:
        """Write the outcome of a send, if the challenge is there and its `sends` is that of the outcome.

        `send_status`, `message_id`, `resend_at` and `fallback_at` become the outcome's, in whichever state the challenge
        is; `fallback_at` stays None if it takes no code any more.

        Returns:
            Whether it was written.
        """
        ...

    async def check(self, attempt: CheckAttempt, *, now: float) -> CheckOutcome:
        """Count an entered code, and use up the challenge if it is right.

        1. If the challenge is not there, or its `purpose` is not the attempt's: `NOT_FOUND`.
        2. If it takes no code at `now`: that status (`ChallengeRecord.status_at`).
        3. If the code is right: the state becomes `USED`, `fallback_at` None, and the wrong codes of its receiver and
           purpose are forgotten: `OK`. Of any number of concurrent calls, one gets `OK`.
        4. If it is wrong: add 1 to the record's `wrong` and to the wrong codes of its receiver and purpose, whose last
           time becomes `now`; they are forgotten `forget_wrong_after` seconds later: `WRONG`, also for the last try.
           If the challenge takes no further try, `fallback_at` becomes None.

        Only step 3 and 4 change anything. Wrong codes of other challenges never close this one.
        """
        ...

    async def cancel(self, id: str, *, now: float, refunds: Sequence[str] = ()) -> bool:  # noqa: A002 - as above
        """Close an open challenge: its state becomes `CANCELED`, and `fallback_at` None.

        Args:
            id: The challenge.
            now: The time.
            refunds: The keys of counters that get 1 back, if the challenge was open: its message was not sent. A counter
                at 0 or without a period stays as it is.

        Returns:
            Whether it was there and its state was `OPEN`.
        """
        ...

    async def claim_due(self, *, now: float, limit: int, lease: float) -> Sequence[ChallengeRecord]:
        """Take the challenges whose `fallback_at` has come, oldest first, so that no other process takes them too.

        The `fallback_at` of those returned becomes `now + lease`: if the caller dies, they are due again then. One that
        takes no code at `now` is not returned, and its `fallback_at` becomes None.

        Args:
            now: The time.
            limit: The largest number to return.
            lease: Seconds for which they are taken.

        Returns:
            The records after the change.
        """
        ...

    async def purge(self, *, now: float) -> int:
        """Remove what is forgotten; return the number of challenges removed. A store that expires by itself returns 0."""
        ...

    async def aclose(self) -> None:
        """Close what is open. A later call opens it again."""
        ...
