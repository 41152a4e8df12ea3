from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.net import client_tls, server_tls
from tests.support.raw import RawRequest, answer, raw_gateway
from wikipayam_async import Phase
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.options import Origin
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import Headers, Outgoing
from wikipayam_async.core.wire import Lane, _GuardedStream, _Reader, encode_request, refuse_encoding
from wikipayam_async.redact.sealed import SealedBytes, Secret

pytestmark = pytest.mark.anyio


def outgoing(method: str = "GET", *, body: bytes | None = None, token: str | None = "t", query: str = "") -> Outgoing:
    """Return a request to a gateway at 127.0.0.1:80."""
    return Outgoing(
        origin=Origin("http", "127.0.0.1", 80),
        method=method,
        path="/api/x",
        query=query,
        secret_query=False,
        headers=Headers(((b"Accept", b"a"),)),
        authorization=None if token is None else Secret(token),
        body=None if body is None else SealedBytes(body),
        timeout=1.0,
    )


def read(*pieces: bytes) -> _Reader:
    """Return a reader that was fed the given pieces."""
    reader = _Reader()
    for piece in pieces:
        reader.feed(piece)
    return reader


class TestEncodeRequest:
    """The bytes of a request."""

    @pytest.mark.parametrize(
        ("request_", "expected"),
        [
            (outgoing(), b"GET /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: a\r\nAuthorization: Bearer t\r\n\r\n"),
            (outgoing(query="a=1", token=None), b"GET /api/x?a=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: a\r\n\r\n"),
            (
                outgoing("POST", token=None),
                b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: a\r\nContent-Length: 0\r\n\r\n",
            ),
            (
                outgoing("DELETE", body=b"{}", token=None),
                b"DELETE /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: a\r\nContent-Length: 2\r\n\r\n{}",
            ),
        ],
    )
    def test_a_request_is_encoded(self, request_: Outgoing, expected: bytes) -> None:
        """Head, token, length and body are one piece of sealed bytes."""
        encoded = encode_request(request_)
        assert bytes(encoded) == expected
        assert repr(encoded) == f"<{len(expected)} bytes>"


PIECES = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 C\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"\r\n",
    b"5\r\nabcde\r\n",
    b"0\r\n\r\n",
    b"abcde",
    b"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n",
]


