"""The boundary to httpx, loaded only for what needs it: a client's own `httpx.AsyncClient`, a proxy, a transport of the caller.

The only module of the client that imports httpx at run time.
"""

from __future__ import annotations

import functools
import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec

import anyio
import httpx
from attrs import frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.httpx_adapter import attach_trace, build_headers, check_shape, client_class, exchange
from wikipayam_async.core.lanes import Connections
from wikipayam_async.core.options import DEFAULT_IDLE_EXPIRY, DEFAULT_MAX_CONNECTIONS, DEFAULT_TIMEOUT, Origin
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import Answer, Headers, Outgoing
from wikipayam_async.core.transport import GatewayLanes
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.sealed import SealedBytes

__all__ = ["LaneTransport", "ProxyLane", "make_client", "send_with_hooks"]

_REQUEST_CONTEXT = "wikipayam_async.context"
_ANSWER = "wikipayam_async.answer"
_OWN_HEADERS = frozenset({b"host", b"content-length", b"transfer-encoding"})


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


class LaneTransport(httpx.AsyncBaseTransport):
    """Lanes as an httpx transport: that of a client's own `httpx.AsyncClient`, or of one that the caller builds.

    An answer is read completely, within the time-out and up to its limit (16 MiB, less for a send), before its lane is released. Redirects, cookies
    and environment variables are ignored.

    Attributes:
        lanes: The lanes.

    Args:
        max_connections: The maximum number of connections. Further requests wait in order of arrival.
        idle_expiry: Seconds after which an idle connection is not reused.
        ssl_context: The TLS context. The default trusts the root certificates of certifi.
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
        open_tunnel = None
        if proxy is not None:
            _check_proxy(proxy)
            open_tunnel = functools.partial(ProxyLane, proxy)
        self.lanes = GatewayLanes(
            max_connections=max_connections, idle_expiry=idle_expiry, ssl_context=ssl_context, open_tunnel=open_tunnel
        )

    @classmethod
    def over(cls, lanes: GatewayLanes) -> LaneTransport:
        """Return a transport over lanes that exist."""
        transport = cls.__new__(cls)
        transport.lanes = lanes
        return transport

    @property
    def connections(self) -> Connections:
        """The connections in use, idle and waited for."""
        return self.lanes.connections

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request of an `httpx.AsyncClient`."""
        context = request.extensions.get(_REQUEST_CONTEXT)
        if isinstance(context, _RequestContext):
            answer = await self.lanes.carry(context.outgoing, context.progress)
            # Without headers and body: httpx raises on some (a malformed Location), and a send's answer would be lost.
            return httpx.Response(answer.status, extensions={_ANSWER: answer})
        answer = await self._carry_request(request)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        return httpx.Response(answer.status, headers=headers, content=bytes(answer.body))

    async def aclose(self) -> None:
        """Close the idle connections. One in use is closed when its exchange ends."""
        await self.lanes.aclose()

    async def _carry_request(self, request: httpx.Request) -> Answer:
        """Send a request of an `httpx.AsyncClient` that the caller built over this transport."""
        outgoing = await _to_outgoing(request)
        try:
            return await self.lanes.carry(outgoing, AttemptProgress(protected=False))
        except ExchangeFault as fault:
            raise _to_httpx_error(fault, request) from None


async def send_with_hooks(http: httpx.AsyncClient, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
    """Make one attempt through an `httpx.AsyncClient` over a `LaneTransport`, which calls its event hooks."""
    request = httpx.Request(
        outgoing.method,
        outgoing.loggable_url,
        headers=list(outgoing.headers.fields),
        extensions={_REQUEST_CONTEXT: _RequestContext(outgoing, progress)},
    )
    response = await http.send(request, auth=None, follow_redirects=False, stream=True)
    answer: Answer = response.extensions[_ANSWER]
    return answer


def make_client(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    """Return the `httpx.AsyncClient` for a transport; that of the fork httpx2 for one of its transports.

    Raises:
        ConfigurationError: The object has not the methods of a transport.
    """
    check_shape("transport", transport, ("handle_async_request", "aclose"), "an httpx.AsyncBaseTransport")
    # No cookies, as on lanes: a malformed one would break every later request.
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return client_class(transport, httpx.AsyncClient)(transport=transport, trust_env=False, cookies=cookies)


class ProxyLane:
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
        answer = await exchange(self._http.handle_async_request, request, trace, max_bytes=outgoing.max_answer_bytes)
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
