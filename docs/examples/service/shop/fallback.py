"""Codes that do not arrive by SMS are read out by a call."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import anyio
from attrs import field, frozen

from wikipayam_async import AsyncWikipayam, DeliveryState, WikipayamError

__all__ = ["VoiceFallback"]

logger = logging.getLogger("shop")


@frozen
class _Waiting:
    mobile: str = field(repr=False)
    code: str = field(repr=False)
    deadline: float


class VoiceFallback:
    """Looks after all codes that are on their way, in one task: a hundred of them are one request.

    Args:
        client: The client.
        after: Seconds that the SMS may take.
        look_every: Seconds between two looks.
        sleep: Waits; tests hand in one that does not.
    """

    def __init__(
        self,
        client: AsyncWikipayam,
        *,
        after: float,
        look_every: float,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._client = client
        self._after = after
        self._look_every = look_every
        self._sleep = sleep
        self._waiting: dict[str, _Waiting] = {}

    def watch(self, message_id: str, mobile: str, code: str) -> None:
        """Call the mobile if the message does not reach it in time."""
        self._waiting[message_id] = _Waiting(mobile, code, anyio.current_time() + self._after)

    async def run(self) -> None:
        """Look until cancelled."""
        async with anyio.create_task_group() as calls:
            while True:
                await self._sleep(self._look_every)
                for one in await self._look():
                    calls.start_soon(self._call, one)

    async def _look(self) -> list[_Waiting]:
        """Ask once about all; return those that are to be called, and forget them and those that were reached."""
        states: dict[str, DeliveryState] = {}
        try:
            states = {one.id: one.status for one in await self._client.sms.delivery_status(list(self._waiting))}
        except WikipayamError as error:
            logger.warning("delivery is not known at the moment: %s", type(error).__name__)
        missed = []
        for message_id, one in list(self._waiting.items()):
            state = states.get(message_id, DeliveryState.WAITING_FOR_UPDATE)
            if state.final or anyio.current_time() >= one.deadline:
                del self._waiting[message_id]
                if state is not DeliveryState.DELIVERED:
                    missed.append(one)
        return missed

    async def _call(self, one: _Waiting) -> None:
        try:
            await self._client.voice.send(one.mobile, one.code)
        except WikipayamError as error:  # the user may ask for another code; nobody is called twice for this one
            logger.warning("no call was ordered for certain: %s", type(error).__name__)
