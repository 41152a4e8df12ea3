"""The table of the control API: method and path to handler, with the shapes of query, body and response."""

from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen

from wikipayam_async.emulator.gateway.inbox import InboundMessage
from wikipayam_async.emulator.server.control import changing, reading
from wikipayam_async.emulator.server.control.models import (
    Balance,
    Clock,
    ClockAdvance,
    DeliveriesPage,
    DeliveriesQuery,
    DeliveryChoice,
    FaultList,
    GatewayLimits,
    InboxList,
    LatencyRange,
    LedgerPage,
    LedgerQuery,
    NewFaults,
    NewInboundMessage,
    Nothing,
    RequestsPage,
    RequestsQuery,
    Status,
)

PREFIX = "/_emulator"
"""The prefix of every path."""


@frozen(kw_only=True)
class Call:
    """A call of the control API. Its summary is the docstring of its handler.

    Attributes:
        method: The method.
        path: The path below the prefix; it may end with `{id}`.
        handler: Does the call. It takes the control, and the query, the body or the id.
        answer: The shape of the response; None for a state document.
        query: The shape of the query; None without one.
        body: The shape of the body; None without one, and `bytes` for a state document.
        status: The status of a success.
    """

    method: str
    path: str
    handler: Callable[..., object]
    answer: type[Any] | None
    query: type[Any] | None = None
    body: type[Any] | None = None
    status: int = 200

    @property
    def summary(self) -> str:
        """What the call does, in one line."""
        return (self.handler.__doc__ or "").partition("\n")[0]


CALLS: Sequence[Call] = (
    Call(method="GET", path="/", handler=reading.status, answer=Status),
    Call(method="GET", path="/ledger", handler=reading.ledger, query=LedgerQuery, answer=LedgerPage),
    Call(method="GET", path="/requests", handler=reading.requests, query=RequestsQuery, answer=RequestsPage),
    Call(method="GET", path="/deliveries", handler=reading.deliveries, query=DeliveriesQuery, answer=DeliveriesPage),
    Call(
        method="PUT", path="/deliveries", handler=changing.choose_delivery, body=DeliveryChoice, answer=DeliveriesPage
    ),
    Call(method="GET", path="/inbox", handler=reading.inbox, answer=InboxList),
    Call(
        method="POST",
        path="/inbox",
        handler=changing.add_inbound,
        body=NewInboundMessage,
        answer=InboundMessage,
        status=201,
    ),
    Call(method="GET", path="/faults", handler=reading.faults, answer=FaultList),
    Call(method="POST", path="/faults", handler=changing.add_faults, body=NewFaults, answer=FaultList, status=201),
    Call(method="DELETE", path="/faults", handler=changing.clear_faults, answer=FaultList),
    Call(method="DELETE", path="/faults/{id}", handler=changing.remove_fault, answer=FaultList),
    Call(method="GET", path="/latency", handler=reading.latency, answer=LatencyRange),
    Call(method="PUT", path="/latency", handler=changing.set_latency, body=LatencyRange, answer=LatencyRange),
    Call(method="GET", path="/limits", handler=reading.limits, answer=GatewayLimits),
    Call(method="PUT", path="/limits", handler=changing.set_limits, body=GatewayLimits, answer=GatewayLimits),
    Call(method="GET", path="/clock", handler=reading.clock, answer=Clock),
    Call(method="POST", path="/clock", handler=changing.advance_clock, body=ClockAdvance, answer=Clock),
    Call(method="GET", path="/balance", handler=reading.balance, answer=Balance),
    Call(method="PUT", path="/balance", handler=changing.set_balance, body=Balance, answer=Balance),
    Call(method="POST", path="/reset", handler=changing.reset, body=Nothing, answer=Status),
    Call(method="GET", path="/state", handler=reading.state, answer=None),
    Call(method="PUT", path="/state", handler=changing.load_state, body=bytes, answer=Status),
)
"""All calls."""


@frozen
class Match:
    """The calls of a path.

    Attributes:
        calls: The calls by method; empty for an unknown path.
        id: The part of the path that matches `{id}`.
    """

    calls: dict[str, Call]
    id: str = ""


def find(path: str) -> Match:
    """Return the calls of a path below the prefix."""
    exact = {call.method: call for call in CALLS if call.path == (path or "/")}
    if exact:
        return Match(exact)
    parent, _, id_ = path.rpartition("/")
    return Match({call.method: call for call in CALLS if id_ and call.path == f"{parent}/{{id}}"}, id_)
