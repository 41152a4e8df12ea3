"""Jobs for a peer's process and their records, as lines of JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
from attrs import field, frozen

__all__ = ["KEY", "RECEIVER", "TEXT", "Facts", "Job", "Record", "Results", "read", "write", "write_results"]

KEY = "k3y9canary7f51c2a8e604b1d97"
"""The API key of every peer, which is searched for in logs, errors and reprs."""

RECEIVER = "۰۹۱۲ ۳۴۵ ۶۷۸۹"
"""A number with Persian digits and spaces."""

TEXT = "hello"

T = TypeVar("T")


@frozen
class Job:
    """One event for one peer.

    Attributes:
        peer: The name on PyPI.
        url: The base URL of the loopback server.
        authority: The file of the certificate authority.
        site: The folder of the installed peers.
        receiver: The receiver's number.
        sends: The number of sends.
        mode: `one by one`, `at once` (in one event loop), or `trio`.
        timeout: The peer's time-out in seconds; None for its default.
        limit: When to cancel the sends, in seconds.
    """

    peer: str
    url: str
    authority: str
    site: str
    receiver: str = "09123456789"
    sends: int = 1
    mode: str = "one by one"
    timeout: float | None = None
    limit: float = 20.0


@frozen
class Record:
    """The result of an event.

    Attributes:
        peer: The name on PyPI.
        event: The event.
        posts: The number of requests that the server received.
        opened: The number of connections.
        idempotency: Whether a request had an idempotency key.
        received: The receiver's number in the first request.
        returned: The result of the send as text; empty if there was none.
        error: The class of the error with its module; empty if there was none.
        message: The error's text, shortened.
        family: The error's class and base classes, without Python's own.
        seconds: Seconds from the first send to the last result.
        logged: The level and the logger of every log record that held the key.
        shown: The other places that held the key: `repr` of the client, `error`.
        note: Why there is no result.
    """

    peer: str
    event: str
    posts: int = 0
    opened: int = 0
    idempotency: bool = False
    received: str = ""
    returned: str = ""
    error: str = ""
    message: str = ""
    family: tuple[str, ...] = ()
    seconds: float = 0.0
    logged: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    note: str = ""


@frozen
class Facts:
    """Facts about an installed distribution.

    Attributes:
        version: The version.
        typed: Whether it ships `py.typed`.
        names: The number of public names in its sources.
        found: The matching public names by feature.
    """

    version: str
    typed: bool
    names: int
    found: Mapping[str, Sequence[str]] = field(factory=dict)


@frozen
class Results:
    """The results of a run.

    Attributes:
        date: The date.
        machine: The versions of Python and the system.
        facts: The facts by peer.
        records: The records of all events and peers.
    """

    date: str
    machine: Mapping[str, str]
    facts: Mapping[str, Facts]
    records: Sequence[Record]

    def at(self, peer: str, event: str) -> Record | None:
        """Return the record of an event; None if it was not run."""
        return next((one for one in self.records if (one.peer, one.event) == (peer, event)), None)


def write(thing: object) -> str:
    """Encode a value of this module as one line of JSON."""
    return msgspec.json.encode(thing).decode()


def write_results(results: Results) -> str:
    """Encode results as JSON, one line per peer and per record."""
    facts = ",\n".join(f"{write(name)}:{write(one)}" for name, one in results.facts.items())
    records = ",\n".join(map(write, results.records))
    head = write({"date": results.date, "machine": dict(results.machine)})
    return f'{head[:-1]},"facts":{{\n{facts}\n}},"records":[\n{records}\n]}}\n'


def read(kind: type[T], line: str) -> T:
    """Decode a value."""
    return msgspec.json.decode(line, type=kind)
