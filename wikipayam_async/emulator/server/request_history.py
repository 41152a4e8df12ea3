"""The latest requests of a served emulator, without their texts, numbers and tokens."""

from collections import deque
from datetime import datetime

from attrs import define, field, frozen

from wikipayam_async.emulator.emulator import Emulator
from wikipayam_async.emulator.exchange import Exchange, Request
from wikipayam_async.emulator.gateway.gateway import DEFAULT_PREFIX

CAPACITY = 1_000
"""The number of requests that are kept."""


@frozen
class RecordedRequest:
    """A request to the gateway.

    Attributes:
        number: Its number, from 1; numbers ascend, also after a reset.
        at: The time of arrival, by the clock of the emulator.
        method: The method.
        path: The path without the prefix and without the query.
        status: The status of the response; null if none was sent.
        fault: The kind of the fault that it got; null without one.
        delay: Seconds by which latency and fault delayed the response.
    """

    number: int
    at: datetime
    method: str
    path: str
    status: int | None
    fault: str | None
    delay: float


@define
class RequestHistory:
    """Answers requests with an emulator, and keeps the latest ones.

    Attributes:
        emulator: The emulator.
        received: The number of requests since the start.
    """

    emulator: Emulator
    received: int = field(init=False, default=0)
    _latest: deque[RecordedRequest] = field(init=False, factory=lambda: deque(maxlen=CAPACITY))

    def exchange(self, request: Request) -> Exchange:
        """Process a request and return the response, with how it is delivered."""
        exchange = self.emulator.exchange(request)
        self.received += 1
        path = request.path
        self._latest.append(
            RecordedRequest(
                self.received,
                self.emulator.now(),
                request.method,
                path.removeprefix(DEFAULT_PREFIX) if path.startswith(f"{DEFAULT_PREFIX}/") else path,
                None if exchange.response is None else exchange.response.status,
                exchange.fault,
                exchange.delay,
            )
        )
        return exchange

    def since(self, number: int) -> list[RecordedRequest]:
        """Return the kept requests after a number, oldest first."""
        return [one for one in self._latest if one.number > number]

    def clear(self) -> None:
        """Forget the kept requests."""
        self._latest.clear()
