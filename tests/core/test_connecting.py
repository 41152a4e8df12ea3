from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import Any

import anyio
import httpx
import pytest

from tests.support.net import RECEIVER, SELECTORS, client_tls, connected, server_tls
from tests.support.raw import closed_port, never_answer, raw_gateway, raw_server
from wikipayam_async import APIConnectionError, APITimeoutError, AsyncWikipayam, RetryPolicy, SendStatus
from wikipayam_async.core.connecting import address_of, connection_fault, find_cause, reason_of
from wikipayam_async.core.fault import ExchangeFaultKind

ONCE = RetryPolicy(max_attempts=1)


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [("wikipayam.ir", 443, "wikipayam.ir:443"), ("127.0.0.1", 80, "127.0.0.1:80"), ("::1", 81, "[::1]:81")],
)
def test_an_address_has_its_port(host: str, port: int, address: str) -> None:
    """An IPv6 address is bracketed, as in a URL."""
    assert address_of(host, port) == address


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"), "(connection refused)"),
        (OSError(errno.ENETUNREACH, "x"), "(network unreachable)"),
        (OSError(errno.EHOSTUNREACH, "x"), "(host unreachable)"),
        (OSError(errno.EMFILE, "x"), "(too many open files in this process)"),
        (OSError(errno.ENFILE, "x"), "(too many open files on this machine)"),
        (OSError(errno.EADDRNOTAVAIL, "x"), "(no local address or port is free)"),
        (PermissionError(errno.EACCES, "x"), "(not permitted on this machine)"),
        (TimeoutError(errno.ETIMEDOUT, "x"), "(timed out)"),
        (OSError(errno.ENOBUFS, "x"), f"({os.strerror(errno.ENOBUFS)}, ENOBUFS)"),
        (OSError(99999, "x"), f"({os.strerror(99999)}, 99999)"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] secret"), "(TLS failed: no reason given)"),
        (anyio.EndOfStream(), "(closed by the other side)"),
        (OSError("All connection attempts failed"), "(closed by the other side)"),
    ],
)
def test_the_reason_of_a_failed_connection(error: Exception, detail: str) -> None:
    """Each is told apart, in words that are the same on asyncio and trio, without the exception's own text."""
    fault = connection_fault(error, "wikipayam.ir", 443)
    assert fault.detail == f"no connection to the gateway at wikipayam.ir:443 {detail}"
    assert (fault.kind, fault.handed_over) == (ExchangeFaultKind.CONNECT, False)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (socket.EAI_NONAME, "name not found"),
        (socket.EAI_AGAIN, "the name server does not answer"),
        (socket.EAI_FAIL, "the name server failed"),
        (socket.EAI_MEMORY, f"resolver error {socket.EAI_MEMORY}"),
    ],
)
def test_a_name_that_is_not_resolved(number: int, reason: str) -> None:
    """The error names the host and says whether the name or its server is at fault."""
    fault = connection_fault(socket.gaierror(number, "text"), "sms.example", 443)
    assert fault.detail == f"the gateway's name could not be resolved: sms.example ({reason})"
    assert (type(fault.cause), fault.cause and fault.cause.args) == (socket.gaierror, (number, reason))


def test_the_errors_of_several_addresses() -> None:
    """All reasons are told once, and the cause is the first: a new error without traceback, text and context."""
    refused, unreachable = ConnectionRefusedError(errno.ECONNREFUSED, "a secret"), OSError(errno.ENETUNREACH, "b")
    error = OSError("All connection attempts failed")
    error.__cause__ = ExceptionGroup("failed", [refused, unreachable, refused])
    refused.__context__ = error
    assert reason_of(error) == "connection refused; network unreachable"
    cause = find_cause(error)
    assert cause is not None
    assert (type(cause), cause.args) == (ConnectionRefusedError, (errno.ECONNREFUSED, "connection refused"))
    assert (cause.__traceback__, cause.__cause__, cause.__context__) == (None, None, None)
    assert find_cause(ValueError()) is None


async def balance_error(url: str, via: str = "lanes", **options: Any) -> APIConnectionError:
    """Return the error of a call that finds no connection."""
    async with connected(url, via, retry=ONCE, **options) as (client, *_):
        with pytest.raises(APIConnectionError) as sent:
            await client.sms.send(RECEIVER, "text")
        assert sent.value.send_status is SendStatus.NOT_ATTEMPTED
        with pytest.raises(APIConnectionError) as caught:
            await client.balance()
    return caught.value


