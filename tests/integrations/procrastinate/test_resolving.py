"""The chunks of requeued messages."""

from __future__ import annotations

from wikipayam_async.integrations.procrastinate.resolving import groups


def test_messages_that_lie_far_apart_do_not_share_a_chunk() -> None:
    """A chunk is read as a range."""
    assert groups([0, 1, 2, 5, 1000], 2) == [[0, 1], [2, 5], [1000]]
    assert groups([], 2) == []
