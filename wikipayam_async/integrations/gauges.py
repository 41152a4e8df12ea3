"""The gauges of OpenTelemetry: how connections are used, how many messages wait."""

from __future__ import annotations

import functools
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias, runtime_checkable
from urllib.parse import urlsplit

from opentelemetry import metrics

from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.core.lanes import Connections

__all__ = ["Attributes", "Observed", "Queue", "attributes_of", "observed_by", "server_of"]

Attributes: TypeAlias = dict[str, str | int | float]
Server: TypeAlias = tuple[str, int]


@runtime_checkable
class Queue(Protocol):
    """Something that messages wait in, such as a `Batcher`."""

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        ...


class Observed:
    """What the gauges of one meter provider tell of. A second gauge of the same name would never be asked."""

    def __init__(self) -> None:
        self._all: list[weakref.ref[AsyncWikipayam | Queue]] = []

    def register(self, meter: metrics.Meter) -> None:
        """Have the gauges ask here."""
        meter.create_observable_gauge(
            "wikipayam.client.connections", [self._connections], "{connection}", "Connections to the gateway."
        )
        meter.create_observable_gauge(
            "wikipayam.client.waiting", [self._waiting], "{request}", "Requests that wait for a connection."
        )
        meter.create_observable_gauge("wikipayam.client.queue", [self._queues], "{message}", "Messages that wait.")

    def add(self, one: AsyncWikipayam | Queue) -> None:
        """Tell of one more."""
        alive = [other for other in self._all if other() is not None and other() is not one]
        self._all = [*alive, weakref.ref(one)]  # a list of its own: an exporter's thread may be reading the old one

    def _connections(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        counts: Counter[tuple[Server, str]] = Counter()
        for server, connections in self._used():
            counts[server, "in_use"] += connections.in_use
            counts[server, "idle"] += connections.idle
        for (server, state), count in counts.items():
            yield metrics.Observation(count, {**attributes_of(server), "wikipayam.connection.state": state})

    def _waiting(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        counts: Counter[Server] = Counter()
        for server, connections in self._used():
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

    def _used(self) -> Iterator[tuple[Server, Connections]]:
        """Yield how connections are used, once for all clients that share them."""
        clients = {id(one.http_client): one for one in self._alive() if isinstance(one, AsyncWikipayam)}
        for client in clients.values():
            if (connections := client.connections) is not None:
                yield server_of(client.base_url), connections

    def _alive(self) -> Iterator[AsyncWikipayam | Queue]:
        return (one for reference in self._all if (one := reference()) is not None)


_observed: weakref.WeakKeyDictionary[metrics.MeterProvider, Observed] = weakref.WeakKeyDictionary()


def observed_by(provider: metrics.MeterProvider) -> Observed:
    """Return what the gauges of a meter provider tell of."""
    return _observed.setdefault(provider, Observed())


@functools.lru_cache(maxsize=64)
def server_of(base_url: str) -> Server:
    """Return the address and the port of the gateway."""
    parts = urlsplit(base_url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


def attributes_of(server: Server) -> Attributes:
    """Return the attributes that say where the gateway is."""
    address, port = server
    return {"server.address": address, "server.port": port}
