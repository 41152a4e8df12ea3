"""The boundary to httpx: the only module that imports it, with its transport, its carriers and its exceptions.

A carrier makes the attempts of a call. `LaneCarrier` is the default: an `httpx.AsyncClient` over a `LaneTransport`.
`HttpxCarrier` uses the client or transport that the caller passed.
"""

from __future__ import annotations

import functools
import ssl
import sys
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec
from typing import Protocol

import anyio
import attrs
import httpx
from attrs import frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.core.asyncio_wire import AsyncioLane
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.httpx_adapter import (
    HttpxCarrier,
    attach_trace,
    build_headers,
    check_shape,
    client_class,
    exchange,
)
from wikipayam_async.core.lanes import Connections, LaneLike, Lanes
from wikipayam_async.core.loops import runs_asyncio
from wikipayam_async.core.options import (
    DEFAULT_IDLE_EXPIRY,
    DEFAULT_MAX_CONNECTIONS,
    DEFAULT_TIMEOUT,
    ConnectionOptions,
    Origin,
)
from wikipayam_async.core.progress import AttemptProgress, run_in_child, run_in_time
from wikipayam_async.core.protocol import Answer, Headers, Outgoing
from wikipayam_async.core.wire import Lane
from wikipayam_async.errors import ClosedError, ConfigurationError
from wikipayam_async.loopback import is_refused, refusal
from wikipayam_async.redact.sealed import SealedBytes

__all__ = ["Carrier", "HttpxCarrier", "LaneCarrier", "LaneTransport", "make_carrier"]

_REQUEST_CONTEXT = "wikipayam_async.context"
_ANSWER = "wikipayam_async.answer"
_OWN_HEADERS = frozenset({b"host", b"content-length", b"transfer-encoding"})


class Carrier(Protocol):
    """Makes single attempts.

    Attributes:
        http: The underlying `httpx.AsyncClient`.
    """

    http: httpx.AsyncClient

    async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Make one attempt. Raises `ExchangeFault` if it fails."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class _RedactedURL(httpx.URL):
    """A URL whose query is sent but appears in no log or trace of httpx."""

    def __init__(self, loggable_url: str, target: str) -> None:
        super().__init__(loggable_url)
        self._target = target.encode("ascii")

    @property
    def raw_path(self) -> bytes:
        """The path and query that are sent."""
        return self._target


@frozen
class _RequestContext:
    """The attempt behind an `httpx.Request`, kept in its extensions where no log reads it."""

    outgoing: Outgoing
    progress: AttemptProgress


@functools.cache
def default_ssl_context() -> ssl.SSLContext:
    """Return the TLS context that all clients share: httpx's root certificates, nothing from the environment."""
    context = httpx.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context


