"""The attacks on verification, on the store in memory."""

from __future__ import annotations

import pytest

from tests.verification.attacks import ATTACKS, Attack
from tests.verification.stage import Stage

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_an_attack_fails(attack: Attack) -> None:
    """Each attack states what it must not achieve."""
    await attack(Stage())
