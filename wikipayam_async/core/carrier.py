"""The carriers, which make the attempts of a call.

`LaneCarrier` is the default. `HttpxCarrier` uses the client or transport that the caller passed.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from wikipayam_async.core.httpx_adapter import HttpxCarrier, check_shape
from wikipayam_async.core.lanes import Connections
from wikipayam_async.core.loops import MUTEX
from wikipayam_async.core.options import ConnectionOptions
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.core.transport import GatewayLanes
from wikipayam_async.errors import ClosedError, ConfigurationError

if TYPE_CHECKING:
    import httpx

__all__ = ["Carrier", "LaneCarrier", "make_carrier"]


class Carrier(Protocol):
    """Makes single attempts."""

    @property
    def http(self) -> httpx.AsyncClient:
        """The underlying `httpx.AsyncClient`."""
        ...

    def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Coroutine[Any, Any, Answer]:
        """Make one attempt. Raises `ExchangeFault` if it fails."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class LaneCarrier:
    """The default carrier: lanes.

    Its `httpx.AsyncClient` exists, and httpx is loaded, from when it is first asked for. While that has no event hooks,
    requests go directly to the lanes, because building httpx's objects would double the cost of a call. The token is
    added below it.

    Args:
        lanes: The lanes.
    """

    def __init__(self, lanes: GatewayLanes) -> None:
        self._lanes = lanes
        self._http: httpx.AsyncClient | None = None
        self._closed = False

    @property
    def http(self) -> httpx.AsyncClient:
        """The `httpx.AsyncClient` over the lanes."""
        if self._http is None:
            from wikipayam_async.core import httpx_transport  # noqa: PLC0415 - loads httpx

            made = httpx_transport.make_client(httpx_transport.LaneTransport.over(self._lanes))
            with MUTEX:  # two threads that ask at once get one client
                self._http = self._http or made
        return self._http

    @property
    def connections(self) -> Connections:
        """The connections in use, idle and waited for."""
        return self._lanes.connections

    def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Coroutine[Any, Any, Answer]:
        """Make one attempt. Raises `ExchangeFault` if it fails."""
        http = self._http
        if self._closed or (http is not None and http.is_closed):
            raise ClosedError("the client is closed; nothing was sent")
        if http is None or not any(http.event_hooks.values()):
            return self._lanes.carry(outgoing, progress)
        from wikipayam_async.core.httpx_transport import send_with_hooks  # noqa: PLC0415 - loads httpx

        return send_with_hooks(http, outgoing, progress)

    async def aclose(self) -> None:
        """Close the connections."""
        self._closed = True
        if self._http is not None:
            await self._http.aclose()
        await self._lanes.aclose()


def make_carrier(
    http_client: httpx.AsyncClient | None, transport: httpx.AsyncBaseTransport | None, options: ConnectionOptions
) -> Carrier:
    """Return the carrier of a client: lanes, or the HTTP client or transport that the caller passed.

    Clients and transports are recognized by their methods, so that those of httpx's fork httpx2 work, too.

    Raises:
        ConfigurationError: Settings contradict each other, or are not an HTTP client or transport.
    """
    if http_client is not None and transport is not None:
        raise ConfigurationError("pass only one of http_client and transport")
    if http_client is not None:
        check_shape("http_client", http_client, ("build_request", "send", "aclose"), "an httpx.AsyncClient")
        _refuse_ignored("http_client", options)
        return HttpxCarrier(http_client, owned=False)
    if transport is None and options.proxy is None:
        settings = attrs.asdict(options, recurse=False, filter=attrs.filters.exclude("proxy"))
        return LaneCarrier(GatewayLanes(**settings))
    from wikipayam_async.core.httpx_transport import LaneTransport, make_client  # noqa: PLC0415 - loads httpx

    if transport is None:
        return LaneCarrier(LaneTransport(**attrs.asdict(options, recurse=False)).lanes)
    _refuse_ignored("transport", options)
    if isinstance(transport, LaneTransport):
        return LaneCarrier(transport.lanes)
    return HttpxCarrier(make_client(transport), owned=True, is_emulator=getattr(transport, "is_emulator", False))


def _refuse_ignored(passed: str, options: ConnectionOptions) -> None:
    ignored = [a.name for a in attrs.fields(ConnectionOptions) if getattr(options, a.name) != a.default]
    if ignored:
        raise ConfigurationError(f"{ignored[0]}: would be ignored beside {passed}; set it there instead")
