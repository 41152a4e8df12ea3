from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from wikipayam_async.core.carrier import LaneCarrier
from wikipayam_async.core.httpx_transport import LaneTransport
from wikipayam_async.core.shared_state import SharedState

pytestmark = pytest.mark.anyio


async def sleep(_: float) -> None:
    """Stand in for `anyio.sleep`."""


def test_call_ids_are_counted_and_differ_between_states() -> None:
    """Ids are a random prefix and a number."""
    carrier = LaneCarrier(LaneTransport().lanes)
    one, other = SharedState(carrier), SharedState(carrier)
    ids = [one.new_call_id(), one.new_call_id(), other.new_call_id()]
    assert [re.fullmatch(r"[0-9a-f]{8}-(\d)", each)[1] for each in ids] == ["1", "2", "1"]  # type: ignore[index]
    assert ids[0] != ids[2]


FORK = """
import os
from wikipayam_async.core.shared_state import SharedState
from wikipayam_async.messages.track_ids import TrackIds

state, maker = SharedState(None), TrackIds()
before = [state.new_call_id(), maker.next(), *maker.take(2)]
read, write = os.pipe()
child = os.fork()
made = [state.new_call_id(), state.new_call_id(), maker.next(), *maker.take(2)]
if child == 0:
    os.write(write, " ".join(made).encode())
    os._exit(0)
os.waitpid(child, 0)
print(*before, *made, os.read(read, 1000).decode())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_processes_share_no_ids() -> None:
    """Neither call ids nor track ids repeat in a process that was forked after the first ones were made."""
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=True)  # noqa: S603 - a script of this file
    made = done.stdout.split()
    assert (len(made), len(set(made))) == (14, 14)


def test_ids_go_on_in_the_same_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only another process id starts a new prefix and count."""
    state = SharedState(LaneCarrier(LaneTransport().lanes))
    first, second = state.new_call_id(), state.new_call_id()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    third = state.new_call_id()
    assert first.partition("-")[0] == second.partition("-")[0] != third.partition("-")[0]
    assert [one.partition("-")[2] for one in (first, second, third)] == ["1", "2", "1"]


def test_the_state_of_another_account() -> None:
    """Connections, clock, sleep and randomness are the same; the gate and the budget are new."""
    state = SharedState(LaneCarrier(LaneTransport().lanes), clock=lambda: 5.0, sleep=sleep)
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
