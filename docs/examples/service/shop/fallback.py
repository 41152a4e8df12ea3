"""Voice calls for login codes that are not delivered by SMS."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import anyio
from attrs import field, frozen

from wikipayam_async import AsyncWikipayam, DeliveryReport, WikipayamError

__all__ = ["VoiceFallback"]

logger = logging.getLogger("shop")


@frozen
class _PendingCode:
    mobile: str = field(repr=False)
    code: str = field(repr=False)
    deadline: float


class VoiceFallback:
    """Polls the delivery of all pending codes, a hundred in one request, and calls if a code is not delivered.

    Args:
        client: The client.
        after: Seconds to wait for the SMS before calling.
        poll_interval: Seconds between two polls.
        sleep: The sleep function; tests pass one that does not wait.
    """

    def __init__(
        self,
        client: AsyncWikipayam,
        *,
        after: float,
        poll_interval: float,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._client = client
        self._after = after
        self._poll_interval = poll_interval
        self._sleep = sleep
        self._pending: dict[str, _PendingCode] = {}

    def watch(self, message_id: str, mobile: str, code: str) -> None:
        """Call the mobile if the message is not delivered in time."""
        self._pending[message_id] = _PendingCode(mobile, code, anyio.current_time() + self._after)

    async def run(self) -> None:
        """Poll until cancelled."""
        async with anyio.create_task_group() as calls:
            while True:
                await self._sleep(self._poll_interval)
                for pending in await self._poll():
                    calls.start_soon(self._call, pending)

    async def _poll(self) -> list[_PendingCode]:
        """Poll the delivery of all pending codes; drop those that are settled or late, and return the undelivered."""
        report = DeliveryReport()
        try:
            report = await self._client.sms.delivery_status(self._pending)
        except WikipayamError as error:
            logger.warning("delivery statuses are not available: %s", type(error).__name__)
        undelivered = []
        for message_id, pending in list(self._pending.items()):
            delivery = report.get(message_id)
            settled = delivery is not None and (delivery.status.final or delivery in report.undelivered)
            if settled or anyio.current_time() >= pending.deadline:
                del self._pending[message_id]
                if delivery not in report.delivered:
                    undelivered.append(pending)
        return undelivered

    async def _call(self, pending: _PendingCode) -> None:
        try:
            await self._client.voice.send(pending.mobile, pending.code)
        except (
            WikipayamError
        ) as error:  # not repeated: the call may have been placed, and the user can ask for a new code
            logger.warning("the call may not have been placed: %s", type(error).__name__)
