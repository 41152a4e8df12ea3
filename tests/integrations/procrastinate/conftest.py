from __future__ import annotations

import pytest

from tests.campaigns.shared_place import SharedPlace


@pytest.fixture
def place(database_url: str) -> SharedPlace:
    """A gateway, and a database."""
    return SharedPlace(database_url)
