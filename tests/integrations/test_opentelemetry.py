from __future__ import annotations

import gc
import importlib
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream
from opentelemetry import metrics, trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    DataPointT,
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.support.leaks import FAILURES, LOGGERS, client_on, ignore_request
from tests.support.net import BALANCE, EventRecorder, connected, on_virtual_time, server_tls
from tests.support.raw import RawRequest, answer, raw_gateway
from tests.support.secrets import CALLS, CALLS_WITH_QUERY, NUMBER, TEXT, accept, leaks
from wikipayam_async import (
    AsyncWikipayam,
    Attempt,
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    Event,
    InvalidInputError,
    MessageOutcome,
    Outcome,
    Phase,
    RetryScheduled,
    SendStatus,
    SmsMessage,
    WikipayamError,
)
from wikipayam_async.integrations.opentelemetry import OpenTelemetryHook, chain, traced

PAGE = Path(__file__).parents[2] / "docs" / "en" / "observability.md"
MODULE = "wikipayam_async.integrations.opentelemetry"
SECOND = 1_000_000_000
URL = "https://wikipayam.ir"
SERVER = {"server.address": "wikipayam.ir", "server.port": 443}


OPERATIONS = {
    *("sms.send", "otp.send", "voice.send", "holoo.send", "holoo.send_get"),
    *("receives.list", "receives.unread", "account.balance", "request"),
}
"""What `CALLS` are called in spans."""


def value_of(point: DataPointT) -> float:
    """Return a point's value; a histogram's sum."""
    if isinstance(point, NumberDataPoint):
        return point.value
    return point.sum


class Telemetry:
    """What was exported, kept in memory.

    Attributes:
        now: What the hook's clock says.
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
        """Make a hook for these providers."""
        return OpenTelemetryHook(tracer_provider=self.tracers, meter_provider=self.meters, clock=lambda: self.now)

    def close(self) -> None:
        """Shut the providers down."""
        self.tracers.shutdown()
        self.meters.shutdown()

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans of ours."""
        return [span for span in self.all_spans if span.instrumentation_scope.name == "wikipayam_async"]  # type: ignore[union-attr] # each has one

    @property
    def all_spans(self) -> list[ReadableSpan]:
        """The spans of everybody."""
        return list(self.exporter.get_finished_spans())

    @property
    def points(self) -> dict[str, list[tuple[dict[str, object], float]]]:
        """The points of every metric: attributes and value, a histogram's being its sum."""
        data = self.reader.get_metrics_data()
        return {
            metric.name: [(dict(point.attributes or {}), value_of(point)) for point in metric.data.data_points]
            for resource in (data.resource_metrics if data else [])
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    @property
    def shown(self) -> list[str]:
        """Everything that a back end would get."""
        data = self.reader.get_metrics_data()
        return [*(span.to_json() for span in self.all_spans), data.to_json() if data else ""]


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    """Keep spans and metrics, and no more than those of one test."""
    kept = Telemetry()
    yield kept
    kept.close()


def end_of(outcome: Outcome, *attempts: Attempt, operation: str = "sms.send", **more: Any) -> CallFinished:
    """Make the end of a call of a second and a half."""
    return CallFinished("c-1", operation, outcome, 1.5, attempts, method="POST", base_url=URL, **more)


REFUSED = Attempt(1, Phase.CONNECTING, 0.25, None, "connect")
ANSWERED = Attempt(2, Phase.ANSWERED, 0.5, 200)


def test_a_call_is_a_span_with_an_event_for_each_attempt(telemetry: Telemetry) -> None:
    """Its attributes follow the conventions for HTTP, its times are those of the call, its parent is what is current."""
    outcomes = (MessageOutcome("t-1", SendStatus.ACCEPTED, "69e5"), MessageOutcome("t-2", SendStatus.ACCEPTED, "69e6"))
    with telemetry.tracers.get_tracer("shop").start_as_current_span("checkout") as parent:
        telemetry.hook(AttemptStarted("c-1", "sms.send", 1))
        telemetry.now = 99 * SECOND
        telemetry.hook(AttemptFinished("c-1", "sms.send", REFUSED))
        telemetry.hook(RetryScheduled("c-1", "sms.send", 1, 0.5, "connect"))
        telemetry.now = 100 * SECOND
        telemetry.hook(AttemptFinished("c-1", "sms.send", ANSWERED))
        telemetry.hook(end_of(Outcome.SUCCEEDED, REFUSED, ANSWERED, messages=outcomes))
    (span,) = telemetry.spans
    assert (span.name, span.kind, span.status.status_code) == (
        "sms.send",
        trace.SpanKind.CLIENT,
        trace.StatusCode.UNSET,
    )
    assert (span.start_time, span.end_time) == (int(98.5 * SECOND), 100 * SECOND)
    assert span.parent == parent.get_span_context()
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST",
        "http.request.resend_count": 1,
        "http.response.status_code": 200,
        "wikipayam.operation": "sms.send",
        "wikipayam.call_id": "c-1",
        "wikipayam.outcome": "succeeded",
        "wikipayam.message.count": 2,
        "wikipayam.message.accepted": 2,
        **SERVER,
    }
    assert [(event.name, event.timestamp, dict(event.attributes or {})) for event in span.events] == [
        (
            "wikipayam.attempt",
            99 * SECOND,
            {
                "wikipayam.attempt.number": 1,
                "wikipayam.attempt.phase": "connecting",
                "wikipayam.attempt.elapsed": 0.25,
                "error.type": "connect",
            },
        ),
        (
            "wikipayam.attempt",
            100 * SECOND,
            {
                "wikipayam.attempt.number": 2,
                "wikipayam.attempt.phase": "answered",
                "wikipayam.attempt.elapsed": 0.5,
                "http.response.status_code": 200,
            },
        ),
    ]


