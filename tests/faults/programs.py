"""Random programs of sends, faults, cancellations and early exits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from attrs import frozen
from hypothesis import strategies as st

from wikipayam_async.emulator import Fault, When

__all__ = ["RECEIVERS", "Arm", "Program", "SendBulk", "SendMany", "programs"]

RECEIVERS = ("09120000001", "09120000002", "+98 912 000 0003")


@frozen
class Arm:
    """Arm a fault for the next `times` requests to `POST /sms/send`."""

    fault: Fault
    times: int


@frozen
class SendMany:
    """Send messages with `send_many`, or one message with `send`.

    Attributes:
        count: The number of messages.
        cancel_after: The number of checkpoints before it is cancelled; None means never.
    """

    count: int
    cancel_after: int | None


@frozen
class SendBulk:
    """Send messages in bulk; the consumer may leave before the end.

    Attributes:
        count: The number of messages in the source.
        invalid_every: Every n-th message has an invalid receiver; 0 means none.
        batch_size: The maximum number of messages per request.
        concurrency: The maximum number of requests in flight.
        ordered: Whether results come in the order of the input.
        source: The kind of iterable.
        raise_after: The number of messages before the source raises; None means never.
        leave_after: The number of results before the consumer leaves; None means never.
        leave_by: Whether the consumer leaves by `break` or by an exception.
        cancel_after: The number of checkpoints before it is cancelled; None means never.
        stop_on_error: The `stop_on_error` of the bulk send.
    """

    count: int
    invalid_every: int
    batch_size: int
    concurrency: int
    ordered: bool
    source: str
    raise_after: int | None
    leave_after: int | None
    leave_by: str
    cancel_after: int | None
    stop_on_error: Any


Step: TypeAlias = Arm | SendMany | SendBulk
Program: TypeAlias = Sequence[Step]

WHEN = st.sampled_from(list(When))
STATUSES = st.sampled_from([300, 302, 400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 599])
FAULTS: st.SearchStrategy[Fault] = st.one_of(
    # Only statuses that may follow an acceptance are answered after the request is processed.
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
    st.builds(SendMany, st.integers(1, 8), SOON),
    st.builds(
        SendBulk,
        count=st.integers(0, 30),
        invalid_every=st.sampled_from([0, 0, 2, 5]),
        batch_size=st.integers(1, 7),
        concurrency=st.integers(1, 4),
        ordered=st.booleans(),
        source=st.sampled_from(["list", "generator", "async generator"]),
        raise_after=st.none() | st.none() | st.integers(0, 20),
        leave_after=st.none() | st.none() | st.integers(0, 20),
        leave_by=st.sampled_from(["break", "raise"]),
        cancel_after=SOON,
        stop_on_error=st.sampled_from([False, False, True]),
    ),
)
programs: st.SearchStrategy[Program] = st.lists(STEPS, min_size=1, max_size=8)
