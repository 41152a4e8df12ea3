"""OpenTelemetry: a span for every call, with an event for every attempt, and metrics. Needs the extra `opentelemetry`.

Spans and metrics are built from the client's events, so they hold no tokens, texts, codes or numbers.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

try:
    from opentelemetry import metrics, trace
except ImportError as missing:
    raise ImportError(
        "wikipayam_async.integrations.opentelemetry needs OpenTelemetry: pip install 'wikipayam_async[opentelemetry]'"
    ) from missing

from wikipayam_async.core.events import AttemptFinished, CallFinished, CampaignProgressed, Event, RetryScheduled
from wikipayam_async.integrations.gauges import Attributes, attributes_of, gauges_of
from wikipayam_async.integrations.hooks import chain, operation_of
from wikipayam_async.integrations.observed import Observable, Queue, server_of
from wikipayam_async.outcomes import Attempt, CallOutcome
from wikipayam_async.public import AsyncWikipayam
from wikipayam_async.publish import publish
from wikipayam_async.version import __version__

__all__ = ["OpenTelemetryHook", "Queue", "chain", "traced"]

_NAME = "wikipayam_async"
_NANOSECONDS = 1_000_000_000
_RUNNING = "running"
_SUCCESS_FROM, _SUCCESS_TO = 200, 300
_FAILED = frozenset({CallOutcome.FAILED, CallOutcome.UNKNOWN})
_BOUNDARIES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""The buckets that the semantic conventions advise for request durations, in seconds."""


