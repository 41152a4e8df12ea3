"""The JSON shapes of the control API. Their docstrings are the descriptions in its OpenAPI document."""

from datetime import datetime
from typing import Annotated, TypeAlias

from attrs import frozen
from msgspec import Meta

from wikipayam_async.emulator.faults.rules import FaultInForce
from wikipayam_async.emulator.gateway.inbox import InboundMessage
from wikipayam_async.emulator.gateway.state import DEFAULT_LINE, MessageKind
from wikipayam_async.emulator.server.request_history import RecordedRequest

Limit: TypeAlias = Annotated[int, Meta(ge=1, le=1_000)]
Amount: TypeAlias = Annotated[int, Meta(ge=0, le=10**15)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=10**9)]
Positive: TypeAlias = Annotated[int, Meta(ge=1, le=10**9)]
Text: TypeAlias = Annotated[str, Meta(min_length=1)]


@frozen(kw_only=True)
class Status:
    """The emulator at a glance.

    Attributes:
        now: The time of day of the emulator.
        accepted: The number of messages in the ledger.
        requests: The number of requests to the gateway since the last reset.
        inbox: The number of received messages.
        balance: The balance of the account, in IRR.
        faults: The number of fault rules in force.
    """

    now: datetime
    accepted: int
    requests: int
    inbox: int
    balance: int
    faults: int


@frozen(kw_only=True)
class LedgerItem:
    """An accepted message.

    Attributes:
        id: The gateway's id.
        kind: The kind of endpoint that accepted it.
        sender: The line it is sent from.
        receiver: The number, as spelled in the request.
        message: The text; for a voice call, the code.
        code: The one-time code; null for other messages.
        track_id: The caller's reference; null without one.
        parts: The number of parts charged.
        cost: The amount charged, in IRR.
        accepted_at: The time of acceptance.
        deliver_status: The delivery status now; null for a voice call, of which the gateway reports none.
    """

    id: str
    kind: MessageKind
    sender: str
    receiver: str
    message: str
    code: str | None
    track_id: str | None
    parts: int
    cost: int
    accepted_at: datetime
    deliver_status: str | None


@frozen(kw_only=True)
class LedgerQuery:
    """Which accepted messages to list.

    Attributes:
        after: List what was accepted after the message with this id. After a reset the id is unknown, and the list
            starts with the first message.
        limit: The maximum number of messages.
        receiver: Only messages to this number, in any spelling.
        track_id: Only messages with this track id.
    """

    after: str | None = None
    limit: Limit = 100
    receiver: str | None = None
    track_id: str | None = None


@frozen(kw_only=True)
class LedgerPage:
    """Accepted messages, oldest first.

    Attributes:
        messages: The messages.
        total: The number of messages that match the filters.
        more: Whether there are more after the last one.
    """

    messages: list[LedgerItem]
    total: int
    more: bool


@frozen(kw_only=True)
class RequestsQuery:
    """Which requests to list.

    Attributes:
        after: List the requests after the one with this number.
        limit: The maximum number of requests.
    """

    after: Annotated[int, Meta(ge=0)] = 0
    limit: Limit = 100


@frozen(kw_only=True)
class RequestsPage:
    """Requests to the gateway, oldest first. The latest 1,000 are kept.

    Attributes:
        requests: The requests.
        total: The number of requests since the start.
        more: Whether there are more after the last one.
    """

    requests: list[RecordedRequest]
    total: int
    more: bool


@frozen(kw_only=True)
class DeliveriesQuery:
    """Which deliveries to list.

    Attributes:
        after: List the deliveries after that of the message with this id.
        limit: The maximum number of deliveries.
        receiver: Only messages to this number, in any spelling.
        status: Only messages with this delivery status.
    """

    after: str | None = None
    limit: Limit = 100
    receiver: str | None = None
    status: str | None = None


@frozen(kw_only=True)
class DeliveryItem:
    """The delivery of an accepted message.

    Attributes:
        id: The gateway's id.
        receiver: The number, as spelled in the request.
        track_id: The caller's reference; null without one.
        deliver_status: The status now.
    """

    id: str
    receiver: str
    track_id: str | None
    deliver_status: str


@frozen(kw_only=True)
class DeliveriesPage:
    """Deliveries in the order of acceptance. Voice calls have none.

    Attributes:
        deliveries: The deliveries.
        total: The number of deliveries that match the filters.
        more: Whether there are more after the last one.
    """

    deliveries: list[DeliveryItem]
    total: int
    more: bool


@frozen(kw_only=True)
class DeliveryChoice:
    """The delivery status of all messages to a number, those accepted before included.

    Attributes:
        receiver: The number, in any spelling.
        status: The final status, as in `UNDELIVERED`; any word is allowed.
        after: Seconds from acceptance to that status; until then it is `WAITING_FOR_UPDATE`.
    """

    receiver: Text
    status: Text
    after: Seconds = 0.0


@frozen(kw_only=True)
class NewInboundMessage:
    """A message from a phone to a line.

    Attributes:
        sender: The number of the phone. The gateway spells it `989...`.
        message: The text, kept unchanged.
        receiver: The line.
        received_at: The time of arrival; by default now. Without a time zone it is in the emulator's.
    """

    sender: Text
    message: str
    receiver: str = DEFAULT_LINE
    received_at: datetime | None = None


@frozen(kw_only=True)
class InboxList:
    """The received messages in the order of arrival.

    Attributes:
        messages: The messages.
    """

    messages: list[InboundMessage]


@frozen(kw_only=True)
class NewFaults:
    """Fault rules to add; all of them are added, or none.

    Attributes:
        rules: The rules, as `--fault` takes them: `502:after@5%`, `reset@every10@/sms/send`.
    """

    rules: Annotated[list[str], Meta(min_length=1)]


@frozen(kw_only=True)
class FaultList:
    """The fault rules in force.

    Attributes:
        faults: The rules, oldest first.
        occurred: The number of faults that have occurred, by kind.
    """

    faults: list[FaultInForce]
    occurred: dict[str, int]


@frozen(kw_only=True)
class LatencyRange:
    """The response time of every request to the gateway.

    Attributes:
        shortest: The minimum, in seconds.
        longest: The maximum, in seconds; null in a request means the same as `shortest`.
    """

    shortest: Seconds
    longest: Seconds | None = None


@frozen(kw_only=True)
class RateLimit:
    """The request quota of each account.

    Attributes:
        requests: The maximum number of requests per window.
        window: The length of a window, in seconds.
    """

    requests: Positive
    window: Annotated[float, Meta(gt=0, le=10**9)] = 60.0


@frozen(kw_only=True)
class GatewayLimits:
    """The limits of the gateway; null means no limit.

    Attributes:
        rate_limit: The request quota (429 above).
        max_batch: The maximum number of items in an array (413 above).
        max_body_bytes: The maximum size of a body in bytes (413 above).
    """

    rate_limit: RateLimit | None = None
    max_batch: Positive | None = None
    max_body_bytes: Positive | None = None


@frozen(kw_only=True)
class Clock:
    """The clock of the emulator.

    Attributes:
        now: The time of day.
    """

    now: datetime


@frozen(kw_only=True)
class ClockAdvance:
    """How far to move the clock.

    Attributes:
        advance: The number of seconds. Deliveries and the rate limit move with it.
    """

    advance: Seconds


@frozen(kw_only=True)
class Balance:
    """The balance of the account.

    Attributes:
        balance: The balance, in IRR.
    """

    balance: Amount


@frozen(kw_only=True)
class Nothing:
    """An empty object."""
