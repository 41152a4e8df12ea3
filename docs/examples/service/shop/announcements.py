"""Announcements to many people, with progress while they go out."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import AsyncIterator

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from shop.state import Shop, ShopDep
from wikipayam_async import AsyncWikipayam, SendResult, SmsMessage, SuppressedError
from wikipayam_async.integrations.fastapi import WikipayamDep

__all__ = ["router"]

router = APIRouter(tags=["announcements"])
logger = logging.getLogger("shop")


class Announcement(BaseModel):
    """What to tell whom."""

    text: str = Field(min_length=1, max_length=1000)
    mobiles: list[str] = Field(min_length=1, max_length=100_000)


class Progress(BaseModel):
    """How far it got. `counts` tells how many came to which outcome; together they are `done`."""

    done: int
    total: int
    counts: dict[str, int]
    finished: bool = False


@router.post("/announcements", response_class=StreamingResponse)
async def announce(body: Announcement, client: WikipayamDep, shop: ShopDep) -> StreamingResponse:
    """Send a text to many, once each, but not to those who opted out. The answer is a line of JSON after each request.

    The sending belongs to the shop and not to this request: it goes on if whoever looks at the progress goes away.
    """
    send, receive = anyio.create_memory_object_stream[Progress](math.inf)  # a line for a hundred mobiles: they are few
    shop.tasks.start_soon(_send_all, client, shop, body, send)
    return StreamingResponse(_lines(receive), media_type="application/x-ndjson")


async def _lines(progress: MemoryObjectReceiveStream[Progress]) -> AsyncIterator[str]:
    with progress:
        async for one in progress:
            yield one.model_dump_json() + "\n"


async def _send_all(
    client: AsyncWikipayam, shop: Shop, announcement: Announcement, progress: MemoryObjectSendStream[Progress]
) -> None:
    counts: Counter[str] = Counter()
    total = len(announcement.mobiles)

    def note(results: list[SendResult]) -> None:
        for result in results:
            shop.journal.outcome(result)
            counts[_outcome(result)] += 1

    def tell(*, finished: bool = False) -> None:
        try:
            progress.send_nowait(Progress(done=counts.total(), total=total, counts=dict(counts), finished=finished))
        except anyio.BrokenResourceError:
            logger.debug("nobody looks at the progress any more")

    messages = (SmsMessage(mobile, announcement.text) for mobile in announcement.mobiles)
    run = client.sms.bulk(messages, dedupe="receiver", opt_out=shop.opt_outs.numbers)
    with progress:
        try:
            async with run:
                while (results := await run.take()) is not None:
                    note(results)
                    tell()
        except Exception as error:  # noqa: BLE001 - a failed announcement must not end the shop
            logger.error("an announcement was broken off: %s", type(error).__name__)
        finally:
            note(run.leftover)  # if the shop shuts down: what was taken from the list and not told of yet
            logger.info("announcement: %s; %d not begun", dict(counts), total - counts.total())
        tell(finished=counts.total() == total)


def _outcome(result: SendResult) -> str:
    return result.error.reason if isinstance(result.error, SuppressedError) else result.status.value
