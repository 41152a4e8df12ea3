"""Opt-outs: a mobile that answers `لغو` receives no more announcements."""

from __future__ import annotations

from pathlib import Path

import anyio

from wikipayam_async import ReceivedMessage
from wikipayam_async.numbers import is_mobile, normalize_receiver
from wikipayam_async.optout import OptOutList, is_opt_out

__all__ = ["OptOuts"]


class OptOuts:
    """The opted-out numbers, in memory and in a file.

    Args:
        path: The file, which is read at once; None keeps the numbers in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.numbers = OptOutList.read(path) if path is not None and path.exists() else OptOutList()
        self._path = path

    async def handle(self, message: ReceivedMessage) -> None:
        """Handle a received message. If this raises, the worker passes the message again, so no opt-out is lost."""
        if not is_opt_out(message.message) or not is_mobile(message.sender) or message.sender in self.numbers:
            return
        if self._path is not None:
            async with await anyio.open_file(self._path, "a", encoding="utf-8") as file:
                await file.write(f"{normalize_receiver(message.sender)}\n")
        self.numbers.add(message.sender)
