"""A few kills of a campaign's process; `python -m tests.faults.chaos --kills 30 --messages 20000` is the long experiment."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path

import anyio
import pytest

from tests.faults.chaos import Chaos, audit, chaos, look, outcomes_of, start, wait_for_progress
from tests.faults.soak_gateway import served
from wikipayam_async import SendStatus
from wikipayam_async.campaigns import CampaignStatus
from wikipayam_async.emulator import Latency


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_killed_campaign_sends_nothing_twice_and_loses_nothing(tmp_path: Path, backend: str) -> None:
    """After three SIGKILLs under faults, the journal agrees with the gateway, and each kill made few messages unknown."""
    settings = Chaos(kills=3, messages=1500, batch_size=25, backend=backend, seed=3, latency=0.05)
    figures = chaos(settings, tmp_path)
    assert (figures["doubled"], figures["accepted_but_neither_accepted_nor_unknown"]) == (0, 0)
    assert figures["accepted_in_the_journal_alone"] == 0
    assert figures["most_unknown_after_one_crash"] <= settings.exposed
    assert figures["unknown_by_crashes"] <= figures["kills"] * settings.exposed
    assert (figures["kills"], figures["not_attempted"]) == (3, 0)


def test_a_crash_makes_nothing_unknown_that_waited_for_the_rate_limit(tmp_path: Path) -> None:
    """Three of four workers wait for their turn; only what the fourth has sent is in flight."""
    settings = Chaos(kills=2, messages=300, batch_size=25, rate=150, faults=False, latency=0.05)
    figures = chaos(settings, tmp_path)
    assert (figures["doubled"], figures["accepted_but_neither_accepted_nor_unknown"]) == (0, 0)
    assert figures["most_unknown_after_one_crash"] <= 2 * settings.batch_size
    assert (
        figures["unknown_by_crashes_and_not_accepted"] <= settings.batch_size
    )  # a kill may hit the way to the gateway
    assert figures["unknown_by_crashes"] + figures["accepted"] == 300


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_ctrl_c_loses_nothing(tmp_path: Path, backend: str) -> None:
    """Also without `handle_signals`: what is in flight is finished and recorded before KeyboardInterrupt comes out.

    trio raises it between any two lines of a task. The batch whose answer is handled there is unknown.
    """
    path = tmp_path / "chaos.db"
    settings = Chaos(kills=0, messages=2000, batch_size=10, backend=backend)
    with served(1, faults=False, latency=Latency(0.05)) as (url, pipe):
        process = start(url, path, settings)
        assert wait_for_progress(process, path, 100)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) != 0
        pipe.send("end")
        ledger, *_ = pipe.recv()
    outcomes = anyio.run(outcomes_of, path)
    accepted = {track_id for track_id, (status, _) in outcomes.items() if status is SendStatus.ACCEPTED}
    unknown = {track_id for track_id, (status, _) in outcomes.items() if status is SendStatus.UNKNOWN}
    assert accepted | unknown == set(ledger)
    assert len(unknown) in ({0} if backend == "asyncio" else {0, settings.batch_size})
    assert [file.name for file in tmp_path.iterdir()] == ["chaos.db"]


FULL = """
import json, resource, sys
import anyio
from tests.faults.chaos import Chaos, run_campaign
from wikipayam_async.campaigns import JournalWriteError

def fill(progress):
    if progress.accepted >= 100 and not filled:
        filled.append(True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

filled = []
settings = Chaos(**json.loads(sys.argv[3]))
try:
    anyio.run(lambda: run_campaign(sys.argv[1], sys.argv[2], settings, on_progress=fill), backend=settings.backend)
except JournalWriteError as error:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    with open(sys.argv[2] + ".known", "w") as file:
        json.dump({result.track_id: result.status for result in error.results}, file)
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_disk_that_fills_loses_nothing(tmp_path: Path, backend: str) -> None:
    """No request leaves without its intent on the disk, and what cannot be written after a response is in the error."""
    path = tmp_path / "chaos.db"
    settings = Chaos(kills=0, messages=1000, batch_size=10, backend=backend)
    with served(1, faults=False, latency=Latency(0.02)) as (url, pipe):
        assert start(url, path, settings, FULL).wait(60) == 0
        known = json.loads(Path(f"{path}.known").read_text())
        assert anyio.run(look, path)[:2] == (CampaignStatus.PAUSED, len(known))
        assert start(url, path, settings).wait(60) == 0
        pipe.send("end")
        ledger, *_ = pipe.recv()
    outcomes = anyio.run(outcomes_of, path)
    unknown = {track_id for track_id, (status, _) in outcomes.items() if status is SendStatus.UNKNOWN}
    assert (unknown, set(known.values())) == (set(known), {"accepted"})
    assert 0 < len(known) <= settings.exposed
    assert (len(ledger), max(ledger.values()), len(outcomes) - len(unknown)) == (1000, 1, 1000 - len(known))


def test_the_comparison_notices_every_kind_of_failure() -> None:
    """A doubled message, a lost one, and one that only the journal knows."""
    outcomes = {
        "doubled": (SendStatus.ACCEPTED, None),
        "lost": (SendStatus.REJECTED, "422"),
        "phantom": (SendStatus.ACCEPTED, None),
        "unknown": (SendStatus.UNKNOWN, "timeout"),
    }
    assert audit(outcomes, Counter({"doubled": 2, "lost": 1, "unknown": 1})) == {
        "doubled": 1,
        "accepted_but_neither_accepted_nor_unknown": 1,
        "accepted_in_the_journal_alone": 1,
    }
