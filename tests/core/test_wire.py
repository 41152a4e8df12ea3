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

from tests.core.test_http1 import outgoing
from tests.support.net import client_tls, server_tls
from tests.support.raw import RawRequest, answer, raw_gateway
from wikipayam_async import Phase
from wikipayam_async.core.fault import ExchangeFault
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.wire import Lane, _GuardedStream

pytestmark = pytest.mark.anyio


def started(*, protected: bool) -> AttemptProgress:
    """Return the progress of an attempt whose time-out of a second runs."""
    progress = AttemptProgress(protected=protected)
    now = anyio.current_time()
    progress.begin(now, now + 1.0)
    return progress


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
        lane, progress = Lane(guarded, guarded), started(protected=True)
        with pytest.raises(ExchangeFault, match="while sending") as caught:
            await lane.exchange(outgoing(), progress)
        assert (caught.value.handed_over, progress.phase, lane.clean) == (False, Phase.SENDING, False)
        await lane.aclose()

    @pytest.mark.parametrize("error", BREAKS)
    async def test_a_reset_after_the_write_was_handed_over(self, error: type[Exception]) -> None:
        """After the whole request was written, a broken connection proves nothing."""
        guarded = _GuardedStream(ScriptedStream(error, reading=True))
        lane, progress = Lane(guarded, guarded), started(protected=True)
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
            with anyio.fail_after(30):
                got = await lane.exchange(outgoing("HEAD"), started(protected=False))
            assert (got.status, bytes(got.body), lane.clean) == (200, b"", False)
            await lane.aclose()

    async def test_a_cancelled_read_waits_for_no_answer(self) -> None:
        """Nothing had arrived that could be read late: the cancellation goes on to its scope."""

        async def silent(_: RawRequest, stream: ByteStream) -> object:
            scope.cancel()
            await anyio.sleep_forever()
            return False

        async with raw_gateway(silent) as gateway:
            lane, progress = await Lane.open("127.0.0.1", gateway.port, None), started(protected=False)
            with anyio.CancelScope() as scope:
                await lane.exchange(outgoing(), progress)
            assert (scope.cancelled_caught, progress.phase, progress.late, lane.clean) == (
                True,
                Phase.SENT,
                None,
                False,
            )
            await lane.aclose()

    async def test_an_answer_that_ends_with_the_connection_is_complete(self) -> None:
        """Without a content length, the end of the stream ends the answer and the lane."""

        async def old(_: RawRequest, stream: ByteStream) -> object:
            await stream.send(b"HTTP/1.1 200 OK\r\n\r\n{}")
            return False

        async with raw_gateway(old) as gateway:
            lane = await Lane.open("127.0.0.1", gateway.port, None)
            got = await lane.exchange(outgoing(), started(protected=False))
            assert (got.status, bytes(got.body), lane.clean) == (200, b"{}", False)
            await lane.aclose()

    @pytest.mark.parametrize("tls", [False, True])
    async def test_a_closed_or_expired_lane_is_not_usable(self, tls: bool) -> None:
        """This holds with and without TLS."""

        async def reply(_: RawRequest, _stream: ByteStream) -> object:
            return answer({})

        async with raw_gateway(reply, tls=server_tls() if tls else None) as gateway:
            lane = await Lane.open("localhost" if tls else "127.0.0.1", gateway.port, client_tls() if tls else None)
            await lane.exchange(outgoing(), started(protected=False))
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
