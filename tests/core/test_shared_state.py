from __future__ import annotations

import re

import pytest

from wikipayam_async.core.shared_state import SharedState
from wikipayam_async.core.transport import LaneCarrier, LaneTransport

pytestmark = pytest.mark.anyio


async def sleep(_: float) -> None:
    """Stand in for `anyio.sleep`."""


def test_call_ids_are_counted_and_differ_between_states() -> None:
    """Ids are a random prefix and a number."""
    carrier = LaneCarrier(LaneTransport())
    one, other = SharedState(carrier), SharedState(carrier)
    ids = [one.new_call_id(), one.new_call_id(), other.new_call_id()]
    assert [re.fullmatch(r"[0-9a-f]{8}-(\d)", each)[1] for each in ids] == ["1", "2", "1"]  # type: ignore[index]
    assert ids[0] != ids[2]


def test_the_state_of_another_account() -> None:
    """Connections, clock, sleep and randomness are the same; the gate and the budget are new."""
    state = SharedState(LaneCarrier(LaneTransport()), clock=lambda: 5.0, sleep=sleep)
    state.uniform = max
    state.gate.close(5.0, 60)
    state.budget.take()
    other = state.for_another_account()
    assert (other.carrier, other.clock, other.sleep, other.uniform) == (
        state.carrier,
        state.clock,
        state.sleep,
        state.uniform,
    )
    assert (other.gate.remaining(5.0), other.budget.tokens, state.budget.tokens) == (0.0, 100, 95)
