"""Exchanges over httpx: a client that the caller passed, or an httpx connection through a proxy.

How far a failed request got is known only from httpcore's trace events.
"""

from __future__ import annotations

import functools
import ssl
import sys
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from wikipayam_async.core.connecting import address_of, find_cause, reason_of
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.http1 import answer_limit, refuse_encoding
from wikipayam_async.core.loops import MUTEX, PerLoop
from wikipayam_async.core.progress import AttemptProgress, Trace, run_in_child
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.errors import ClosedError, ConfigurationError
from wikipayam_async.loopback import is_refused, refusal
from wikipayam_async.outcomes import Phase
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.redact.sealed import SealedBytes

if TYPE_CHECKING:
    import httpx

__all__ = [
    "HttpxCarrier",
    "attach_trace",
    "build_headers",
    "check_shape",
    "client_class",
    "exchange",
    "lazy_httpx",
    "map_error",
]

Send: TypeAlias = "Callable[[httpx.Request], Awaitable[httpx.Response]]"

_HTTPX_MODULES = ("httpx", "httpcore")
"""Where exceptions are trusted by name: urllib3, for one, raises its `ProxyError` after a request was sent, too."""
_BEFORE_SENDING = frozenset({"ConnectError", "ProxyError", "ConnectTimeout", "PoolTimeout"})


class _LazyHttpx:
    """httpx, loaded when one of its names is looked up."""

    def __getattr__(self, name: str) -> object:
        return getattr(import_module("httpx"), name)


lazy_httpx = _LazyHttpx()
"""What annotations that are evaluated at run time find under the name `httpx`."""


class _InFlight:
    """The number of requests in flight in one event loop."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class HttpxCarrier:
    """Sends requests with an HTTP client that the caller passed, with its pool, hooks and settings.

    A send cannot be cancelled while it is in flight, because a client may report no trace events.

    Attributes:
        http: The HTTP client.
        logs_urls: Whether the client, its transport or a tracing tool may log complete URLs.
    """

    def __init__(self, client: httpx.AsyncClient, *, owned: bool, is_emulator: bool = False) -> None:
        self.http = client
        self.logs_urls = not is_emulator  # the emulator's transport sends nothing anywhere
        self._owned = owned
        self._in_flight = None if is_emulator else PerLoop(_InFlight)

    async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Make one attempt. Raises `ExchangeFault` if it fails.

        Raises:
            ConfigurationError: The HTTP client is in use in another event loop. Its connections and locks belong to one.
        """
        if self._in_flight is None:
            return await self._carry(outgoing, progress)
        here = await self._in_flight.get()
        with MUTEX:
            if any(each.count for each in self._in_flight.objects if each is not here):
                raise ConfigurationError(
                    "http_client or transport: in use in another event loop; nothing was sent. Pass one to each event "
                    "loop's client, or neither: a client's own connections serve any number of event loops"
                )
            here.count += 1
        try:
            return await self._carry(outgoing, progress)
        finally:
            here.count -= 1

    async def _carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        if progress.ready is not None:
            await progress.ready()  # how long the request then waits in the caller's pool cannot be known
        if self.http.is_closed:
            raise ClosedError("the HTTP client is closed; nothing was sent")
        try:
            request = self.http.build_request(
                outgoing.method,
                outgoing.url,
                headers=build_headers(outgoing),
                content=None if outgoing.body is None else bytes(outgoing.body),
                timeout=outgoing.timeout,
            )
        except Exception as error:  # noqa: BLE001 - the caller's client may raise anything, such as for a malformed cookie
            detail = f"the HTTP client could not build the request ({type(error).__name__})"
            raise ExchangeFault(ExchangeFaultKind.CONNECT, detail, handed_over=False) from None
        await checkpoint_if_cancelled()  # once it is in its task, a send is protected from a cancellation
        send = functools.partial(self.http.send, auth=None, follow_redirects=False, stream=True)
        job = functools.partial(_exchange_in_time, send, request, outgoing, progress)
        return await (run_in_child(job, progress) if progress.protected else job())

    async def aclose(self) -> None:
        """Close the client, unless it belongs to the caller."""
        if self._owned:
            await self.http.aclose()


async def _exchange_in_time(
    send: Send, request: httpx.Request, outgoing: Outgoing, progress: AttemptProgress
) -> Answer:
    """Make an exchange within its time-out. A send is shielded from the start."""
    now = anyio.current_time()
    trace = attach_trace(request, outgoing, progress)
    with anyio.CancelScope(deadline=now + outgoing.timeout) as scope:
        progress.begin(now, scope.deadline)
        progress.scope = scope
        if progress.protected:
            progress.hand_over()
        return await exchange(send, request, trace, max_bytes=outgoing.max_answer_bytes)
    detail = "no complete answer within the time-out"
    raise ExchangeFault(ExchangeFaultKind.TIMEOUT, detail, handed_over=not trace.proves_not_sent)


def attach_trace(request: httpx.Request, outgoing: Outgoing, progress: AttemptProgress) -> Trace:
    """Make httpcore report its trace events of a request."""
    trace = Trace(progress, decisive="send_request_headers" if outgoing.body is None else "send_request_body")
    refused = is_refused(outgoing.origin.host)
    request.extensions["trace"] = _RefusingTrace(trace, outgoing) if refused else trace
    return trace


