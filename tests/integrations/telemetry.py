from __future__ import annotations

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    DataPointT,
    InMemoryMetricReader,
    NumberDataPoint,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from wikipayam_async.integrations.opentelemetry import OpenTelemetryHook

SECOND = 1_000_000_000


def value_of(point: DataPointT) -> float:
    """Return a point's value; a histogram's sum."""
    if isinstance(point, NumberDataPoint):
        return point.value
    return point.sum


class Telemetry:
    """In-memory exporters of spans and metrics.

    Attributes:
        now: The time of the hook's clock, in nanoseconds.
    """

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider([self.reader])
        self.now = 100 * SECOND
        self.hook = self.make_hook()

    def make_hook(self) -> OpenTelemetryHook:
        """Create a hook for these providers."""
        return OpenTelemetryHook(tracer_provider=self.tracers, meter_provider=self.meters, clock=lambda: self.now)

    def close(self) -> None:
        """Shut the providers down."""
        self.tracers.shutdown()
        self.meters.shutdown()

    @property
    def spans(self) -> list[ReadableSpan]:
        """The package's own spans."""
        return [span for span in self.all_spans if span.instrumentation_scope.name == "wikipayam_async"]  # type: ignore[union-attr] # each has one

    @property
    def all_spans(self) -> list[ReadableSpan]:
        """All spans."""
        return list(self.exporter.get_finished_spans())

    @property
    def points(self) -> dict[str, list[tuple[dict[str, object], float]]]:
        """The points of every metric as attributes and value; the value of a histogram is its sum."""
        data = self.reader.get_metrics_data()
        return {
            metric.name: [(dict(point.attributes or {}), value_of(point)) for point in metric.data.data_points]
            for resource in (data.resource_metrics if data else [])
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    @property
    def exported(self) -> list[str]:
        """Everything exported, as text."""
        data = self.reader.get_metrics_data()
        return [*(span.to_json() for span in self.all_spans), data.to_json() if data else ""]
