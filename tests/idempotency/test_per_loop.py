"""A value for each event loop."""

from __future__ import annotations

import gc
import weakref

import anyio
import pytest

from wikipayam_async.idempotency.per_loop import PerLoop


class Value:
    """A value that can be watched."""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_each_loop_has_a_value_of_its_own(backend: str) -> None:
    """It stays while the loop runs, and goes with the loop."""
    per_loop, other = PerLoop(Value), PerLoop(Value)

    async def main() -> weakref.ref[Value]:
        value = per_loop.get()
        assert per_loop.get() is value
        assert other.get() is not value
        return weakref.ref(value)

    first = anyio.run(main, backend=backend)
    second = anyio.run(main, backend=backend)
    gc.collect()
    assert (first(), second()) == (None, None)