@pytest.mark.parametrize(
    ("outcome", "attempts", "error", "status"),
    [
        (Outcome.SUCCEEDED, [Attempt(1, Phase.ANSWERED, 0.5, 200)], None, "UNSET"),
        (Outcome.FAILED, [Attempt(1, Phase.ANSWERED, 0.5, 422)], "422", "ERROR"),
        (Outcome.FAILED, [Attempt(1, Phase.ANSWERED, 0.5, 302)], "302", "ERROR"),
        (Outcome.FAILED, [REFUSED], "connect", "ERROR"),
        (Outcome.UNKNOWN, [Attempt(1, Phase.SENT, 0.5, None, "timeout")], "timeout", "ERROR"),
        (Outcome.UNKNOWN, [Attempt(1, Phase.READING, 0.5, 200, "disconnected")], "disconnected", "ERROR"),
        (Outcome.UNKNOWN, [Attempt(1, Phase.ANSWERED, 0.5, 201)], "unreadable", "ERROR"),
        (Outcome.FAILED, [], "held_back", "ERROR"),
        (Outcome.CANCELLED, [Attempt(1, Phase.WAITING, 0.5, None, "interrupted")], None, "UNSET"),
    ],
)
def test_a_failure_is_named_by_a_word(
    outcome: Outcome, attempts: list[Attempt], error: str | None, status: str, telemetry: Telemetry
) -> None:
    """The status of the answer, or what went wrong. What the caller cancelled is no failure."""
    telemetry.hook(end_of(outcome, *attempts))
    (span,) = telemetry.spans
    assert ((span.attributes or {}).get("error.type"), span.status.status_code.name) == (error, status)
    assert span.status.description is None
    ((attributes, value),) = telemetry.points["wikipayam.client.call.duration"]
    assert (attributes.get("error.type"), attributes["wikipayam.outcome"], value) == (error, outcome.value, 1.5)


