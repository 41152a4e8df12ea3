"""What the errors of the page `errors.md` are raised with."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen

from wikipayam_async import AsyncWikipayam, RetryPolicy, SmsMessage
from wikipayam_async.emulator import Fault
from wikipayam_async.testing import Emulator, emulator_client
from wikipayam_async.verification import Challenge, MemoryStore, SmsChannel, Verifier

__all__ = ["RECEIVER", "TEXT", "Bench", "Raises", "raised_by", "shown"]

RECEIVER, TEXT, TRACK_ID = "09123456789", "Your order is ready", "ORDER-1001"
ONCE = RetryPolicy(max_attempts=1)

_ADDRESS = re.compile(r"127\.0\.0\.1:\d+")
_PROCESS = re.compile(r"process \d+")


@frozen
class Bench:
    """What the errors are raised with: an emulator and a folder."""

    emulator: Emulator
    folder: Path

    def client(self, **options: Any) -> AsyncWikipayam:
        """Return a client of the emulator that makes one attempt."""
        return emulator_client(self.emulator, retry=ONCE, **options)

    async def send(self, **options: Any) -> object:
        """Send the usual message."""
        return await self.client(**options).sms.send(RECEIVER, TEXT, track_id=TRACK_ID)

    async def send_after(self, fault: Fault) -> object:
        """Send the usual message to a gateway that fails."""
        self.emulator.faults.arm(fault)
        return await self.send()

    def messages(self, count: int = 3) -> list[SmsMessage]:
        """Return messages with track ids."""
        return [SmsMessage(f"0912000000{n}", TEXT, track_id=f"ORDER-{n}") for n in range(1, count + 1)]

    def verifier(self, **options: Any) -> Verifier:
        """Return a verifier."""
        return Verifier(
            self.client(),
            options.pop("store", None) or MemoryStore(),
            secret="0" * 64,
            channels=[SmsChannel(otp_pattern_id=13)],
            **options,
        )

    async def started(self, verifier: Verifier) -> Challenge:
        """Start a challenge."""
        return await verifier.start(RECEIVER, purpose="login")


Raises: TypeAlias = Callable[[Bench], Awaitable[object]]


def shown(text: str, folder: Path) -> str:
    """Return a text as the page quotes it: without what differs from machine to machine."""
    text = text.replace(f"{folder}{os.sep}", "")
    return _PROCESS.sub("process 4711", _ADDRESS.sub("wikipayam.ir:443", text)).strip()


async def raised_by(raises: Raises, bench: Bench) -> tuple[str, str]:
    """Return the class and the text of what is raised; of nothing, what was returned."""
    try:
        returned = await raises(bench)
    except Exception as error:  # noqa: BLE001 - its class is what the page says
        return type(error).__name__, shown(str(error), bench.folder)
    return "nothing was raised", repr(returned)
