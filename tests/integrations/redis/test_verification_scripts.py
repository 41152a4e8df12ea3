"""The scripts of the store in Redis."""

from __future__ import annotations

import re
from typing import Any

import pytest
import redis

from wikipayam_async.integrations.redis import verification_scripts as scripts
from wikipayam_async.verification.store import CLOCK_TOLERANCE

SCRIPTS = {name: getattr(scripts, name) for name in scripts.__all__}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_compiles(name: str, redis_url: str) -> None:
    """Redis has it under its digest."""
    client: Any = redis.Redis.from_url(redis_url)
    assert re.fullmatch(rb"[0-9a-f]{40}", client.script_load(SCRIPTS[name]).encode())
    client.close()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_has_no_clock_and_no_chance_of_its_own(name: str) -> None:
    """Every time is the caller's, and a replica that repeats the script gets the same data."""
    assert "CLOCK_TOLERANCE" not in SCRIPTS[name]
    assert f"- {CLOCK_TOLERANCE} then" in SCRIPTS[name]
    assert re.findall(r"'TIME'|random|SPOP|RANDOMKEY", SCRIPTS[name]) == []