def test_messages_and_retries_are_counted(telemetry: Telemetry) -> None:
    """Messages by what became of them, retries by what they were for, both by operation."""
    sent = tuple(map(MessageOutcome, "abc", [SendStatus.ACCEPTED, SendStatus.UNKNOWN, SendStatus.ACCEPTED]))
    telemetry.hook(RetryScheduled("c-1", "sms.send", 1, 0.5, "429"))
    telemetry.hook(end_of(Outcome.UNKNOWN, ANSWERED, messages=sent))
    telemetry.hook(end_of(Outcome.SUCCEEDED, ANSWERED, operation="account.balance"))
    assert telemetry.points["wikipayam.client.retries"] == [
        ({"wikipayam.operation": "sms.send", "error.type": "429"}, 1)
    ]
    assert telemetry.points["wikipayam.client.messages"] == [
        ({"wikipayam.operation": "sms.send", "wikipayam.message.status": "accepted"}, 2),
        ({"wikipayam.operation": "sms.send", "wikipayam.message.status": "unknown"}, 1),
    ]
    assert telemetry.points["wikipayam.client.call.duration"] == [
        (
            {
                "http.request.method": "POST",
                "http.response.status_code": 200,
                "wikipayam.operation": "sms.send",
                "wikipayam.outcome": "unknown",
                "error.type": "unreadable",
                **SERVER,
            },
            1.5,
        ),
        (
            {
                "http.request.method": "POST",
                "http.response.status_code": 200,
                "wikipayam.operation": "account.balance",
                "wikipayam.outcome": "succeeded",
                **SERVER,
            },
            1.5,
        ),
    ]


def test_durations_are_counted_in_seconds(telemetry: Telemetry) -> None:
    """The bounds of the histogram fit seconds, which those of the SDK do not."""
    telemetry.hook(end_of(Outcome.SUCCEEDED, ANSWERED))
    data = telemetry.reader.get_metrics_data()
    assert data is not None
    points = [
        point
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
        for point in metric.data.data_points
        if isinstance(point, HistogramDataPoint)
    ]
    assert [(point.explicit_bounds[0], point.explicit_bounds[-1]) for point in points] == [(0.005, 10.0)]


def test_a_call_that_the_user_made_up_is_named_without_its_path(telemetry: Telemetry) -> None:
    """The path may hold anything, and each would be a time series of its own."""
    telemetry.hook(end_of(Outcome.SUCCEEDED, ANSWERED, operation="POST users/7"))
    assert [(span.name, (span.attributes or {})["wikipayam.operation"]) for span in telemetry.spans] == [
        ("request", "request")
    ]


@pytest.mark.parametrize(
    ("url", "address", "port"),
    [("http://127.0.0.1", "127.0.0.1", 80), ("https://[2001:db8::1]:8443/sms", "2001:db8::1", 8443), ("", "", 443)],
)
def test_the_server_is_the_clients(url: str, address: str, port: int, telemetry: Telemetry) -> None:
    """Host and port stand apart, and the port is never missing."""
    telemetry.hook(CallFinished("c-1", "balance", Outcome.SUCCEEDED, 1.5, (), base_url=url))
    (span,) = telemetry.spans
    attributes = span.attributes or {}
    assert (attributes["server.address"], attributes["server.port"]) == (address, port)


def test_a_chain_hands_every_event_to_every_hook() -> None:
    """In order; a hook that raises keeps nothing from those after it."""
    heard: list[str] = []

    def broken(_: Event) -> None:
        heard.append("broken")
        raise KeyError("x")

    event = AttemptStarted("c-1", "balance", 1)
    hook = chain(lambda _: heard.append("first"), None, broken, lambda _: heard.append("last"))
    with pytest.raises(KeyError):
        hook(event)
    assert heard == ["first", "broken", "last"]
    chain(None)(event)
    assert heard == ["first", "broken", "last"]


