from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.integrations.fastapi.app import factory, make_app
from wikipayam_async.emulator import Emulator
from wikipayam_async.integrations.fastapi import (
    wikipayam_lifespan,
)


@pytest.fixture
def emulator() -> Emulator:
    """A new emulator for each test."""
    return Emulator()


@pytest.fixture
def http(emulator: Emulator) -> Iterator[TestClient]:
    """A test client of the app, with the lifespan running."""
    with TestClient(make_app(wikipayam_lifespan(factory(emulator)))) as http:
        yield http
