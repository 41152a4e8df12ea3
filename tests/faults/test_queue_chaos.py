"""Task queues with idempotency keys, whose workers are killed and stopped; `python -m tests.faults.queue_chaos` is the long experiment."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.faults.queue_chaos import QueueChaos, Told, audit, chaos
from tests.support.effort import long_or_short
from wikipayam_async import SendStatus


@pytest.mark.parametrize("queue", ["arq", "procrastinate"])
def test_workers_that_are_killed_and_stopped_send_nothing_twice_and_lose_nothing(queue: str) -> None:
    """After SIGKILLs and SIGTERMs, with lost answers, the store agrees with the gateway about every key."""
    if find_spec(queue) is None:
        pytest.skip(f"{queue} is not installed: python -m pip install --group recipes")
    short = QueueChaos(queue=queue, tasks=14, signals=2, workers=1, latency=0.1, seed=3)
    settings = long_or_short(QueueChaos(queue=queue, tasks=200, signals=8), short)
    figures = chaos(settings)
    assert (figures["doubled"], figures["lost"], figures["accepted_but_neither_accepted_nor_unknown"]) == (0, 0, 0)
    assert figures["accepted_in_the_store_alone"] == 0
    assert figures["SIGKILL"] + figures["SIGTERM"] == settings.signals
    assert min(figures["SIGKILL"], figures["SIGTERM"]) > 0
    assert figures["accepted"] + figures["rejected"] + figures["unknown"] == settings.tasks


def test_the_comparison_notices_every_kind_of_failure() -> None:
    """A message that was doubled, ones that were never sent or are called rejected, and one with an id of nobody."""
    told = {
        "doubled": Told(SendStatus.ACCEPTED, "1"),
        "lost": Told(SendStatus.NOT_ATTEMPTED),
        "rejected": Told(SendStatus.REJECTED),
        "phantom": Told(SendStatus.ACCEPTED, "9"),
        "unknown": Told(SendStatus.UNKNOWN),
    }
    ledger = {"doubled": ["1", "2"], "rejected": ["3"], "phantom": ["4"], "unknown": ["5"]}
    assert audit(told, ledger) == {
        "doubled": 1,
        "lost": 1,
        "accepted_but_neither_accepted_nor_unknown": 1,
        "accepted_in_the_store_alone": 1,
    }