@pytest.mark.anyio
async def test_a_traced_client_goes_on_telling_its_own_hook(telemetry: Telemetry) -> None:
    """It shares connections, tells both hooks, and its spans lie below the one that is current at the call."""

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        return BALANCE

    async with raw_gateway(handle) as gateway, connected(gateway.url) as (client, _, ear):
        shown = traced(client, telemetry.hook)
        with telemetry.tracers.get_tracer("shop").start_as_current_span("checkout") as parent:
            await shown.balance()
        points = telemetry.points
        server = {"server.address": "127.0.0.1", "server.port": gateway.port}
    (span,) = telemetry.spans
    assert (span.name, span.parent) == ("account.balance", parent.get_span_context())
    assert (span.attributes or {})["wikipayam.call_id"] == ear.finished[0].call_id
    assert points["wikipayam.client.connections"] == [
        ({**server, "wikipayam.connection.state": "in_use"}, 0),
        ({**server, "wikipayam.connection.state": "idle"}, 1),
    ]
    assert points["wikipayam.client.waiting"] == [(server, 0)]


@pytest.mark.anyio
async def test_a_client_is_traced_by_the_global_providers_if_no_hook_is_given() -> None:
    """Without an SDK those do nothing, and a call is none the worse for it."""

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        return BALANCE

    async with raw_gateway(handle) as gateway, connected(gateway.url) as (client, _, ear):
        assert (await traced(client).balance()).balance == 7
    assert [end.outcome for end in ear.finished] == [Outcome.SUCCEEDED]
    assert isinstance(metrics.get_meter_provider(), metrics.MeterProvider)


@pytest.mark.anyio
async def test_queues_are_observed(telemetry: Telemetry) -> None:
    """What waits in batchers is added up, whichever hook was told of each."""

    async def handle(request: RawRequest, _stream: ByteStream) -> object:
        return accept(request)

    async with (
        raw_gateway(handle) as gateway,
        connected(gateway.url) as (client, _, _),
        client.sms.batcher(linger=30) as first,
        client.sms.batcher(linger=30) as second,
    ):
        telemetry.hook.observe(first, client)
        telemetry.make_hook().observe(second, first)
        async with anyio.create_task_group() as group:
            for batcher in (first, first, second):
                group.start_soon(batcher.send, NUMBER, TEXT)
            while first.waiting + second.waiting < 3:
                await anyio.lowlevel.checkpoint()
            full = telemetry.points["wikipayam.client.queue"]
            await first.flush()
            await second.flush()
        empty = telemetry.points["wikipayam.client.queue"]
    assert (full, empty) == ([({"wikipayam.queue.name": "batcher"}, 3)], [({"wikipayam.queue.name": "batcher"}, 0)])


@pytest.mark.anyio
async def test_clients_that_share_connections_count_as_one(telemetry: Telemetry) -> None:
    """Those of several clients to one gateway are added up; those of a caller's own pool are the caller's to count."""

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        return BALANCE

    async with (
        raw_gateway(handle) as gateway,
        connected(gateway.url) as (one, _, _),
        connected(gateway.url) as (other, _, _),
        connected(gateway.url, "pool") as (foreign, _, _),
    ):
        sibling = one.with_options(timeout=3)
        telemetry.hook.observe(one, sibling, other, foreign)
        for client in (sibling, other, foreign):
            await client.balance()
        states = [
            (attributes["wikipayam.connection.state"], count)
            for attributes, count in telemetry.points["wikipayam.client.connections"]
        ]
    assert states == [("in_use", 0), ("idle", 2)]


def test_what_is_observed_is_not_kept_alive(telemetry: Telemetry) -> None:
    """A client that is gone is not told of any more."""
    client = AsyncWikipayam("token")
    telemetry.hook.observe(client)
    assert len(telemetry.points["wikipayam.client.waiting"]) == 1
    del client
    gc.collect()
    assert telemetry.points.get("wikipayam.client.waiting", []) == []


def test_only_what_can_be_observed_is_taken(telemetry: Telemetry) -> None:
    """Anything else is refused at once, and not when the metrics are read."""
    with pytest.raises(InvalidInputError, match=r"observed: expected a client, or a queue .*; got a number"):
        telemetry.hook.observe(7)  # type: ignore[arg-type] # meant


