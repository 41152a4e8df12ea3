"""Load-test the shop and audit the result: `python docs/examples/service/load.py`.

The emulator runs in a thread of this process, the shop under uvicorn in a process of its own. With `--sigterm` the shop
is stopped during the run. The exit code is 1 if the records of the run disagree.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio
from attrs import frozen

from loadtest.audit import Records, read_journal
from loadtest.process import Service, running_service
from loadtest.users import UNLIMITED, Load, UserResults, run_users
from wikipayam_async.emulator import Emulator, Fault, MessageKind, When, serve
from wikipayam_async.testing import emulator_environ

_LAST_REQUESTS = 35.0
"""Seconds beyond the drain time-out: requests in flight finish within the client's time-out of 30 seconds."""


@frozen
class Run:
    """The result of a run.

    Attributes:
        results: The responses to the users.
        records: The records of the notices.
        requests: The number of requests that carried the notices.
        shutdown: The duration of the shop's shutdown, in seconds.
    """

    results: UserResults
    records: Records
    requests: int
    shutdown: float


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="load.py", description="Load-test the shop, then audit its records.")
    parser.add_argument("--users", type=int, default=500, help="concurrent users (default: %(default)s)")
    parser.add_argument("--orders", type=int, default=5, help="orders per user (default: %(default)s)")
    parser.add_argument("--think-time", type=float, default=1.0, help="average seconds before an order (default: 1)")
    parser.add_argument("--sigterm", action="store_true", help="stop the shop after a third of the orders")
    parser.add_argument("--drain", type=float, default=10.0, help="drain time-out in seconds (default: 10)")
    parser.add_argument("--batch-size", type=int, default=100, help="maximum notices per request (default: 100)")
    parser.add_argument("--slow", type=float, default=0.0, help="the gateway's delay per request, in seconds")
    parser.add_argument("--lost", type=float, default=0.0, help="fraction of the gateway's responses lost, 0 to 1")
    return parser.parse_args(argv)


def run(options: argparse.Namespace, folder: Path) -> Run:
    """Run the gateway, the shop and the users."""
    emulator = Emulator()
    emulator.account.balance = 10**12
    emulator.faults.random(
        {Fault.reset(when=When.AFTER): options.lost, Fault.delay(options.slow): 1 - options.lost}, on="POST /sms/send"
    )
    load = Load(users=options.users, orders=options.orders, think_time=options.think_time)
    journal = folder / "journal"
    journal.touch()
    with serve(emulator) as gateway:
        settings = {"JOURNAL": journal, "DRAIN_TIMEOUT": options.drain, "BATCH_SIZE": options.batch_size} | UNLIMITED
        environ = emulator_environ(gateway) | {f"SHOP_{name}": str(value) for name, value in settings.items()}
        with running_service(environ, folder / "log") as service:
            on_order = partial(_stop_at, service, load.users * load.orders // 3 if options.sigterm else 0)
            results = anyio.run(run_users, service.url, emulator, load, on_order)
            shutdown = service.stop(options.drain + _LAST_REQUESTS)
    posted, outcomes = read_journal(journal)
    ledger = [str(entry.track_id) for entry in emulator.ledger if entry.kind is MessageKind.SMS]
    records = Records(
        answered=results.track_ids, unanswered=results.unanswered, posted=posted, outcomes=outcomes, ledger=ledger
    )
    return Run(results, records, emulator.requests_to("POST /sms/send"), shutdown)


def _stop_at(service: Service, number: int, orders: int) -> None:
    if orders == number:
        service.terminate()


def report(finished: Run) -> bool:
    """Print the result of a run; return whether the records agree."""
    results, records = finished.results, finished.records
    outcomes = Counter(outcome for _, outcome in records.outcomes)
    print(f"logged in      {results.logged_in:,} users")
    print(
        f"orders         {len(results.track_ids):,} answered 202 in {results.duration:.1f} s, "
        f"{results.unanswered:,} unanswered"
    )
    print(f"other answers  {dict(results.refused) or 'none'}")
    if len(results.seconds) > 1:
        percentiles = statistics.quantiles(results.seconds, n=100, method="inclusive")
        print(f"order request  p50 {percentiles[49] * 1000:.1f} ms, p99 {percentiles[98] * 1000:.1f} ms")
    print(f"notices        {len(records.ledger):,} in the ledger, in {finished.requests:,} requests")
    print(
        f"saved          {len(records.posted) - outcomes['not_attempted'] - finished.requests:,} requests by batching"
    )
    print(f"outcomes       {', '.join(f'{count:,} {outcome}' for outcome, count in outcomes.items()) or 'none'}")
    print(f"shut down      in {finished.shutdown:.1f} s")
    checks = records.checks()
    print(*checks, sep="\n")
    return all(check.holds for check in checks)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the load test and print its result; return the exit code."""
    options = arguments(argv)
    with tempfile.TemporaryDirectory() as folder:
        finished = run(options, Path(folder))
    consistent = report(finished)
    complete = options.sigterm or len(finished.results.track_ids) == options.users * options.orders
    if not complete:
        print("FAILED not every order was answered 202")
    return 0 if consistent and complete else 1


if __name__ == "__main__":
    sys.exit(main())
