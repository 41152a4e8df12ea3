from __future__ import annotations

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
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
)

from tests.integrations.telemetry import SECOND, Telemetry
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
    CallOutcome,
    Event,
    MessageOutcome,
    Phase,
    RetryScheduled,
    SendStatus,
    SmsMessage,
    WikipayamError,
)
from wikipayam_async.campaigns import CampaignProgressed
from wikipayam_async.integrations.opentelemetry import chain, traced

PAGE = Path(__file__).parents[2] / "docs" / "en" / "observability.md"
MODULE = "wikipayam_async.integrations.opentelemetry"
URL = "https://wikipayam.ir"
SERVER = {"server.address": "wikipayam.ir", "server.port": 443}


OPERATIONS = {
    *("sms.send", "otp.send", "voice.send", "holoo.send", "holoo.send_via_url"),
    *("receives.list", "receives.unread", "account.balance", "request"),
}
"""The span names of `CALLS`."""


def end_of(outcome: CallOutcome, *attempts: Attempt, operation: str = "sms.send", **more: Any) -> CallFinished:
    """Return the end of a call that took 1.5 seconds."""
    status = attempts[-1].status_code if attempts else None
    return CallFinished(
        "c-1", operation, outcome, 1.5, attempts, method="POST", base_url=URL, status_code=status, **more
    )


REFUSED = Attempt(1, Phase.CONNECTING, 0.25, None, "connect")
ANSWERED = Attempt(2, Phase.ANSWERED, 0.5, 200)


def test_a_call_is_a_span_with_an_event_for_each_attempt(telemetry: Telemetry) -> None:
    """Its attributes follow the HTTP conventions, its times are the call's, its parent is the current span."""
    outcomes = (MessageOutcome("t-1", SendStatus.ACCEPTED, "69e5"), MessageOutcome("t-2", SendStatus.ACCEPTED, "69e6"))
    with telemetry.tracers.get_tracer("shop").start_as_current_span("checkout") as parent:
        telemetry.hook(AttemptStarted("c-1", "sms.send", 1))
        telemetry.now = 99 * SECOND
        telemetry.hook(AttemptFinished("c-1", "sms.send", 1, Phase.CONNECTING, 0.25, None, "connect"))
        telemetry.hook(RetryScheduled("c-1", "sms.send", 1, 0.5, "connect"))
        telemetry.now = 100 * SECOND
        telemetry.hook(AttemptFinished("c-1", "sms.send", 2, Phase.ANSWERED, 0.5, 200))
        telemetry.hook(end_of(CallOutcome.SUCCEEDED, REFUSED, ANSWERED, messages=outcomes))
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
        (CallOutcome.SUCCEEDED, [Attempt(1, Phase.ANSWERED, 0.5, 200)], None, "UNSET"),
        (CallOutcome.FAILED, [Attempt(1, Phase.ANSWERED, 0.5, 422)], "422", "ERROR"),
        (CallOutcome.FAILED, [Attempt(1, Phase.ANSWERED, 0.5, 302)], "302", "ERROR"),
        (CallOutcome.FAILED, [REFUSED], "connect", "ERROR"),
        (CallOutcome.UNKNOWN, [Attempt(1, Phase.SENT, 0.5, None, "timeout")], "timeout", "ERROR"),
        (CallOutcome.UNKNOWN, [Attempt(1, Phase.READING, 0.5, 200, "disconnected")], "disconnected", "ERROR"),
        (CallOutcome.UNKNOWN, [Attempt(1, Phase.ANSWERED, 0.5, 201)], "unreadable", "ERROR"),
        (CallOutcome.FAILED, [], "held_back", "ERROR"),
        (CallOutcome.CANCELLED, [Attempt(1, Phase.WAITING, 0.5, None, "interrupted")], None, "UNSET"),
    ],
)
def test_a_failure_has_an_error_type(
    outcome: CallOutcome, attempts: list[Attempt], error: str | None, status: str, telemetry: Telemetry
) -> None:
    """`error.type` is the status or the kind of failure; a cancelled call has none."""
    telemetry.hook(end_of(outcome, *attempts))
    (span,) = telemetry.spans
    assert ((span.attributes or {}).get("error.type"), span.status.status_code.name) == (error, status)
    assert span.status.description is None
    ((attributes, value),) = telemetry.points["wikipayam.client.call.duration"]
    assert (attributes.get("error.type"), attributes["wikipayam.outcome"], value) == (error, outcome.value, 1.5)


