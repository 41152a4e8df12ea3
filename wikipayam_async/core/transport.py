"""httpx's seam: the one place that knows httpx, and what its exceptions mean.

Two carriers bring a request to the gateway. `LaneCarrier` is the client's own: an `httpx.AsyncClient` over
`LaneTransport`. `HttpxCarrier` drives a client or transport that the caller brought.
"""

from __future__ import annotations

import functools
import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec
from typing import Protocol

import anyio
import httpx
from attrs import frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.httpx_adapter import HttpxCarrier, exchange, headers_with_token, watch
from wikipayam_async.core.lanes import Connections, LaneLike, Lanes
from wikipayam_async.core.options import DEFAULT_MAX_CONNECTIONS, DEFAULT_TIMEOUT, Origin
from wikipayam_async.core.progress import AttemptProgress, Trace, run_in_child
from wikipayam_async.core.protocol import Answer, Headers, Outgoing
from wikipayam_async.core.wire import Lane
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.sealed import SealedBytes

__all__ = ["Carrier", "HttpxCarrier", "LaneCarrier", "LaneTransport"]

_REQUEST_CONTEXT = "wikipayam_async.context"
_ANSWER = "wikipayam_async.answer"
_OWN_HEADERS = frozenset({b"host", b"content-length", b"transfer-encoding"})


class Carrier(Protocol):
    """Brings one request to the gateway and its answer back, once.

    Attributes:
        http: The `httpx.AsyncClient` that it drives.
    """

    http: httpx.AsyncClient

    async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Carry out one attempt; raises `ExchangeFault` if it breaks off."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class _QuietURL(httpx.URL):
    """A URL whose query is for the wire alone: whatever logs or traces httpx's transports sees it without."""

    def __init__(self, shown: str, target: str) -> None:
        super().__init__(shown)
        self._target = target.encode("ascii")

    @property
    def raw_path(self) -> bytes:
        """What goes over the wire."""
        return self._target


@frozen
class _RequestContext:
    """What travels beside an `httpx.Request`, below everything that logs."""

    outgoing: Outgoing
    progress: AttemptProgress


@functools.cache
def default_ssl_context() -> ssl.SSLContext:
    """Make the TLS context that all clients share: httpx's roots, nothing from the environment."""
    context = httpx.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context


