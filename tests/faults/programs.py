"""Random programs of sends, faults, cancels and early exits."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeAlias

from attrs import frozen
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from wikipayam_async.emulator import Fault, When

__all__ = ["RECEIVERS", "Arm", "Bulk", "Many", "Program", "effort", "programs"]

RECEIVERS = ("09120000001", "09120000002", "+98 912 000 0003")


def effort(examples: int) -> settings:
    """Say how many examples to try: the same ones in every run, or new ones and `WIKIPAYAM_EFFORT` times as many."""
    times = int(os.environ.get("WIKIPAYAM_EFFORT", "1"))
    return settings(
        max_examples=examples * times,
        derandomize=times == 1,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


@frozen
class Arm:
    """Let a fault strike the next sends."""

    fault: Fault
    times: int


@frozen
class Many:
    """Send messages in one request; one goes by `send`.

    Attributes:
        count: How many.
        cancel: After how many steps of the event loop it is cancelled; None for never.
    """

    count: int
    cancel: int | None


@frozen
class Bulk:
    """Send messages in bulk, and perhaps leave before the end.

    Attributes:
        count: How many messages the source holds.
        bad: Every so many messages has no valid receiver; 0 for none.
        batch_size: The most messages of a request.
        concurrency: How many requests at once.
        ordered: In the order of the input.
        source: What kind of iterable it is.
        breaks: After how many messages the source raises; None for never.
        leave: After how many results the consumer leaves; None for never.
        how: Whether it leaves by `break` or by an exception.
        cancel: After how many steps of the event loop it is cancelled; None for never.
        on_error: What a failure does to the rest.
    """

    count: int
    bad: int
    batch_size: int
    concurrency: int
    ordered: bool
    source: str
    breaks: int | None
    leave: int | None
    how: str
    cancel: int | None
    on_error: Any


Step: TypeAlias = Arm | Many | Bulk
Program: TypeAlias = Sequence[Step]

WHEN = st.sampled_from(list(When))
STATUSES = st.sampled_from([300, 302, 400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 599])
FAULTS: st.SearchStrategy[Fault] = st.one_of(
    # A refusal that was processed all the same would be a gateway that lies; only where it may, it is tried.
    st.builds(
        lambda status, when: Fault.status(status, when=when if status >= 500 or status in {408, 409} else When.BEFORE),
        STATUSES,
        WHEN,
    ),
    st.builds(
        lambda places: Fault.status(
            422, json={"message": "No.", "errors": {f"{p}.receiver": ["Bad."] for p in places}}
        ),
        st.lists(st.integers(0, 9), max_size=3),
    ),
    st.builds(lambda seconds: Fault.status(429, retry_after=seconds), st.sampled_from([0, 1, 30, 61, 5000])),
    st.builds(lambda when: Fault.html(502, when=when), WHEN),
    st.just(Fault.html(200, when=When.AFTER)),
    st.builds(lambda when: Fault.reset(when=when), WHEN),
    st.builds(lambda when: Fault.close(when=when), WHEN),
    st.builds(lambda when: Fault.hang(when=when), WHEN),
    st.just(Fault.redirect("http://127.0.0.1:1/", when=When.AFTER)),
    st.just(Fault.delay(0.001)),
    st.just(Fault.truncated()),
    st.just(Fault.malformed_json()),
    st.just(Fault.invalid_utf8()),
    st.just(Fault.empty()),
    st.builds(lambda places: Fault.missing_items(*places), st.lists(st.integers(-3, 3), min_size=1, max_size=4)),
    st.just(Fault.reordered_items()),
    st.builds(lambda places: Fault.duplicated_items(*places), st.lists(st.integers(-3, 3), min_size=1, max_size=3)),
    st.builds(Fault.extra_items, st.integers(1, 4)),
    st.just(Fault.null_track_ids()),
)
SOON = st.none() | st.none() | st.integers(0, 25)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(Arm, FAULTS, st.integers(1, 4)),
    st.builds(Arm, FAULTS, st.integers(1, 4)),
    st.builds(Many, st.integers(1, 8), SOON),
    st.builds(
        Bulk,
        count=st.integers(0, 30),
        bad=st.sampled_from([0, 0, 2, 5]),
        batch_size=st.integers(1, 7),
        concurrency=st.integers(1, 4),
        ordered=st.booleans(),
        source=st.sampled_from(["list", "generator", "async generator"]),
        breaks=st.none() | st.none() | st.integers(0, 20),
        leave=st.none() | st.none() | st.integers(0, 20),
        how=st.sampled_from(["break", "raise"]),
        cancel=SOON,
        on_error=st.sampled_from(["collect", "collect", "stop"]),
    ),
)
programs: st.SearchStrategy[Program] = st.lists(STEPS, min_size=1, max_size=8)
