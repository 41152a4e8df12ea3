"""The running event loop of asyncio, found without anyio: it is asked for several times a request."""

from __future__ import annotations

import asyncio
import sys

__all__ = ["asyncio_loop"]


def asyncio_loop() -> asyncio.AbstractEventLoop | None:
    """Return the running event loop if it is surely one of asyncio's kind. It costs less than to ask anyio."""
    in_trio_run = getattr(sys.modules.get("trio.lowlevel"), "in_trio_run", None)
    if in_trio_run is not None and in_trio_run():  # perhaps within a task of asyncio, or as a guest of its loop
        return None
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop runs
        return None
    return None if task is None else task.get_loop()