class LaneTransport(httpx.AsyncBaseTransport):
    """Carries httpx's requests over lanes: see `Lanes` for what they are.

    The answer is read whole, within the deadline and a bound of 16 MiB, before the lane goes back. HTTP/1.1 only;
    redirects, cookies and the environment play no part. In a client of your own it behaves like any transport of httpx's.

    Args:
        max_connections: The most lanes. Further requests wait for one, in the order they came.
        idle_expiry: Seconds after which an idle lane is not used again.
        ssl_context: The TLS context; the default trusts httpx's (certifi's) roots.
        proxy: The URL of an HTTP proxy. Lanes are then httpx's own connections.
    """

    @without_frames
    def __init__(
        self,
        *,
        max_connections: int = DEFAULT_MAX_CONNECTIONS,
        idle_expiry: float = 5.0,
        ssl_context: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        if proxy is not None:
            _check_proxy(proxy)
        if ssl_context is not None and not isinstance(ssl_context, ssl.SSLContext):
            raise ConfigurationError("ssl_context: expected an ssl.SSLContext")
        self._ssl_context = ssl_context
        self._proxy = proxy
        self._lanes = Lanes(self._open, max_lanes=max_connections, idle_expiry=idle_expiry)

    @property
    def connections(self) -> Connections:
        """How the lanes are used now."""
        return self._lanes.connections

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry out one request of an `httpx.AsyncClient`."""
        context = request.extensions.get(_REQUEST_CONTEXT)
        if isinstance(context, _RequestContext):
            answer = await self.carry(context.outgoing, context.progress)
            # No headers and no body: httpx trips over some (a strange Location), and a send's answer would be lost.
            return httpx.Response(answer.status, extensions={_ANSWER: answer})
        answer = await self._carry_for_others(request)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        return httpx.Response(answer.status, headers=headers, content=bytes(answer.body))

    async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Wait for a lane, then carry out one attempt within its time-out; raises `ExchangeFault` if it breaks off."""
        if self._proxy is not None and progress.protected:
            return await run_in_child(functools.partial(self._lanes.carry, outgoing, progress), progress)
        return await self._lanes.carry(outgoing, progress)

    async def aclose(self) -> None:
        """Close the idle lanes; those in use are closed when their exchange ends."""
        await self._lanes.aclose()

    async def _open(self, origin: Origin) -> LaneLike:
        if self._proxy is not None:
            return _ProxyLane(self._proxy, self._ssl_context or default_ssl_context())
        tls = (self._ssl_context or default_ssl_context()) if origin.scheme == "https" else None
        return await Lane.open(origin.host, origin.port, tls)

    async def _carry_for_others(self, request: httpx.Request) -> Answer:
        """Serve an `httpx.AsyncClient` that somebody else built around this transport."""
        outgoing = await _outgoing_of(request)
        try:
            return await self.carry(outgoing, AttemptProgress(protected=False))
        except ExchangeFault as fault:
            raise _as_httpx(fault, request) from None


class LaneCarrier:
    """The client's own carrier: an `httpx.AsyncClient` over lanes. The token joins the request below the client.

    While nobody listens to the `httpx.AsyncClient`, requests take the short way to its transport: httpx's own objects
    cost as much as all the rest of a call together.

    Attributes:
        http: The `httpx.AsyncClient`.
    """

    def __init__(self, transport: LaneTransport) -> None:
        self.http = httpx.AsyncClient(transport=transport, trust_env=False)
        self._transport = transport

    @property
    def connections(self) -> Connections:
        """How the lanes are used now."""
        return self._transport.connections

    async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Carry out one attempt."""
        if self.http.is_closed:
            raise ConfigurationError("the client is closed")
        hooks = self.http.event_hooks
        if not hooks["request"] and not hooks["response"]:
            return await self._transport.carry(outgoing, progress)
        request = httpx.Request(
            outgoing.method,
            outgoing.loggable_url,
            headers=list(outgoing.headers.fields),
            extensions={_REQUEST_CONTEXT: _RequestContext(outgoing, progress)},
        )
        response = await self.http.send(request, auth=None, follow_redirects=False, stream=True)
        answer: Answer = response.extensions[_ANSWER]
        return answer

    async def aclose(self) -> None:
        """Close the lanes."""
        await self.http.aclose()


class _ProxyLane:
    """A lane through a proxy: one connection of httpx's own transport, tunnel included."""

    def __init__(self, proxy: str, tls: ssl.SSLContext) -> None:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=5.0)
        self._http = httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits, proxy=httpx.Proxy(proxy))
        self.clean = True
        self.idle_since = 0.0

    def is_usable(self, now: float, idle_expiry: float) -> bool:
        """Tell whether another exchange may begin; whether the connection still stands is httpcore's to check."""
        return self.clean and now - self.idle_since <= idle_expiry

    async def exchange(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Send one request and read its answer."""
        self.clean = False
        request = httpx.Request(
            outgoing.method,
            outgoing.loggable_url,
            headers=headers_with_token(outgoing),
            content=None if outgoing.body is None else bytes(outgoing.body),
            extensions={"timeout": httpx.Timeout(outgoing.timeout).as_dict()},
        )
        request.url = _QuietURL(outgoing.loggable_url, outgoing.target)
        trace = watch(request, outgoing, progress)
        answer = await exchange(self._http.handle_async_request, request, trace, _as_fault)
        self.clean = True
        return answer

    async def aclose(self) -> None:
        """Close the connection."""
        with anyio.CancelScope(shield=True):
            await self._http.aclose()


def _as_fault(error: Exception, trace: Trace, status: int | None) -> ExchangeFault:
    """Say what one of httpx's exceptions means; its own text may hold a URL, and is dropped."""
    if isinstance(error, httpx.ConnectError) and _blames_certificate(error):
        return ExchangeFault(
            ExchangeFaultKind.CERTIFICATE, "the gateway's certificate was not accepted", handed_over=False
        )
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        return ExchangeFault(ExchangeFaultKind.CONNECT, "no connection to the gateway", handed_over=False)
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return ExchangeFault(ExchangeFaultKind.TIMEOUT, "no connection within the time-out", handed_over=False)
    handed_over = not trace.proves_nothing_left
    if isinstance(error, httpx.TimeoutException):
        return ExchangeFault(
            ExchangeFaultKind.TIMEOUT, "no answer within the time-out", handed_over=handed_over, status_code=status
        )
    if isinstance(error, httpx.DecodingError | httpx.LocalProtocolError):
        return ExchangeFault(
            ExchangeFaultKind.UNREADABLE, "the answer is not valid HTTP", handed_over=handed_over, status_code=status
        )
    detail = f"the connection broke ({type(error).__name__})"
    return ExchangeFault(ExchangeFaultKind.DISCONNECTED, detail, handed_over=handed_over, status_code=status)


def _blames_certificate(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _as_httpx(fault: ExchangeFault, request: httpx.Request) -> httpx.TransportError:
    """Say in httpx's terms what happened, for a client that somebody else built around the lanes."""
    kinds: dict[ExchangeFaultKind, type[httpx.TransportError]] = {
        ExchangeFaultKind.CONNECT: httpx.ConnectError,
        ExchangeFaultKind.CERTIFICATE: httpx.ConnectError,
        ExchangeFaultKind.TIMEOUT: httpx.ReadTimeout if fault.handed_over else httpx.ConnectTimeout,
        ExchangeFaultKind.DISCONNECTED: httpx.ReadError if fault.handed_over else httpx.WriteError,
    }
    return kinds.get(fault.kind, httpx.RemoteProtocolError)(fault.detail, request=request)


async def _outgoing_of(request: httpx.Request) -> Outgoing:
    body = await request.aread()
    url = request.url
    seconds = [value for value in request.extensions.get("timeout", {}).values() if value is not None]
    path, _, query = url.raw_path.decode("ascii").partition("?")
    return Outgoing(
        origin=Origin(url.scheme, url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)),
        method=request.method,
        path=path,
        query=query,
        secret_query=False,
        headers=Headers(tuple(one for one in request.headers.raw if one[0].lower() not in _OWN_HEADERS)),
        authorization=None,
        body=SealedBytes(body) if body else None,
        timeout=max(seconds, default=DEFAULT_TIMEOUT),
    )


def _check_proxy(proxy: str) -> None:
    try:
        scheme = httpx.Proxy(proxy).url.scheme
    except (ValueError, TypeError, httpx.InvalidURL):
        raise ConfigurationError("proxy: expected a URL such as http://127.0.0.1:3128") from None
    if scheme.startswith("socks") and find_spec("socksio") is None:
        raise ConfigurationError("proxy: SOCKS needs another package: python -m pip install 'httpx[socks]'")


def make_carrier(
    *,
    http_client: httpx.AsyncClient | None,
    transport: httpx.AsyncBaseTransport | None,
    max_connections: int,
    ssl_context: ssl.SSLContext | None,
    proxy: str | None,
) -> Carrier:
    """Make what carries a client's requests: lanes of its own, or what the caller brought.

    Raises:
        ConfigurationError: More than one was brought, or something else than a client or transport of httpx's.
    """
    brought = [name for name, value in (("http_client", http_client), ("transport", transport)) if value is not None]
    if len(brought) > 1 or (brought and (ssl_context is not None or proxy is not None)):
        raise ConfigurationError("pass one of http_client and transport; ssl_context and proxy are then set on that")
    if http_client is not None:
        if not isinstance(http_client, httpx.AsyncClient):
            raise ConfigurationError("http_client: expected an httpx.AsyncClient")
        return HttpxCarrier(http_client, _as_fault, owned=False)
    if transport is not None and not isinstance(transport, httpx.AsyncBaseTransport):
        raise ConfigurationError("transport: expected an httpx.AsyncBaseTransport")
    if transport is None or isinstance(transport, LaneTransport):
        return LaneCarrier(
            transport or LaneTransport(max_connections=max_connections, ssl_context=ssl_context, proxy=proxy)
        )
    # No cookies, as on lanes: what an answer once set would go out with all that follows, or break it.
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    http = httpx.AsyncClient(transport=transport, trust_env=False, cookies=cookies)
    return HttpxCarrier(http, _as_fault, owned=True)
