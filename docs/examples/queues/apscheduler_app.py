"""APScheduler: jobs in the event loop of the program, with its client."""

import os
from datetime import UTC, datetime

import anyio
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from wikipayam_async import AsyncWikipayam, UnknownOutcomeError
from wikipayam_async.idempotency import SQLiteIdempotencyStore


async def remind(client: AsyncWikipayam, mobile: str, day: str) -> None:
    """Send the reminder of a day. A run that is repeated, after a restart for example, does not send it again."""
    try:
        await client.sms.send(mobile, "Your appointment is tomorrow", track_id=day, idempotency_key=f"{mobile}:{day}")
    except UnknownOutcomeError as error:
        print("look it up in the panel:", error.track_ids)


async def main() -> None:
    """Run the scheduler until the program is stopped."""
    store = SQLiteIdempotencyStore(os.environ["SENT_DB"])
    async with AsyncWikipayam(idempotency=store) as client:
        scheduler = AsyncIOScheduler(timezone=UTC)
        today = datetime.now(UTC).date().isoformat()
        scheduler.add_job(remind, "interval", args=[client, "09123456789", today], seconds=1, coalesce=True)
        scheduler.start()
        await anyio.sleep(float(os.environ.get("RUN_SECONDS", "inf")))
        scheduler.shutdown()


if __name__ == "__main__":
    anyio.run(main)
