"""The measuring process, pinned to a core: reads jobs and writes measurements as lines of JSON."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from importlib import import_module

from tests.benchmarks.job import Job, Measurement, as_line, read_job
from tests.benchmarks.machine import pin

__all__ = ["KINDS", "main", "measure"]

KINDS: Mapping[str, tuple[str, str]] = {
    "single": ("probes", "single"),
    "bulk": ("probes", "bulk"),
    "burst": ("probes", "burst"),
    "trickle": ("probes", "trickle"),
    "full batch": ("probes", "full_batch"),
    "memory": ("memory", "memory"),
    "planning": ("campaigns", "plan_and_resume"),
    "verification": ("verification", "starts_and_checks"),
    "workers": ("distributed", "sending"),
    "workers limited": ("distributed", "limited"),
    "keeping": ("distributed", "keeping"),
    "building": ("offline", "building"),
    "decoding": ("offline", "decoding"),
    "clients": ("offline", "clients"),
}
"""The probe of each kind of job, imported on demand so that it does not affect other measurements."""


def measure(job: Job) -> list[Measurement]:
    """Run a job; a failure becomes a measurement with a note."""
    module, name = KINDS[job.kind]
    try:
        probe: Callable[[Job], list[Measurement]] = getattr(import_module(f"tests.benchmarks.{module}"), name)
        return probe(job)
    except Exception as error:  # noqa: BLE001 - a caller's transport may raise anything
        return [Measurement(note=f"failed: {type(error).__name__}: {error}")]


def main() -> None:
    """Run jobs until the standard input is closed."""
    pin("client")
    # Without a handler, warnings about the sends that the gateway was to fail would go to the terminal.
    logging.getLogger().addHandler(logging.NullHandler())
    for line in sys.stdin:
        sys.stdout.write(as_line(measure(read_job(line))))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