def test_messages_and_retries_are_counted(telemetry: Telemetry) -> None:
    """Messages are counted by outcome, retries by reason, both by operation."""
    sent = tuple(map(MessageOutcome, "abc", [SendStatus.ACCEPTED, SendStatus.UNKNOWN, SendStatus.ACCEPTED]))
    telemetry.hook(RetryScheduled("c-1", "sms.send", 1, 0.5, "429"))
    telemetry.hook(end_of(CallOutcome.UNKNOWN, ANSWERED, messages=sent))
    telemetry.hook(end_of(CallOutcome.SUCCEEDED, ANSWERED, operation="account.balance"))
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


def test_campaigns_are_gauges(telemetry: Telemetry) -> None:
    """The last state of each campaign, by its name."""
    telemetry.hook(CampaignProgressed("eid", "running", 10, 4, 2, 3, 1, 0))
    telemetry.hook(CampaignProgressed("eid", "paused", 10, 4, 0, 4, 1, 1, "SIGTERM"))
    telemetry.hook(CampaignProgressed("yalda", "running", 5, 5, 0, 0, 0, 0))
    name = "wikipayam.campaign.name"
    assert telemetry.points["wikipayam.campaign.running"] == [({name: "eid"}, 0), ({name: "yalda"}, 1)]
    messages = {
        (attributes[name], attributes["wikipayam.campaign.message.state"]): value
        for attributes, value in telemetry.points["wikipayam.campaign.messages"]
    }
    states = ("pending", "sending", "accepted", "rejected", "unknown")
    assert [messages["eid", state] for state in states] == [4, 0, 4, 1, 1]
    assert [messages["yalda", state] for state in states] == [5, 0, 0, 0, 0]


def test_durations_are_counted_in_seconds(telemetry: Telemetry) -> None:
    """The histogram's bounds fit seconds; the SDK's default bounds do not."""
    telemetry.hook(end_of(CallOutcome.SUCCEEDED, ANSWERED))
    data = telemetry.reader.get_metrics_data()
    assert data is not None
    points = [
        point
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
        for point in metric.data.data_points
        if isinstance(point, HistogramDataPoint)
    ]
    assert [(point.explicit_bounds[0], point.explicit_bounds[-1]) for point in points] == [(0.005, 10.0)]


def test_a_client_request_is_named_without_its_path(telemetry: Telemetry) -> None:
    """A `client.request` is labelled `request`: its path may hold anything, and would create new time series."""
    telemetry.hook(end_of(CallOutcome.SUCCEEDED, ANSWERED, operation="POST users/7"))
    assert [(span.name, (span.attributes or {})["wikipayam.operation"]) for span in telemetry.spans] == [
        ("request", "request")
    ]


@pytest.mark.parametrize(
    ("url", "address", "port"),
    [("http://127.0.0.1", "127.0.0.1", 80), ("https://[2001:db8::1]:8443/sms", "2001:db8::1", 8443), ("", "", 443)],
)
def test_the_server_attributes_come_from_the_base_url(url: str, address: str, port: int, telemetry: Telemetry) -> None:
    """The host and the port are separate, and the port is never missing."""
    telemetry.hook(CallFinished("c-1", "balance", CallOutcome.SUCCEEDED, 1.5, (), base_url=url))
    (span,) = telemetry.spans
    attributes = span.attributes or {}
    assert (attributes["server.address"], attributes["server.port"]) == (address, port)


def test_a_chain_passes_every_event_to_every_hook() -> None:
    """The hooks are called in order; one that raises does not stop the others."""
    called: list[str] = []

    def broken(_: Event) -> None:
        called.append("broken")
        raise KeyError("x")

    event = AttemptStarted("c-1", "balance", 1)
    hook = chain(lambda _: called.append("first"), None, broken, lambda _: called.append("last"))
    with pytest.raises(KeyError):
        hook(event)
    assert called == ["first", "broken", "last"]
    chain(None)(event)
    assert called == ["first", "broken", "last"]


