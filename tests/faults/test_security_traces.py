"""Secrets stay out of tracebacks with locals, out of logs, and out of the spans of stock instrumentation."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from anyio.abc import ByteStream
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.support.leaks import FAILURES, LOGGERS, client_on, echoing, ignore_request
from tests.support.net import on_virtual_time, server_tls
from tests.support.raw import (
    Handler,
    RawRequest,
    never_answer,
    raw_gateway,
)
from tests.support.secrets import (
    CALLS,
    CALLS_WITH_QUERY,
    CODE,
    NUMBER,
    TEXT,
    TOKEN,
    accept,
    client_for,
    leaks,
    locals_of,
    shown_of,
)
from wikipayam_async import AsyncWikipayam, SmsMessage, WikipayamError

pytestmark = pytest.mark.anyio


async def failures_of(handler: Handler, **options: Any) -> AsyncIterator[tuple[str, BaseException]]:
    """Make every call against a failing gateway; yield the name and the error of each."""
    async with raw_gateway(handler) as gateway, client_for(gateway.url, timeout=0.05, **options) as client:
        on_virtual_time(client)
        for name, call in CALLS.items():
            client._shared.gate.not_before = 0.0
            try:
                await call(client)
            except (WikipayamError, StopAsyncIteration) as error:
                yield name, error


@pytest.mark.parametrize(
    ("kind", "via"),
    [(kind, "lanes") for kind in FAILURES] + [(kind, "proxy") for kind in ("422", "500", "html", "reset", "hang")],
)
async def test_a_traceback_with_locals_shows_no_secret(kind: str, via: str) -> None:
    """After any failure, no local variable of the package's frames shows a secret."""
    failed = []
    async with raw_gateway(FAILURES[kind]) as proxy:
        options = {"proxy": proxy.url} if via == "proxy" else {}
        async for name, error in failures_of(FAILURES[kind], **options):
            assert (name, leaks(locals_of(error)), leaks(shown_of(error))) == (name, [], [])
            failed.append(name)
    reads = {"receives.list", "receives.unread", "receives.iter", "receives.iter_unread", "balance"}
    least = len(CALLS) - len(reads) - 3 if kind == "no data" else len(CALLS)
    assert len(failed) >= least


BAD_CALLS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "receiver": lambda client: client.sms.send(NUMBER + "4", TEXT),
    "text": lambda client: client.sms.send(NUMBER, TEXT + "\ud800"),
    "sender": lambda client: client.sms.send(NUMBER, TEXT, sender="\n"),
    "track id": lambda client: client.sms.send(NUMBER, TEXT, track_id="\n"),
    "many": lambda client: client.sms.send_many([SmsMessage(NUMBER, TEXT), SmsMessage(NUMBER + "4", TEXT)]),
    "code": lambda client: client.otp.send(NUMBER, CODE + "!"),
    "code's receiver": lambda client: client.otp.send(NUMBER + "4", CODE),
    "call's code": lambda client: client.voice.send(NUMBER, CODE + "!"),
    "call's receiver": lambda client: client.voice.send(NUMBER + "4", CODE),
    "call's track id": lambda client: client.voice.send(NUMBER, CODE, track_id="\n"),
    "holoo": lambda client: client.holoo.send(NUMBER + "4", TEXT),
    "holoo's sender": lambda client: client.holoo.send_via_url(NUMBER, TEXT, sender="\n"),
    "holoo's user": lambda client: client.holoo.send(NUMBER, TEXT, username=f"{NUMBER}\n"),
    "list": lambda client: client.receives.list(sender=NUMBER, search=TEXT, limit=0),
    "list's status": lambda client: client.receives.list(status="x", sender=NUMBER),  # type: ignore[arg-type] # meant
    "list's search": lambda client: client.receives.list(search=TEXT + "\ud800"),
    "unread": lambda client: client.receives.unread(sender=NUMBER, from_date="x"),
    "iter": lambda client: anext(aiter(client.receives.iter(sender=NUMBER, search=TEXT, page_size=0))),
    "iter_unread": lambda client: anext(aiter(client.receives.iter_unread(sender=NUMBER, from_date="x"))),
    "consume": lambda client: client.receives.consume(print, poll_interval=0, sender=NUMBER),
    "request's method": lambda client: client.request("X", "x", params={"q": TEXT}, json={"to": NUMBER}),
    "request's path": lambda client: client.request("GET", f"x?to={NUMBER}", json={"text": TEXT}),
    "request's params": lambda client: client.request("GET", "x", params={"q": TEXT + "\ud800"}, json=NUMBER),
    "request's json": lambda client: client.request("POST", "x", params={"q": TEXT}, json={NUMBER: object()}),
}


@pytest.mark.parametrize("name", BAD_CALLS)
async def test_a_refused_argument_is_not_in_the_traceback(name: str) -> None:
    """An error for an invalid argument shows neither that argument nor the others."""
    async with client_for("http://127.0.0.1:1") as client:
        with pytest.raises(WikipayamError) as caught:
            await BAD_CALLS[name](client)
    assert (leaks(locals_of(caught.value)), leaks(shown_of(caught.value))) == ([], [])


