from __future__ import annotations

import pytest

from tests.verification.broken import noticed
from wikipayam_async.verification.contract.codes import CODES

pytestmark = pytest.mark.anyio

FAULTS = ["ignores purposes", "never expires", "never locks", "accepts twice", "gives nothing back"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_noticed(fault: str) -> None:
    """A store with it fails some part."""
    assert await noticed(fault, CODES) != []


async def test_a_store_without_a_fault_passes() -> None:
    """Otherwise no fault would have been noticed."""
    assert await noticed("none", CODES) == []
