"""The OpenTelemetry gauges: connections in use, waiting requests, queued messages."""

from __future__ import annotations

import functools
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias, runtime_checkable
from urllib.parse import urlsplit

from opentelemetry import metrics

from wikipayam_async.core.lanes import Connections
from wikipayam_async.public import AsyncWikipayam

__all__ = ["Attributes", "Observed", "Queue", "attributes_of", "observed_by", "server_of"]

Attributes: TypeAlias = dict[str, str | int | float]
Server: TypeAlias = tuple[str, int]


@runtime_checkable
class Queue(Protocol):
    """A queue of messages, such as a `Batcher`."""

    @property
    def waiting(self) -> int:
        """The number of messages in the queue."""
        ...


class Observed:
    """The clients and queues that the gauges of one meter provider report on.

    There is one for each provider, because OpenTelemetry never reads a second gauge of the same name.
    """

    def __init__(self) -> None:
        self._all: list[weakref.ref[AsyncWikipayam | Queue]] = []

    def register(self, meter: metrics.Meter) -> None:
        """Create the gauges."""
        meter.create_observable_gauge(
            "wikipayam.client.connections", [self._connections], "{connection}", "Connections to the gateway."
        )
        meter.create_observable_gauge(
            "wikipayam.client.waiting", [self._waiting], "{request}", "Requests that wait for a connection."
        )
        meter.create_observable_gauge("wikipayam.client.queue", [self._queues], "{message}", "Messages that wait.")

    def add(self, one: AsyncWikipayam | Queue) -> None:
        """Report on a client or a queue too."""
        alive = [other for other in self._all if other() is not None and other() is not one]
        self._all = [*alive, weakref.ref(one)]  # a new list: an exporter's thread may be reading the old one

    def _connections(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        counts: Counter[tuple[Server, str]] = Counter()
        for server, connections in self._pools():
            counts[server, "in_use"] += connections.in_use
            counts[server, "idle"] += connections.idle
        for (server, state), count in counts.items():
            yield metrics.Observation(count, {**attributes_of(server), "wikipayam.connection.state": state})

    def _waiting(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        counts: Counter[Server] = Counter()
        for server, connections in self._pools():
            counts[server] += connections.waiting
        for server, count in counts.items():
            yield metrics.Observation(count, attributes_of(server))

    def _queues(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        counts: Counter[str] = Counter()
        for one in self._alive():
            if not isinstance(one, AsyncWikipayam):
                counts[type(one).__name__.lower()] += one.waiting
        for name, count in counts.items():
            yield metrics.Observation(count, {"wikipayam.queue.name": name})

    def _pools(self) -> Iterator[tuple[Server, Connections]]:
        """Yield the use of connections, once for all clients that share them."""
        clients = {id(one.http_client): one for one in self._alive() if isinstance(one, AsyncWikipayam)}
        for client in clients.values():
            if (connections := client.connections) is not None:
                yield server_of(client.base_url), connections

    def _alive(self) -> Iterator[AsyncWikipayam | Queue]:
        return (one for reference in self._all if (one := reference()) is not None)


_observed: weakref.WeakKeyDictionary[metrics.MeterProvider, Observed] = weakref.WeakKeyDictionary()


def observed_by(provider: metrics.MeterProvider) -> Observed:
    """Return the clients and queues that the gauges of a meter provider report on."""
    return _observed.setdefault(provider, Observed())


@functools.lru_cache(maxsize=64)
def server_of(base_url: str) -> Server:
    """Return the host and the port of a base URL."""
    parts = urlsplit(base_url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


def attributes_of(server: Server) -> Attributes:
    """Return the span and metric attributes of a server."""
    address, port = server
    return {"server.address": address, "server.port": port}
