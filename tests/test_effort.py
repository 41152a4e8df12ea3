"""The short and the long form of the attacks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import settings

from tests.support import effort
from tests.support.effort import EFFORT, across, covering, examples, long_or_short

AXES: list[list[object]] = [
    ["send", "read", "bulk"],
    ["warm", "cold"],
    [("asyncio", "scope"), ("asyncio", "native"), ("trio", "scope")],
]


def test_the_short_form_has_every_pair_of_neighbours() -> None:
    """Each value of an axis occurs with each value of the next; the whole product is larger."""
    rows = covering(AXES)
    for left, right in itertools.pairwise(range(len(AXES))):
        assert {(row[left], row[right]) for row in rows} == set(itertools.product(AXES[left], AXES[right]))
    product = list(itertools.product(*AXES))
    assert len(rows) == 6 < len(product) == 18
    assert rows == [row for row in product if row in rows]


def test_two_axes_are_never_thinned_out() -> None:
    """Of two axes every combination is a pair of neighbours."""
    assert covering(AXES[:2]) == list(itertools.product(*AXES[:2]))


@pytest.mark.parametrize(("long", "count", "size"), [(False, 6, 20), (True, 18, 700)])
def test_the_long_form_has_everything(long: bool, count: int, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The long form has every combination, the full sizes and all examples, `WIKIPAYAM_EFFORT` times."""
    monkeypatch.setattr(effort, "LONG", long)
    monkeypatch.setattr(effort, "EFFORT", 3)
    names, rows = across("kind, lanes, anyio_backend, way", *AXES).args
    assert (names, len(rows)) == (["kind", "lanes", "anyio_backend", "way"], count)
    assert rows[0] == ("send", "warm", "asyncio", "scope")
    assert long_or_short(700, 20) == size
    assert examples(700, short=20).max_examples == (2100 if long else 20)


def test_one_profile_holds_for_every_property() -> None:
    """No property has a deadline, which a busy machine misses, and a commit has one result."""
    for found in (settings(), examples(700, short=20)):
        assert (found.deadline, found.database, found.derandomize) == (None, None, EFFORT <= 1)
