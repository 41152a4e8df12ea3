from __future__ import annotations

import os
import re

import pytest

from wikipayam_async.messages.track_ids import TrackIds


def test_track_ids_are_counted_and_differ_between_generators() -> None:
    """A generator counts from one; two generators share no prefix."""
    one, other = TrackIds(), TrackIds()
    made = [one.next(), one.next(), other.next()]
    assert [name.partition("-")[2] for name in made] == ["1", "2", "1"]
    assert made[0] != made[2]


def test_track_ids_are_taken_in_bulk() -> None:
    """Track ids taken together share a number and differ in an index, and none repeats, for any count."""
    maker = TrackIds()
    made = [maker.next(), *maker.take(3), *maker.take(0), maker.next()]
    assert [name.partition("-")[2] for name in made] == ["1", "2.0", "2.1", "2.2", "4"]
    assert len({name.partition("-")[0] for name in made}) == 1
    many = [*maker.take(1000), *maker.take(1001)]
    assert [many[place].partition("-")[2] for place in (0, 999, 1000, 2000)] == ["5.0", "5.999", "6.0", "6.1000"]
    assert len(set(many)) == 2001


def test_every_process_has_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the first of a container, whose number is 1, and one that was forked after the first id."""
    maker, made = TrackIds(), list[str]()
    for process in (1, 1, 2):
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        made.append(maker.next())
    (first, one), (same, two), (other, again) = (name.split("-") for name in made)
    assert (first, one, two, again) == (same, "1", "2", "1")
    assert other != first
    assert all(re.fullmatch("w[0-9a-f]{12}", prefix) for prefix in (first, other))