@pytest.fixture
def instrumented(telemetry: Telemetry) -> Iterator[Telemetry]:
    """Let the stock instrumentation of httpx run beside ours."""
    HTTPXClientInstrumentor().instrument(tracer_provider=telemetry.tracers, meter_provider=telemetry.meters)
    yield telemetry
    HTTPXClientInstrumentor().uninstrument()


def shown_of(records: list[logging.LogRecord]) -> list[str]:
    """Return everything that a formatter could write of records."""
    return [f"{record.getMessage()} {record.__dict__}" for record in records]


async def with_number_in_path(client: AsyncWikipayam) -> object:
    """Call an endpoint whose path holds a number."""
    return await client.request("GET", f"users/{NUMBER}")


@pytest.mark.anyio
@pytest.mark.parametrize("road", ["lanes", "hooked", "lane_transport", "proxy", "tunnel", "http_client"])
async def test_no_secret_is_told_of_calls_that_succeed(
    road: str, instrumented: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    """Spans, metrics and records of every call on every road hold none, those of httpx's instrumentation included.

    Over a foreign client the URL is the caller's to trace and to log, so that there only what is ours is looked at.
    """
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, name)

    async def handle(request: RawRequest, _: ByteStream) -> object:
        return accept(request)

    tls = server_tls() if road == "tunnel" else None
    async with raw_gateway(handle, tls=tls) as gateway, client_on(road, gateway) as plain:
        if road == "hooked":
            HTTPXClientInstrumentor.instrument_client(plain.http_client, tracer_provider=instrumented.tracers)
            plain.http_client.event_hooks["request"].append(ignore_request)
        client = traced(plain, instrumented.hook)
        for call in CALLS.values():
            await call(client)
        await client.sms.send_bulk([SmsMessage(NUMBER, TEXT)])
        ours = [record for record in caplog.records if record.name == "wikipayam_async"]
        if road in {"lanes", "http_client"}:
            await with_number_in_path(client)
    calls = len(CALLS) + 1 + (road in {"lanes", "http_client"})
    assert len(instrumented.spans) == calls
    assert {span.name for span in instrumented.spans} == OPERATIONS
    assert len([record for record in ours if getattr(record, "wikipayam_event", "") == "call"]) == len(CALLS) + 1
    if road == "http_client":
        assert len(instrumented.all_spans) == 2 * calls
        assert leaks([span.to_json() for span in instrumented.spans]) == []
        theirs = [record for record in caplog.records if record.name == "wikipayam_async"]
        assert leaks(shown_of(theirs)) == []
    else:
        assert (len(instrumented.all_spans) > calls) == (road in {"hooked", "proxy", "tunnel"})
        assert (leaks(instrumented.shown), leaks(shown_of(caplog.records))) == ([], [])


