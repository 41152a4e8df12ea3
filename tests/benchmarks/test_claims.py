"""The rate and the shares of workers."""

from __future__ import annotations

import pytest

from tests.benchmarks.claims import Sample, smallest_share, steady_rate


def test_the_burst_at_the_start_does_not_count() -> None:
    """The rate is that between two claims: from the one that reaches the skipped messages to the last one."""
    claimed = [0, 200, 300, 400, 400, 500, 600, 600, 600]
    samples = [Sample(10 + number / 2, count) for number, count in enumerate(claimed)]
    assert steady_rate(samples, 400) == pytest.approx(200 / 1.5)
    assert steady_rate(samples, 200) == pytest.approx(400 / 2.5)


@pytest.mark.parametrize(
    ("counts", "workers", "share"),
    [([40, 40, 40], 3, 1.0), ([30, 60, 90], 3, 0.5), ([60, 60], 3, 0.0), ([90], 1, 1.0)],
)
def test_the_smallest_share_is_relative_to_an_equal_one(counts: list[int], workers: int, share: float) -> None:
    """1 is equal, and 0 a worker that sent nothing."""
    assert smallest_share(counts, workers) == share
