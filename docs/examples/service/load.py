"""Let a crowd loose on the shop, and compare the books: `python docs/examples/service/load.py`.

The emulator runs in a thread of this process, the shop under uvicorn in one of its own. With `--sigterm` the shop is
ended in the middle of it. The exit code is 1 if the books do not agree.
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

from crowd.audit import Books, read_journal
from crowd.process import Service, running_service
from crowd.users import Plan, Seen, send_crowd
from wikipayam_async.emulator import Emulator, Fault, MessageKind, When, serve
from wikipayam_async.testing import emulator_environ

_LAST_REQUESTS = 35.0
"""Seconds beyond the drain time-out: requests that are in flight are finished within the client's time-out of 30."""


@frozen
class Run:
    """What came of a run.

    Attributes:
        seen: What the users saw.
        books: The three books.
        requests: How many requests the notices went in.
        stopping: How many seconds the shop took to end.
    """

    seen: Seen
    books: Books
    requests: int
    stopping: float


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="load.py", description="500 users log in and order; then the books are compared."
    )
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--orders", type=int, default=5, help="of each user (default: %(default)s)")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds before an order, on average (default: 1)")
    parser.add_argument("--sigterm", action="store_true", help="end the shop when a third of the orders is in")
    parser.add_argument("--drain", type=float, default=10.0, help="seconds for what waits then (default: 10)")
    parser.add_argument("--batch-size", type=int, default=100, help="the most notices of a request (default: 100)")
    parser.add_argument("--slow", type=float, default=0.0, help="seconds that the gateway takes for each request")
    parser.add_argument("--lost", type=float, default=0.0, help="the part of its answers that get lost, from 0 to 1")
    return parser.parse_args(argv)


def run(options: argparse.Namespace, folder: Path) -> Run:
    """Run the shop, the gateway and the crowd."""
    emulator = Emulator()
    emulator.account.balance = 10**12
    emulator.faults.random(
        {Fault.reset(when=When.AFTER): options.lost, Fault.delay(options.slow): 1 - options.lost}, on="POST /sms/send"
    )
    plan = Plan(users=options.users, orders=options.orders, pause=options.pause)
    journal = folder / "journal"
    journal.touch()
    with serve(emulator) as gateway:
        settings = {"JOURNAL": journal, "DRAIN_TIMEOUT": options.drain, "BATCH_SIZE": options.batch_size}
        environ = emulator_environ(gateway) | {f"SHOP_{name}": str(value) for name, value in settings.items()}
        with running_service(environ, folder / "log") as service:
            on_order = partial(_end_at, service, plan.users * plan.orders // 3 if options.sigterm else 0)
            seen = anyio.run(send_crowd, service.url, emulator, plan, on_order)
            stopping = service.stop(options.drain + _LAST_REQUESTS)
    posted, outcomes = read_journal(journal)
    ledger = [str(entry.track_id) for entry in emulator.ledger if entry.kind is MessageKind.SMS]
    books = Books(answered=seen.track_ids, broken=seen.broken, posted=posted, outcomes=outcomes, ledger=ledger)
    return Run(seen, books, emulator.requests_to("POST /sms/send"), stopping)


def _end_at(service: Service, number: int, orders: int) -> None:
    if orders == number:
        service.terminate()


def report(found: Run) -> bool:
    """Print what came of it; return whether the books agree."""
    seen, books = found.seen, found.books
    outcomes = Counter(outcome for _, outcome in books.outcomes)
    print(f"logged in      {seen.logged_in:,} users")
    print(
        f"orders         {len(seen.track_ids):,} answered 202 in {seen.seconds_in_all:.1f} s, {seen.broken:,} unanswered"
    )
    print(f"other answers  {dict(seen.refused) or 'none'}")
    if len(seen.seconds) > 1:
        hundredths = statistics.quantiles(seen.seconds, n=100, method="inclusive")
        print(f"order request  p50 {hundredths[49] * 1000:.1f} ms, p99 {hundredths[98] * 1000:.1f} ms")
    print(f"notices        {len(books.ledger):,} in the ledger, in {found.requests:,} requests")
    print(f"saved          {len(books.posted) - outcomes['not_attempted'] - found.requests:,} requests by batching")
    print(f"outcomes       {', '.join(f'{count:,} {outcome}' for outcome, count in outcomes.items()) or 'none'}")
    print(f"shut down      in {found.stopping:.1f} s")
    checks = books.checks()
    print(*checks, sep="\n")
    return all(check.holds for check in checks)


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print, compare; return the exit code."""
    options = arguments(argv)
    with tempfile.TemporaryDirectory() as folder:
        found = run(options, Path(folder))
    agreed = report(found)
    whole = options.sigterm or len(found.seen.track_ids) == options.users * options.orders
    if not whole:
        print("FAILED not every order was answered 202")
    return 0 if agreed and whole else 1


if __name__ == "__main__":
    sys.exit(main())
