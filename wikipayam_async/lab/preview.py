"""The request of a call before it is made: the client builds it, and nothing is sent."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from attrs import define, field

from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.emulator.exchange import Exchange, Request, Response
from wikipayam_async.emulator.transport import EmulatorTransport
from wikipayam_async.errors import WikipayamError
from wikipayam_async.lab.call import SdkCall
from wikipayam_async.lab.curl import ShownRequest
from wikipayam_async.lab.gateway import LabGateway

__all__ = ["preview"]

_PLACEHOLDER = "TOKEN-OF-A-REQUEST-THAT-IS-NEVER-SENT"
_is_preview: ContextVar[bool] = ContextVar("wikipayam_async_lab_is_preview", default=False)
_ANY_HOST = "https://wikipayam.ir"


@define
class _Recorder:
    """Records requests instead of sending them."""

    requests: list[Request] = field(factory=list)

    def exchange(self, request: Request) -> Exchange:
        self.requests.append(request)
        return Exchange(Response(400, {"content-type": "application/json"}, b"{}"))


@contextmanager
def _without_log() -> Iterator[None]:
    """Keep the calls of a preview, which send nothing, out of the log."""
    logger = logging.getLogger("wikipayam_async")

    def is_logged(_record: logging.LogRecord) -> bool:
        return not _is_preview.get()

    logger.addFilter(is_logged)
    token = _is_preview.set(True)
    try:
        yield
    finally:
        _is_preview.reset(token)
        logger.removeFilter(is_logged)


async def preview(call: SdkCall, gateway: LabGateway, base_url: str) -> ShownRequest:
    """Return the request that a call will send first.

    Args:
        call: The call.
        gateway: The gateway it is for.
        base_url: The URL to show.

    Raises:
        WikipayamError: The client refuses the call before any request.
    """
    recorder = _Recorder()
    client = AsyncWikipayam(
        _PLACEHOLDER,
        sender=gateway.sender,
        username=gateway.username,
        base_url=_ANY_HOST,
        api_prefix=gateway.prefix,
        transport=EmulatorTransport(recorder),
    )
    with _without_log():
        async with client:
            try:
                await call.make(client)
            except WikipayamError:
                if not recorder.requests:
                    raise
    return ShownRequest(recorder.requests[0], base_url, _PLACEHOLDER)
