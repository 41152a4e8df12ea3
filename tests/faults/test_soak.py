"""A short soak on both event loops; `python -m tests.faults.soak --seconds 600` runs a long one."""

from __future__ import annotations

import pytest

from tests.faults.soak import LANES, soak
from tests.support.figures import record


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_load_under_faults_loses_nothing(backend: str) -> None:
    """Eleven seconds of sends, bulk sends, reads and cancellations under faults lose, double and leak nothing."""
    figures = soak(11, backend)
    record(f"soak.{backend}", figures)
    assert (figures["lost"], figures["doubled"], figures["told_twice"]) == (0, 0, 0)
    assert figures["peak_sockets"] <= LANES
    assert figures["sockets_left"] == 0
    assert figures["grown_kib"] <= 2048
    assert figures["descriptors_after"] <= figures["descriptors_before"]
    assert figures["requests"] > 500
    assert len(figures["faults"]) >= 8
