"""What callers of a campaign pass and get."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias

from attrs import Attribute, field, frozen

from wikipayam_async.core.events import CampaignProgressed
from wikipayam_async.errors import InvalidInputError, WikipayamError
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import mask_mapping, mask_number, mask_text, shape_of

__all__ = [
    "AuditEntry",
    "CampaignDelivery",
    "CampaignMessage",
    "CampaignMessages",
    "CampaignPlan",
    "CampaignProgress",
    "CampaignReport",
    "CampaignResult",
    "CampaignStatus",
    "Decision",
    "OnCampaignEvent",
    "OnCampaignProgress",
    "OnPlanProgress",
    "PlanProgress",
]

NO_COLUMNS: Mapping[str, str] = MappingProxyType({})

_ROWS = 2**63
"""Above every number that a journal can hold."""


class CampaignStatus(enum.StrEnum):
    """The state of a campaign."""

    PLANNED = "planned"
    """Its messages are stored; none was sent."""
    RUNNING = "running"
    """A process is sending it."""
    PAUSED = "paused"
    """Nobody is sending it, and messages are left; `reason` says why. `run()` resumes it."""
    COMPLETED = "completed"
    """Every message has an outcome."""
    CANCELED = "canceled"
    """It was canceled for good; messages that were not sent stay unsent."""


class Decision(enum.StrEnum):
    """An entry of a campaign's audit."""

    ACCEPTED = "accepted"
    """An operator found that the gateway had accepted the message."""
    REQUEUED = "requeued"
    """An operator put the message back, under a new track id."""
    LATE_ANSWER = "late_answer"
    """An answer arrived after an operator had decided; it is recorded and changes nothing."""


