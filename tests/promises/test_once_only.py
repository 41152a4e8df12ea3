"""The once-only promise: no message is sent twice."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import ByteStream

from tests.support.net import (
    BALANCE,
    READS,
    RECEIVER,
    SENDS,
    TOKEN,
    TRANSPORT_KINDS,
    authority,
    connected,
    server_tls,
    tunnel,
)
from tests.support.raw import (
    Handler,
    RawRequest,
    accept_all,
    answer,
    close_after_request,
    closed_port,
    never_answer,
    raw_gateway,
    raw_server,
    reset,
    reset_after_request,
    sent_items,
    shrink_receive_buffer,
)
from wikipayam_async import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncWikipayam,
    AttemptStarted,
    AuthenticationError,
    BadRequestError,
    CallOutcome,
    InsufficientBalanceError,
    NotFoundError,
    PayloadTooLargeError,
    PermissionDeniedError,
    Phase,
    RateLimitError,
    ResponseError,
    SendStatus,
    ServerError,
    SmsMessage,
    UnknownOutcomeError,
    UnprocessableError,
)

pytestmark = pytest.mark.anyio

MESSAGE = SmsMessage(RECEIVER, "text", track_id="t-1")


def replying(*replies: bytes) -> Handler:
    """Return a handler that sends the replies in order and repeats the last; an empty reply accepts everything."""
    left = list(replies)

    async def handle(request: RawRequest, _: ByteStream) -> object:
        reply = left.pop(0) if len(left) > 1 else left[0]
        return reply or accept_all(request)

    return handle


async def half_an_answer(request: RawRequest, stream: ByteStream) -> object:
    """Send the first half of an answer that accepts the message, then close the connection."""
    whole = accept_all(request)
    await stream.send(whole[: len(whole) // 2])
    return False


BREAKS = pytest.mark.parametrize("misbehaviour", [close_after_request, reset_after_request, half_an_answer])


async def send(client: AsyncWikipayam) -> object:
    """Send the message that these tests send."""
    return await client.sms.send(RECEIVER, "text", track_id="t-1")


UNREADABLE = {
    "html": answer("<html>It works!</html>", headers={"Content-Type": "text/html"}),
    "empty": answer(""),
    "invalid utf-8": answer(b'{"data": "\xff"}'),
    "nan": answer('{"data": [{"id": NaN}]}'),
    "100,000 levels of json": answer('{"data":' + "[" * 100_000 + "]" * 100_000 + "}"),
    "100,000 open brackets": answer("[" * 100_000),
    "a number": answer("5"),
    "a string": answer('{"data": "ok"}'),
    "null": answer("null"),
    "empty data": answer({"data": []}),
    "wrong data": answer({"data": {"data": {"data": 1}}}),
    "ids of the wrong type": answer({"data": [{"id": [], "track_id": "t-1"}]}),
    "an item without an id": answer({"data": [{"track_id": "t-1"}]}),
    "an empty id": answer({"data": [{"id": "", "track_id": "t-1"}]}),
    "another message's item": answer({"data": [{"id": "5", "track_id": "t-2"}]}),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "a bad chunk": b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{"data": []}\r\n0\r\n\r\n',
    "no http": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "a switch of protocols": b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nxx",
    "gzip": answer(b"\x1f\x8b\x08\x00", headers={"Content-Encoding": "gzip"}),
    "two lengths": b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{"a": 1}',
}

REFUSALS = {
    400: BadRequestError,
    401: AuthenticationError,
    402: InsufficientBalanceError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: APIStatusError,
    413: PayloadTooLargeError,
    422: UnprocessableError,
    451: APIStatusError,
}

AMBIGUOUS = (300, 301, 302, 303, 304, 307, 308, 408, 409, 500, 501, 502, 503, 504, 599)


@pytest.mark.parametrize("via", TRANSPORT_KINDS)
class TestOnceOnly:
    """The once-only promise with every kind of transport."""

    async def test_a_refused_connection_is_attempted_three_times_and_nothing_is_sent(self, via: str) -> None:
        """Without a connection the message is not attempted, and three attempts are made."""
        async with connected(f"http://127.0.0.1:{closed_port()}", via) as (client, clock, recorder):
            with pytest.raises(APIConnectionError) as caught:
                await send(client)
        assert [attempt.failure for attempt in caught.value.attempts] == ["connect"] * 3
        assert clock.slept == [0.5, 1.0]
        assert [(outcome.track_id, outcome.status) for outcome in recorder.outcomes] == [
            ("t-1", SendStatus.NOT_ATTEMPTED)
        ]
        assert not isinstance(caught.value, APITimeoutError)
        assert caught.value.send_status is SendStatus.NOT_ATTEMPTED

    @pytest.mark.parametrize("fault", ["self-signed", "wrong host"])
    async def test_a_certificate_that_is_not_trusted_fails_at_once(
        self, via: str, fault: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A certificate error is not retried."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issuer = authority() if fault == "wrong host" else type(authority())()
        issuer.issue_cert("example.org" if fault == "wrong host" else "localhost").configure_cert(tls)
        async with (
            raw_gateway(close_after_request, tls=tls) as gateway,
            connected(gateway.url, via) as (client, clock, recorder),
        ):
            with pytest.raises(APIConnectionError, match="certificate was not accepted") as caught:
                await send(client)
        assert [attempt.failure for attempt in caught.value.attempts] == ["certificate"]
        assert (len(recorder.of(AttemptStarted)), clock.slept, gateway.requests) == (1, [], [])
        assert recorder.outcomes[0].status is SendStatus.NOT_ATTEMPTED

    async def test_a_failed_handshake_counts_as_no_connection(self, via: str) -> None:
        """A server that does not answer the handshake with TLS has received nothing, so the send is retried."""

        async def no_tls(stream: ByteStream) -> None:
            await stream.receive()
            await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        async with raw_server(no_tls) as url, connected(url.replace("http", "https"), via) as (client, clock, _):
            with pytest.raises(APIConnectionError) as caught:
                await send(client)
        assert [attempt.failure for attempt in caught.value.attempts] == ["connect"] * 3
        assert clock.slept == [0.5, 1.0]

    @BREAKS
    @pytest.mark.parametrize("tls", [False, True])
    async def test_a_connection_that_breaks_after_the_request_leaves_the_outcome_unknown(
        self, via: str, misbehaviour: Any, tls: bool
    ) -> None:
        """The gateway may have accepted the message, so the send is not retried."""
        context = server_tls() if tls else None
        async with (
            raw_gateway(misbehaviour, tls=context) as gateway,
            connected(gateway.url, via) as (client, _, recorder),
        ):
            with pytest.raises(UnknownOutcomeError) as caught:
                await send(client)
        error = caught.value
        assert len(gateway.requests) == 1
        assert (error.track_ids, error.messages, error.accepted) == (("t-1",), (MESSAGE,), ())
        assert error.send_status is SendStatus.UNKNOWN
        assert error.phase is (Phase.READING if misbehaviour is half_an_answer else Phase.SENT)
        assert type(error.__cause__) is APIConnectionError
        assert [attempt.failure for attempt in error.attempts] == ["disconnected"]
        assert [(end.outcome, len(end.attempts)) for end in recorder.finished] == [(CallOutcome.UNKNOWN, 1)]
        assert [(outcome.track_id, outcome.status) for outcome in recorder.outcomes] == [("t-1", SendStatus.UNKNOWN)]

    async def test_a_time_out_without_an_answer_leaves_the_outcome_unknown(self, via: str) -> None:
        """A gateway that does not answer in time may have accepted the message."""
        async with (
            raw_gateway(never_answer) as gateway,
            connected(gateway.url, via, timeout=0.2) as (client, _, recorder),
        ):
            with pytest.raises(UnknownOutcomeError) as caught:
                await send(client)
        assert len(gateway.requests) == 1
        assert (caught.value.phase, type(caught.value.__cause__)) == (Phase.SENT, APITimeoutError)
        assert recorder.outcomes[0].status is SendStatus.UNKNOWN

    @pytest.mark.filterwarnings("ignore:Async generator 'httpx:ResourceWarning")
    async def test_a_reset_in_the_middle_of_the_body_cannot_send_twice(self, via: str) -> None:
        """A send is retried only after an attempt whose body provably did not reach the gateway complete."""
        connections = 0

        async def half(stream: ByteStream) -> None:
            nonlocal connections
            connections += 1
            shrink_receive_buffer(stream)
            await stream.receive(1000)
            await anyio.sleep(0.01)
            await reset(stream)

        async with raw_server(half) as url, connected(url, via) as (client, _, recorder):
            with pytest.raises(APIConnectionError) as caught:
                await client.sms.send(RECEIVER, "x" * 8_000_000)
        assert connections == 3
        assert [(one.phase, one.failure) for one in caught.value.attempts] == [(Phase.SENDING, "disconnected")] * 3
        assert recorder.outcomes[0].status is SendStatus.NOT_ATTEMPTED

    async def test_a_429_is_waited_out_and_then_accepted_once(self, via: str) -> None:
        """A send that is answered 429 is retried after `Retry-After` and accepted once."""
        replies = (answer({"message": "Too Many Attempts."}, 429, {"Retry-After": "3"}), b"")
        async with raw_gateway(replying(*replies)) as gateway, connected(gateway.url, via) as (client, clock, recorder):
            sent = await client.sms.send(RECEIVER, "text", track_id="t-1")
        assert (sent.id, sent.track_id, len(gateway.requests)) == ("0" * 24, "t-1", 2)
        assert clock.slept[0] == 3.0
        assert [(outcome.status, outcome.id) for outcome in recorder.outcomes] == [(SendStatus.ACCEPTED, "0" * 24)]

    async def test_three_429s_are_a_rejection(self, via: str) -> None:
        """After three answers of 429 the message is rejected, with a `RateLimitError`."""
        async with (
            raw_gateway(replying(answer({}, 429))) as gateway,
            connected(gateway.url, via) as (client, _, recorder),
        ):
            with pytest.raises(RateLimitError) as caught:
                await send(client)
        assert (len(gateway.requests), [one.status_code for one in caught.value.attempts]) == (3, [429] * 3)
        assert (recorder.outcomes[0].status, caught.value.send_status) == (SendStatus.REJECTED,) * 2

    async def test_a_send_while_a_429_holds_is_not_attempted(self, via: str) -> None:
        """After a `Retry-After` that is too long to wait for, later sends make no request, and a read has no status."""
        reply = answer({}, 429, {"Retry-After": "3600"})
        async with raw_gateway(replying(reply)) as gateway, connected(gateway.url, via) as (client, _, recorder):
            errors: list[RateLimitError] = []
            for call in (send, send, AsyncWikipayam.balance):
                with pytest.raises(RateLimitError) as caught:
                    await call(client)
                errors.append(caught.value)
        assert [error.send_status for error in errors] == [SendStatus.REJECTED, SendStatus.NOT_ATTEMPTED, None]
        assert [len(error.attempts) for error in errors] == [1, 0, 0]
        assert [outcome.status for outcome in recorder.outcomes] == [SendStatus.REJECTED, SendStatus.NOT_ATTEMPTED]
        assert len(gateway.requests) == 1

    @pytest.mark.parametrize(
        ("status", "retry_after"), [*((status, None) for status in AMBIGUOUS), (503, "1"), (500, "1"), (409, "1")]
    )
    async def test_a_status_that_proves_nothing_leaves_the_outcome_unknown(
        self, via: str, status: int, retry_after: str | None
    ) -> None:
        """A status that may follow an acceptance is not retried, and its redirect is not followed."""
        redirected: list[str] = []

        async def elsewhere(request: RawRequest, _: ByteStream) -> object:
            redirected.append(request.target)
            return accept_all(request)

        async with raw_gateway(elsewhere) as other:
            headers = {"Location": f"{other.url}/api/v1/sms/send"}
            headers |= {} if retry_after is None else {"Retry-After": retry_after}
            reply = answer(b"" if status == 304 else {"message": "Server Error"}, status, headers)
            async with (
                raw_gateway(replying(reply)) as gateway,
                connected(gateway.url, via) as (client, clock, recorder),
            ):
                with pytest.raises(UnknownOutcomeError) as caught:
                    await send(client)
        assert (len(gateway.requests), redirected, clock.slept) == (1, [], [])
        assert (caught.value.phase, caught.value.track_ids) == (Phase.ANSWERED, ("t-1",))
        cause = caught.value.__cause__
        assert isinstance(cause, ServerError if status >= 500 else APIStatusError)
        assert cause.status_code == status
        assert recorder.outcomes[0].status is SendStatus.UNKNOWN

    @pytest.mark.parametrize(("status", "kind"), REFUSALS.items())
    async def test_a_refusal_is_raised_at_once(self, via: str, status: int, kind: type[APIStatusError]) -> None:
        """A refusing status raises its own error after one request, and the message is rejected."""
        reply = answer({"message": "no"}, status, {"Retry-After": "1"})
        async with raw_gateway(replying(reply)) as gateway, connected(gateway.url, via) as (client, _, recorder):
            with pytest.raises(APIStatusError) as caught:
                await send(client)
        assert (type(caught.value), caught.value.status_code, caught.value.message) == (kind, status, "no")
        assert (len(gateway.requests), recorder.outcomes[0].status) == (1, SendStatus.REJECTED)
        assert caught.value.send_status is SendStatus.REJECTED

    @pytest.mark.parametrize("reply", UNREADABLE.values(), ids=UNREADABLE.keys())
    async def test_a_success_that_cannot_be_read_leaves_the_outcome_unknown(self, via: str, reply: bytes) -> None:
        """A 200 whose body cannot be read or does not name the message may have accepted it."""
        async with (
            raw_gateway(replying(reply)) as gateway,
            connected(gateway.url, via, timeout=1) as (client, _, recorder),
        ):
            with pytest.raises(UnknownOutcomeError) as caught:
                await send(client)
        assert (len(gateway.requests), caught.value.track_ids, caught.value.messages) == (1, ("t-1",), (MESSAGE,))
        assert isinstance(caught.value.__cause__, ResponseError | APIConnectionError)
        assert recorder.outcomes[0].status is SendStatus.UNKNOWN

    @pytest.mark.parametrize(
        "header", [b"X-Said: \xd9\x85\xd8\xb1\xd8\xa7", b"X-Odd: \x80\xff", b"Set-Cookie: \xd9\x85=1"]
    )
    async def test_a_header_that_is_not_ascii_loses_no_send(self, via: str, header: bytes) -> None:
        """A non-ASCII header in the answer does not change the outcome of an accepted message."""

        async def handle(request: RawRequest, _: ByteStream) -> object:
            return accept_all(request).replace(b"\r\n", b"\r\n" + header + b"\r\n", 1)

        async with raw_gateway(handle) as gateway, connected(gateway.url, via) as (client, _, recorder):
            await send(client)
        assert [(outcome.status, outcome.id) for outcome in recorder.outcomes] == [(SendStatus.ACCEPTED, "0" * 24)]

    @pytest.mark.parametrize("location", ["http://[::1", "http://a b:99999999/", "//:x", "\u0645"])
    async def test_a_redirect_to_an_invalid_url_leaves_the_outcome_unknown(self, via: str, location: str) -> None:
        """A redirect whose `Location` is not a URL raises `UnknownOutcomeError`, and no error of httpx."""
        reply = answer({}, 302, {"Location": location.encode().decode("latin-1")})
        async with raw_gateway(replying(reply)) as gateway, connected(gateway.url, via) as (client, _, recorder):
            with pytest.raises(UnknownOutcomeError):
                await send(client)
        assert (len(gateway.requests), recorder.outcomes[0].status) == (1, SendStatus.UNKNOWN)

    @pytest.mark.parametrize("name", SENDS)
    async def test_every_way_to_send_keeps_the_promise(self, via: str, name: str) -> None:
        """Every endpoint that sends is retried after 429 and not after a broken connection."""
        async with raw_gateway(close_after_request) as gateway, connected(gateway.url, via) as (client, *_):
            with pytest.raises(UnknownOutcomeError) as caught:
                await SENDS[name](client)
        assert (len(gateway.requests), caught.value.phase) == (1, Phase.SENT)

        async def throttle(request: RawRequest, _: ByteStream) -> object:
            if len(second.requests) == 1:
                return answer({}, 429)
            if isinstance(items := request.json if request.body else {}, list):
                return accept_all(request)
            return answer({"data": {"id": "6a02", "track_id": items.get("track_id")}})

        async with raw_gateway(throttle) as second, connected(second.url, via) as (client, _, recorder):
            await SENDS[name](client)
        assert (len(second.requests), recorder.finished[0].outcome) == (2, CallOutcome.SUCCEEDED)

    @pytest.mark.parametrize(
        "misbehaviour", [close_after_request, reset_after_request, half_an_answer, 502, 503, 504, 429]
    )
    async def test_reads_are_retried(self, via: str, misbehaviour: Any) -> None:
        """A call that changes nothing gets three attempts after disconnects, 429, 502, 503 and 504."""

        async def handle(request: RawRequest, stream: ByteStream) -> object:
            if isinstance(misbehaviour, int):
                return answer({}, misbehaviour)
            if misbehaviour is half_an_answer:
                await stream.send(BALANCE[:-3])
                return False
            return await misbehaviour(request, stream)

        async with raw_gateway(handle) as gateway, connected(gateway.url, via) as (client, clock, recorder):
            for call in READS.values():
                client._shared.budget.tokens = 100
                with pytest.raises(APIStatusError if isinstance(misbehaviour, int) else APIConnectionError) as caught:
                    await call(client)
                assert caught.value.send_status is None
        assert [len(end.attempts) for end in recorder.finished] == [3] * len(READS)
        assert len(gateway.requests) == 3 * len(READS)
        assert clock.slept[:2] == [0.5, pytest.approx(1.0)]
        assert {end.outcome for end in recorder.finished} == {CallOutcome.FAILED}

    @pytest.mark.parametrize("reply", [answer({}, status) for status in (302, 400, 408, 409, 500)] + [answer("<html>")])
    async def test_reads_are_not_retried_after_lasting_failures(self, via: str, reply: bytes) -> None:
        """A read fails at once after 302, 400, 408, 409, 500 and after an unreadable answer."""
        async with raw_gateway(replying(reply)) as gateway, connected(gateway.url, via) as (client, *_):
            with pytest.raises((APIStatusError, ResponseError)) as caught:
                await client.balance()
        assert (len(gateway.requests), caught.value.send_status) == (1, None)

    async def test_a_read_is_retried_after_a_time_out(self, via: str) -> None:
        """A read that times out is retried and can succeed."""

        async def late(_request: RawRequest, _: ByteStream) -> object:
            if len(gateway.requests) == 1:
                await anyio.sleep_forever()
            return BALANCE

        async with raw_gateway(late) as gateway, connected(gateway.url, via, timeout=0.1) as (client, _, recorder):
            balance = await client.balance()
        assert (balance.balance, len(gateway.requests)) == (7, 2)
        assert [one.failure for one in recorder.finished[0].attempts] == ["timeout", None]

    async def test_an_answer_that_names_some_messages_accepts_only_those(self, via: str) -> None:
        """Messages that the answer names are accepted, and the others are unknown."""

        async def first_only(request: RawRequest, _: ByteStream) -> object:
            return answer({"data": sent_items(request)[:1]})

        messages = [SmsMessage(RECEIVER, "a", track_id="t-1"), SmsMessage(RECEIVER, "b", track_id="t-2")]
        async with raw_gateway(first_only) as gateway, connected(gateway.url, via) as (client, _, recorder):
            with pytest.raises(UnknownOutcomeError) as caught:
                await client.sms.send_many(messages)
        assert (len(gateway.requests), caught.value.track_ids, len(caught.value.accepted)) == (1, ("t-2",), 1)
        assert [outcome.status for outcome in recorder.outcomes] == [SendStatus.ACCEPTED, SendStatus.UNKNOWN]


class Raising(httpx.AsyncBaseTransport):
    """A transport that emits the given trace events, then raises."""

    def __init__(self, error: Exception, *events: tuple[str, Exception | None]) -> None:
        self.error = error
        self.events = events
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Emit the events, then raise."""
        self.requests += 1
        for name, failure in self.events:
            info = {"request": request} if name.endswith("started") else {"exception": failure}
            await request.extensions["trace"](name, info)
        raise self.error


