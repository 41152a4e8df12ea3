"""The rate and the shares of workers, from looks at what they have claimed. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from attrs import frozen

__all__ = ["Sample", "smallest_share", "steady_rate"]


@frozen
class Sample:
    """A look at a campaign.

    Attributes:
        at: The time in seconds.
        claimed: The messages that are claimed or sent.
    """

    at: float
    claimed: int


def steady_rate(samples: Sequence[Sample], skipped: int) -> float:
    """Return the messages claimed per second, from the claim that reaches `skipped` messages to the last one."""
    steps = [after for before, after in itertools.pairwise(samples) if after.claimed > before.claimed]
    steps = [step for step in steps if step.claimed >= skipped]
    first, last = steps[0], steps[-1]
    return (last.claimed - first.claimed) / (last.at - first.at)


def smallest_share(counts: Sequence[int], workers: int) -> float:
    """Return the messages of the worker that sent least, relative to an equal share; 0 if one sent none."""
    return 0.0 if len(counts) < workers else float(min(counts) * workers / sum(counts))
