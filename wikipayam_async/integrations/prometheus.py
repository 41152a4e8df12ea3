"""Prometheus: counters, a histogram and gauges of calls, messages, connections and queues. Needs the extra `prometheus`.

The metrics are built from the client's events, and their labels have few values: no numbers, ids, texts or paths.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterable

try:
    import prometheus_client
except ImportError as missing:
    raise ImportError(
        "wikipayam_async.integrations.prometheus needs prometheus-client: pip install 'wikipayam_async[prometheus]'"
    ) from missing

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from wikipayam_async.core.events import AttemptFinished, CallFinished, Event, RetryScheduled
from wikipayam_async.integrations.hooks import chain, operation_of, result_of
from wikipayam_async.integrations.observed import Observable, Observed, Queue
from wikipayam_async.publish import publish

__all__ = ["PrometheusHook", "Queue", "chain"]


class PrometheusHook:
    """An `on_event` hook that counts: `AsyncWikipayam(..., on_event=PrometheusHook())`.

    One hook serves any number of clients, in any number of threads; hooks of one registry share their metrics.
    `docs/en/observability.md` lists the metrics.

    In the multiprocess mode of prometheus-client, counters and the histogram are summed over the processes; the gauges,
    which are read when the metrics are, are not exported.

    Args:
        registry: The registry of the metrics; the global one of prometheus-client if None.

    Raises:
        ValueError: The registry has another metric of one of these names.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._metrics = _metrics_of(prometheus_client.REGISTRY if registry is None else registry)

    def __call__(self, event: Event) -> None:
        """Record an event."""
        match event:
            case AttemptFinished():
                result = result_of(event.failure, event.status_code)
                self._metrics.attempts.labels(operation_of(event.operation), result).inc()
            case RetryScheduled():
                reason = result_of(event.failure, None)
                self._metrics.retries.labels(operation_of(event.operation), reason).inc()
            case CallFinished():
                self._finish(event)
            case _:
                pass

    def observe(self, *observed: Observable) -> None:
        """Add gauges for the connections of clients, the messages in queues, and inbound workers.

        Only weak references are held. Clients that share connections count once; queues of one class are summed, and so
        are workers of one name.

        Args:
            observed: Clients, inbound workers, and objects with a `waiting` property, such as an `Outbox`.

        Raises:
            InvalidInputError: An argument is of another class.
        """
        self._metrics.observed.add(*observed)

    def _finish(self, end: CallFinished) -> None:
        operation = operation_of(end.operation)
        self._metrics.duration.labels(operation, end.outcome.value).observe(end.elapsed)
        for status, count in Counter(outcome.status.value for outcome in end.messages).items():
            self._metrics.messages.labels(operation, status).inc(count)


class _Metrics(Collector):
    """The metrics of one registry, which cannot hold two of the same name. The gauges are read when it is."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.observed = Observed()
        self.messages = prometheus_client.Counter(
            "wikipayam_messages", "Messages of finished sends, by outcome.", ["operation", "status"], registry=registry
        )
        self.attempts = prometheus_client.Counter(
            "wikipayam_attempts",
            "Requests, by class of status or kind of failure.",
            ["operation", "result"],
            registry=registry,
        )
        self.retries = prometheus_client.Counter(
            "wikipayam_retries",
            "Failed attempts that were followed by another.",
            ["operation", "reason"],
            registry=registry,
        )
        self.duration = prometheus_client.Histogram(
            "wikipayam_call_duration_seconds",
            "Duration of calls, including waiting and retries.",
            ["operation", "outcome"],
            registry=registry,
        )
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Yield the gauges."""
        connections = GaugeMetricFamily(
            "wikipayam_connections", "Connections to the gateway.", labels=["server", "state"]
        )
        for ((host, port), state), count in self.observed.connections().items():
            connections.add_metric([f"{host}:{port}", state], count)
        yield connections
        waiting = GaugeMetricFamily(
            "wikipayam_waiting_requests", "Requests that wait for a connection.", labels=["server"]
        )
        for (host, port), count in self.observed.waiting().items():
            waiting.add_metric([f"{host}:{port}"], count)
        yield waiting
        yield from self._queues()
        yield from self._workers()

    def _queues(self) -> Iterable[Metric]:
        counts: Counter[tuple[str, str]] = Counter()
        healthy: dict[str, bool] = {}
        for name, queue in self.observed.queues():
            counts[name, "waiting"] += queue.waiting
            counts[name, "in_flight"] += getattr(queue, "in_flight", 0)
            healthy[name] = healthy.get(name, True) and getattr(queue, "healthy", True)
        messages = GaugeMetricFamily(
            "wikipayam_queue_messages",
            "Messages of outboxes and batchers without an outcome.",
            labels=["queue", "state"],
        )
        for key, count in counts.items():
            messages.add_metric(key, count)
        yield messages
        yield _truths("wikipayam_queue_healthy", "Whether all queues of this kind are healthy.", "queue", healthy)

    def _workers(self) -> Iterable[Metric]:
        counts: dict[str, Counter[str]] = {kind: Counter() for kind in ("handled", "failed", "restarts")}
        polls: dict[str, float] = {}
        healthy: dict[str, bool] = {}
        for worker in self.observed.workers():
            health = worker.health
            for kind, by_worker in counts.items():
                by_worker[worker.name] += getattr(health, kind)
            if health.last_poll is not None:
                polls[worker.name] = max(polls.get(worker.name, 0.0), health.last_poll.timestamp())
            healthy[worker.name] = healthy.get(worker.name, True) and worker.healthy
        texts = {
            "handled": "Received messages that the handler handled.",
            "failed": "Failures of the handler.",
            "restarts": "Restarts of the worker after an error.",
        }
        for kind, by_worker in counts.items():
            family = CounterMetricFamily(f"wikipayam_worker_{kind}", texts[kind], labels=["worker"])
            for name, count in by_worker.items():
                family.add_metric([name], count)
            yield family
        last = GaugeMetricFamily(
            "wikipayam_worker_last_poll_timestamp_seconds",
            "The time of the gateway's last answer to a poll, since 1970.",
            labels=["worker"],
        )
        for name, at in polls.items():
            last.add_metric([name], at)
        yield last
        yield _truths("wikipayam_worker_healthy", "Whether the inbound worker is healthy.", "worker", healthy)


def _truths(name: str, text: str, label: str, values: dict[str, bool]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family


_by_registry: weakref.WeakKeyDictionary[CollectorRegistry, weakref.ref[_Metrics]] = weakref.WeakKeyDictionary()
"""Weak on both sides: metrics refer to their registry, which keeps them alive."""


def _metrics_of(registry: CollectorRegistry) -> _Metrics:
    reference = _by_registry.get(registry)
    metrics = None if reference is None else reference()
    if metrics is None:
        metrics = _Metrics(registry)
        _by_registry[registry] = weakref.ref(metrics)
    return metrics


publish(__name__, ["PrometheusHook"], globals())
