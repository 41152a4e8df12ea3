"""The lanes of a client: to the gateway, with its TLS, directly or through a proxy."""

from __future__ import annotations

import functools
import ssl
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from wikipayam_async.core.asyncio_wire import AsyncioLane
from wikipayam_async.core.lanes import Connections, LaneLike, Lanes
from wikipayam_async.core.loops import runs_asyncio
from wikipayam_async.core.options import Origin
from wikipayam_async.core.progress import AttemptProgress, run_in_child
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.core.wire import Lane
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.loopback import is_refused, refusal

__all__ = ["GatewayLanes", "default_ssl_context"]


@functools.cache
def default_ssl_context() -> ssl.SSLContext:
    """Return the TLS context that all clients share: the root certificates of certifi, nothing from the environment."""
    import certifi  # noqa: PLC0415 - a program on plain http needs none

    context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


class GatewayLanes:
    """Sends requests over lanes, each one HTTP/1.1 connection.

    Args:
        max_connections: The maximum number of connections. Further requests wait in order of arrival.
        idle_expiry: Seconds after which an idle connection is not reused.
        ssl_context: The TLS context; None for the default.
        open_tunnel: Makes a lane through a proxy; None for direct connections.
    """

    def __init__(
        self,
        *,
        max_connections: int,
        idle_expiry: float,
        ssl_context: ssl.SSLContext | None = None,
        open_tunnel: Callable[[ssl.SSLContext], LaneLike] | None = None,
    ) -> None:
        if ssl_context is not None and not isinstance(ssl_context, ssl.SSLContext):
            raise ConfigurationError("ssl_context: expected an ssl.SSLContext")
        self._ssl_context = ssl_context
        self._open_tunnel = open_tunnel
        self._lanes = Lanes(self._open, max_lanes=max_connections, idle_expiry=idle_expiry)

    @property
    def connections(self) -> Connections:
        """The connections in use, idle and waited for."""
        return self._lanes.connections

    def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Coroutine[Any, Any, Answer]:
        """Wait for a lane, then make one attempt within its time-out. Raises `ExchangeFault` if it fails."""
        if is_refused(outgoing.origin.host):
            raise refusal(outgoing.origin.url)
        if self._open_tunnel is not None and progress.protected:
            return run_in_child(functools.partial(self._lanes.carry, outgoing, progress), progress)
        return self._lanes.carry(outgoing, progress)

    async def aclose(self) -> None:
        """Close the idle connections. One in use is closed when its exchange ends."""
        await self._lanes.aclose()

    async def _open(self, origin: Origin) -> LaneLike:
        if self._open_tunnel is not None:
            return self._open_tunnel(self._ssl_context or default_ssl_context())
        tls = (self._ssl_context or default_ssl_context()) if origin.scheme == "https" else None
        return await _lane_class().open(origin.host, origin.port, tls)


def _lane_class() -> type[Lane | AsyncioLane]:
    """Return the kind of lane of the running event loop. On Windows, a socket cannot be handed from anyio to asyncio."""
    return AsyncioLane if runs_asyncio() and sys.platform != "win32" else Lane