@pytest.mark.parametrize(
    "options",
    [
        {"token": f"{TOKEN}\n"},
        {"token": TOKEN.encode()},
        {"base_url": "http://wikipayam.ir"},
        {"base_url": f"https://u:{TOKEN}@wikipayam.ir"},
        {"username": 9121112233},
        {"username": NUMBER, "sender": "\n"},
        {"proxy": f"ftp://u:{TOKEN}@127.0.0.1"},
        {"timeout": 0},
        {"max_connections": 0},
        {"api_prefix": f"../{TOKEN}"},
        {"nonsense": 1},
    ],
)
async def test_a_client_that_cannot_be_built_shows_no_secret(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error for an invalid setting shows neither the setting, nor the token, nor the environment."""
    monkeypatch.setenv("SMS_AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("SMS_USERNAME", NUMBER)
    settings: dict[str, Any]
    for settings in (options, {"token": TOKEN} | options):
        with pytest.raises((WikipayamError, TypeError)) as caught:
            AsyncWikipayam(**settings)
        assert leaks(locals_of(caught.value)) == []
    with pytest.raises(WikipayamError) as caught:
        AsyncWikipayam(TOKEN).with_options(username=NUMBER, timeout=0)
    assert leaks(locals_of(caught.value)) == []


@pytest.mark.parametrize("name", [name for name in CALLS if name not in {"receives.iter", "receives.iter_unread"}])
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_time_out_around_a_call_shows_no_secret(name: str) -> None:
    """The cancellation that `asyncio.timeout` chains to its error shows no secret in its frames."""
    async with raw_gateway(never_answer) as gateway, client_for(gateway.url, timeout=0.2) as client:
        with pytest.raises((TimeoutError, WikipayamError)) as caught:
            async with asyncio.timeout(0.05):
                await CALLS[name](client)
    assert leaks(locals_of(caught.value)) == []


async def test_a_bulk_send_shows_no_secret() -> None:
    """The errors of a bulk send and of its source show no text and no number."""

    def source() -> Iterator[SmsMessage]:
        yield from (SmsMessage(NUMBER, TEXT), SmsMessage(NUMBER + "4", TEXT))
        raise RuntimeError("the source's own words")

    async with raw_gateway(echoing(422)) as gateway, client_for(gateway.url) as client:
        report = await client.sms.send_bulk([SmsMessage(NUMBER, TEXT), SmsMessage(NUMBER + "4", TEXT)])
        with pytest.raises(WikipayamError) as refused:
            report.raise_for_failures()
        with pytest.raises(WikipayamError) as broken:
            await client.sms.send_bulk(source())
    assert (len(report.rejected), leaks([repr(report), str(report), report.summary()])) == (2, [])
    for error in (refused.value, broken.value):
        assert (leaks(locals_of(error)), leaks(shown_of(error))) == ([], [])


@pytest.mark.parametrize("via", ["lanes", "lane_transport", "proxy", "tunnel", "http_client"])
async def test_the_logs_of_every_library_hold_no_secret(via: str, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG no transport logs a secret; only a caller's own httpx client logs the query of its URLs."""
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, name)

    async def handle(request: RawRequest, _: ByteStream) -> object:
        return accept(request)

    tls = server_tls() if via == "tunnel" else None
    async with raw_gateway(handle, tls=tls) as gateway, client_on(via, gateway) as client:
        for name, call in CALLS.items():
            if via != "http_client" or name not in CALLS_WITH_QUERY:
                await call(client)
    assert leaks([f"{record.getMessage()} {record.__dict__}" for record in caplog.records]) == []
    assert len([record for record in caplog.records if record.name == "wikipayam_async"]) >= len(CALLS) - len(
        CALLS_WITH_QUERY
    )


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Instrument httpx with OpenTelemetry, and keep the spans."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    HTTPXClientInstrumentor().instrument(tracer_provider=provider)
    yield exporter
    HTTPXClientInstrumentor().uninstrument()
    provider.shutdown()


@pytest.mark.parametrize("via", ["lanes", "lane_transport", "proxy", "tunnel"])
async def test_the_spans_of_opentelemetry_hold_no_secret(via: str, spans: InMemorySpanExporter) -> None:
    """The spans of OpenTelemetry's httpx instrumentation hold neither the token nor the numbers of a query."""

    async def handle(request: RawRequest, _: ByteStream) -> object:
        return accept(request)

    tls = server_tls() if via == "tunnel" else None
    async with raw_gateway(handle, tls=tls) as gateway, client_on(via, gateway) as client:
        for call in CALLS.values():
            await call(client)
    finished = spans.get_finished_spans()
    assert leaks([span.to_json() for span in finished]) == []
    assert (len(finished) > 0) == (via in {"proxy", "tunnel"})


async def test_the_spans_of_the_instrumented_inner_client_hold_no_secret() -> None:
    """The spans hold no secret if the client's own `httpx.AsyncClient` is instrumented."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    async def handle(request: RawRequest, _: ByteStream) -> object:
        return accept(request)

    async with raw_gateway(handle) as gateway, client_for(gateway.url) as client:
        HTTPXClientInstrumentor.instrument_client(client.http_client, tracer_provider=provider)
        client.http_client.event_hooks["request"].append(ignore_request)
        for call in CALLS.values():
            await call(client)
    finished = exporter.get_finished_spans()
    assert (len(finished), leaks([span.to_json() for span in finished])) == (len(CALLS), [])
    provider.shutdown()