def _is_row(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and (type(value) is not int or not -_ROWS <= value < _ROWS):
        raise InvalidInputError(attribute.name, rule="expected the number of a row, or None", got=shape_of(value))


def _is_mapping(_: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, Mapping):
        raise InvalidInputError(attribute.name, rule="expected a mapping of names to values", got=shape_of(value))


@frozen
class CampaignMessage:
    """A message with what the caller's file says beside it. `Campaign.plan` takes them beside plain `SmsMessage`s.

    Attributes:
        message: The message.
        row: The number of its row in the caller's file.
        columns: The other columns of the row. They are stored and come out again in results and exports.
        error: Why the caller's file gives no message here: it is held back with this reason. The plan then ignores the
            rest of `message`.

    Raises:
        InvalidInputError: `row` is no whole number of 63 bits, or `columns` is no mapping.
    """

    message: SmsMessage
    row: int | None = field(default=None, kw_only=True, validator=_is_row)
    columns: Mapping[str, str] = field(
        default=NO_COLUMNS, kw_only=True, repr=mask_mapping, hash=False, validator=_is_mapping
    )
    error: WikipayamError | None = field(default=None, kw_only=True, eq=False)


CampaignMessages: TypeAlias = Iterable[SmsMessage | CampaignMessage] | AsyncIterable[SmsMessage | CampaignMessage]
"""Any iterable of messages, plain or async, with or without columns."""


@frozen
class CampaignPlan:
    """The plan of a campaign. It never changes.

    Attributes:
        total: The number of messages.
        chunks: The number of requests that the plan divides them into.
        batch_size: The maximum number of messages per request.
        line: The line of messages that name none.
        fingerprint: A digest of the messages and options: plans with the same one send the same.
        held_back: The number of messages that are never sent, by reason: `invalid`, `duplicate`, `opted_out`, ...
    """

    total: int
    chunks: int
    batch_size: int
    line: str | None
    fingerprint: str
    held_back: Mapping[str, int] = field(hash=False)

    def summary(self) -> str:
        """Return the plan in one line."""
        held = "".join(f", {count:,} {reason.replace('_', ' ')}" for reason, count in self.held_back.items())
        return f"{self.total:,} messages in {self.chunks:,} requests{held}"


@frozen
class PlanProgress:
    """How far the planning of a campaign has got.

    Attributes:
        done: The number of messages read.
        total: The number of messages; None if unknown, because the iterable has no length.
    """

    done: int
    total: int | None


OnPlanProgress: TypeAlias = Callable[[PlanProgress], object]
"""Called while a campaign is planned."""


@frozen
class CampaignProgress:
    """How far a campaign has got. Every message is counted once.

    Attributes:
        status: The state of the campaign.
        total: The number of messages.
        pending: Messages that were not attempted.
        sending: Messages in flight, whose intent is recorded and whose outcome is not.
        accepted: Messages that the gateway accepted, or that an operator found accepted.
        rejected: Messages that the gateway refused, or that were held back: invalid, duplicate, opted out.
        unknown: Messages that may or may not have been accepted. They are not sent again unless an operator requeues
            them.
        reason: Why the campaign is paused or canceled, or what it waits for while it runs; None otherwise.
    """

    status: CampaignStatus
    total: int
    pending: int = 0
    sending: int = 0
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0
    reason: str | None = None

    @property
    def done(self) -> int:
        """The number of messages with an outcome."""
        return self.accepted + self.rejected + self.unknown

    def summary(self) -> str:
        """Return the status and the counts in one line."""
        why = f" ({self.reason})" if self.reason else ""
        return (
            f"{self.status.value}{why}: {self.total:,} messages: {self.accepted:,} accepted, {self.rejected:,} rejected, "
            f"{self.unknown:,} unknown, {self.sending:,} sending, {self.pending:,} pending"
        )


OnCampaignProgress: TypeAlias = Callable[[CampaignProgress], object]
"""Called after every request of a campaign."""


OnCampaignEvent: TypeAlias = Callable[[CampaignProgressed], object]
"""Called with every event of a campaign; a plain function that returns at once. What it raises is logged."""


@frozen
class CampaignReport(CampaignProgress):
    """The end of one `Campaign.run`: the state of the campaign, and what this run did.

    Attributes:
        attempted: The number of messages that this run attempted, by outcome.
        error: The error that stopped the run; None if nothing did.
    """

    attempted: Mapping[SendStatus, int] = field(factory=dict, kw_only=True, hash=False)
    error: WikipayamError | None = field(default=None, kw_only=True, eq=False)


@frozen
class CampaignResult:
    """What is known of one message.

    Attributes:
        index: The index of the message in the plan, counted from 0.
        receiver: The recipient's number as it is sent.
        status: The outcome: `NOT_ATTEMPTED` while it is pending, `UNKNOWN` with the reason `in_flight` while it is sent.
        id: The gateway's id; None if it was not accepted, or if an operator found it accepted.
        error: Why it was not accepted, or why its outcome is unknown; None if it was accepted or is pending.
        track_id: The track id that it is sent with; None if the plan held it back.
        delivery: The last known delivery status, such as `DELIVERED`; None if none is known.
        reason: The cause in one word, to group by: `timeout`, `disconnected`, `502`, `interrupted`, `opted_out`, ...
        message: The text.
        sender: The line; None for the plan's.
        row: The number of its row in the caller's file.
        columns: The other columns of that row.
    """

    index: int
    receiver: str = field(repr=mask_number)
    status: SendStatus
    id: str | None = None
    error: str | None = None
    track_id: str | None = None
    delivery: str | None = None
    reason: str | None = None
    message: str | None = field(default=None, repr=mask_text)
    sender: str | None = None
    row: int | None = None
    columns: Mapping[str, str] = field(default=NO_COLUMNS, repr=mask_mapping, hash=False)

    @property
    def ok(self) -> bool:
        """Whether the gateway accepted the message."""
        return self.status is SendStatus.ACCEPTED


@frozen
class AuditEntry:
    """A decision about a message whose outcome was unknown or rejected.

    Attributes:
        index: The index of the message.
        decision: What was decided.
        note: Why, in the operator's words.
        track_id: The track id that the message had.
        new_track_id: The track id that it is sent with from then on; None if it is not sent again.
        before: The outcome before the decision.
        at: When it was decided, in UTC.
    """

    index: int
    decision: Decision
    note: str
    track_id: str | None
    new_track_id: str | None
    before: SendStatus | None
    at: datetime


@frozen
class CampaignDelivery:
    """The delivery of a campaign's accepted messages.

    Attributes:
        counts: The number of messages by delivery status, such as `DELIVERED`.
        pending: The number of messages without a final status. Messages that an operator found accepted have no id to
            ask for and are not counted.
    """

    counts: Mapping[str, int] = field(hash=False)
    pending: int

    @property
    def complete(self) -> bool:
        """Whether every message has a final status."""
        return not self.pending
