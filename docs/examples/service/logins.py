"""Log many users in at once: `python docs/examples/service/logins.py --redis redis://localhost`.

The emulator runs in a thread of this process, the shop under uvicorn with several worker processes on one Redis. Half of
the users receive no SMS, and log in with the code of the call that falls back. The exit code is 1 if the records disagree.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import anyio

from loadtest.logins import LoginResults, log_in_all, mobiles_of
from loadtest.process import running_service
from loadtest.users import UNLIMITED
from wikipayam_async.emulator import Emulator, MessageKind, serve
from wikipayam_async.testing import UNDELIVERED, emulator_environ, waiting_then

_SHUTDOWN = 30.0


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="logins.py", description="Log users in with codes, and compare the records.")
    parser.add_argument("--redis", required=True, help="the URL of a Redis for the codes")
    parser.add_argument("--users", type=int, default=1_000, help="concurrent users (default: 1000)")
    parser.add_argument("--workers", type=int, default=2, help="worker processes of the shop (default: 2)")
    parser.add_argument("--voice-after", type=float, default=2.0, help="seconds until the call (default: 2)")
    return parser.parse_args(argv)


def run(options: argparse.Namespace, folder: Path) -> tuple[LoginResults, Counter[tuple[str, MessageKind]]]:
    """Run gateway, shop and users; return what the users saw, and how many messages of each kind each mobile got."""
    emulator = Emulator()
    emulator.account.balance = 10**12
    sms, called = mobiles_of(options.users)
    for mobile in called:
        emulator.delivery.choose(mobile, waiting_then(UNDELIVERED, after=0))
    settings = {
        "REDIS": options.redis,
        "CODE_SECRET": secrets.token_hex(32),
        "CODE_LIFETIME": 600,
        "VOICE_AFTER": options.voice_after,
    }
    with serve(emulator) as gateway:
        variables = {f"SHOP_{name}": str(value) for name, value in (settings | UNLIMITED).items()}
        with running_service(emulator_environ(gateway) | variables, folder / "log", workers=options.workers) as service:
            results = anyio.run(log_in_all, service.url, emulator, sms, called)
            service.stop(_SHUTDOWN)
    return results, Counter((entry.receiver, entry.kind) for entry in emulator.ledger)


def report(results: LoginResults, messages: Counter[tuple[str, MessageKind]], users: int) -> bool:
    """Print the result of a run; return whether the records agree."""
    sms, called = mobiles_of(users)
    expected = Counter({(mobile, MessageKind.OTP): 1 for mobile in (*sms, *called)})
    expected.update((mobile, MessageKind.VOICE) for mobile in called)
    print(f"logged in      {len(results.logged_in):,} users in {results.duration:.1f} s, {len(called):,} by a call")
    print(f"refused        {len(results.refused_again):,} codes that were entered twice")
    print(f"messages       {messages.total():,} in the ledger")
    print(f"other answers  {dict(results.unexpected) or 'none'}")
    checks = {
        "every user logged in once, as the number that the code was sent to": sorted(results.logged_in)
        == sorted([*sms, *called]),
        "no code was accepted twice": sorted(results.refused_again) == sorted(results.logged_in),
        "each got one SMS, and a call if it was not delivered, with the same code": messages == expected
        and not results.different_codes,
    }
    for claim, holds in checks.items():
        print(f"{'ok    ' if holds else 'FAILED'} {claim}")
    return all(checks.values())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the logins and print the result; return the exit code."""
    options = arguments(argv)
    with tempfile.TemporaryDirectory() as folder:
        results, messages = run(options, Path(folder))
    return 0 if report(results, messages, options.users) else 1


if __name__ == "__main__":
    sys.exit(main())
