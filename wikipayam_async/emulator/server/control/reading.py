"""The calls of the control API that only look."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from wikipayam_async.emulator.gateway.state import LedgerEntry, MessageKind, State
from wikipayam_async.emulator.server.control.context import Control
from wikipayam_async.emulator.server.control.models import (
    Balance,
    Clock,
    DeliveriesPage,
    DeliveriesQuery,
    DeliveryItem,
    FaultList,
    GatewayLimits,
    InboxList,
    LatencyRange,
    LedgerItem,
    LedgerPage,
    LedgerQuery,
    RateLimit,
    RequestsPage,
    RequestsQuery,
    Status,
)
from wikipayam_async.emulator.server.saved_state import state_document

T = TypeVar("T")


def status(control: Control) -> Status:
    """Return the emulator at a glance."""
    emulator = control.emulator
    return Status(
        now=emulator.now(),
        accepted=emulator.accepted,
        requests=emulator.requests,
        inbox=len(emulator.inbox()),
        balance=emulator.account.balance,
        faults=len(control.rules.all()),
    )


def ledger(control: Control, query: LedgerQuery) -> LedgerPage:
    """Return accepted messages, oldest first."""
    with control.emulator.memory() as state:
        entries = _entries(state, query.receiver)
        if query.track_id is not None:
            entries = [entry for entry in entries if entry.track_id == query.track_id]
        shown, more = _page(entries, query.after, query.limit, lambda entry: entry.id)
        word = _words(control, state)
        return LedgerPage(messages=[_item(entry, word(entry)) for entry in shown], total=len(entries), more=more)


def deliveries(control: Control, query: DeliveriesQuery) -> DeliveriesPage:
    """Return deliveries in the order of acceptance."""
    with control.emulator.memory() as state:
        word = _words(control, state)
        found = [
            DeliveryItem(id=entry.id, receiver=entry.receiver, track_id=entry.track_id, deliver_status=said)
            for entry in _entries(state, query.receiver)
            if (said := word(entry)) is not None and query.status in (None, said)
        ]
    shown, more = _page(found, query.after, query.limit, lambda delivery: delivery.id)
    return DeliveriesPage(deliveries=list(shown), total=len(found), more=more)


def requests(control: Control, query: RequestsQuery) -> RequestsPage:
    """Return the latest requests to the gateway, oldest first."""
    found = control.history.since(query.after)
    return RequestsPage(requests=found[: query.limit], total=control.history.received, more=len(found) > query.limit)


def inbox(control: Control) -> InboxList:
    """Return the received messages in the order of arrival."""
    return InboxList(messages=control.emulator.inbox())


def faults(control: Control) -> FaultList:
    """Return the fault rules in force, and how many faults have occurred."""
    occurred = control.emulator.faults.thrown
    return FaultList(faults=control.rules.all(), occurred={kind.value: count for kind, count in occurred.items()})


def latency(control: Control) -> LatencyRange:
    """Return the response time of every request to the gateway."""
    found = control.emulator.latency
    return LatencyRange(shortest=found.shortest, longest=found.longest)


def limits(control: Control) -> GatewayLimits:
    """Return the limits of the gateway."""
    found = control.emulator.limits
    quota = found.rate_limit
    return GatewayLimits(
        rate_limit=None if quota is None else RateLimit(requests=quota.requests, window=quota.window),
        max_batch=found.max_batch,
        max_body_bytes=found.max_body_bytes,
    )


def clock(control: Control) -> Clock:
    """Return the time of day of the emulator."""
    return Clock(now=control.emulator.now())


def balance(control: Control) -> Balance:
    """Return the balance of the account."""
    return Balance(balance=control.emulator.account.balance)


def state(control: Control) -> bytes:
    """Return the state as the document that `--state` keeps in a file."""
    return state_document(control.emulator)


def _entries(state: State, receiver: str | None) -> Sequence[LedgerEntry]:
    return state.ledger.entries if receiver is None else state.ledger.sent_to(receiver)


def _page(found: Sequence[T], after: str | None, limit: int, id_of: Callable[[T], str]) -> tuple[Sequence[T], bool]:
    """Return the items after one, at most `limit`, and whether there are more."""
    # From the end, since who follows a long list asks for what is new.
    start = (
        next((place + 1 for place in reversed(range(len(found))) if id_of(found[place]) == after), 0) if after else 0
    )
    return found[start : start + limit], len(found) > start + limit


def _words(control: Control, state: State) -> Callable[[LedgerEntry], str | None]:
    """Return a function from a message to its delivery status now; None for a voice call."""
    now = control.emulator.now()

    def word(entry: LedgerEntry) -> str | None:
        if entry.kind is MessageKind.VOICE:
            return None
        age = (now - entry.accepted_at).total_seconds()
        return state.delivery.script_for(entry.receiver).word_at(age)

    return word


def _item(entry: LedgerEntry, deliver_status: str | None) -> LedgerItem:
    return LedgerItem(
        id=entry.id,
        kind=entry.kind,
        sender=entry.sender,
        receiver=entry.receiver,
        message=entry.message,
        code=entry.code,
        track_id=entry.track_id,
        parts=entry.parts,
        cost=entry.cost,
        accepted_at=entry.accepted_at,
        deliver_status=deliver_status,
    )