@pytest.mark.anyio
async def test_a_traced_client_keeps_its_own_hook(telemetry: Telemetry) -> None:
    """It shares connections, calls both hooks, and its spans are children of the current span."""

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        return BALANCE

    async with raw_gateway(handle) as gateway, connected(gateway.url) as (client, _, recorder):
        traced_client = traced(client, telemetry.hook)
        with telemetry.tracers.get_tracer("shop").start_as_current_span("checkout") as parent:
            await traced_client.balance()
        points = telemetry.points
        server = {"server.address": "127.0.0.1", "server.port": gateway.port}
    (span,) = telemetry.spans
    assert (span.name, span.parent) == ("account.balance", parent.get_span_context())
    assert (span.attributes or {})["wikipayam.call_id"] == recorder.finished[0].call_id
    assert points["wikipayam.client.connections"] == [
        ({**server, "wikipayam.connection.state": "in_use"}, 0),
        ({**server, "wikipayam.connection.state": "idle"}, 1),
    ]
    assert points["wikipayam.client.waiting"] == [(server, 0)]


@pytest.mark.anyio
async def test_without_a_hook_the_global_providers_are_used() -> None:
    """Without an SDK they record nothing, and calls still work."""

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        return BALANCE

    async with raw_gateway(handle) as gateway, connected(gateway.url) as (client, _, recorder):
        assert (await traced(client).balance()).balance == 7
    assert [end.outcome for end in recorder.finished] == [CallOutcome.SUCCEEDED]
    assert isinstance(metrics.get_meter_provider(), metrics.MeterProvider)


@pytest.fixture
def instrumented(telemetry: Telemetry) -> Iterator[Telemetry]:
    """Run OpenTelemetry's own instrumentation of httpx too."""
    HTTPXClientInstrumentor().instrument(tracer_provider=telemetry.tracers, meter_provider=telemetry.meters)
    yield telemetry
    HTTPXClientInstrumentor().uninstrument()


def texts_of(records: list[logging.LogRecord]) -> list[str]:
    """Return everything that a formatter could write from log records."""
    return [f"{record.getMessage()} {record.__dict__}" for record in records]


async def with_number_in_path(client: AsyncWikipayam) -> object:
    """Call an endpoint whose path holds a number."""
    return await client.request("GET", f"users/{NUMBER}")


@pytest.mark.anyio
@pytest.mark.parametrize("transport", ["lanes", "hooked", "lane_transport", "proxy", "tunnel", "http_client"])
async def test_successful_calls_export_no_secrets(
    transport: str, instrumented: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    """Spans, metrics and log records of every call over every transport hold none, nor do httpx's instrumentation's.

    Over a caller's own client the caller traces and logs the URL, so only the package's own output is checked.
    """
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, name)

    async def handle(request: RawRequest, _: ByteStream) -> object:
        return accept(request)

    tls = server_tls() if transport == "tunnel" else None
    async with raw_gateway(handle, tls=tls) as gateway, client_on(transport, gateway) as plain:
        if transport == "hooked":
            HTTPXClientInstrumentor.instrument_client(plain.http_client, tracer_provider=instrumented.tracers)
            plain.http_client.event_hooks["request"].append(ignore_request)
        client = traced(plain, instrumented.hook)
        for call in CALLS.values():
            await call(client)
        await client.sms.send_bulk([SmsMessage(NUMBER, TEXT)])
        ours = [record for record in caplog.records if record.name == "wikipayam_async"]
        if transport in {"lanes", "http_client"}:
            await with_number_in_path(client)
    calls = len(CALLS) + 1 + (transport in {"lanes", "http_client"})
    assert len(instrumented.spans) == calls
    assert {span.name for span in instrumented.spans} == OPERATIONS
    assert len([record for record in ours if getattr(record, "wikipayam_event", "") == "call"]) == len(CALLS) + 1
    if transport == "http_client":
        assert len(instrumented.all_spans) == 2 * calls
        assert leaks([span.to_json() for span in instrumented.spans]) == []
        own_records = [record for record in caplog.records if record.name == "wikipayam_async"]
        assert leaks(texts_of(own_records)) == []
    else:
        assert (len(instrumented.all_spans) > calls) == (transport in {"hooked", "proxy", "tunnel"})
        assert (leaks(instrumented.exported), leaks(texts_of(caplog.records))) == ([], [])


