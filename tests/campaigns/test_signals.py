"""Signals that stop a run."""

from __future__ import annotations

import os
import signal
import sys

import anyio
import pytest

from wikipayam_async.campaigns import StopRequest
from wikipayam_async.campaigns.signals import stop_at_signals

pytestmark = pytest.mark.anyio


@pytest.mark.skipif(sys.platform == "win32", reason="asyncio receives no signals on Windows")
async def test_signals_pause_a_run() -> None:
    """Each by its name, which becomes the reason; the process goes on."""
    stopped: list[tuple[StopRequest, str]] = []
    wanted = [signal.SIGTERM, signal.SIGINT]

    def stop(request: StopRequest, reason: str) -> None:
        stopped.append((request, reason))
        if len(stopped) == len(wanted):
            group.cancel_scope.cancel()
        else:
            os.kill(os.getpid(), wanted[len(stopped)])

    async with anyio.create_task_group() as group:
        await group.start(stop_at_signals, stop)
        os.kill(os.getpid(), wanted[0])
    assert stopped == [(StopRequest.PAUSE, "SIGTERM"), (StopRequest.PAUSE, "SIGINT")]