@pytest.mark.filterwarnings("ignore:Async generator 'http:ResourceWarning")  # httpx's, where a connection breaks
@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "road"),
    [(kind, "lanes") for kind in FAILURES]
    + [(kind, "hooked") for kind in ("422", "html", "reset")]
    + [(kind, road) for kind in ("422", "reset") for road in ("tunnel", "http_client")],
)
async def test_no_secret_is_told_of_calls_that_fail(
    kind: str, road: str, instrumented: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even where the gateway answers with all that it was told.

    Where connections are httpx's, its own log at DEBUG quotes the headers of answers; only ours is looked at there.
    """
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, name)
    failed = 0
    tls = server_tls() if road == "tunnel" else None
    async with raw_gateway(FAILURES[kind], tls=tls) as gateway, client_on(road, gateway) as plain:
        client = traced(plain.with_options(timeout=0.02 if kind in {"hang", "truncated"} else 2.0), instrumented.hook)
        on_virtual_time(client)
        if road == "hooked":
            HTTPXClientInstrumentor.instrument_client(plain.http_client, tracer_provider=instrumented.tracers)
            plain.http_client.event_hooks["request"].append(ignore_request)
        calls = {name: call for name, call in CALLS.items() if road != "http_client" or name not in CALLS_WITH_QUERY}
        for call in calls.values():
            client._shared.gate.not_before = 0.0
            try:
                await call(client)
            except (WikipayamError, StopAsyncIteration):
                failed += 1
    assert failed > len(calls) / 2
    assert len(instrumented.spans) == len(calls)
    assert (
        len([span for span in instrumented.spans if span.status.status_code is trace.StatusCode.ERROR])
        >= len(calls) - 5
    )
    ours = [one for one in caplog.records if road in {"lanes", "hooked"} or one.name == "wikipayam_async"]
    assert len(ours) >= len(calls)
    assert (leaks(instrumented.shown), leaks(shown_of(ours))) == ([], [])


@pytest.mark.anyio
async def test_a_call_that_is_cancelled_is_a_span_too(telemetry: Telemetry) -> None:
    """There is one for every call, and nothing is kept of those that are over."""

    async def hang(_request: RawRequest, _stream: ByteStream) -> object:
        await anyio.sleep_forever()
        return False

    async with raw_gateway(hang) as gateway, connected(gateway.url, on_event=telemetry.hook) as (client, _, _):
        with anyio.move_on_after(0.05):
            await client.balance()
    (span,) = telemetry.spans
    assert ((span.attributes or {})["wikipayam.outcome"], len(span.events)) == ("cancelled", 1)
    assert telemetry.hook._ended == {}


@pytest.mark.anyio
async def test_retries_are_events_of_one_span(telemetry: Telemetry) -> None:
    """A call stays one call, however often it is tried."""
    answers = [answer("", 503), answer("", 503), BALANCE]

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        return answers.pop(0)

    ear = EventRecorder()
    hook = chain(ear, telemetry.hook)
    async with raw_gateway(handle) as gateway, connected(gateway.url, on_event=hook) as (client, _, _):
        await client.balance()
    (span,) = telemetry.spans
    statuses = [(event.attributes or {})["http.response.status_code"] for event in span.events]
    assert (statuses, (span.attributes or {})["http.request.resend_count"]) == ([503, 503, 200], 2)
    assert telemetry.points["wikipayam.client.retries"] == [
        ({"wikipayam.operation": ear.finished[0].operation, "error.type": "503"}, 2)
    ]


def test_without_opentelemetry_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, MODULE)
    with pytest.raises(ImportError, match=re.escape("pip install 'wikipayam_async[opentelemetry]'")):
        importlib.import_module(MODULE)


def test_the_package_itself_does_not_import_it() -> None:
    """Who does not ask for OpenTelemetry does not load it."""
    code = "import sys, wikipayam_async; print([name for name in sys.modules if 'opentelemetry' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own
    assert done.stdout.strip() == "[]"


def test_the_page_names_every_attribute_and_metric(telemetry: Telemetry) -> None:
    """What is exported is documented."""
    sent = tuple(map(MessageOutcome, "abcd", SendStatus))
    telemetry.hook(AttemptFinished("c-1", "sms.send", Attempt(1, Phase.ANSWERED, 0.5, 503)))
    telemetry.hook(RetryScheduled("c-1", "sms.send", 1, 0.5, "503"))
    telemetry.hook(end_of(Outcome.UNKNOWN, Attempt(1, Phase.ANSWERED, 0.5, 503), ANSWERED, messages=sent))
    (span,) = telemetry.spans
    points = telemetry.points
    names = {*(span.attributes or {}), *(name for event in span.events for name in (event.attributes or {})), *points}
    names |= {name for series in points.values() for attributes, _ in series for name in attributes}
    page = PAGE.read_text(encoding="utf-8")
    assert sorted(name for name in names if f"`{name}`" not in page) == []
