"""Campaigns whose process is killed again and again: `python -m tests.faults.chaos --kills 30 --messages 20000`.

The gateway is an emulator with random faults in another process, which keeps a ledger. A campaign runs in a process of
its own and is killed with SIGKILL at random times. At the end the journal is compared with the ledger.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
from attrs import asdict, frozen

from tests.faults.soak_gateway import served
from wikipayam_async import AsyncWikipayam, RateLimit, SendStatus, SmsMessage
from wikipayam_async.campaigns import Campaign, CampaignError, CampaignStatus
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN
from wikipayam_async.emulator.faults.latency import Latency

__all__ = ["Chaos", "audit", "chaos", "look", "main", "outcomes_of", "run_campaign", "start", "wait_for_progress"]

_LONGEST_RUN = 120.0


@frozen(kw_only=True)
class Chaos:
    """The settings of one experiment.

    Attributes:
        kills: How often the campaign's process is killed.
        messages: The number of messages.
        batch_size: The maximum number of messages per request.
        concurrency: The number of requests in flight.
        rate: Messages per second; None for no limit.
        backend: The event loop.
        seed: Determines the faults, and the times of the kills.
        faults: Whether the gateway has faults.
        latency: Seconds that every request takes.
    """

    kills: int
    messages: int
    batch_size: int = 50
    concurrency: int = 4
    rate: float | None = None
    backend: str = "asyncio"
    seed: int = 1
    faults: bool = True
    latency: float = 0.1

    @property
    def exposed(self) -> int:
        """The most messages that one crash may make unknown."""
        return self.batch_size * self.concurrency


def _messages(count: int) -> list[SmsMessage]:
    return [SmsMessage(f"0912{index:07d}", "سلام", track_id=f"m-{index}") for index in range(count)]


async def run_campaign(url: str, path: str, settings: Chaos, **options: Any) -> None:
    """Plan and run the campaign, as a program does that is started again after each crash."""
    rate = None if settings.rate is None else RateLimit(messages_per_second=settings.rate, burst_seconds=0)
    async with (
        AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, base_url=url, timeout=1.0, rate_limit=rate) as client,
        Campaign.open(client, path) as campaign,
    ):
        await campaign.plan(_messages(settings.messages), batch_size=settings.batch_size)
        await campaign.run(concurrency=settings.concurrency, **options)


_PROGRAM = """
import json, sys
import anyio
from tests.faults.chaos import Chaos, run_campaign

