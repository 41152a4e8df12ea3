"""An emulator of the gateway: a state machine, faults, an ASGI application and an httpx transport.

It is written from the gateway's documentation and shares no code with the client: a test of one against the other shows
more than that two parts of one program agree.
"""

from wikipayam_async.emulator.app import create_app
from wikipayam_async.emulator.emulator import Emulator
from wikipayam_async.emulator.exchange import Action, Exchange, Request, Response
from wikipayam_async.emulator.faults.fault import Fault, FaultKind, When
from wikipayam_async.emulator.faults.latency import Latency, parse_latency
from wikipayam_async.emulator.faults.parse import FaultRule, arm_faults, parse_fault
from wikipayam_async.emulator.faults.schedule import ArmedFault, Faults, ThrownFault
from wikipayam_async.emulator.gateway.clock import TEHRAN, ManualClock
from wikipayam_async.emulator.gateway.delivery import (
    DELIVERED,
    UNDELIVERED,
    WAITING_FOR_UPDATE,
    DeliveryRules,
    DeliveryScript,
    waiting_then,
)
from wikipayam_async.emulator.gateway.gateway import DEFAULT_PREFIX, Limits
from wikipayam_async.emulator.gateway.inbox import InboundMessage
from wikipayam_async.emulator.gateway.state import (
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
from wikipayam_async.emulator.gateway.throttle import Quota
from wikipayam_async.emulator.openapi import openapi_document
from wikipayam_async.emulator.server.saved_state import SavedStateError, load_state, save_state
from wikipayam_async.emulator.server.serve import ServedEmulator, serve
from wikipayam_async.emulator.server.server_app import create_server_app
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
    "ArmedFault",
    "DeliveryRules",
    "DeliveryScript",
    "Emulator",
    "EmulatorTransport",
    "Exchange",
    "Fault",
    "FaultKind",
    "FaultRule",
    "Faults",
    "InboundMessage",
    "Latency",
    "LedgerEntry",
    "Limits",
    "ManualClock",
    "MessageKind",
    "Quota",
    "Request",
    "Response",
    "SavedStateError",
    "ServedEmulator",
    "ThrownFault",
    "When",
    "arm_faults",
    "create_app",
    "create_server_app",
    "load_state",
    "openapi_document",
    "parse_fault",
    "parse_latency",
    "save_state",
    "serve",
    "waiting_then",
]

for _name in __all__:
    if callable(globals()[_name]):
        globals()[_name].__module__ = __name__
