"""The OpenTelemetry gauges: connections in use, waiting requests, queued messages."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import TypeAlias

from opentelemetry import metrics

from wikipayam_async.integrations.observed import Observed, Server

__all__ = ["Attributes", "Gauges", "attributes_of", "gauges_of"]

Attributes: TypeAlias = dict[str, str | int | float]


class Gauges:
    """The gauges of one meter provider.

    There is one for each provider, because OpenTelemetry never reads a second gauge of the same name.

    Attributes:
        observed: What they report on.
    """

    def __init__(self) -> None:
        self.observed = Observed()

    def register(self, meter: metrics.Meter) -> None:
        """Create the gauges."""
        meter.create_observable_gauge(
            "wikipayam.client.connections", [self._connections], "{connection}", "Connections to the gateway."
        )
        meter.create_observable_gauge(
            "wikipayam.client.waiting", [self._waiting], "{request}", "Requests that wait for a connection."
        )
        meter.create_observable_gauge("wikipayam.client.queue", [self._queues], "{message}", "Messages that wait.")

    def _connections(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        for (server, state), count in self.observed.connections().items():
            yield metrics.Observation(count, {**attributes_of(server), "wikipayam.connection.state": state})

    def _waiting(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        for server, count in self.observed.waiting().items():
            yield metrics.Observation(count, attributes_of(server))

    def _queues(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        for name, count in self.observed.waiting_messages().items():
            yield metrics.Observation(count, {"wikipayam.queue.name": name})


_gauges: weakref.WeakKeyDictionary[metrics.MeterProvider, Gauges] = weakref.WeakKeyDictionary()


def gauges_of(provider: metrics.MeterProvider) -> Gauges:
    """Return the gauges of a meter provider."""
    return _gauges.setdefault(provider, Gauges())


def attributes_of(server: Server) -> Attributes:
    """Return the span and metric attributes of a server."""
    address, port = server
    return {"server.address": address, "server.port": port}
