"""One run of a campaign: commits the intent before each request leaves, and the outcome before more is sent."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress

import anyio
from attrs import evolve

from wikipayam_async.bulk.hooks import OutgoingMessage
from wikipayam_async.bulk.hours import Now, Sleep, wait_until_open
from wikipayam_async.bulk.options import BulkOptions
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.campaigns.errors import CampaignError, JournalError
from wikipayam_async.campaigns.facts import CampaignFacts, progress_of
from wikipayam_async.campaigns.journal import Journal, StopRequest, StoredOutcome
from wikipayam_async.campaigns.models import (
    CampaignProgress,
    CampaignReport,
    CampaignStatus,
    Decision,
)
from wikipayam_async.campaigns.optouts import OptOuts
from wikipayam_async.campaigns.progress_events import emit_progress
from wikipayam_async.campaigns.rules import Spending
from wikipayam_async.campaigns.run_options import RunOptions
from wikipayam_async.campaigns.signals import stop_at_signals
from wikipayam_async.campaigns.source import Flight, JournalSource
from wikipayam_async.campaigns.spending import spending_so_far
from wikipayam_async.campaigns.writer import OutcomeWriter, stored_outcome
from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.errors import (
    SuppressedError,
    WikipayamError,
)
from wikipayam_async.outcomes import SendStatus

__all__ = ["CampaignRun"]

logger = logging.getLogger("wikipayam_async")

_POLL_SECONDS = 0.25
"""Seconds between two looks for a request to stop."""


class CampaignRun:
    """One run.

    Args:
        journal: The journal, locked and recovered.
        client: The client.
        facts: The facts of the campaign.
        options: The options.
        opt_outs: Holds messages back.
        now: Returns the time of day, with a time zone.
        sleep: Sleeps for seconds.
    """

    def __init__(
        self,
        journal: Journal,
        client: AsyncWikipayam,
        facts: CampaignFacts,
        options: RunOptions,
        opt_outs: OptOuts,
        *,
        now: Now,
        sleep: Sleep,
    ) -> None:
        self._journal = journal
        self._client = client
        self._facts = facts
        self._options = options
        self._opt_outs = opt_outs
        self._now = now
        self._sleep = sleep
        self._scope = anyio.CancelScope()
        self._spending: Spending | None = None
        self._source: JournalSource
        self._stop: StopRequest | None = None
        self._reason: str | None = None
        self._error: WikipayamError | None = None
        self._failure: BaseException | None = None
        self._attempted: Counter[SendStatus] = Counter()
        self._recorded = 0
        self._progress: CampaignProgress
        self._writer = OutcomeWriter(journal, sleep)

    def stop(self, request: StopRequest, reason: str | None = None) -> None:
        """Stop after what is in flight."""
        if self._stop is not StopRequest.CANCEL:
            self._stop, self._reason = request, reason or request.status.value
        self._scope.cancel()

    async def run(self) -> CampaignReport:
        """Send what is pending.

        Raises:
            JournalError: The journal cannot be read.
            JournalWriteError: Outcomes could not be written.
        """
        await self._begin()
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._watch_requests)
                if self._options.handle_signals:
                    await group.start(stop_at_signals, self.stop)
                try:
                    with self._scope:
                        await self._send_all()
                except anyio.get_cancelled_exc_class():
                    self._reason = self._reason or "the task that ran it was cancelled"
                    raise
                except BaseException as error:  # noqa: BLE001 - raised below, outside the group, which would wrap it
                    self._fail(error)
                finally:
                    group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._finish()
        if self._failure is not None:
            raise self._failure
        if (unwritten := self._writer.error()) is not None:
            raise unwritten from self._error
        if self._options.on_progress is not None:
            self._options.on_progress(self._progress)
        return self._make_report()

    async def _begin(self) -> None:
        counts = await self._journal.counts()
        self._progress = progress_of(self._journal.name, self._facts, counts, in_use=True)
        limit = self._options.terms.spending_limit
        if limit is not None:
            self._spending = await spending_so_far(self._journal, limit, self._facts.options.line)
        await self._write_state(CampaignStatus.RUNNING, None)
        self._progress = evolve(self._progress, status=CampaignStatus.RUNNING, reason=None)
        self._emit()

    async def _send_all(self) -> None:
        """Send what is pending, and again what did not reach the gateway, for as long as that makes progress."""
        while True:
            before = self._recorded
            await self._send_pending()
            left = (await self._count_again()).pending
            if self._error is not None or self._source.exhausted or not left or self._recorded == before:
                break
        if self._error is not None:
            cause = self._error.__cause__
            # The hook that could not record the intent is this class's own: what happened to the journal is the reason.
            self._reason = str(cause if isinstance(cause, CampaignError) else self._error)
        elif left:
            self._reason = self._source.exhausted or f"{left:,} messages did not reach the gateway"

    def note_decisions(self, decision: Decision, before: Mapping[SendStatus | None, int]) -> None:
        """Count what an operator decided about meanwhile, by the outcomes before."""
        became = "pending" if decision is Decision.REQUEUED else "accepted"
        for status, count in before.items():
            self._count(**{str(status): -count, became: count})

    async def _count_again(self) -> CampaignProgress:
        """Count with nothing in flight: an operator may have decided about messages meanwhile."""
        running = evolve(self._facts, status=CampaignStatus.RUNNING, reason=None)
        self._progress = progress_of(self._journal.name, running, await self._journal.counts(), in_use=True)
        return self._progress

    async def _send_pending(self) -> None:
        concurrency, terms = self._options.concurrency, self._options.terms
        self._source = JournalSource(
            self._journal,
            self._facts.options,
            self._opt_outs,
            self._spending,
            self._wait_for_hours,
            concurrency * 2,
            terms.batch_size,
        )
        bulk = BulkOptions(
            batch_size=self._facts.options.batch_size,
            concurrency=concurrency,
            stop_on_error=terms.stop_on_error,
            before_send=self._before_send,
            withdraw=self._withdraw,
            after_send=self._after_send,
        )
        async with self._client.sms.bulk_with(self._source, bulk, timeout=terms.timeout) as run:
            while await run.take() is not None:
                self._report()
        if run.source_error is not None:
            raise run.source_error
        self._error = run.stopped_by

    async def _before_send(self, batch: Sequence[OutgoingMessage]) -> None:
        """Commit the intent. Called after every wait; a chunk that is sent in pieces is claimed once."""
        flight = self._source.flights[batch[0].index]
        if flight.claimed:
            return
        await self._wait_for_hours()
        await self._claim(flight)

    async def _withdraw(self, batch: Sequence[OutgoingMessage]) -> None:
        """Take the intent back before another wait: nothing was accepted, so a crash makes nothing unknown.

        A chunk that is sent in pieces keeps its claim, since the outcomes of its other pieces are not recorded yet.
        """
        flight = self._source.flights[batch[0].index]
        if not flight.claimed or len(batch) < flight.sent:
            return
        outcomes = [
            StoredOutcome(message.index, message.track_id, SendStatus.NOT_ATTEMPTED)
            for message in flight.chunk.messages
        ]
        await self._journal.settle(flight.no, flight.token or "", outcomes)
        flight.token, flight.claimed = None, False
        self._count(pending=flight.count, sending=-flight.count)

    async def _claim(self, flight: Flight) -> None:
        flight.token = secrets.token_hex(8)
        if not await self._journal.claim(flight.no, flight.token):
            flight.token = None
            raise CampaignError(
                f"{self._journal.name}: chunk {flight.no} was claimed by another run; it is not sent here"
            )
        flight.claimed = True
        self._count(pending=-flight.count, sending=flight.count)

    async def _after_send(self, results: Sequence[SendResult]) -> None:
        """Commit the outcomes. Called before the worker reads another chunk, and never cancelled."""
        flight = self._source.end_flight(result.index for result in results)
        outcomes = list(map(stored_outcome, results))
        counts = Counter(outcome.status for outcome in outcomes)
        self._settle_cost(flight, results)
        if flight.token is None:
            if counts[SendStatus.NOT_ATTEMPTED]:
                return  # it is pending as before; what an opt-out held back of it is held back again
            await self._claim(flight)
        if not flight.claimed:
            # The claim failed, so nothing was sent; should the journal have it all the same, this takes it back.
            with suppress(JournalError):
                await self._journal.settle(flight.no, flight.token or "", outcomes)
            return
        await self._writer.write(flight, results)
        self._count_outcomes(flight, counts)
        held_back = sum(isinstance(result.error, SuppressedError) for result in results)
        self._attempted.update(counts)
        self._attempted[SendStatus.REJECTED] -= held_back

    def _settle_cost(self, flight: Flight, results: Sequence[SendResult]) -> None:
        if self._spending is not None:
            line = self._facts.options.line
            charged = [one.message for one in results if one.status in {SendStatus.ACCEPTED, SendStatus.UNKNOWN}]
            costs = (self._spending.cost_of(one.message or "", one.sender or line, one.receiver) for one in charged)
            self._spending.settle(flight.cost, sum(costs))

    def _count_outcomes(self, flight: Flight, counts: Counter[SendStatus]) -> None:
        self._recorded += flight.count - counts[SendStatus.NOT_ATTEMPTED]
        self._count(
            pending=counts[SendStatus.NOT_ATTEMPTED],
            sending=-flight.count,
            accepted=counts[SendStatus.ACCEPTED],
            rejected=counts[SendStatus.REJECTED],
            unknown=counts[SendStatus.UNKNOWN],
        )

    def _count(self, **changes: int) -> None:
        self._progress = evolve(
            self._progress, **{name: getattr(self._progress, name) + change for name, change in changes.items()}
        )

    async def _wait_for_hours(self) -> None:
        hours = self._options.terms.sending_hours
        if hours is None or hours.is_open(self._now()):
            return
        opening = hours.next_opening(self._now())
        await self._show(f"waiting for the sending hours, until {opening:%Y-%m-%d %H:%M %Z}")
        await wait_until_open(hours, self._now, self._sleep)
        await self._show(None)

    async def _show(self, reason: str | None) -> None:
        """Show what the run waits for."""
        await self._write_state(CampaignStatus.RUNNING, reason)
        self._progress = evolve(self._progress, reason=reason)
        self._report()

    async def _watch_requests(self) -> None:
        try:
            while True:
                request = await self._journal.requested()
                if request is not None:
                    self.stop(request)
                    return
                await anyio.sleep(_POLL_SECONDS)
        except Exception as error:  # noqa: BLE001 - raised by `run`, outside the group, which would wrap it
            self._fail(error)
            self._scope.cancel()

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        self._reason = f"the run raised {type(error).__name__}"

    async def _finish(self) -> None:
        """Write what is left to write, and the status."""
        for flight, results in await self._writer.write_rest():
            self._count_outcomes(flight, Counter(stored_outcome(result).status for result in results))
        try:
            await self._opt_outs.store(self._journal)
            if await self._journal.requested() is StopRequest.CANCEL:  # it may have been asked for after a pause
                self.stop(StopRequest.CANCEL)
            await self._journal.clear_request()
            ended = CampaignStatus.CANCELED if self._stop is StopRequest.CANCEL else CampaignStatus.PAUSED
            facts = evolve(self._facts, status=ended, reason=self._reason or "stopped")
            self._progress = progress_of(self._journal.name, facts, await self._journal.counts(), in_use=False)
            await self._write_state(self._progress.status, self._progress.reason)
        except JournalError as error:
            logger.warning("campaign %s: its status could not be written (%s)", self._journal.name, error)
            self._progress = evolve(self._progress, status=CampaignStatus.PAUSED, reason=self._reason or str(error))
        self._emit()
        logger.info("campaign %s: %s", self._journal.name, self._progress.summary())

    def _make_report(self) -> CampaignReport:
        progress = self._progress
        return CampaignReport(
            progress.status,
            progress.total,
            progress.pending,
            progress.sending,
            progress.accepted,
            progress.rejected,
            progress.unknown,
            progress.reason,
            attempted={status: self._attempted[status] for status in SendStatus},
            error=self._error,
        )

    async def _write_state(self, status: CampaignStatus, reason: str | None) -> None:
        await self._journal.write_facts({"status": status.value, "reason": reason or ""})

    def _report(self) -> None:
        """Tell the caller and the hook how far the campaign has got."""
        self._emit()
        if self._options.on_progress is not None:
            self._options.on_progress(self._progress)

    def _emit(self) -> None:
        emit_progress(self._options.on_event, self._journal.name, self._progress)