class LaneTransport(httpx.AsyncBaseTransport):
    """The httpx transport of a client's own `httpx.AsyncClient`: sends requests over lanes, each one HTTP/1.1 connection.

    An answer is read completely, within the time-out and up to its limit (16 MiB, less for a send), before its lane is released. Redirects, cookies
    and environment variables are ignored.

    Args:
        max_connections: The maximum number of connections. Further requests wait in order of arrival.
        idle_expiry: Seconds after which an idle connection is not reused.
        ssl_context: The TLS context. The default trusts the root certificates of httpx (certifi).
        proxy: The URL of an HTTP proxy. The connections are then opened by httpx.
    """

    @without_frames
    def __init__(
        self,
        *,
        max_connections: int = DEFAULT_MAX_CONNECTIONS,
        idle_expiry: float = DEFAULT_IDLE_EXPIRY,
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
        """The connections in use, idle and waited for."""
        return self._lanes.connections

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request of an `httpx.AsyncClient`."""
        context = request.extensions.get(_REQUEST_CONTEXT)
        if isinstance(context, _RequestContext):
            answer = await self.carry(context.outgoing, context.progress)
            # Without headers and body: httpx raises on some (a malformed Location), and a send's answer would be lost.
            return httpx.Response(answer.status, extensions={_ANSWER: answer})
        answer = await self._carry_request(request)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        return httpx.Response(answer.status, headers=headers, content=bytes(answer.body))

    async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Wait for a lane, then make one attempt within its time-out. Raises `ExchangeFault` if it fails."""
        if is_refused(outgoing.origin.host):
            raise refusal(outgoing.origin.url)
        if self._proxy is not None and progress.protected:
            return await run_in_child(functools.partial(self._lanes.carry, outgoing, progress), progress)
        return await self._lanes.carry(outgoing, progress)

    async def aclose(self) -> None:
        """Close the idle connections. One in use is closed when its exchange ends."""
        await self._lanes.aclose()

    async def _open(self, origin: Origin) -> LaneLike:
        if self._proxy is not None:
            return _ProxyLane(self._proxy, self._ssl_context or default_ssl_context())
        tls = (self._ssl_context or default_ssl_context()) if origin.scheme == "https" else None
        return await _lane_class().open(origin.host, origin.port, tls)

    async def _carry_request(self, request: httpx.Request) -> Answer:
        """Send a request of an `httpx.AsyncClient` that the caller built over this transport."""
        outgoing = await _to_outgoing(request)
        try:
            return await self.carry(outgoing, AttemptProgress(protected=False))
        except ExchangeFault as fault:
            raise _to_httpx_error(fault, request) from None


def _lane_class() -> type[Lane | AsyncioLane]:
    """Return the kind of lane of the running event loop. On Windows, a socket cannot be handed from anyio to asyncio."""
    return AsyncioLane if runs_asyncio() and sys.platform != "win32" else Lane


class LaneCarrier:
    """The default carrier: an `httpx.AsyncClient` over lanes. The token is added below the client.

    While the `httpx.AsyncClient` has no event hooks, requests go directly to its transport, because building httpx's
    objects would double the cost of a call.

    Attributes:
        http: The `httpx.AsyncClient`.
    """

    def __init__(self, transport: LaneTransport) -> None:
        self.http = httpx.AsyncClient(transport=transport, trust_env=False)
        self._transport = transport

    @property
    def connections(self) -> Connections:
        """The connections in use, idle and waited for."""
        return self._transport.connections

    async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Make one attempt. Raises `ExchangeFault` if it fails."""
        if self.http.is_closed:
            raise ClosedError("the client is closed; nothing was sent")
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
        """Close the connections."""
        await self.http.aclose()


class _ProxyLane:
    """A lane through a proxy: one connection of an httpx transport."""

    def __init__(self, proxy: str, tls: ssl.SSLContext) -> None:
        # `is_usable` decides how long the connection may idle.
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None)
        self._http = httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits, proxy=httpx.Proxy(proxy))
        self.clean = True
        self.idle_since = 0.0

    def is_usable(self, now: float, idle_expiry: float) -> bool:
        """Return whether another exchange may start. httpcore checks that the connection is still open."""
        return self.clean and now - self.idle_since <= idle_expiry

    async def exchange(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Send one request and read its answer."""
        self.clean = False
        request = httpx.Request(
            outgoing.method,
            outgoing.loggable_url,
            headers=build_headers(outgoing),
            content=None if outgoing.body is None else bytes(outgoing.body),
            extensions={"timeout": httpx.Timeout(outgoing.timeout).as_dict()},
        )
        request.url = _RedactedURL(outgoing.loggable_url, outgoing.target)
        trace = attach_trace(request, outgoing, progress)
        send = self._http.handle_async_request
        job = functools.partial(exchange, send, request, trace, max_bytes=outgoing.max_answer_bytes)
        answer = await run_in_time(job, progress, outgoing.origin)
        self.clean = True
        return answer

    async def aclose(self) -> None:
        """Close the connection."""
        with anyio.CancelScope(shield=True):
            await self._http.aclose()


def _to_httpx_error(fault: ExchangeFault, request: httpx.Request) -> httpx.TransportError:
    """Return the httpx exception for a fault, for a client that the caller built over the lanes."""
    kinds: dict[ExchangeFaultKind, type[httpx.TransportError]] = {
        ExchangeFaultKind.CONNECT: httpx.ConnectError,
        ExchangeFaultKind.CERTIFICATE: httpx.ConnectError,
        ExchangeFaultKind.TIMEOUT: httpx.ReadTimeout if fault.handed_over else httpx.ConnectTimeout,
        ExchangeFaultKind.DISCONNECTED: httpx.ReadError if fault.handed_over else httpx.WriteError,
    }
    return kinds.get(fault.kind, httpx.RemoteProtocolError)(fault.detail, request=request)


async def _to_outgoing(request: httpx.Request) -> Outgoing:
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
        headers=Headers(tuple(pair for pair in request.headers.raw if pair[0].lower() not in _OWN_HEADERS)),
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
        raise ConfigurationError("proxy: SOCKS needs an extra package: python -m pip install 'httpx[socks]'")


def make_carrier(
    http_client: httpx.AsyncClient | None, transport: httpx.AsyncBaseTransport | None, options: ConnectionOptions
) -> Carrier:
    """Return the carrier of a client: lanes, or the HTTP client or transport that the caller passed.

    Clients and transports are recognized by their methods, so that those of httpx's fork httpx2 work, too.

    Raises:
        ConfigurationError: Settings contradict each other, or are not an HTTP client or transport.
    """
    if http_client is None and (transport is None or isinstance(transport, LaneTransport)):
        if transport is not None:
            _refuse_ignored("transport", options)
        return LaneCarrier(transport or LaneTransport(**attrs.asdict(options, recurse=False)))
    if http_client is not None and transport is not None:
        raise ConfigurationError("pass only one of http_client and transport")
    if http_client is not None:
        check_shape("http_client", http_client, ("build_request", "send", "aclose"), "an httpx.AsyncClient")
        _refuse_ignored("http_client", options)
        return HttpxCarrier(http_client, owned=False)
    check_shape("transport", transport, ("handle_async_request", "aclose"), "an httpx.AsyncBaseTransport")
    _refuse_ignored("transport", options)
    # No cookies, as on lanes: a malformed one would break every later request.
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    http = client_class(transport, httpx.AsyncClient)(transport=transport, trust_env=False, cookies=cookies)
    return HttpxCarrier(http, owned=True, is_emulator=getattr(transport, "is_emulator", False))


def _refuse_ignored(passed: str, options: ConnectionOptions) -> None:
    ignored = [a.name for a in attrs.fields(ConnectionOptions) if getattr(options, a.name) != a.default]
    if ignored:
        raise ConfigurationError(f"{ignored[0]}: would be ignored beside {passed}; set it there instead")