class TestReader:
    """The parsing of received bytes."""

    def test_an_answer_may_arrive_in_any_pieces(self) -> None:
        """Cut into single bytes, it is the same answer."""
        reader = read(*(bytes([byte]) for byte in answer("abc", 201, {"X-A": "1"})))
        assert (reader.status, reader.chunks, reader.complete) == (201, [b"a", b"b", b"c"], True)
        assert reader.headers == {"content-type": "application/json", "content-length": "3", "x-a": "1"}
        assert (reader.keep_alive, reader.stray) == (True, False)

    def test_headers_of_one_name_are_joined(self) -> None:
        """Values of repeated headers are joined with a comma."""
        assert read(b"HTTP/1.1 200 OK\r\nVia: a\r\nvia: b\r\n").headers == {"via": "a"}
        assert read(b"HTTP/1.1 200 OK\r\nVia: a\r\nvia: b\r\n\r\n").headers == {"via": "a, b"}

    @pytest.mark.parametrize("stray", [answer("again"), b"garbage", b"\x00\x01", answer("x")[:20]])
    def test_bytes_after_an_answer_are_stray(self, stray: bytes) -> None:
        """A second answer or other bytes make the lane unusable and leave the answer intact."""
        reader = read(answer("abc") + stray)
        assert (b"".join(reader.chunks), reader.complete, reader.stray) == (b"abc", True, True)
        assert reader.headers["content-length"] == "3"

    def test_an_answer_without_a_length_ends_with_the_stream(self) -> None:
        """An HTTP/1.0 answer ends with the connection, which is not reused."""
        reader = read(b"HTTP/1.0 200 OK\r\n\r\nabc")
        assert not reader.complete
        reader.end()
        assert (b"".join(reader.chunks), reader.complete, reader.keep_alive) == (b"abc", True, False)

    @pytest.mark.parametrize(
        ("data", "detail"),
        [
            (b"", "without an answer"),
            (b"HTTP/1.1 20", "in the middle of the answer"),
            (b"HTTP/1.1 100 Continue\r\n\r\n", "in the middle of the answer"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "in the middle of the answer"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nabc", "in the middle of the answer"),
        ],
    )
    def test_an_early_end_is_a_disconnect(self, data: bytes, detail: str) -> None:
        """A missing or incomplete answer is a fault."""
        reader = read(data) if data else _Reader()
        with pytest.raises(ExchangeFault, match=detail) as caught:
            reader.end()
        assert (caught.value.kind, caught.value.handed_over) == (ExchangeFaultKind.DISCONNECTED, True)

    @settings(max_examples=150)
    @given(
        st.lists(
            st.binary(max_size=40) | st.sampled_from(PIECES),
            max_size=12,
        )
    )
    def test_any_bytes_are_an_answer_or_a_fault(self, pieces: list[bytes]) -> None:
        """No bytes raise anything but an `ExchangeFault`."""
        reader = _Reader()
        try:
            for piece in pieces:
                reader.feed(piece)
            reader.end()
        except ExchangeFault as fault:
            assert fault.handed_over  # noqa: PT017 - that it raises is not what is tested
        else:
            assert reader.status >= 200


@pytest.mark.parametrize(
    "encoding",
    ["", "identity", " IDENTITY ", "UTF-8", "utf8", "none", "None", "identity, identity", ",", "identity, UTF-8"],
)
def test_a_word_that_is_no_compression_is_accepted(encoding: str) -> None:
    """A gateway that writes its character set there, or nothing, sends a plain body."""
    refuse_encoding({"content-encoding": encoding}, 200)
    refuse_encoding({"content-encoding": encoding}, 200, b"\xff\x00")


@pytest.mark.parametrize(
    "encoding",
    ["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "compress", "identity, gzip", "UTF-8,br", "new, gzip"],
)
def test_a_compressed_answer_is_refused(encoding: str) -> None:
    """A compression is refused wherever it stands, before the body is read, and whatever the body looks like."""
    for body in (None, b"{}", b""):
        with pytest.raises(ExchangeFault, match="compressed") as caught:
            refuse_encoding({"content-encoding": encoding}, 200, body)
        assert (caught.value.kind, caught.value.status_code) == (ExchangeFaultKind.UNREADABLE, 200)


@pytest.mark.parametrize("encoding", ["x-unknown", "windows-1256", "json", "identity, 8bit"])
def test_an_unknown_word_is_judged_by_the_body(encoding: str) -> None:
    """A body of text is read; any other may be compressed in a new way."""
    headers = {"content-encoding": encoding}
    refuse_encoding(headers, 200)
    for body in (b"", b'{"a": 1}\r\n\t', "متن".encode(), b"\xef\xbb\xbf{}"):
        refuse_encoding(headers, 200, body)
    for body in (b"\x1f\x8b\x08", b"ab\x00", b"{\x0e}", b"\xff{}", b"\x7f"):
        with pytest.raises(ExchangeFault, match="compressed"):
            refuse_encoding(headers, 200, body)


def test_an_answer_is_read_up_to_its_limit() -> None:
    """The limit of a call applies to its body, not to the head."""
    reader = _Reader(5)
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde")
    assert (reader.complete, reader.chunks) == (True, [b"abcde"])
    with pytest.raises(ExchangeFault, match="larger than 5 bytes"):
        _Reader(5).feed(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef")


class ScriptedStream(ByteStream):
    """A stream that raises a given error."""

    def __init__(self, error: type[BaseException], *, reading: bool = False) -> None:
        self.error = error
        self.reading = reading
        self.pair = socket.socketpair()

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Raise."""
        raise self.error

    async def send(self, item: bytes) -> None:
        """Raise, unless only reading raises."""
        if not self.reading:
            raise self.error

    async def send_eof(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Close the sockets."""
        for end in self.pair:
            end.close()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """The attribute of a real socket."""
        return {SocketAttribute.raw_socket: lambda: self.pair[0]}


BREAKS = [anyio.BrokenResourceError, anyio.ClosedResourceError, ConnectionResetError, ssl.SSLError]


class TestLane:
    """One connection."""

    @pytest.mark.parametrize("error", [*BREAKS, anyio.EndOfStream])
    async def test_a_failed_write_was_not_handed_over(self, error: type[Exception]) -> None:
        """The write of the last byte raised, so the gateway cannot have the whole request."""
        guarded = _GuardedStream(ScriptedStream(error))
        lane, progress = Lane(guarded, guarded), AttemptProgress(protected=True)
        with pytest.raises(ExchangeFault, match="while sending") as caught:
            await lane.exchange(outgoing(), progress)
        assert (caught.value.handed_over, progress.phase, lane.clean) == (False, Phase.SENDING, False)
        await lane.aclose()

    @pytest.mark.parametrize("error", BREAKS)
    async def test_a_reset_after_the_write_was_handed_over(self, error: type[Exception]) -> None:
        """After the whole request was written, a broken connection proves nothing."""
        guarded = _GuardedStream(ScriptedStream(error, reading=True))
        lane, progress = Lane(guarded, guarded), AttemptProgress(protected=True)
        with pytest.raises(ExchangeFault, match="was reset") as caught:
            await lane.exchange(outgoing(), progress)
        assert (caught.value.handed_over, progress.phase) == (True, Phase.SENT)
        await lane.aclose()

    async def test_an_unresolved_name_is_a_connect_fault(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The error names the host and the reason, in words of its own."""

        async def fail(*_: object, **__: object) -> object:
            raise socket.gaierror(socket.EAI_NONAME, "secret.example")

        monkeypatch.setattr(anyio, "connect_tcp", fail)
        with pytest.raises(ExchangeFault) as caught:
            await Lane.open("nowhere.invalid", 1, None)
        assert (
            str(caught.value) == "connect: the gateway's name could not be resolved: nowhere.invalid (name not found)"
        )
        assert not caught.value.handed_over

    async def test_send_eof_is_not_implemented(self) -> None:
        """HTTP marks the end of a request."""
        guarded = _GuardedStream(ScriptedStream(OSError))
        with pytest.raises(NotImplementedError):
            await guarded.send_eof()
        await guarded.aclose()

    async def test_an_answer_to_head_has_no_body(self) -> None:
        """The body announced by the content length is not waited for."""

        async def head(_: RawRequest, stream: ByteStream) -> object:
            await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
            return True

        async with raw_gateway(head) as gateway:
            lane = await Lane.open("127.0.0.1", gateway.port, None)
            with anyio.fail_after(1):
                got = await lane.exchange(outgoing("HEAD"), AttemptProgress(protected=False))
            assert (got.status, bytes(got.body), lane.clean) == (200, b"", False)
            await lane.aclose()

    async def test_an_answer_that_ends_with_the_connection_is_complete(self) -> None:
        """Without a content length, the end of the stream ends the answer and the lane."""

        async def old(_: RawRequest, stream: ByteStream) -> object:
            await stream.send(b"HTTP/1.1 200 OK\r\n\r\n{}")
            return False

        async with raw_gateway(old) as gateway:
            lane = await Lane.open("127.0.0.1", gateway.port, None)
            got = await lane.exchange(outgoing(), AttemptProgress(protected=False))
            assert (got.status, bytes(got.body), lane.clean) == (200, b"{}", False)
            await lane.aclose()

    @pytest.mark.parametrize("tls", [False, True])
    async def test_a_closed_or_expired_lane_is_not_usable(self, tls: bool) -> None:
        """This holds with and without TLS."""

        async def reply(_: RawRequest, _stream: ByteStream) -> object:
            return answer({})

        async with raw_gateway(reply, tls=server_tls() if tls else None) as gateway:
            lane = await Lane.open("localhost" if tls else "127.0.0.1", gateway.port, client_tls() if tls else None)
            await lane.exchange(outgoing(), AttemptProgress(protected=False))
            assert lane.is_usable(now=1.0, idle_expiry=2.0)
            assert not lane.is_usable(now=3.0, idle_expiry=2.0)
            await lane.aclose()
            assert not lane.is_usable(now=1.0, idle_expiry=2.0)
            lane.clean = True
            await anyio.sleep(0.005)
            assert not lane.is_usable(now=1.0, idle_expiry=2.0)

    @pytest.mark.parametrize("outcome", [ssl.SSLError(), b"x"])
    async def test_unread_tls_data_makes_a_lane_unusable(self, outcome: object) -> None:
        """A buffered byte or an alert of the gateway ends a lane."""

        class Session:
            def read(self, _: int) -> bytes:
                if isinstance(outcome, Exception):
                    raise outcome
                return b"x"

        stream = ScriptedStream(OSError)
        attributes = {**stream.extra_attributes, TLSAttribute.ssl_object: Session}

        class Encrypted(ScriptedStream):
            @property
            def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
                return attributes

        guarded = _GuardedStream(Encrypted(OSError))
        lane = Lane(guarded, guarded)
        assert not lane.is_usable(now=0.0, idle_expiry=1.0)
        await lane.aclose()
        await stream.aclose()

    @pytest.mark.parametrize("poll", [True, False])
    def test_a_socket_is_checked_with_poll_or_select(self, poll: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        """Platforms without `poll` use `select`."""
        if not poll:
            monkeypatch.delattr(select, "poll")
        stream = ScriptedStream(OSError)
        guarded = _GuardedStream(stream)
        lane = Lane(guarded, guarded)
        assert lane.is_usable(now=0.0, idle_expiry=1.0)
        stream.pair[1].send(b"x")
        assert not lane.is_usable(now=0.0, idle_expiry=1.0)
        for end in stream.pair:
            end.close()
        assert not lane.is_usable(now=0.0, idle_expiry=1.0)
