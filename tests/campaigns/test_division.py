"""The division of a plan into chunks; its work within a plan is in test_planner.py."""

from __future__ import annotations

import msgspec

from wikipayam_async.campaigns.division import Division, groups_of
from wikipayam_async.messages.payload import SmsPayload


def payloads(count: int, length: int = 4) -> list[SmsPayload]:
    """Return payloads with texts of a length."""
    return [SmsPayload("1000", f"0912{n:07d}", "x" * length, msgspec.UNSET, f"t-{n}") for n in range(count)]


def test_a_chunk_may_span_several_blocks() -> None:
    """A full one is complete in the block that fills it; the last is complete at the end."""
    division = Division(3)
    assert division.assign([0, 1], payloads(2)) == ([0, 0], [])
    assert division.assign([2, 5, 6], payloads(3)) == ([0, 1, 1], [(0, 0, 2, 3)])
    assert (division.finish(), division.finish(), division.count) == ([(1, 5, 6, 2)], [], 2)


def test_long_texts_end_a_chunk_early() -> None:
    """So that no body is larger than a megabyte, also after short ones in an earlier block."""
    division = Division(10)
    assert division.assign([0], payloads(1))[0] == [0]
    numbers, complete = division.assign([1, 2, 3], payloads(3, 450_000))
    assert (numbers, complete) == ([0, 1, 1], [(0, 0, 1, 2)])
    assert division.assign([4], payloads(1)) == ([1], [])
    assert division.finish() == [(1, 2, 4, 3)]


def test_requeued_messages_that_lie_far_apart_do_not_share_a_chunk() -> None:
    """A chunk is read as a range."""
    assert groups_of([0, 1, 2, 5, 1000], 2) == [[0, 1], [2, 5], [1000]]
    assert groups_of([], 2) == []
