"""What a worker is told to measure, and what it tells of it: lines of JSON between two processes."""

from __future__ import annotations

import msgspec
from attrs import field, frozen

__all__ = ["CAP", "Job", "Outcome", "as_line", "read_job", "read_outcomes"]

CAP = 15.0
"""Seconds after which a measurement is broken off, and counts with what it has done."""


@frozen(kw_only=True)
class Job:
    """One measurement.

    Attributes:
        kind: Which probe carries it out, as `single`.
        contender: Who is measured.
        url: The gateway's origin.
        books: The port where the gateway tells what it did; 0 without a gateway.
        authority: The file of the certificate authority that the gateway's certificate is from.
        messages: How many are sent, or otherwise how often something is done.
        tasks: How many tasks share the single sends.
        connections: The most connections.
    """

    kind: str
    contender: str
    url: str = ""
    books: int = 0
    authority: str = ""
    messages: int = 0
    tasks: int = 1
    connections: int = 1


@frozen(kw_only=True)
class Outcome:
    """What was measured once.

    Attributes:
        figures: Its figures, by name.
        note: What a reader has to know of it: that it was broken off, or why there is nothing.
        curve: Points of a line, where one was followed.
    """

    figures: dict[str, float] = field(factory=dict)
    note: str = ""
    curve: list[tuple[float, float]] = field(factory=list)


_jobs = msgspec.json.Decoder(Job)
_outcomes = msgspec.json.Decoder(list[Outcome])


def as_line(value: Job | list[Outcome]) -> str:
    """Write a job or its outcomes as one line."""
    return msgspec.json.encode(value).decode() + "\n"


def read_job(line: str) -> Job:
    """Read a job."""
    return _jobs.decode(line)


def read_outcomes(line: str) -> list[Outcome]:
    """Read what came of a job."""
    return _outcomes.decode(line)
