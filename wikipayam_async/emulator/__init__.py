"""An emulator of the gateway: a state machine, faults to throw into it, and shells that serve it.

It is written from the gateway's documentation and shares no code with the client, or a test of the one against the
other would show only that the two agree.
"""

from wikipayam_async.emulator.app import create_app
from wikipayam_async.emulator.clock import ManualClock
from wikipayam_async.emulator.delivery import (
    DELIVERED,
    UNDELIVERED,
    WAITING_FOR_UPDATE,
    DeliveryRules,
    DeliveryScript,
    waiting_then,
)
from wikipayam_async.emulator.emulator import DEFAULT_PREFIX, TEHRAN, Emulator
from wikipayam_async.emulator.exchange import Action, Exchange, Request, Response
from wikipayam_async.emulator.fault import Fault, FaultKind, When
from wikipayam_async.emulator.faults import Faults, ThrownFault
from wikipayam_async.emulator.gateway import Limits
from wikipayam_async.emulator.inbox import InboundMessage
from wikipayam_async.emulator.server import ServedEmulator, serve
from wikipayam_async.emulator.state import (
    DEFAULT_BALANCE,
    DEFAULT_LINE,
    DEFAULT_LINES,
    DEFAULT_PATTERN,
    DEFAULT_PATTERN_TEXT,
    DEFAULT_PATTERNS,
    DEFAULT_PRICE,
    DEFAULT_TOKEN,
    DEFAULT_USER_NAME,
    DEFAULT_USERNAME,
    Account,
    LedgerEntry,
    MessageKind,
)
from wikipayam_async.emulator.throttle import Quota
from wikipayam_async.emulator.transport import EmulatorTransport

__all__ = [
    "DEFAULT_BALANCE",
    "DEFAULT_LINE",
    "DEFAULT_LINES",
    "DEFAULT_PATTERN",
    "DEFAULT_PATTERNS",
    "DEFAULT_PATTERN_TEXT",
    "DEFAULT_PREFIX",
    "DEFAULT_PRICE",
    "DEFAULT_TOKEN",
    "DEFAULT_USERNAME",
    "DEFAULT_USER_NAME",
    "DELIVERED",
    "TEHRAN",
    "UNDELIVERED",
    "WAITING_FOR_UPDATE",
    "Account",
    "Action",
    "DeliveryRules",
    "DeliveryScript",
    "Emulator",
    "EmulatorTransport",
    "Exchange",
    "Fault",
    "FaultKind",
    "Faults",
    "InboundMessage",
    "LedgerEntry",
    "Limits",
    "ManualClock",
    "MessageKind",
    "Quota",
    "Request",
    "Response",
    "ServedEmulator",
    "ThrownFault",
    "When",
    "create_app",
    "serve",
    "waiting_then",
]
