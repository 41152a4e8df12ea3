"""Driving what is httpx's: a client that the caller brought, or a connection of httpx's own through a proxy.

How far a failed request got is known here only from httpcore's trace events.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import anyio

from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.progress import AttemptProgress, Trace, run_in_child
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.core.wire import MAX_ANSWER_BYTES, refuse_encoding
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.outcomes import Phase
from wikipayam_async.redact.sealed import SealedBytes

if TYPE_CHECKING:
    import httpx

__all__ = ["ErrorMapper", "HttpxCarrier", "exchange", "headers_with_token", "watch"]

Send: TypeAlias = "Callable[[httpx.Request], Awaitable[httpx.Response]]"
ErrorMapper: TypeAlias = Callable[[Exception, Trace, int | None], ExchangeFault]
"""Says what an exception of httpx's, or of a caller's own transport, means."""


class HttpxCarrier:
    """Drives a client that the caller brought: its pool, its hooks, its settings. The token goes into the header as usual.

    How far a failed request got is known only from httpcore's trace events. A send cannot be cancelled while it is
    in flight, since nothing tells when it leaves.

    Attributes:
        http: The client.
    """

    def __init__(self, client: httpx.AsyncClient, map_error: ErrorMapper, *, owned: bool) -> None:
        self.http = client
        self._map_error = map_error
        self._owned = owned

    async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Carry out one attempt."""
        if self.http.is_closed:
            raise ConfigurationError("the HTTP client is closed")
        try:
            request = self.http.build_request(
                outgoing.method,
                outgoing.url,
                headers=headers_with_token(outgoing),
                content=None if outgoing.body is None else bytes(outgoing.body),
                timeout=outgoing.timeout,
            )
        except Exception as error:  # noqa: BLE001 - a strange cookie in the caller's jar is enough
            detail = f"the HTTP client could not build the request ({type(error).__name__})"
            raise ExchangeFault(ExchangeFaultKind.CONNECT, detail, handed_over=False) from None
        send = functools.partial(self.http.send, auth=None, follow_redirects=False, stream=True)
        job = functools.partial(_timed, send, request, outgoing, progress, self._map_error)
        return await (run_in_child(job, progress) if progress.protected else job())

    async def aclose(self) -> None:
        """Close the client, unless it is the caller's."""
        if self._owned:
            await self.http.aclose()


async def _timed(
    send: Send, request: httpx.Request, outgoing: Outgoing, progress: AttemptProgress, map_error: ErrorMapper
) -> Answer:
    """Carry out an exchange within its time-out; of a send, under shield from its beginning."""
    now = anyio.current_time()
    trace = watch(request, outgoing, progress)
    with anyio.CancelScope(deadline=now + outgoing.timeout) as scope:
        progress.begin(scope, now)
        if progress.protected:
            progress.hand_over()
        return await exchange(send, request, trace, map_error)
    detail = "no complete answer within the time-out"
    raise ExchangeFault(ExchangeFaultKind.TIMEOUT, detail, handed_over=not trace.proves_nothing_left)


def watch(request: httpx.Request, outgoing: Outgoing, progress: AttemptProgress) -> Trace:
    """Have httpcore tell how far a request gets."""
    trace = Trace(progress, decisive="send_request_headers" if outgoing.body is None else "send_request_body")
    request.extensions["trace"] = trace
    return trace


async def exchange(send: Send, request: httpx.Request, trace: Trace, map_error: ErrorMapper) -> Answer:
    """Send a request of httpx's and read its answer whole, within bounds.

    Raises:
        ExchangeFault: It broke off. Every exception of httpx's, or of a caller's own transport, becomes one here.
    """
    status: int | None = None
    try:
        response = await send(request)
        try:
            status = response.status_code
            trace.progress.phase = Phase.READING
            headers = {name.lower(): value for name, value in response.headers.items()}
            refuse_encoding(headers, status)
            body = await _read_bounded(response)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()
    except ExchangeFault:
        raise
    except Exception as error:  # noqa: BLE001 - a caller's transport may raise anything, and a send must not be lost
        raise map_error(error, trace, status) from None
    trace.progress.phase = Phase.ANSWERED
    return Answer(response.status_code, headers, SealedBytes(body))


async def _read_bounded(response: httpx.Response) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            detail = f"the answer is larger than {MAX_ANSWER_BYTES} bytes"
            raise ExchangeFault(ExchangeFaultKind.TOO_LARGE, detail, handed_over=True, status_code=response.status_code)
        chunks.append(chunk)
    return b"".join(chunks)


def headers_with_token(outgoing: Outgoing) -> list[tuple[bytes, bytes]]:
    """Return the headers with the token among them."""
    headers = list(outgoing.headers.fields)
    if outgoing.authorization is not None:
        headers.append((b"Authorization", b"Bearer " + outgoing.authorization.reveal().encode("ascii")))
    return headers
