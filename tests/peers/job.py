"""What is asked of a peer's process, and what comes back: plain data as lines of JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
from attrs import field, frozen

__all__ = ["KEY", "RECEIVER", "TEXT", "Book", "Facts", "Job", "Record", "read", "write", "write_book"]

KEY = "k3y9canary7f51c2a8e604b1d97"
"""The API key of every peer: whatever shows it shows it by this."""

RECEIVER = "۰۹۱۲ ۳۴۵ ۶۷۸۹"
"""A number as people write it: Persian digits, and spaces."""

TEXT = "hello"

T = TypeVar("T")


@frozen
class Job:
    """One event to play to one peer.

    Attributes:
        peer: The name on PyPI.
        url: Where the loopback server listens.
        authority: The file of the certificate authority.
        site: The folder that the peers were installed into.
        receiver: The number to send to.
        sends: How many sends to make.
        way: `one by one`, `at once` (in one event loop), or `trio`.
        timeout: What to set the peer's own time-out to, in seconds; None leaves it as it comes.
        limit: When to give up waiting, in seconds.
    """

    peer: str
    url: str
    authority: str
    site: str
    receiver: str = "09123456789"
    sends: int = 1
    way: str = "one by one"
    timeout: float | None = None
    limit: float = 20.0


@frozen
class Record:
    """What became of it.

    Attributes:
        peer: The name on PyPI.
        event: The event.
        posts: How often a send was posted, as the server saw it.
        opened: How many connections were made.
        idempotency: Whether a request had an idempotency key.
        received: The receiver's number as it came to the server.
        returned: What the caller got, as text; empty if it was an error or nothing.
        error: The class of the error, with its module; empty if there was none.
        message: The error's text, shortened.
        family: The classes that the error is of, besides Python's own.
        seconds: From the first send to the last answer.
        logged: The level and the logger of every log record that showed the key.
        shown: Where else the key was seen: `repr` of the client, `error`.
        note: Why there is nothing, if there is nothing.
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
    """What the installed distribution itself tells.

    Attributes:
        version: Its version.
        typed: Whether it ships `py.typed`.
        names: How many public names its sources define.
        found: By feature, the public names that sound like it.
    """

    version: str
    typed: bool
    names: int
    found: Mapping[str, Sequence[str]] = field(factory=dict)


@frozen
class Book:
    """Everything that was found out.

    Attributes:
        date: The day.
        machine: Python and system.
        facts: By peer.
        records: All events of all peers.
    """

    date: str
    machine: Mapping[str, str]
    facts: Mapping[str, Facts]
    records: Sequence[Record]

    def at(self, peer: str, event: str) -> Record | None:
        """Return what became of an event; None if it was not played."""
        return next((one for one in self.records if (one.peer, one.event) == (peer, event)), None)


def write(thing: object) -> str:
    """Write something of this module as one line of JSON."""
    return msgspec.json.encode(thing).decode()


def write_book(book: Book) -> str:
    """Write everything as JSON, a line for each peer and each event."""
    facts = ",\n".join(f"{write(name)}:{write(one)}" for name, one in book.facts.items())
    records = ",\n".join(map(write, book.records))
    head = write({"date": book.date, "machine": dict(book.machine)})
    return f'{head[:-1]},"facts":{{\n{facts}\n}},"records":[\n{records}\n]}}\n'


def read(kind: type[T], line: str) -> T:
    """Read it back."""
    return msgspec.json.decode(line, type=kind)
