"""The run: balance, bulk send and delivery statuses. It uses only the public interface of the client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from time import monotonic
from typing import TypeAlias

from attrs import define, field, frozen

from wikipayam_async import (
    AsyncWikipayam,
    AttemptStarted,
    BulkReport,
    DeliveryReport,
    Event,
    Polling,
    RetryScheduled,
    SendStatus,
    SmsMessage,
)
from wikipayam_async.bulk.options import BulkProgress, OnProgress
from wikipayam_async.demo.words import ENGLISH, Words
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN

__all__ = ["Advance", "RequestCounter", "RunReport", "Stage", "run"]

_POLLING = Polling(initial_interval=0.1, growth=1.2, max_interval=1.0)
_DELIVERY_TIMEOUT = 30.0
_MIN_CONNECTIONS = 20

Advance: TypeAlias = Callable[[int, str], None]
"""Takes the number of steps done and a short text."""


Stage: TypeAlias = Callable[[str, int], AbstractContextManager[Advance]]
"""Shows one stage of the work: its title, and its number of steps."""


@define
class RequestCounter:
    """Counts requests and retries: an `on_event` hook.

    Attributes:
        requests: The number of requests of each operation, retries included.
        retries: The number of retries of each operation.
    """

    requests: Counter[str] = field(init=False, factory=Counter)
    retries: Counter[str] = field(init=False, factory=Counter)

    def __call__(self, event: Event) -> None:
        """Count an event.

        Args:
            event: The event.
        """
        if isinstance(event, AttemptStarted):
            self.requests[event.operation] += 1
        elif isinstance(event, RetryScheduled):
            self.retries[event.operation] += 1


@frozen(kw_only=True)
class RunReport:
    """The results of a run, as the client reports them.

    Attributes:
        bulk: The outcome of every message.
        deliveries: The number of accepted messages in each delivery state.
        pending: How many of these are not final.
        balance_before: The balance before the run, in IRR.
        balance_after: The balance after the run, in IRR.
        seconds: The duration of the bulk send.
        requests: The numbers of requests and retries.
    """

    bulk: BulkReport
    deliveries: Mapping[str, int]
    pending: int
    balance_before: int
    balance_after: int
    seconds: float
    requests: RequestCounter


async def run(
    url: str, messages: Sequence[SmsMessage], stage: Stage, *, batch_size: int, concurrency: int, say: Words = ENGLISH
) -> RunReport:
    """Send messages and follow their delivery statuses until they are final.

    Args:
        url: The URL of the gateway.
        messages: The messages.
        stage: Shows the progress.
        batch_size: The maximum number of messages per request.
        concurrency: The maximum number of requests in flight.
        say: The language of the progress.

    Returns:
        The results.
    """
    requests = RequestCounter()
    client = AsyncWikipayam(
        DEFAULT_TOKEN,
        sender=DEFAULT_LINE,
        base_url=url,
        api_prefix="api/v1",
        max_connections=max(_MIN_CONNECTIONS, concurrency),
        application="demo",
        on_event=requests,
    )
    async with client:
        before = await client.balance()
        started = monotonic()
        with stage(say("Sending"), len(messages)) as advance:
            bulk = await client.sms.send_bulk(
                messages, batch_size=batch_size, concurrency=concurrency, on_progress=_progress(advance, say)
            )
        seconds = monotonic() - started
        delivery = await _follow(client, bulk.accepted_ids, stage, say)
        after = await client.balance()
    return RunReport(
        bulk=bulk,
        deliveries=Counter(str(status.status) for status in delivery),
        pending=len(delivery.pending),
        balance_before=before.balance,
        balance_after=after.balance,
        seconds=seconds,
        requests=requests,
    )


def _progress(advance: Advance, say: Words) -> OnProgress:
    def on_progress(progress: BulkProgress) -> None:
        rejected, unknown = progress.counts[SendStatus.REJECTED], progress.counts[SendStatus.UNKNOWN]
        advance(progress.done, say("{rejected:,} rejected, {unknown:,} unknown", rejected=rejected, unknown=unknown))

    return on_progress


async def _follow(client: AsyncWikipayam, ids: Sequence[str], stage: Stage, say: Words) -> DeliveryReport:
    watch = client.sms.watch_delivery(ids, timeout=_DELIVERY_TIMEOUT, polling=_POLLING)
    final: Counter[str] = Counter()
    with stage(say("Delivery"), len(ids)) as advance:
        async for status in watch:
            if status.status.final:
                final[status.status] += 1
                delivered = final["DELIVERED"]
                failed = final.total() - delivered
                advance(
                    final.total(), say("{delivered:,} delivered, {failed:,} not", delivered=delivered, failed=failed)
                )
    return watch.report
