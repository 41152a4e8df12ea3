"""Simulated users who log in with the code that reaches them first: by SMS, or by a call."""

from __future__ import annotations

import ssl
import time
from collections import Counter, defaultdict
from collections.abc import Sequence

import anyio
import httpx
from attrs import define, field

from wikipayam_async.emulator import Emulator, MessageKind

__all__ = ["LoginResults", "log_in_all", "mobiles_of"]

_POLL = 0.05


@define
class LoginResults:
    """What the users saw.

    Attributes:
        logged_in: The mobiles whose proofs the shop accepted.
        refused_again: The mobiles whose code was refused the second time.
        different_codes: The mobiles that got two different codes.
        unexpected: Other responses, counted by path and status.
        duration: Seconds from the first request to the last response.
    """

    logged_in: list[str] = field(factory=list)
    refused_again: list[str] = field(factory=list)
    different_codes: list[str] = field(factory=list)
    unexpected: Counter[str] = field(factory=Counter)
    duration: float = 0.0


def mobiles_of(users: int) -> tuple[list[str], list[str]]:
    """Return the mobiles that receive SMS, and those that are called."""
    numbers = [f"0912{number:07}" for number in range(users)]
    return numbers[::2], numbers[1::2]


class _Phones:
    """The messages of all mobiles, read from the emulator in one task."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._codes: dict[tuple[str, MessageKind], str | None] = {}
        self._arrived: dict[tuple[str, MessageKind], anyio.Event] = defaultdict(anyio.Event)

    async def run(self) -> None:
        """Read until cancelled."""
        read = 0
        while True:
            entries = self._emulator.ledger
            for entry in entries[read:]:
                key = (entry.receiver, entry.kind)
                self._codes[key] = entry.code
                self._arrived[key].set()
            read = len(entries)
            await anyio.sleep(_POLL)

    async def code(self, mobile: str, kind: MessageKind) -> str | None:
        """Wait for a message; return its code."""
        await self._arrived[mobile, kind].wait()
        return self._codes[mobile, kind]


@define
class _User:
    http: httpx.AsyncClient
    mobile: str
    called: bool
    phones: _Phones
    results: LoginResults

    async def run(self) -> None:
        """Log in, see the orders, and enter the code once more."""
        started = await self._post("start", 202, receiver=self.mobile)
        if started is None:
            return
        code = await self.phones.code(self.mobile, MessageKind.OTP)
        if self.called:  # the SMS is in the ledger, but the mobile has not received it
            again = await self.phones.code(self.mobile, MessageKind.VOICE)
            if again != code:
                self.results.different_codes.append(self.mobile)
        entered = {"challenge_id": started.json()["challenge_id"], "code": str(code)}
        accepted = await self._post("check", 200, **entered)
        if accepted is None:
            return
        headers = {"Authorization": f"Bearer {accepted.json()['proof']}"}
        if (await self.http.get("/me/orders", headers=headers)).status_code == httpx.codes.OK:
            self.results.logged_in.append(self.mobile)
        if await self._post("check", 401, **entered):
            self.results.refused_again.append(self.mobile)

    async def _post(self, path: str, expected: int, **body: str) -> httpx.Response | None:
        answer = await self.http.post(f"/login/{path}", json=body)
        if answer.status_code == expected:
            return answer
        self.results.unexpected[f"/login/{path} {answer.status_code}"] += 1
        return None


async def log_in_all(url: str, emulator: Emulator, sms: Sequence[str], called: Sequence[str]) -> LoginResults:
    """Log all users in at once.

    Args:
        url: The base URL of the shop.
        emulator: The gateway, from which users read their codes.
        sms: The mobiles that receive SMS.
        called: The mobiles that are called.
    """
    results, phones = LoginResults(), _Phones(emulator)
    # A user who waits for the code is idle for longer than uvicorn keeps a connection.
    headers = {"Connection": "close"}
    tls = ssl.create_default_context()  # not used; a client without one would load the certificates again

    async def run(mobile: str, by_call: bool) -> None:  # noqa: FBT001 - `start_soon` takes no keywords
        async with httpx.AsyncClient(base_url=url, headers=headers, verify=tls, timeout=120, trust_env=False) as http:
            await _User(http, mobile, by_call, phones, results).run()

    began = time.perf_counter()
    async with anyio.create_task_group() as reading:
        reading.start_soon(phones.run)
        async with anyio.create_task_group() as users:
            for mobile in sms:
                users.start_soon(run, mobile, False)  # noqa: FBT003 - as above
            for mobile in called:
                users.start_soon(run, mobile, True)  # noqa: FBT003 - as above
        reading.cancel_scope.cancel()
    results.duration = time.perf_counter() - began
    return results
