"""A transport that records the time-out of every request."""

from __future__ import annotations

import httpx

from wikipayam_async.emulator import Emulator, EmulatorTransport


class TimeoutRecorder(EmulatorTransport):
    """Answers like the emulator.

    Attributes:
        timeouts: The time-out of every request, in seconds.
    """

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator)
        self.timeouts: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Record the time-out of a request, and answer it."""
        self.timeouts.append(request.extensions["timeout"]["read"])
        return await super().handle_async_request(request)