@pytest.mark.filterwarnings("ignore:Async generator 'http:ResourceWarning")  # httpx's, where a connection breaks
@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "transport"),
    [(kind, "lanes") for kind in FAILURES]
    + [(kind, "hooked") for kind in ("422", "html", "reset")]
    + [(kind, transport) for kind in ("422", "reset") for transport in ("tunnel", "http_client")],
)
async def test_failed_calls_export_no_secrets(
    kind: str, transport: str, instrumented: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    """Spans, metrics and log records hold none, even if the gateway echoes the request.

    Over httpx's connections its own DEBUG log quotes response headers, so only the package's own records are checked.
    """
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, name)
    failed = 0
    tls = server_tls() if transport == "tunnel" else None
    async with raw_gateway(FAILURES[kind], tls=tls) as gateway, client_on(transport, gateway) as plain:
        client = traced(plain.with_options(timeout=0.02 if kind in {"hang", "truncated"} else 2.0), instrumented.hook)
        on_virtual_time(client)
        if transport == "hooked":
            HTTPXClientInstrumentor.instrument_client(plain.http_client, tracer_provider=instrumented.tracers)
            plain.http_client.event_hooks["request"].append(ignore_request)
        calls = {
            name: call for name, call in CALLS.items() if transport != "http_client" or name not in CALLS_WITH_QUERY
        }
        for call in calls.values():
            client._shared.gate.not_before = 0.0
            try:
                await call(client)
            except (WikipayamError, StopAsyncIteration):
                failed += 1
    assert failed > len(calls) / 2
    # `iter` and `iter_unread` ask once more, to learn whether one message makes the page fail.
    assert len(calls) <= len(instrumented.spans) <= len(calls) + 2
    assert (
        len([span for span in instrumented.spans if span.status.status_code is trace.StatusCode.ERROR])
        >= len(calls) - 5
    )
    ours = [one for one in caplog.records if transport in {"lanes", "hooked"} or one.name == "wikipayam_async"]
    assert len(ours) >= len(calls)
    assert (leaks(instrumented.exported), leaks(texts_of(ours))) == ([], [])


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
    assert telemetry.hook._attempt_ends == {}


@pytest.mark.anyio
async def test_retries_are_events_of_one_span(telemetry: Telemetry) -> None:
    """A call stays one call, however often it is tried."""
    answers = [answer("", 503), answer("", 503), BALANCE]

    async def handle(_request: RawRequest, _stream: ByteStream) -> object:
        return answers.pop(0)

    recorder = EventRecorder()
    hook = chain(recorder, telemetry.hook)
    async with raw_gateway(handle) as gateway, connected(gateway.url, on_event=hook) as (client, _, _):
        await client.balance()
    (span,) = telemetry.spans
    statuses = [(event.attributes or {})["http.response.status_code"] for event in span.events]
    assert (statuses, (span.attributes or {})["http.request.resend_count"]) == ([503, 503, 200], 2)
    assert telemetry.points["wikipayam.client.retries"] == [
        ({"wikipayam.operation": recorder.finished[0].operation, "error.type": "503"}, 2)
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
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - the code is in this file
    assert done.stdout.strip() == "[]"


def test_the_page_names_every_attribute_and_metric(telemetry: Telemetry) -> None:
    """What is exported is documented."""
    sent = tuple(map(MessageOutcome, "abcd", SendStatus))
    telemetry.hook(AttemptFinished("c-1", "sms.send", 1, Phase.ANSWERED, 0.5, 503))
    telemetry.hook(RetryScheduled("c-1", "sms.send", 1, 0.5, "503"))
    telemetry.hook(end_of(CallOutcome.UNKNOWN, Attempt(1, Phase.ANSWERED, 0.5, 503), ANSWERED, messages=sent))
    telemetry.hook(CampaignProgressed("eid", "running", 10, 4, 2, 3, 1, 0))
    (span,) = telemetry.spans
    points = telemetry.points
    names = {*(span.attributes or {}), *(name for event in span.events for name in (event.attributes or {})), *points}
    names |= {name for series in points.values() for attributes, _ in series for name in attributes}
    page = PAGE.read_text(encoding="utf-8")
    assert sorted(name for name in names if f"`{name}`" not in page) == []