HEADERS = (("http11.send_request_headers.started", None), ("http11.send_request_headers.complete", None))
BODY = (*HEADERS, ("http11.send_request_body.started", None))
WRITE_ERROR = httpx.WriteError("")
BODY_FAILED = ("http11.send_request_body.failed", WRITE_ERROR)


class FailingOver(httpx.AsyncBaseTransport):
    """A transport that tries again by itself, at another port, when the first try gets no answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; send it to the other port if that fails."""
        try:
            return await self.inner.handle_async_request(request)
        except httpx.TransportError:
            request.url = request.url.copy_with(port=self.port)
            return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.inner.aclose()


class Broken(httpx.AsyncByteStream):
    """A body that raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the start of an answer, then raise."""
        yield b'{"data": '
        raise self.error


class TestThirdPartyTransports:
    """With a third-party transport, only its trace proves what was sent."""

    @pytest.mark.parametrize(
        ("transport", "known"),
        [
            (Raising(httpx.ConnectError("refused")), True),
            (Raising(httpx.ConnectTimeout("")), True),
            (Raising(httpx.PoolTimeout("")), True),
            (Raising(httpx.ProxyError("")), True),
            (Raising(httpx.ReadError("")), False),
            (Raising(httpx.WriteError("")), False),
            (Raising(httpx.ReadTimeout("")), False),
            (Raising(httpx.WriteTimeout("")), False),
            (Raising(httpx.RemoteProtocolError("")), False),
            (Raising(httpx.LocalProtocolError("")), False),
            (Raising(httpx.DecodingError("")), False),
            (Raising(httpx.UnsupportedProtocol("")), False),
            (Raising(ValueError("odd")), False),
            (Raising(RuntimeError("odder")), False),
            (Raising(ExceptionGroup("oddest", [KeyError("x")])), False),
            (Raising(httpx.ReadError(""), ("connection.connect_tcp.started", None)), True),
            (Raising(httpx.ReadError(""), *HEADERS), True),
            (Raising(httpx.WriteError(""), *BODY), False),
            (Raising(httpx.WriteError(""), *BODY, ("http11.send_request_body.failed", WRITE_ERROR)), True),
            (Raising(httpx.ReadError(""), *BODY, ("http11.send_request_body.failed", httpx.ReadError(""))), False),
            (Raising(httpx.ReadError(""), *BODY, ("http11.send_request_body.complete", None)), False),
            # A transport that tries again by itself, after a first try that may have been accepted.
            (Raising(httpx.ConnectError(""), *BODY), False),
            (Raising(httpx.ConnectError("CERTIFICATE_VERIFY_FAILED"), *BODY), False),
            (Raising(httpx.ConnectTimeout(""), *BODY), False),
            (Raising(httpx.PoolTimeout(""), *BODY), False),
            (Raising(httpx.ProxyError(""), *BODY), False),
            (Raising(httpx.ConnectError(""), *HEADERS), True),
            (Raising(httpx.ConnectError(""), *BODY, BODY_FAILED), True),
            (Raising(httpx.ConnectError(""), *BODY, BODY_FAILED, *BODY), False),
            (Raising(httpx.WriteError(""), *BODY, *BODY, BODY_FAILED), False),
            (Raising(httpx.WriteError(""), *BODY, BODY_FAILED, *BODY, BODY_FAILED), True),
            (
                Raising(
                    httpx.WriteError(""),
                    ("http2.send_request_headers.started", None),
                    ("http2.send_request_body.started", None),
                    ("http2.send_request_body.failed", WRITE_ERROR),
                ),
                False,
            ),
        ],
    )
    async def test_a_retry_needs_proof_that_the_body_was_not_sent(self, transport: Any, known: bool) -> None:
        """A send is retried only if the trace proves that the body was not sent."""
        transport.requests = 0
        async with connected("http://127.0.0.1:1", transport=transport, via="custom") as (client, _, recorder):
            with pytest.raises(APIConnectionError if known else UnknownOutcomeError):
                await send(client)
        assert transport.requests == (3 if known else 1)
        assert recorder.outcomes[0].status is (SendStatus.NOT_ATTEMPTED if known else SendStatus.UNKNOWN)

    async def test_a_transport_that_tries_again_by_itself_cannot_send_twice(self) -> None:
        """The gateway accepts its first try, and its second finds no connection: the send is not repeated."""
        async with raw_gateway(close_after_request) as gateway:
            transport = FailingOver(closed_port())
            async with connected(gateway.url, transport=transport, via="custom") as (client, clock, recorder):
                with pytest.raises(UnknownOutcomeError) as caught:
                    await send(client)
        assert (len(gateway.requests), clock.slept) == (1, [])
        assert (caught.value.track_ids, caught.value.send_status) == (("t-1",), SendStatus.UNKNOWN)
        assert recorder.outcomes[0].status is SendStatus.UNKNOWN

    async def test_a_transport_that_tries_again_by_itself_and_finds_no_connection_is_retried(self) -> None:
        """If neither of its tries finds a connection, nothing was sent."""
        transport = FailingOver(closed_port())
        url = f"http://127.0.0.1:{closed_port()}"
        async with connected(url, transport=transport, via="custom") as (client, clock, recorder):
            with pytest.raises(APIConnectionError):
                await send(client)
        assert (clock.slept, recorder.outcomes[0].status) == ([0.5, 1.0], SendStatus.NOT_ATTEMPTED)

    @pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
    @pytest.mark.parametrize("error", [httpx.ConnectError(""), httpx.ProxyError(""), httpx.PoolTimeout("")])
    async def test_after_a_status_no_exception_proves_that_nothing_was_sent(self, error: Exception) -> None:
        """A transport may fetch the rest of an answer over a new connection."""
        seen: list[httpx.Request] = []

        def handle(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return httpx.Response(200, stream=Broken(error))

        transport = httpx.MockTransport(handle)
        async with connected("http://127.0.0.1:1", transport=transport, via="custom") as (client, _, recorder):
            with pytest.raises(UnknownOutcomeError) as caught:
                await send(client)
        assert (len(seen), recorder.outcomes[0].status) == (1, SendStatus.UNKNOWN)
        assert [one.status_code for one in caught.value.attempts] == [200]

    async def test_a_certificate_error_is_recognized_by_its_text_or_cause(self) -> None:
        """A `ConnectError` caused by a certificate is not retried."""
        error = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]")
        outer = httpx.ConnectError("x")
        outer.__cause__ = ssl.SSLCertVerificationError("y")
        for transport in (Raising(error), Raising(outer)):
            async with connected("http://127.0.0.1:1", transport=transport, via="custom") as (client, *_):
                with pytest.raises(APIConnectionError, match="certificate"):
                    await send(client)
            assert transport.requests == 1

    async def test_a_send_without_a_body_is_sent_with_its_headers(self) -> None:
        """`holoo.send_via_url` has no body, so it counts as sent once its headers are written."""
        for events, attempts in ((HEADERS[:1], 1), (HEADERS, 1), ((("connection.connect_tcp.started", None),), 3)):
            transport = Raising(httpx.ReadError(""), *events)
            async with connected("http://127.0.0.1:1", transport=transport, via="custom") as (client, *_):
                with pytest.raises(UnknownOutcomeError if attempts == 1 else APIConnectionError):
                    await SENDS["holoo.send_via_url"](client)
            assert transport.requests == attempts

    async def test_a_send_over_a_transport_without_a_trace_is_not_retried(self) -> None:
        """A transport that emits no trace proves nothing, so a send that fails on it is not retried."""
        answers = [httpx.Response(200, json={"data": [{"id": "5", "track_id": "t-1"}]}), httpx.Response(500)]
        seen: list[httpx.Request] = []

        def handle(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return answers[len(seen) - 1]

        transport = httpx.MockTransport(handle)
        async with connected("http://127.0.0.1:1", transport=transport, via="custom") as (client, *_):
            assert (await client.sms.send(RECEIVER, "text", track_id="t-1")).id == "5"
            with pytest.raises(UnknownOutcomeError):
                await send(client)
        assert [request.headers["authorization"] for request in seen] == [f"Bearer {TOKEN}"] * 2


class TestThroughAProxy:
    """The once-only promise through a proxy."""

    async def test_a_send_goes_through_a_tunnel(self) -> None:
        """With `proxy=`, an https gateway is reached through CONNECT, and the proxy sees neither token nor text."""

        async def accept(request: RawRequest, _: ByteStream) -> object:
            return accept_all(request)

        async with (
            raw_gateway(accept, tls=server_tls()) as gateway,
            raw_gateway(tunnel(gateway.port)) as proxy,
            connected(gateway.url, proxy=proxy.url) as (client, _, recorder),
        ):
            await send(client)
            await send(client)
        assert (len(gateway.requests), gateway.opened) == (2, 1)
        assert [(request.method, request.body) for request in proxy.requests] == [("CONNECT", b"")]
        assert "authorization" not in proxy.requests[0].headers
        assert [outcome.status for outcome in recorder.outcomes] == [SendStatus.ACCEPTED] * 2

    @BREAKS
    async def test_a_break_behind_the_tunnel_leaves_the_outcome_unknown(self, misbehaviour: Any) -> None:
        """A successful CONNECT proves nothing about the send."""
        async with (
            raw_gateway(misbehaviour, tls=server_tls()) as gateway,
            raw_gateway(tunnel(gateway.port)) as proxy,
            connected(gateway.url, proxy=proxy.url) as (client, *_),
        ):
            with pytest.raises(UnknownOutcomeError):
                await send(client)
        assert (len(gateway.requests), len(proxy.requests)) == (1, 1)

    async def test_a_refused_tunnel_counts_as_no_connection(self) -> None:
        """After a proxy refuses CONNECT, the send is retried and the message is not attempted."""
        async with (
            raw_gateway(replying(answer("no", 403))) as proxy,
            connected("https://localhost:1", proxy=proxy.url) as (client, clock, recorder),
        ):
            with pytest.raises(APIConnectionError) as caught:
                await send(client)
        assert [one.failure for one in caught.value.attempts] == ["connect"] * 3
        assert ([request.method for request in proxy.requests], clock.slept) == (["CONNECT"] * 3, [0.5, 1.0])
        assert recorder.outcomes[0].status is SendStatus.NOT_ATTEMPTED

    async def test_an_unreachable_proxy_counts_as_no_connection(self) -> None:
        """A refused connection to the proxy is retried like one to the gateway."""
        proxy = f"http://127.0.0.1:{closed_port()}"
        async with connected("https://localhost:1", proxy=proxy) as (client, *_):
            with pytest.raises(APIConnectionError) as caught:
                await send(client)
        assert [one.failure for one in caught.value.attempts] == ["connect"] * 3

    async def test_a_bad_certificate_behind_the_tunnel_fails_at_once(self) -> None:
        """The gateway's certificate is checked through the tunnel."""
        async with (
            raw_gateway(close_after_request, tls=server_tls("example.org")) as gateway,
            raw_gateway(tunnel(gateway.port)) as proxy,
            connected(gateway.url, proxy=proxy.url) as (client, *_),
        ):
            with pytest.raises(APIConnectionError, match="certificate") as caught:
                await send(client)
        assert (len(caught.value.attempts), gateway.requests) == (1, [])

    @pytest.mark.parametrize("reply", [b"", answer("gone", 502), answer({}, 422), answer({}, 429)])
    async def test_the_answer_of_a_forwarding_proxy_counts_as_the_gateways(self, reply: bytes) -> None:
        """For a plain http gateway, the proxy's answer is read like the gateway's."""
        async with (
            raw_gateway(replying(reply)) as proxy,
            connected("http://127.0.0.1:9", proxy=proxy.url) as (client, _, recorder),
        ):
            if not reply:
                await send(client)
            else:
                with pytest.raises((UnknownOutcomeError, APIStatusError)):
                    await send(client)
        expected = {b"": (1, "accepted"), b"502": (1, "unknown"), b"422": (1, "rejected"), b"429": (3, "rejected")}
        assert (len(proxy.requests), recorder.outcomes[0].status) == expected[reply[9:12]]
        assert proxy.requests[0].target == "http://127.0.0.1:9/api/v1/sms/send"

    async def test_a_proxy_that_does_not_answer_connect_counts_as_no_connection(self) -> None:
        """Until the tunnel is open, nothing is sent."""
        async with (
            raw_gateway(never_answer) as proxy,
            connected("https://localhost:1", proxy=proxy.url, timeout=0.05) as (client, _, recorder),
        ):
            with pytest.raises(APITimeoutError) as caught:
                await send(client)
        assert [one.phase for one in caught.value.attempts] == [Phase.CONNECTING] * 3
        assert recorder.outcomes[0].status is SendStatus.NOT_ATTEMPTED


async def test_the_end_of_a_call_has_the_headers_of_the_answer() -> None:
    """`CallFinished` has the status and the well-known headers of a success, and no cookie and no unknown header."""

    async def echo(request: RawRequest, _: ByteStream) -> object:
        echoed = str(request.json[0]["message"])
        headers = {"X-Request-Id": "7f3a", "X-RateLimit-Remaining": "59", "X-Echo": echoed, "Set-Cookie": "session=1"}
        return answer({"data": sent_items(request)}, headers=headers)

    for via in TRANSPORT_KINDS:
        async with raw_gateway(echo) as gateway, connected(gateway.url, via) as (client, _, recorder):
            await send(client)
        (end,) = recorder.finished
        assert (end.status_code, end.outcome) == (200, CallOutcome.SUCCEEDED)
        headers = dict(end.headers)
        assert int(headers.pop("content-length")) > 0
        assert headers == {
            "content-type": "application/json",
            "x-request-id": "7f3a",
            "x-ratelimit-remaining": "59",
        }


async def test_the_request_is_the_documented_one() -> None:
    """A send is a JSON array with a bearer token and identity encoding."""

    async def accept(request: RawRequest, _: ByteStream) -> object:
        return accept_all(request)

    async with raw_gateway(accept) as gateway, connected(gateway.url) as (client, *_):
        await send(client)
    request = gateway.requests[0]
    assert (request.method, request.target) == ("POST", "/api/v1/sms/send")
    assert request.json == [{"sender": "10002000", "receiver": RECEIVER, "message": "text", "track_id": "t-1"}]
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert (request.headers["accept"], request.headers["content-type"]) == ("application/json",) * 2
    assert (request.headers["accept-encoding"], request.headers["host"]) == ("identity", f"127.0.0.1:{gateway.port}")


async def test_a_reset_before_the_request_is_read_leaves_the_outcome_unknown() -> None:
    """A request that fits into the operating system's buffers may have been read, even if the peer resets."""

    async def reset_later(stream: ByteStream) -> None:
        await anyio.sleep(0.02)
        await reset(stream)

    async with raw_server(reset_later) as url, connected(url) as (client, *_):
        with pytest.raises(UnknownOutcomeError) as caught:
            await send(client)
    assert len(caught.value.attempts) == 1