@pytest.mark.anyio
class TestConnections:
    """Errors over real sockets."""

    @pytest.mark.parametrize("via", ["lanes", "lane_transport", "pool", "transport"])
    async def test_a_refused_connection(self, via: str) -> None:
        """The error names address and reason, and its cause is the error of the operating system."""
        port = closed_port()
        error = await balance_error(f"http://127.0.0.1:{port}", via)
        assert str(error) == (f"account.balance: no connection to the gateway at 127.0.0.1:{port} (connection refused)")
        assert isinstance(error.__cause__, ConnectionRefusedError)

    @pytest.mark.parametrize("via", ["lanes", "pool"])
    async def test_a_name_that_does_not_exist(self, via: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The error names the host."""

        def fail(*_: object, **__: object) -> object:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        error = await balance_error("https://sms.invalid", via)
        assert ("sms.invalid" in str(error), "name not found" in str(error)) == (True, True)
        assert isinstance(error.__cause__, socket.gaierror)

    @pytest.mark.parametrize("anyio_backend", [SELECTORS, "trio"])
    @pytest.mark.parametrize("via", ["lanes", "pool"])
    async def test_too_many_open_files(self, via: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The process has no descriptor left for a socket: nothing is wrong with the gateway."""

        def fail(*_: object, **__: object) -> object:
            raise OSError(errno.EMFILE, "Too many open files")

        async with raw_gateway(never_answer) as gateway, connected(gateway.url, via, retry=ONCE) as (client, *_):
            with monkeypatch.context() as patch:
                patch.setattr(socket.socket, "__init__", fail)
                with pytest.raises(APIConnectionError) as caught:
                    await client.balance()
        assert str(caught.value) == (
            f"account.balance: no connection to the gateway at 127.0.0.1:{gateway.port} "
            "(too many open files in this process)"
        )
        assert isinstance(caught.value.__cause__, OSError)
        assert caught.value.__cause__.errno == errno.EMFILE

    async def test_a_gateway_without_tls(self) -> None:
        """TLS that meets plain HTTP is told apart from a refused connection."""

        async def speak(stream: Any) -> None:
            await stream.receive()
            await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        async with raw_server(speak) as url:
            error = await balance_error(url.replace("http://127.0.0.1", "https://localhost"))
        assert "no connection to the gateway at localhost:" in str(error)
        assert "TLS failed: WRONG_VERSION_NUMBER" in str(error) or "TLS failed: RECORD_LAYER_FAILURE" in str(error)
        assert isinstance(error.__cause__, ssl.SSLError)

    @pytest.mark.parametrize("via", ["lanes", "transport"])
    async def test_a_certificate_that_is_not_trusted(self, via: str) -> None:
        """The error names the address and the fault of the certificate."""
        async with raw_gateway(never_answer, tls=server_tls("other.example")) as gateway:
            options = {"transport": httpx.AsyncHTTPTransport(verify=client_tls())} if via == "transport" else {}
            error = await balance_error(gateway.url, via, **options)
        assert "certificate was not accepted" in str(error)
        assert f"localhost:{gateway.port}" in str(error)
        assert isinstance(error.__cause__, ssl.SSLCertVerificationError)

    async def test_a_connection_that_takes_too_long(self) -> None:
        """The time-out names the address, too."""

        async def hang(stream: Any) -> None:
            await stream.receive()
            await anyio.sleep_forever()

        async with raw_server(hang) as url:
            error = await balance_error(url.replace("http://127.0.0.1", "https://localhost"), timeout=0.05)
        port = url.rpartition(":")[2]
        assert isinstance(error, APITimeoutError)
        assert str(error) == f"account.balance: no connection to the gateway at localhost:{port} within the time-out"

    async def test_a_proxy_that_refuses(self) -> None:
        """A gateway that only the proxy cannot reach is told apart."""

        async def refuse(*_: object) -> object:
            return b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"

        async with raw_gateway(refuse) as proxy:
            error = await balance_error("https://localhost:1", proxy=proxy.url)
        assert str(error) == ("account.balance: no connection to the gateway at localhost:1 (the proxy refused it)")

    async def test_the_cause_shows_no_secret(self) -> None:
        """Neither the cause nor anything behind it has a traceback, whose frames could hold the token."""
        async with AsyncWikipayam("t", base_url=f"http://127.0.0.1:{closed_port()}", retry=ONCE) as client:
            with pytest.raises(APIConnectionError) as caught:
                await client.balance()
        cause = caught.value.__cause__
        assert cause is not None
        assert (cause.__traceback__, cause.__cause__, cause.__context__) == (None, None, None)
