from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import anyio
import httpx
import httpx2
import pytest
from anyio.abc import ByteStream

from tests.support.clock import VirtualClock
from tests.support.net import BALANCE, RECEIVER, TOKEN, EventRecorder, connected, server_tls
from tests.support.raw import (
    Handler,
    RawRequest,
    accept_all,
    answer,
    close_after_request,
    closed_port,
    never_answer,
    raw_gateway,
    reset_after_request,
)
from wikipayam_async import (
    APIConnectionError,
    AsyncWikipayam,
    ResponseError,
    RetryPolicy,
    SendStatus,
    WikipayamError,
)
from wikipayam_async.core.fault import ExchangeFaultKind
from wikipayam_async.core.httpx_adapter import HttpxCarrier, map_error
from wikipayam_async.core.options import Options, Origin
from wikipayam_async.core.pipeline import Pipeline
from wikipayam_async.core.progress import AttemptProgress, Trace
from wikipayam_async.core.shared_state import SharedState
from wikipayam_async.redact.sealed import Secret
from wikipayam_async.services.sms.service import SmsService

pytestmark = pytest.mark.anyio


async def test_a_request_that_httpx_cannot_build_was_not_sent() -> None:
    """A cookie that is not valid in a header fails the call before anything is sent."""
    async with raw_gateway(lambda request, stream: stream.send(answer({}))) as gateway:
        async with httpx.AsyncClient(cookies={"taste": "\u06f1"}, trust_env=False) as http:
            client = AsyncWikipayam(
                "t", sender="10002000", base_url=gateway.url, http_client=http, retry=RetryPolicy(max_attempts=1)
            )
            with pytest.raises(APIConnectionError) as caught:
                await client.sms.send("09123456789", "hi")
        seen = len(gateway.requests)
    assert str(caught.value) == "sms.send: the HTTP client could not build the request (UnicodeEncodeError)"
    assert seen == 0


async def balance(_: RawRequest, _stream: ByteStream) -> object:
    """Answer with a balance."""
    return BALANCE


