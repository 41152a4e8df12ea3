"""The process that measures, on a core of its own: jobs come in as lines of JSON, and outcomes go out likewise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

from tests.benchmarks.job import Job, Outcome, as_line, read_job
from tests.benchmarks.machine import pin

__all__ = ["KINDS", "main", "measure"]

KINDS: Mapping[str, tuple[str, str]] = {
    "single": ("probes", "single"),
    "bulk": ("probes", "bulk"),
    "burst": ("probes", "burst"),
    "trickle": ("probes", "trickle"),
    "full batch": ("probes", "full_batch"),
    "memory": ("memory", "memory"),
    "building": ("offline", "building"),
    "decoding": ("offline", "decoding"),
    "clients": ("offline", "clients"),
}
"""Where each kind of job is carried out; imported when it comes, so that no measurement pays for another."""


def measure(job: Job) -> list[Outcome]:
    """Carry out a job; what fails is told with its reason."""
    module, name = KINDS[job.kind]
    try:
        probe: Callable[[Job], list[Outcome]] = getattr(import_module(f"tests.benchmarks.{module}"), name)
        return probe(job)
    except Exception as error:  # noqa: BLE001 - one that cannot be measured must not cost the others their turn
        return [Outcome(note=f"failed: {type(error).__name__}: {error}")]


def main() -> None:
    """Carry out jobs until the standard input ends."""
    pin("client")
    for line in sys.stdin:
        sys.stdout.write(as_line(measure(read_job(line))))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
