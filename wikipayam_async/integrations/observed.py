"""What the gauges report on: connections in use, waiting requests, queued messages, inbound workers."""

from __future__ import annotations

import functools
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Protocol, TypeAlias, runtime_checkable
from urllib.parse import urlsplit

from wikipayam_async.core.lanes import Connections
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.public import AsyncWikipayam, InboundWorker
from wikipayam_async.redact.masks import shape_of

__all__ = ["Observable", "Observed", "Queue", "Server", "server_of"]

Server: TypeAlias = tuple[str, int]


@runtime_checkable
class Queue(Protocol):
    """A queue of messages, such as a `Batcher`."""

    @property
    def waiting(self) -> int:
        """The number of messages in the queue."""
        ...


Observable: TypeAlias = AsyncWikipayam | InboundWorker | Queue


class Observed:
    """Clients, queues and workers, held by weak references, and their current figures."""

    def __init__(self) -> None:
        self._all: list[weakref.ref[Observable]] = []

    def add(self, *observed: Observable) -> None:
        """Report on these objects too.

        Raises:
            InvalidInputError: One is neither a client, nor a worker, nor a queue.
        """
        for one in observed:
            if not isinstance(one, Observable):
                rule = "expected a client, or a queue with the property waiting, or an inbound worker"
                raise InvalidInputError("observed", rule=rule, got=shape_of(one))
            alive = [other for other in self._all if other() is not None and other() is not one]
            self._all = [*alive, weakref.ref(one)]  # a new list: an exporter's thread may be reading the old one

    def connections(self) -> Mapping[tuple[Server, str], int]:
        """Return the number of connections by gateway and state, `in_use` or `idle`."""
        counts: Counter[tuple[Server, str]] = Counter()
        for server, connections in self._pools():
            counts[server, "in_use"] += connections.in_use
            counts[server, "idle"] += connections.idle
        return counts

    def waiting(self) -> Mapping[Server, int]:
        """Return the number of requests that wait for a connection, by gateway."""
        counts: Counter[Server] = Counter()
        for server, connections in self._pools():
            counts[server] += connections.waiting
        return counts

    def queues(self) -> Iterator[tuple[str, Queue]]:
        """Yield each queue with the name of its kind, such as `outbox`."""
        for one in self._alive():
            if not isinstance(one, AsyncWikipayam | InboundWorker):
                yield type(one).__name__.lower(), one

    def waiting_messages(self) -> Mapping[str, int]:
        """Return the number of messages that wait, by the kind of their queue."""
        counts: Counter[str] = Counter()
        for name, queue in self.queues():
            counts[name] += queue.waiting
        return counts

    def workers(self) -> Iterator[InboundWorker]:
        """Yield each inbound worker."""
        for one in self._alive():
            if isinstance(one, InboundWorker):
                yield one

    def _pools(self) -> Iterator[tuple[Server, Connections]]:
        """Yield the use of connections, once for all clients that share them."""
        clients = {id(one.http_client): one for one in self._alive() if isinstance(one, AsyncWikipayam)}
        for client in clients.values():
            if (connections := client.connections) is not None:
                yield server_of(client.base_url), connections

    def _alive(self) -> Iterator[Observable]:
        return (one for reference in self._all if (one := reference()) is not None)


@functools.lru_cache(maxsize=64)
def server_of(base_url: str) -> Server:
    """Return the host and the port of a base URL."""
    parts = urlsplit(base_url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
