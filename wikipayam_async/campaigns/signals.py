"""Stops a run when the process is asked to end."""

from __future__ import annotations

import signal
from collections.abc import Callable

import anyio
from anyio.abc import TaskStatus

from wikipayam_async.campaigns.journal import StopRequest

__all__ = ["stop_at_signals"]


async def stop_at_signals(
    stop: Callable[[StopRequest, str], object], *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Call `stop` at SIGINT and SIGTERM, with the name of the signal, until it is cancelled.

    Args:
        stop: Stops the run after what is in flight.
        task_status: Told once signals are received.
    """
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for number in signals:
            stop(StopRequest.PAUSE, signal.Signals(number).name)
