"""The short and the long form of the attacks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import settings

from tests.support import effort
from tests.support.effort import EFFORT, across, covering, examples, long_or_short

AXES: list[list[object]] = [
    ["send", "read"],
    ["warm", "cold"],
    [("asyncio", "scope"), ("asyncio", "native"), ("trio", "scope")],
]


@pytest.mark.parametrize("longest", [0, 1, 2])
def test_the_short_form_has_every_value(longest: int) -> None:
    """It has every value of the longest axis, and every combination of the others."""
    axes: list[list[str]] = [["a", "b"], ["c", "d"]]
    axes.insert(longest, ["1", "2", "3", "4", "5"])
    rows = covering(axes)
    assert [row[longest] for row in rows] == axes[longest]
    assert {row[:longest] + row[longest + 1 :] for row in rows} == set(itertools.product("ab", "cd"))
    assert set(rows) < set(itertools.product(*axes))


def test_the_other_axes_may_have_more_combinations() -> None:
    """Then the values of the longest axis take turns."""
    assert covering([["a", "b"], ["c", "d"], ["1", "2", "3"]]) == [
        ("a", "c", "1"),
        ("a", "d", "2"),
        ("b", "c", "3"),
        ("b", "d", "1"),
    ]


@pytest.mark.parametrize(("long", "count", "size"), [(False, 4, 20), (True, 12, 700)])
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