class OpenTelemetryHook:
    """An `on_event` hook that records spans and metrics: `AsyncWikipayam(..., on_event=OpenTelemetryHook())`.

    A call is a span of kind CLIENT, named after its operation (`sms.send`), whose parent is the caller's current span.
    Each attempt is an event of the span. One hook serves any number of clients, in any number of threads.

    `docs/en/observability.md` lists the attributes and the metrics.

    Args:
        tracer_provider: The provider of the tracer; the global one if None.
        meter_provider: The provider of the meter; the global one if None.
        clock: Returns the time in nanoseconds since 1970.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._tracer = trace.get_tracer(_NAME, __version__, tracer_provider)
        self._clock = clock
        self._attempt_ends: dict[str, list[int]] = {}
        provider = meter_provider or metrics.get_meter_provider()
        meter = provider.get_meter(_NAME, __version__)
        self._messages = meter.create_counter(
            "wikipayam.client.messages", "{message}", "Messages of finished sends, by outcome."
        )
        self._retries = meter.create_counter(
            "wikipayam.client.retries", "{retry}", "Failed attempts that were followed by another."
        )
        self._duration = meter.create_histogram(
            "wikipayam.client.call.duration",
            "s",
            "Duration of calls, including waiting and retries.",
            explicit_bucket_boundaries_advisory=_BOUNDARIES,
        )
        self._campaign_messages = meter.create_gauge(
            "wikipayam.campaign.messages", "{message}", "Messages of campaigns, by state."
        )
        self._campaign_running = meter.create_gauge(
            "wikipayam.campaign.running", "{campaign}", "1 while a campaign is being sent, 0 afterwards."
        )
        gauges = gauges_of(provider)
        gauges.register(meter)
        self._observed = gauges.observed

    def __call__(self, event: Event | CampaignProgressed) -> None:
        """Record an event."""
        match event:
            case AttemptFinished():
                self._attempt_ends.setdefault(event.call_id, []).append(self._clock())
            case RetryScheduled():
                self._retries.add(
                    1, {"wikipayam.operation": operation_of(event.operation), "error.type": event.failure}
                )
            case CallFinished():
                self._finish(event)
            case CampaignProgressed():
                self._note_campaign(event)
            case _:
                pass

    def observe(self, *observed: Observable) -> None:
        """Add gauges for the connections of clients and for the messages in queues.

        Only weak references are held. Clients that share connections count once; queues of one class are summed.

        Args:
            observed: Clients, and objects with a `waiting` property, such as a `Batcher`. An inbound worker is accepted,
                too, but OpenTelemetry has no gauge for it.

        Raises:
            InvalidInputError: An argument is of another class.
        """
        self._observed.add(*observed)

    def _finish(self, end: CallFinished) -> None:
        now = self._clock()
        self._trace(end, now, self._attempt_ends.pop(end.call_id, []))
        operation = operation_of(end.operation)
        self._duration.record(end.elapsed, _route_of(end) | _result_of(end))
        for status, count in Counter(outcome.status.value for outcome in end.messages).items():
            self._messages.add(count, {"wikipayam.operation": operation, "wikipayam.message.status": status})

    def _note_campaign(self, event: CampaignProgressed) -> None:
        name = {"wikipayam.campaign.name": event.campaign}
        self._campaign_running.set(int(event.status == _RUNNING), name)
        for state in ("pending", "sending", "accepted", "rejected", "unknown"):
            self._campaign_messages.set(getattr(event, state), {**name, "wikipayam.campaign.message.state": state})

    def _trace(self, end: CallFinished, now: int, attempt_ends: list[int]) -> None:
        # The whole span is recorded here: events arrive in the caller's task, where its span is still the current one.
        span = self._tracer.start_span(
            operation_of(end.operation),
            kind=trace.SpanKind.CLIENT,
            attributes=_attributes_of(end),
            start_time=now - int(end.elapsed * _NANOSECONDS),
        )
        for attempt, at in zip(end.attempts, attempt_ends, strict=False):
            span.add_event("wikipayam.attempt", _attributes_of_attempt(attempt), timestamp=at)
        if end.outcome in _FAILED:
            span.set_status(trace.StatusCode.ERROR)
        span.end(end_time=now)


def traced(client: AsyncWikipayam, hook: OpenTelemetryHook | None = None) -> AsyncWikipayam:
    """Return a client with the same connections, whose calls are traced and measured.

    The client's own `on_event` still receives every event. The connections are observed.

    Args:
        client: The client.
        hook: The hook; a new one for the global providers if None.
    """
    hook = hook or OpenTelemetryHook()
    traced_client = client.with_options(on_event=chain(client.on_event, hook))
    hook.observe(traced_client)
    return traced_client


def _attributes_of(end: CallFinished) -> Attributes:
    attributes = _route_of(end) | _result_of(end)
    attributes["wikipayam.call_id"] = end.call_id
    if len(end.attempts) > 1:
        attributes["http.request.resend_count"] = len(end.attempts) - 1
    if end.messages:
        attributes["wikipayam.message.count"] = len(end.messages)
        for status, count in Counter(outcome.status.value for outcome in end.messages).items():
            attributes[f"wikipayam.message.{status}"] = count
    return attributes


def _route_of(end: CallFinished) -> Attributes:
    return {
        "http.request.method": end.method,
        "wikipayam.operation": operation_of(end.operation),
        **attributes_of(server_of(end.base_url)),
    }


def _result_of(end: CallFinished) -> Attributes:
    result: Attributes = {"wikipayam.outcome": end.outcome.value}
    if end.status_code is not None:
        result["http.response.status_code"] = end.status_code
    if end.outcome in _FAILED:
        # A failure after a complete 2xx response: the body was unreadable, or left messages out.
        result["error.type"] = (_error_of(end.attempts[-1]) or "unreadable") if end.attempts else "held_back"
    return result


def _attributes_of_attempt(attempt: Attempt) -> Attributes:
    attributes: Attributes = {
        "wikipayam.attempt.number": attempt.number,
        "wikipayam.attempt.phase": attempt.phase.value,
        "wikipayam.attempt.elapsed": attempt.elapsed,
    }
    if attempt.status_code is not None:
        attributes["http.response.status_code"] = attempt.status_code
    if error := _error_of(attempt):
        attributes["error.type"] = error
    return attributes


def _error_of(attempt: Attempt) -> str | None:
    """Return the failure of an attempt, as a word or a status; None if it succeeded."""
    status = attempt.status_code
    if attempt.failure or status is None or _SUCCESS_FROM <= status < _SUCCESS_TO:
        return attempt.failure
    return str(status)


publish(__name__, __all__, globals())