class _RefusingTrace:
    """Raises at httpcore's first event, before it connects or writes; a mock has no such event, so it is let through."""

    def __init__(self, trace: Trace, outgoing: Outgoing) -> None:
        self._trace = trace
        self._url = outgoing.origin.url
        self._raised = False

    async def __call__(self, name: str, info: dict[str, object]) -> None:
        if not self._raised:
            self._raised = True  # once: httpcore's own cleaning up has events, too
            raise refusal(self._url)
        await self._trace(name, info)


async def exchange(send: Send, request: httpx.Request, trace: Trace, *, max_bytes: int) -> Answer:
    """Send an httpx request and read its answer completely, up to `max_bytes`.

    Raises:
        ExchangeFault: The exchange failed. Every exception of httpx or of a caller's transport is mapped to one.
    """
    status: int | None = None
    try:
        response = await send(request)
        try:
            status = response.status_code
            trace.progress.phase = Phase.READING
            headers = {name.lower(): value for name, value in response.headers.items()}
            refuse_encoding(headers, status)
            body = await _read_bounded(response, answer_limit(status, max_bytes))
            refuse_encoding(headers, status, body)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()
    except ExchangeFault:
        raise
    except Exception as error:
        if isinstance(error, ConfigurationError) and isinstance(request.extensions["trace"], _RefusingTrace):
            trace.progress.phase = Phase.CONNECTING
            raise
        raise map_error(error, trace, status, _address_of(request)) from None
    trace.progress.phase = Phase.ANSWERED
    return Answer(response.status_code, headers, SealedBytes(body))


def _address_of(request: httpx.Request) -> str:
    port = request.url.port or (443 if request.url.scheme == "https" else 80)
    return address_of(request.url.raw_host.decode("ascii").strip("[]"), port)


def map_error(error: Exception, trace: Trace, status: int | None, address: str = "") -> ExchangeFault:
    """Return the fault for an exception of httpx or a copy of it. Its text is dropped, because it may contain a URL.

    Args:
        error: The exception.
        trace: How far the request got.
        status: The HTTP status, if an answer arrived.
        address: Host and port of the gateway.
    """
    names = {cls.__name__ for cls in type(error).__mro__ if cls.__module__.startswith(_HTTPX_MODULES)}
    # A caller's transport may retry by itself: an earlier try may have been accepted before one fails to connect.
    sent_before = status is not None or (trace.seen and not trace.proves_not_sent)
    handed_over = sent_before or (not trace.seen and names.isdisjoint(_BEFORE_SENDING))
    at = f" at {address}" if address else ""
    cause = None
    if not sent_before and "ConnectError" in names and _is_certificate_error(error):
        kind, detail = ExchangeFaultKind.CERTIFICATE, f"the gateway's certificate was not accepted{at}"
        cause = find_cause(error)
    elif not sent_before and "ProxyError" in names:
        kind, detail = ExchangeFaultKind.CONNECT, f"no connection to the gateway{at} (the proxy refused it)"
    elif not sent_before and "ConnectError" in names:
        kind, detail = ExchangeFaultKind.CONNECT, f"no connection to the gateway{at} ({reason_of(error)})"
        cause = find_cause(error)
    elif not sent_before and names & {"ConnectTimeout", "PoolTimeout"}:
        kind, detail = ExchangeFaultKind.TIMEOUT, f"no connection to the gateway{at} within the time-out"
    elif "TimeoutException" in names:
        kind, detail = ExchangeFaultKind.TIMEOUT, "no answer within the time-out"
    elif names & {"DecodingError", "LocalProtocolError"}:
        kind, detail = ExchangeFaultKind.UNREADABLE, "the answer is not valid HTTP"
    else:
        kind, detail = ExchangeFaultKind.DISCONNECTED, f"the connection broke ({type(error).__name__})"
    return ExchangeFault(kind, detail, handed_over=handed_over, status_code=status, cause=cause)


def _is_certificate_error(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


async def _read_bounded(response: httpx.Response, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > max_bytes:
            detail = f"the answer is larger than {max_bytes} bytes"
            raise ExchangeFault(ExchangeFaultKind.TOO_LARGE, detail, handed_over=True, status_code=response.status_code)
        chunks.append(chunk)
    return b"".join(chunks)


def build_headers(outgoing: Outgoing) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request, including the token."""
    headers = list(outgoing.headers.fields)
    if outgoing.authorization is not None:
        headers.append((b"Authorization", b"Bearer " + outgoing.authorization.reveal().encode("ascii")))
    return headers


def check_shape(name: str, value: object, methods: Sequence[str], expected: str) -> None:
    """Check that an object has the methods of a client or transport, whichever library it comes from.

    Raises:
        ConfigurationError: It has not.
    """
    if isinstance(value, type) or not all(callable(getattr(value, method, None)) for method in methods):
        raise ConfigurationError(f"{name}: expected {expected}; got {shape_of(value)}")


def client_class(transport: object, default: type[httpx.AsyncClient]) -> type[httpx.AsyncClient]:
    """Return the client class of the library whose transport this is: httpx, or its fork httpx2."""
    for cls in type(transport).__mro__:
        if cls.__name__ == "AsyncBaseTransport":
            library = sys.modules[cls.__module__.partition(".")[0]]
            found: type[httpx.AsyncClient] = library.AsyncClient
            return found
    return default
