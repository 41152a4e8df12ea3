"""Fixtures for campaigns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaigns.doubles import Place
from wikipayam_async.campaigns import MemoryJournal
from wikipayam_async.campaigns.memory import MemoryStore


@pytest.fixture(params=["memory", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A place, with each journal of the package."""
    store = MemoryStore()
    if request.param == "memory":
        yield Place(lambda: MemoryJournal(store=store))
    else:
        yield Place(lambda: tmp_path / "eid.db")
