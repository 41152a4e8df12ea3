"""Jobs for workers and their measurements, exchanged as lines of JSON."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
from attrs import field, frozen

__all__ = ["CAP", "Built", "Job", "Measurement", "as_line", "read_job", "read_measurements"]

CAP = 15.0
"""The time limit of a measurement in seconds. One that reaches it counts with what was done by then."""

Built: TypeAlias = Literal["before", "inside"]
"""Whether the messages of a bulk send are built before the measurement or inside it, from values that exist before."""


@frozen(kw_only=True)
class Job:
    """A job for a worker.

    Attributes:
        kind: The probe that carries it out, for example `single`.
        implementation: The implementation to measure.
        url: The gateway's origin.
        statistics_port: The gateway's port for statistics; 0 without a gateway.
        authority: The file of the gateway's certificate authority.
        messages: The number of messages, or of repetitions.
        tasks: The number of concurrent tasks for single sends.
        connections: The maximum number of connections.
        batch: The number of messages in a request of a bulk send.
        built: When the messages of a bulk send are built.
        failing: The share of the requests that the gateway fails.
        store: The URL of a server that keeps idempotency keys; empty without one.
    """

    kind: str
    implementation: str
    url: str = ""
    statistics_port: int = 0
    authority: str = ""
    messages: int = 0
    tasks: int = 1
    connections: int = 1
    batch: int = 100
    built: Built = "before"
    failing: float = 0.0
    store: str = ""


@frozen(kw_only=True)
class Measurement:
    """The result of a job.

    Attributes:
        figures: The figures by name.
        note: A remark, for example that it was stopped, or why there are no figures.
        curve: The points of a curve, if one was recorded.
    """

    figures: dict[str, float] = field(factory=dict)
    note: str = ""
    curve: list[tuple[float, float]] = field(factory=list)


_jobs = msgspec.json.Decoder(Job)
_measurements = msgspec.json.Decoder(list[Measurement])


def as_line(value: Job | list[Measurement]) -> str:
    """Encode a job or its measurements as one line."""
    return msgspec.json.encode(value).decode() + "\n"


def read_job(line: str) -> Job:
    """Decode a job."""
    return _jobs.decode(line)


def read_measurements(line: str) -> list[Measurement]:
    """Decode the measurements of a job."""
    return _measurements.decode(line)
