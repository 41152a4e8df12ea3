"""The calls of the control API that change something."""

from collections.abc import Callable
from typing import TypeVar

from wikipayam_async.emulator.faults.latency import Latency
from wikipayam_async.emulator.faults.parse import FaultRule, parse_fault
from wikipayam_async.emulator.gateway.delivery import DeliveryScript, waiting_then
from wikipayam_async.emulator.gateway.gateway import Limits
from wikipayam_async.emulator.gateway.inbox import InboundMessage
from wikipayam_async.emulator.gateway.throttle import Quota
from wikipayam_async.emulator.server.control import reading
from wikipayam_async.emulator.server.control.context import Control
from wikipayam_async.emulator.server.control.models import (
    Balance,
    Clock,
    ClockAdvance,
    DeliveriesPage,
    DeliveriesQuery,
    DeliveryChoice,
    FaultList,
    GatewayLimits,
    LatencyRange,
    NewFaults,
    NewInboundMessage,
    Nothing,
    Status,
)
from wikipayam_async.emulator.server.control.problem import Refusal
from wikipayam_async.emulator.server.saved_state import SavedStateError, restore_state

T = TypeVar("T")


def choose_delivery(control: Control, body: DeliveryChoice) -> DeliveriesPage:
    """Set the delivery status of all messages to a number, and return their deliveries."""
    # A script has one word from the start, or waits for it.
    script = waiting_then(body.status, after=body.after) if body.after else DeliveryScript(((0.0, body.status),))
    control.emulator.delivery.choose(body.receiver, script)
    return reading.deliveries(control, DeliveriesQuery(receiver=body.receiver))


def add_inbound(control: Control, body: NewInboundMessage) -> InboundMessage:
    """Add a message from a phone, and return it with its id."""
    emulator = control.emulator
    id_ = _valid(
        lambda: emulator.inbound(
            sender=body.sender, message=body.message, receiver=body.receiver, received_at=body.received_at
        ),
        "The time of arrival is out of range.",
    )
    return next(message for message in reversed(emulator.inbox(body.receiver)) if message.id == id_)


def add_faults(control: Control, body: NewFaults) -> FaultList:
    """Add fault rules, and return all that are in force."""

    def parse(text: str) -> FaultRule:
        return _valid(lambda: parse_fault(text), f"{text!r} is not a fault rule.")

    rules = [parse(text) for text in body.rules]
    _valid(lambda: control.rules.add(rules), "The rules cannot be in force together.")
    return reading.faults(control)


def remove_fault(control: Control, number: str) -> FaultList:
    """Remove a fault rule, and return those that are left in force."""
    try:
        control.rules.remove([int(number)])
    except (KeyError, ValueError):
        raise Refusal(
            404, "There is no such fault rule in force.", "GET /_emulator/faults lists the rules with their ids."
        ) from None
    return reading.faults(control)


def clear_faults(control: Control) -> FaultList:
    """Remove all faults. The number of those that have occurred stays."""
    control.rules.clear()
    return reading.faults(control)


def set_latency(control: Control, body: LatencyRange) -> LatencyRange:
    """Set the response time of every request to the gateway."""
    longest = body.shortest if body.longest is None else body.longest
    control.emulator.latency = _valid(lambda: Latency(body.shortest, longest), "This is not a range of times.")
    return reading.latency(control)


def set_limits(control: Control, body: GatewayLimits) -> GatewayLimits:
    """Replace the limits of the gateway; a limit that is left out is removed."""
    quota = body.rate_limit
    control.emulator.limits = Limits(
        rate_limit=None if quota is None else Quota(quota.requests, quota.window),
        max_batch=body.max_batch,
        max_body_bytes=body.max_body_bytes,
    )
    return reading.limits(control)


def advance_clock(control: Control, body: ClockAdvance) -> Clock:
    """Move the clock forward, and return the new time of day."""
    _valid(lambda: control.emulator.advance(body.advance), "The clock cannot be moved so far.")
    return reading.clock(control)


def set_balance(control: Control, body: Balance) -> Balance:
    """Set the balance of the account."""
    with control.emulator.memory():
        control.emulator.account.balance = body.balance
    return reading.balance(control)


def reset(control: Control, _: Nothing) -> Status:
    """Clear ledger, inbox, requests and faults, and restore the balance. Latency, limits and clock stay."""
    control.emulator.reset()
    control.history.clear()
    return reading.status(control)


def load_state(control: Control, document: bytes) -> Status:
    """Replace balance, ledger, inbox and delivery rules with those of a state document."""
    try:
        restore_state(control.emulator, document, source="The body")
    except SavedStateError as error:
        raise Refusal(
            422, f"{error}.", "Send a document of GET /_emulator/state or of a file of --state, unchanged."
        ) from None
    return reading.status(control)


def _valid(make: Callable[[], T], message: str) -> T:
    """Return the value, or refuse the call with the error as the hint."""
    try:
        return make()
    except (ValueError, OverflowError) as error:
        raise Refusal(422, message, f"{error}.") from None
