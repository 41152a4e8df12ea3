from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integrations.telemetry import Telemetry


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    """In-memory exporters for one test."""
    telemetry = Telemetry()
    yield telemetry
    telemetry.close()