class Body(httpx.AsyncByteStream):
    """A body of a given number of pieces."""

    def __init__(self, size: int) -> None:
        self.size = size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield a balance, then a megabyte of spaces per piece."""
        yield b'{"data": {"balance": 7}}'
        for _ in range(self.size - 1):
            yield b" " * 1_000_000


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
class TestHttpxCarrier:
    """A client or transport that the caller passed."""

    @pytest.mark.parametrize(("size", "ok"), [(1, True), (10, True), (18, False)])
    async def test_an_answer_is_read_up_to_16_mib(self, size: int, ok: bool) -> None:
        """The limit applies to passed transports too."""
        mock = httpx.MockTransport(lambda _: httpx.Response(200, stream=Body(size)))
        async with connected("http://127.0.0.1:1", "given", transport=mock) as (client, _, _recorder):
            if ok:
                assert (await client.balance()).balance == 7
            else:
                with pytest.raises(ResponseError, match="larger than"):
                    await client.balance()

    async def test_a_passed_client_keeps_its_hooks(self) -> None:
        """The hooks of an `http_client=` see the request."""
        seen: list[str] = []

        async def hook(request: httpx.Request) -> None:
            await anyio.lowlevel.checkpoint()
            seen.append(request.url.path)

        async with raw_gateway(balance) as gateway, httpx.AsyncClient(event_hooks={"request": [hook]}) as http:
            await AsyncWikipayam(TOKEN, base_url=gateway.url, http_client=http).balance()
        assert seen == ["/api/v1/user/balance"]


async def refuse(_: RawRequest, _stream: ByteStream) -> object:
    """Refuse a send."""
    return answer({"message": "no"}, 422)


async def accept(request: RawRequest, _: ByteStream) -> object:
    """Accept every message."""
    return accept_all(request)


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
class TestHttpx2:
    """A client of httpx2, a copy of httpx whose classes are others."""

    @pytest.mark.parametrize(
        ("case", "handler", "requests", "status", "failure"),
        [
            ("accepted", accept, 1, SendStatus.ACCEPTED, None),
            ("refused", refuse, 1, SendStatus.REJECTED, None),
            ("closed", close_after_request, 1, SendStatus.UNKNOWN, "disconnected"),
            ("reset", reset_after_request, 1, SendStatus.UNKNOWN, "disconnected"),
            ("silent", never_answer, 1, SendStatus.UNKNOWN, "timeout"),
            ("unreachable", accept, 0, SendStatus.NOT_ATTEMPTED, "connect"),
            ("certificate", accept, 0, SendStatus.NOT_ATTEMPTED, "certificate"),
        ],
    )
    async def test_its_failures_are_those_of_httpx(
        self, case: str, handler: Handler, requests: int, status: SendStatus, failure: str | None
    ) -> None:
        """Its exceptions are known by their names, and its trace by its events."""
        recorder = EventRecorder()
        tls = server_tls("example.org") if case == "certificate" else None
        async with raw_gateway(handler, tls=tls) as gateway, httpx2.AsyncClient(trust_env=False) as http:
            url = f"http://127.0.0.1:{closed_port()}" if case == "unreachable" else gateway.url
            carrier = HttpxCarrier(cast("Any", http), owned=False)
            options = Options(token=Secret(TOKEN), origin=Origin.parse(url), timeout=0.2, on_event=recorder)
            pipeline = Pipeline(options, SharedState(carrier, sleep=VirtualClock().sleep), None, b"agent")
            service = SmsService(pipeline, options)
            if status is SendStatus.ACCEPTED:
                await service.send(RECEIVER, "text", sender="1", track_id="t-1")
            else:
                with pytest.raises(WikipayamError) as caught:
                    await service.send(RECEIVER, "text", sender="1", track_id="t-1")
                assert caught.value.send_status is status
        assert (len(gateway.requests), recorder.outcomes[0].status) == (requests, status)
        attempts = recorder.finished[0].attempts
        assert [one.failure for one in attempts] == [failure] * (3 if failure == "connect" else 1)


class UndescribedError(Exception):
    """An exception of a transport that follows no convention."""


Mine = type("ConnectError", (UndescribedError,), {"__module__": "urllib9.exceptions"})


@pytest.mark.parametrize(
    ("error", "kind", "handed_over"),
    [
        *(
            (getattr(package, name)(""), kind, handed_over)
            for package in (httpx, httpx2)
            for name, kind, handed_over in (
                ("ConnectError", ExchangeFaultKind.CONNECT, False),
                ("ProxyError", ExchangeFaultKind.CONNECT, False),
                ("ConnectTimeout", ExchangeFaultKind.TIMEOUT, False),
                ("PoolTimeout", ExchangeFaultKind.TIMEOUT, False),
                ("ReadTimeout", ExchangeFaultKind.TIMEOUT, True),
                ("WriteTimeout", ExchangeFaultKind.TIMEOUT, True),
                ("ReadError", ExchangeFaultKind.DISCONNECTED, True),
                ("WriteError", ExchangeFaultKind.DISCONNECTED, True),
                ("RemoteProtocolError", ExchangeFaultKind.DISCONNECTED, True),
                ("LocalProtocolError", ExchangeFaultKind.UNREADABLE, True),
                ("DecodingError", ExchangeFaultKind.UNREADABLE, True),
            )
        ),
        (type("Own", (httpx2.ConnectError,), {})(""), ExchangeFaultKind.CONNECT, False),
        (httpx2.ConnectError("CERTIFICATE_VERIFY_FAILED"), ExchangeFaultKind.CERTIFICATE, False),
        (UndescribedError(""), ExchangeFaultKind.DISCONNECTED, True),
        (Mine(""), ExchangeFaultKind.DISCONNECTED, True),
    ],
    ids=lambda value: (
        f"{type(value).__module__}.{type(value).__name__}" if isinstance(value, Exception) else str(value)
    ),
)
async def test_an_exception_is_known_by_its_name(error: Exception, kind: ExchangeFaultKind, handed_over: bool) -> None:
    """Httpx and httpx2 mean the same by a name; another package may mean something else by it."""
    trace = Trace(AttemptProgress(protected=True), decisive="send_request_body")
    found = map_error(error, trace, None)
    assert (found.kind, found.handed_over, found.status_code) == (kind, handed_over, None)
    # Once the body began, or a status arrived, no exception proves that nothing was sent.
    found = map_error(error, trace, 200)
    assert (found.handed_over, found.status_code) == (True, 200)
    await trace("http11.send_request_body.started", {})
    assert map_error(error, trace, None).handed_over is True
