"""The state that clients share: connections, the pause after a 429, the retry budget, the ids of calls."""

from __future__ import annotations

import itertools
import os
import random
import secrets
from typing import TYPE_CHECKING

import anyio

from wikipayam_async.core.limits import Clock, Gate, Sleep
from wikipayam_async.core.loops import current_time
from wikipayam_async.core.retry import RetryBudget, Uniform

if TYPE_CHECKING:
    from wikipayam_async.core.carrier import Carrier

__all__ = ["SharedState"]


class SharedState:
    """The state of all clients that share connections: the carrier, the gate of a 429, the retry budget, the call ids.

    Attributes:
        objects: What services share between these clients, by its class.
    """

    def __init__(self, carrier: Carrier, *, clock: Clock = current_time, sleep: Sleep = anyio.sleep) -> None:
        self.carrier = carrier
        self.gate = Gate()
        self.budget = RetryBudget()
        self.clock = clock
        self.sleep = sleep
        self.uniform: Uniform = random.SystemRandom().uniform
        self.objects: dict[type, object] = {}
        self._call_ids = (0, "", itertools.count(1))

    def for_another_account(self) -> SharedState:
        """Return the state of a client with another token: the same connections, but a gate and a budget of its own."""
        other = SharedState(self.carrier, clock=self.clock, sleep=self.sleep)
        other.uniform = self.uniform
        return other

    def new_call_id(self) -> str:
        """Return the id that the events and log lines of one call carry."""
        process, prefix, numbers = self._call_ids
        if process != os.getpid():  # the first call, or the first one in a forked process
            # One assignment: another thread finds either all of it or nothing.
            self._call_ids = process, prefix, numbers = os.getpid(), secrets.token_hex(4), itertools.count(1)
        return f"{prefix}-{next(numbers)}"
