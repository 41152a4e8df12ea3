"""A short soak on both event loops; `python -m tests.faults.soak --seconds 600` runs a long one."""

from __future__ import annotations

import pytest

from tests.faults.soak import LANES, soak
from tests.support.effort import long_or_short
from tests.support.figures import record


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_load_under_faults_loses_nothing(backend: str) -> None:
    """Seconds of sends, bulk sends, reads and cancellations under faults lose, double and leak nothing."""
    figures = soak(long_or_short(11, 3), backend)
    record(f"soak.{backend}", figures)
    assert (figures["lost"], figures["duplicated"], figures["reported_twice"]) == (0, 0, 0)
    assert figures["peak_sockets"] <= LANES
    assert figures["open_sockets_at_the_end"] == 0
    assert figures["memory_growth_KiB"] <= 2048
    assert figures["file_descriptors_after"] <= figures["file_descriptors_before"]
    assert figures["requests"] > long_or_short(500, 20)
    assert len(figures["faults"]) >= long_or_short(8, 1)
