"""The gateway of the soak: an emulator in another process, with random faults and a ledger."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from wikipayam_async.emulator import Emulator, Fault, Latency, When, serve

__all__ = ["served"]

ODDS: dict[Fault, float] = {
    Fault.status(500, when=When.AFTER): 0.005,
    Fault.status(503): 0.005,
    Fault.html(502, when=When.AFTER): 0.004,
    Fault.status(429, retry_after=0): 0.004,
    Fault.status(413): 0.002,
    Fault.status(422, json={"message": "No.", "errors": {"0.receiver": ["Bad."]}}): 0.003,
    Fault.reset(when=When.AFTER): 0.005,
    Fault.reset(when=When.BEFORE): 0.003,
    Fault.close(when=When.AFTER): 0.004,
    Fault.hang(when=When.AFTER): 0.001,
    Fault.hang(when=When.BEFORE): 0.001,
    Fault.truncated(): 0.003,
    Fault.malformed_json(): 0.002,
    Fault.empty(): 0.002,
    Fault.missing_items(0): 0.002,
    Fault.duplicated_items(): 0.001,
    Fault.reordered_items(): 0.001,
    Fault.null_track_ids(): 0.001,
    Fault.extra_items(2): 0.001,
}
"""The faults and their probabilities, 5 % together."""


def _gateway(pipe: Connection, seed: int, faults: bool, latency: Latency) -> None:
    """Serve an emulator until a message comes; then send back what it accepted."""
    emulator = Emulator(latency=latency)
    emulator.account.balance = 10**15
    if faults:
        emulator.faults.random(ODDS, seed=seed)
    for index in range(30):
        emulator.inbound(sender="989120000001", message=f"message {index}")
    with serve(emulator) as served:
        pipe.send(served.url)
        pipe.recv()
    thrown = {kind.value: count for kind, count in sorted(emulator.faults.thrown.items())}
    pipe.send((Counter(emulator.accepted_track_ids()), emulator.accepted, emulator.requests, thrown))


@contextmanager
def served(
    seed: int,
    *,
    faults: bool = True,
    latency: Latency = Latency(0),  # noqa: B008 - immutable
) -> Iterator[tuple[str, Connection]]:
    """Serve an emulator, with random faults, in another process; yield its URL and a pipe to it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_gateway, args=(theirs, seed, faults, latency), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv(), ours
        process.join(10)
    finally:
        process.kill()
        process.join()
        ours.close()
