"""Many users at once: each logs in with the code that comes to its mobile, and orders."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable

import anyio
import httpx
from attrs import define, field, frozen

from wikipayam_async import LaneTransport
from wikipayam_async.emulator import Emulator

__all__ = ["Crowd", "Plan", "Seen", "send_crowd"]


@frozen(kw_only=True)
class Plan:
    """How many come, and what they do.

    Attributes:
        users: How many, all at once.
        orders: How many times each orders.
        pause: The average of the seconds that a user waits before an order.
    """

    users: int
    orders: int
    pause: float


@define
class Seen:
    """What the users saw.

    Attributes:
        logged_in: How many got in.
        track_ids: Of the orders that were answered 202.
        seconds: What each of those answers took.
        refused: Other answers, by what was asked and the status.
        broken: Orders without an answer: nobody told the user whether they were taken.
        seconds_in_all: From the first request to the last answer.
    """

    logged_in: int = 0
    track_ids: list[str] = field(factory=list)
    seconds: list[float] = field(factory=list)
    refused: Counter[str] = field(factory=Counter)
    broken: int = 0
    seconds_in_all: float = 0.0


class Crowd:
    """The users of one shop.

    Args:
        http: Leads to the shop.
        emulator: The gateway, where the mobiles are.
        plan: What they do.
        on_order: Called after each order that was answered 202 with how many there are.
    """

    def __init__(
        self, http: httpx.AsyncClient, emulator: Emulator, plan: Plan, on_order: Callable[[int], None]
    ) -> None:
        self._http = http
        self._emulator = emulator
        self._plan = plan
        self._on_order = on_order
        self.seen = Seen()

    async def visit(self, number: int) -> None:
        """Be one user, until the shop closes."""
        mobile = f"0912{number:07}"
        try:
            await self._log_in(mobile)
        except httpx.HTTPError:
            return
        for _ in range(self._plan.orders):
            await anyio.sleep(random.uniform(0, 2 * self._plan.pause))  # noqa: S311 - no secret
            try:
                await self._order(mobile)
            except httpx.ConnectError:  # the shop has closed, and heard nothing of this order
                return
            except httpx.HTTPError:
                self.seen.broken += 1
                return

    async def _log_in(self, mobile: str) -> None:
        if not await self._ask("/login", 202, mobile=mobile):
            return
        code = self._emulator.last_code(mobile)
        if await self._ask("/login/check", 204, mobile=mobile, code=str(code)):
            self.seen.logged_in += 1

    async def _order(self, mobile: str) -> None:
        began = time.perf_counter()
        answer = await self._ask("/orders", 202, mobile=mobile, item="چای")
        if answer:
            self.seen.seconds.append(time.perf_counter() - began)
            self.seen.track_ids.append(answer.json()["track_id"])
            self._on_order(len(self.seen.track_ids))

    async def _ask(self, path: str, expected: int, **body: str) -> httpx.Response | None:
        answer = await self._http.post(path, json=body)
        if answer.status_code == expected:
            return answer
        self.seen.refused[f"{path} {answer.status_code}"] += 1
        return None


async def send_crowd(url: str, emulator: Emulator, plan: Plan, on_order: Callable[[int], None]) -> Seen:
    """Send all users to a shop at once; return what they saw."""
    # httpx's own pool is slow with so many connections. uvicorn closes idle ones after 5 seconds; these are given up before.
    transport = LaneTransport(max_connections=plan.users, idle_expiry=2.0)
    async with httpx.AsyncClient(base_url=url, transport=transport, timeout=60, trust_env=False) as http:
        crowd = Crowd(http, emulator, plan, on_order)
        began = time.perf_counter()
        async with anyio.create_task_group() as users:
            for number in range(plan.users):
                users.start_soon(crowd.visit, number)
        crowd.seen.seconds_in_all = time.perf_counter() - began
    return crowd.seen
