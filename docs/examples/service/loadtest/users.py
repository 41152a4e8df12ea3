"""Simulated users: each logs in with the code sent to its mobile, and places orders."""

from __future__ import annotations

import random
import ssl
import time
from collections import Counter
from collections.abc import Callable

import anyio
import httpx
from attrs import define, field, frozen

from wikipayam_async.emulator import Emulator

__all__ = ["UNLIMITED", "Load", "UserResults", "run_users"]

UNLIMITED = dict.fromkeys(["CODES_PER_HOUR", "CODES_PER_ADDRESS", "CODES_PER_PREFIX"], 10**9)
"""Settings of the shop for users who all have one address, and numbers with the same first digits."""


@frozen(kw_only=True)
class Load:
    """The load on the shop.

    Attributes:
        users: The number of concurrent users.
        orders: The number of orders per user.
        think_time: The average delay before an order, in seconds.
    """

    users: int
    orders: int
    think_time: float


@define
class UserResults:
    """The responses that the users received.

    Attributes:
        logged_in: The number of users that logged in.
        track_ids: The track ids of the orders answered 202.
        seconds: The response times of those orders.
        refused: The other responses, counted by path and status.
        unanswered: The number of orders without a response.
        duration: Seconds from the first request to the last response.
    """

    logged_in: int = 0
    track_ids: list[str] = field(factory=list)
    seconds: list[float] = field(factory=list)
    refused: Counter[str] = field(factory=Counter)
    unanswered: int = 0
    duration: float = 0.0


@frozen
class _User:
    http: httpx.AsyncClient
    mobile: str
    emulator: Emulator
    load: Load
    on_order: Callable[[int], None]
    results: UserResults

    async def run(self) -> None:
        """Act as one user until all orders are placed or the shop closes."""
        try:
            await self._log_in()
        except httpx.HTTPError:
            return
        for _ in range(self.load.orders):
            await anyio.sleep(random.uniform(0, 2 * self.load.think_time))  # noqa: S311 - no secret
            try:
                await self._order()
            except httpx.ConnectError:  # the shop has closed, and did not receive this order
                return
            except httpx.HTTPError:
                self.results.unanswered += 1
                return

    async def _log_in(self) -> None:
        started = await self._post("/login/start", 202, receiver=self.mobile)
        if started is None:
            return
        code, challenge = self.emulator.last_code(self.mobile), started.json()["challenge_id"]
        if await self._post("/login/check", 200, challenge_id=challenge, code=str(code)):
            self.results.logged_in += 1

    async def _order(self) -> None:
        began = time.perf_counter()
        answer = await self._post("/orders", 202, mobile=self.mobile, item="چای")
        if answer:
            self.results.seconds.append(time.perf_counter() - began)
            self.results.track_ids.append(answer.json()["track_id"])
            self.on_order(len(self.results.track_ids))

    async def _post(self, path: str, expected: int, **body: str) -> httpx.Response | None:
        answer = await self.http.post(path, json=body)
        if answer.status_code == expected:
            return answer
        self.results.refused[f"{path} {answer.status_code}"] += 1
        return None


async def run_users(url: str, emulator: Emulator, load: Load, on_order: Callable[[int], None]) -> UserResults:
    """Run all users at once.

    Args:
        url: The base URL of the shop.
        emulator: The gateway, from which users read their codes.
        load: The load.
        on_order: Called after each order answered 202, with the number of such orders so far.
    """
    results = UserResults()
    limits = httpx.Limits(max_connections=1, keepalive_expiry=2.0)  # uvicorn closes idle connections after 5 seconds
    tls = ssl.create_default_context()  # not used; a client without one would load the certificates again

    async def run(number: int) -> None:
        # A client per user: httpx's pool is slow with hundreds of connections.
        async with httpx.AsyncClient(base_url=url, limits=limits, verify=tls, timeout=60, trust_env=False) as http:
            await _User(http, f"0912{number:07}", emulator, load, on_order, results).run()

    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for number in range(load.users):
            tasks.start_soon(run, number)
    results.duration = time.perf_counter() - began
    return results