settings = Chaos(**json.loads(sys.argv[3]))
anyio.run(run_campaign, sys.argv[1], sys.argv[2], settings, backend=settings.backend)
"""


def start(url: str, path: Path, settings: Chaos, program: str = _PROGRAM) -> subprocess.Popen[bytes]:
    """Start a process that plans and runs the campaign."""
    command = [sys.executable, "-c", program, url, str(path), json.dumps(asdict(settings))]
    return subprocess.Popen(  # noqa: S603 - own code
        command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, stderr=subprocess.DEVNULL
    )


async def look(path: Path) -> tuple[CampaignStatus | None, int, int]:
    """Return the status, the number of messages in flight, and of all that were attempted."""
    async with Campaign.open(None, path) as campaign:
        try:
            progress = await campaign.progress()
        except CampaignError:  # the plan is not finished yet
            return None, 0, 0
        return progress.status, progress.sending, progress.done + progress.sending


async def outcomes_of(path: Path) -> dict[str, tuple[SendStatus, str | None]]:
    """Return the outcome and its cause of every message, by track id."""
    async with Campaign.open(None, path) as campaign:
        return {str(result.track_id): (result.status, result.reason) async for result in campaign.results(status=None)}


def wait_for_progress(process: subprocess.Popen[bytes], path: Path, attempted: int) -> bool:
    """Wait until the campaign has attempted more; return False if its process has ended."""
    until = time.monotonic() + _LONGEST_RUN
    while time.monotonic() < until:
        if process.poll() is not None:
            return False
        if anyio.run(look, path)[2] > attempted:
            return True
        time.sleep(0.02)
    raise TimeoutError("the campaign made no progress")


def _run_killed(url: str, path: Path, settings: Chaos) -> tuple[int, int]:
    """Start the campaign and kill it, again and again; return the kills, and the most that one made unknown."""
    chance = random.Random(settings.seed)
    kills = worst = 0
    for number in range(settings.kills):
        _, _, attempted = anyio.run(look, path)
        process = start(url, path, settings)
        # The goals are spread over the campaign, so that the last kill is not after its end.
        goal = settings.messages * number // (settings.kills + 1)
        running = wait_for_progress(process, path, max(attempted, goal) if number else -1)
        if running:
            time.sleep(chance.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
        status, in_flight, _ = anyio.run(look, path)
        if status is CampaignStatus.RUNNING:
            raise AssertionError("a campaign whose process was killed still looks alive")
        worst = max(worst, in_flight)
    process = start(url, path, settings)
    process.wait(_LONGEST_RUN)
    return kills, worst


def audit(outcomes: Mapping[str, tuple[SendStatus, str | None]], ledger: Counter[str]) -> dict[str, int]:
    """Compare the outcomes of a journal with the track ids that a gateway accepted."""
    return {
        "doubled": sum(count > 1 for count in ledger.values()),
        "accepted_but_neither_accepted_nor_unknown": sum(
            outcomes[track_id][0] not in {SendStatus.ACCEPTED, SendStatus.UNKNOWN} for track_id in ledger
        ),
        "accepted_in_the_journal_alone": sum(
            status is SendStatus.ACCEPTED and track_id not in ledger for track_id, (status, _) in outcomes.items()
        ),
    }


def chaos(settings: Chaos, folder: Path) -> dict[str, Any]:
    """Run one experiment, and return its figures.

    Args:
        settings: The settings.
        folder: An empty folder for the journal.
    """
    path = folder / "chaos.db"
    with served(settings.seed, faults=settings.faults, latency=Latency(settings.latency)) as (url, pipe):
        kills, worst = _run_killed(url, path, settings)
        pipe.send("end")
        ledger, _, requests, faults = pipe.recv()
    outcomes = anyio.run(outcomes_of, path)
    counts = Counter(status for status, _ in outcomes.values())
    interrupted = [track_id for track_id, (_, reason) in outcomes.items() if reason == "interrupted"]
    return {
        "messages": settings.messages,
        "kills": kills,
        **audit(outcomes, ledger),
        "most_unknown_after_one_crash": worst,
        "bound_(concurrency_x_batch)": settings.exposed,
        "accepted": counts[SendStatus.ACCEPTED],
        "rejected": counts[SendStatus.REJECTED],
        "unknown": counts[SendStatus.UNKNOWN],
        "unknown_by_crashes": len(interrupted),
        "unknown_by_crashes_and_not_accepted": sum(track_id not in ledger for track_id in interrupted),
        "not_attempted": counts[SendStatus.NOT_ATTEMPTED],
        "requests": requests,
        "faults": sum(faults.values()),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an experiment and print its figures; return 1 if anything was doubled or lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--backend", default="asyncio", choices=["asyncio", "trio"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-faults", dest="faults", action="store_false")
    parser.add_argument("--record", help="the name of the table in docs/en/reliability.md")
    options = vars(parser.parse_args(arguments))
    name = options.pop("record")
    with tempfile.TemporaryDirectory() as folder:
        figures = chaos(Chaos(**options), Path(folder))
    print(json.dumps(figures, indent=1))  # noqa: T201 - the figures
    if name:
        from tests.support.figures import record  # noqa: PLC0415 - only here

        record(name, figures)
    wrong = (
        figures["doubled"],
        figures["accepted_but_neither_accepted_nor_unknown"],
        figures["accepted_in_the_journal_alone"],
    )
    return int(any(wrong) or figures["most_unknown_after_one_crash"] > figures["bound_(concurrency_x_batch)"])


if __name__ == "__main__":
    sys.exit(main())
