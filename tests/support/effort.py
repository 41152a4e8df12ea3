"""How much the attacks try: a short form by default, the long form with `WIKIPAYAM_EFFORT=1`.

Both make the same assertions. `WIKIPAYAM_EFFORT=10` tries ten times as many random examples as the long form, and new ones
in every run; that may take longer than a test may: add `-o faulthandler_timeout=0`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

__all__ = ["EFFORT", "LONG", "across", "covering", "examples", "long_or_short"]

EFFORT = int(os.environ.get("WIKIPAYAM_EFFORT", "0"))
LONG = EFFORT > 0

T = TypeVar("T")


def long_or_short(long: T, short: T) -> T:
    """Return the size of an attack in the form that runs."""
    return long if LONG else short


def examples(long: int, *, short: int) -> settings:
    """Return the settings of an attack with random examples."""
    return settings(
        max_examples=long * EFFORT if LONG else short,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


def across(names: str, *axes: Iterable[object]) -> pytest.MarkDecorator:
    """Parametrize a test: in the long form with every combination of the axes, otherwise with those of `covering`.

    Args:
        names: The names of the parameters, separated by commas.
        axes: The values of one parameter each, or tuples with the values of several.
    """
    lists = [list(axis) for axis in axes]
    rows = itertools.product(*lists) if LONG else covering(lists)
    flat = [
        tuple(itertools.chain.from_iterable(one if isinstance(one, tuple) else (one,) for one in row)) for row in rows
    ]
    return pytest.mark.parametrize(names.split(", "), flat)


def covering(axes: Sequence[Sequence[object]]) -> list[tuple[object, ...]]:
    """Return combinations with every value of the longest axis, and every combination of the other axes."""
    longest = max(range(len(axes)), key=lambda place: len(axes[place]))
    others = list(itertools.product(*axes[:longest], *axes[longest + 1 :]))
    rows = []
    for place in range(max(len(others), len(axes[longest]))):
        row = list(others[place % len(others)])
        row.insert(longest, axes[longest][place % len(axes[longest])])
        rows.append(tuple(row))
    return rows
