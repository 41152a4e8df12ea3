"""Follows the delivery of a campaign's accepted messages, and keeps it in the journal."""

from __future__ import annotations

import anyio

from wikipayam_async.bulk.hours import Now, Sleep
from wikipayam_async.campaigns.journal import Journal
from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.core.retry import Uniform
from wikipayam_async.errors import WikipayamError
from wikipayam_async.services.base import is_transient
from wikipayam_async.services.sms.watch import Polling, poll_interval

__all__ = ["follow_deliveries"]

_IDS_PER_STEP = 1000


async def follow_deliveries(
    journal: Journal,
    client: AsyncWikipayam,
    *,
    timeout: float,
    polling: Polling,
    uniform: Uniform,
    now: Now,
    sleep: Sleep,
) -> None:
    """Poll until every message has a final status, or until the timeout.

    Args:
        journal: The journal, locked.
        client: The client.
        timeout: Seconds; a round that has begun is finished, so that every message was asked for at least once.
        polling: The intervals.
        uniform: Returns a random number between two.
        now: Returns the time of day.
        sleep: Sleeps for seconds.

    Raises:
        APIStatusError: The gateway refused a request.
    """
    deadline = anyio.current_time() + timeout
    rounds = 0
    while await _ask_once(journal, client, now):
        rounds += 1
        left = deadline - anyio.current_time()
        if left <= 0:
            return
        await sleep(min(left, poll_interval(polling, rounds, uniform)))


async def _ask_once(journal: Journal, client: AsyncWikipayam, now: Now) -> bool:
    """Ask once for every message without a final status; return whether any is left."""
    after, left = -1, False
    while page := await journal.undelivered(after, _IDS_PER_STEP):
        after = page[-1][0]
        indexes = {id_: index for index, id_ in page}
        try:
            report = await client.sms.delivery_status(list(indexes))
        except WikipayamError as error:
            if not is_transient(error):
                raise
            left = True
            continue
        at = now().isoformat()
        await journal.record_deliveries(
            [(indexes[one.id], one.status.value, one.status.final, at) for one in report if one.id in indexes]
        )
        left = left or bool(report.pending)
    return left
