"""Announcements to many mobiles, with progress."""

from __future__ import annotations

import logging
import math
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence

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
    """A text and its receivers."""

    text: str = Field(min_length=1, max_length=1000)
    mobiles: list[str] = Field(min_length=1, max_length=100_000)


class Progress(BaseModel):
    """The progress of an announcement. `counts` holds the number of mobiles per outcome; their sum is `done`.

    The last line has `finished` set, or says in `error` why the rest was not sent.
    """

    done: int
    total: int
    counts: dict[str, int]
    finished: bool = False
    error: str | None = None


@router.post("/announcements", response_class=StreamingResponse)
async def announce(body: Announcement, client: WikipayamDep, shop: ShopDep) -> StreamingResponse:
    """Send a text to many mobiles, once each, except those opted out. The response has a line of JSON per request.

    The send runs in a task of the shop, so it continues if the caller disconnects.
    """
    send, receive = anyio.create_memory_object_stream[Progress](math.inf)  # one line per hundred mobiles
    shop.tasks.start_soon(_send_all, client, shop, body, send)
    return StreamingResponse(_lines(receive), media_type="application/x-ndjson")


async def _lines(updates: MemoryObjectReceiveStream[Progress]) -> AsyncIterator[str]:
    with updates:
        async for progress in updates:
            yield progress.model_dump_json() + "\n"


async def _send_all(
    client: AsyncWikipayam, shop: Shop, announcement: Announcement, updates: MemoryObjectSendStream[Progress]
) -> None:
    counts: Counter[str] = Counter()
    total = len(announcement.mobiles)

    def record(results: Sequence[SendResult]) -> None:
        for result in results:
            shop.journal.outcome(result)
            counts[_outcome(result)] += 1

    def publish(*, finished: bool = False, error: str | None = None) -> None:
        progress = Progress(done=counts.total(), total=total, counts=dict(counts), finished=finished, error=error)
        try:
            updates.send_nowait(progress)
        except anyio.BrokenResourceError:
            logger.debug("the caller has disconnected")

    run = client.sms.bulk(_messages(shop, announcement), dedupe="receiver", opt_out=shop.opt_outs.numbers)
    failure: Exception | None = None
    with updates:
        try:
            async with run:
                while (results := await run.take()) is not None:
                    record(results)
                    publish()
        except Exception as error:  # noqa: BLE001 - it must not end the shop's other tasks
            failure = error
        finally:
            record(run.leftover)  # results not taken yet, if the shop shuts down
            logger.info("announcement: %s; %d not begun", dict(counts), total - counts.total())
        failure = failure or run.source_error
        if failure is not None:
            reason = type(failure).__name__
            logger.error("an announcement failed (%s): %d of %d not begun", reason, total - counts.total(), total)
        publish(finished=counts.total() == total, error=None if failure is None else "The announcement failed.")


def _messages(shop: Shop, announcement: Announcement) -> Iterator[SmsMessage]:
    """Yield the messages as they are sent, each recorded before. If the journal cannot be written, no more are sent."""
    for mobile in announcement.mobiles:
        track_id = f"NEWS-{secrets.token_hex(8)}"
        shop.journal.posted(track_id)
        yield SmsMessage(mobile, announcement.text, track_id=track_id)


def _outcome(result: SendResult) -> str:
    return result.error.reason if isinstance(result.error, SuppressedError) else result.status.value
