"""The campaign: the balance, the sending, the following of deliveries. Everything here is the client's own interface."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from time import monotonic
from typing import Protocol, TypeAlias

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
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN

__all__ = ["Advance", "RunReport", "Pace", "ProgressDisplay", "RequestCounter", "run"]

_POLLING = Polling(first_interval=0.1, growth=1.2, longest_interval=1.0)
_DELIVERY_TIMEOUT = 30.0
_MIN_CONNECTIONS = 20

Advance: TypeAlias = Callable[[int, str], None]
"""Is told how much of a stage is done, and a few words on how it goes."""


class ProgressDisplay(Protocol):
    """What shows progress."""

    def stage(self, title: str, total: int) -> AbstractContextManager[Advance]:
        """Show one stage of the work."""
        ...


@frozen
class Pace:
    """How to send.

    Attributes:
        batch_size: The most messages of a request.
        concurrency: How many requests are in flight at once.
    """

    batch_size: int
    concurrency: int


@define
class RequestCounter:
    """Counts what the client tells of: an ``on_event`` hook.

    Attributes:
        requests: The requests of every operation, retries included.
        retries: The retries of every operation.
    """

    requests: Counter[str] = field(init=False, factory=Counter)
    retries: Counter[str] = field(init=False, factory=Counter)

    def __call__(self, event: Event) -> None:
        """Count an event.

        Args:
            event: What happened.
        """
        if isinstance(event, AttemptStarted):
            self.requests[event.operation] += 1
        elif isinstance(event, RetryScheduled):
            self.retries[event.operation] += 1


@frozen(kw_only=True)
class RunReport:
    """What came of it, as far as the client can tell.

    Attributes:
        report: What became of every message.
        deliveries: How many of the accepted messages were last seen in each delivery state.
        pending: How many of these may still change.
        balance_before: The balance before the first message, in IRR.
        balance_after: The balance after the last.
        seconds: How long the sending took.
        tally: The requests and retries.
    """

    report: BulkReport
    deliveries: Mapping[str, int]
    pending: int
    balance_before: int
    balance_after: int
    seconds: float
    tally: RequestCounter


async def run(url: str, messages: Sequence[SmsMessage], pace: Pace, stages: ProgressDisplay) -> RunReport:
    """Send messages and follow them to their end.

    Args:
        url: Where the gateway is.
        messages: What to send.
        pace: How to send it.
        stages: Shows the progress.

    Returns:
        What came of it.
    """
    tally = RequestCounter()
    client = AsyncWikipayam(
        DEFAULT_TOKEN,
        sender=DEFAULT_LINE,
        base_url=url,
        api_prefix="api/v1",
        max_connections=max(_MIN_CONNECTIONS, pace.concurrency),
        application="demo",
        on_event=tally,
    )
    async with client:
        before = await client.balance()
        began = monotonic()
        report = await _send(client, messages, pace, stages)
        seconds = monotonic() - began
        delivery = await _follow(client, [str(result.id) for result in report.accepted], stages)
        after = await client.balance()
    return RunReport(
        report=report,
        deliveries=Counter(str(status.status) for status in delivery.statuses.values()),
        pending=len(delivery.pending),
        balance_before=before.balance,
        balance_after=after.balance,
        seconds=seconds,
        tally=tally,
    )


async def _send(client: AsyncWikipayam, messages: Sequence[SmsMessage], pace: Pace, stages: ProgressDisplay) -> BulkReport:
    with stages.stage("Sending", len(messages)) as advance:

        def progress(done: int, _: int | None, counts: Mapping[SendStatus, int]) -> None:
            rejected, unknown = counts.get(SendStatus.REJECTED, 0), counts.get(SendStatus.UNKNOWN, 0)
            advance(done, f"{rejected:,} rejected, {unknown:,} unknown")

        return await client.sms.send_bulk(
            messages, batch_size=pace.batch_size, concurrency=pace.concurrency, progress=progress
        )


async def _follow(client: AsyncWikipayam, ids: Sequence[str], stages: ProgressDisplay) -> DeliveryReport:
    watch = client.sms.watch_delivery(ids, timeout=_DELIVERY_TIMEOUT, polling=_POLLING)
    final: Counter[str] = Counter()
    with stages.stage("Delivery", len(ids)) as advance:
        async for status in watch:
            if status.status.final:
                final[status.status] += 1
                delivered = final["DELIVERED"]
                advance(final.total(), f"{delivered:,} delivered, {final.total() - delivered:,} not")
    return watch.report
