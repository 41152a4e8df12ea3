"""One run of a campaign in this process, while other processes may send it too."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime

import anyio
from attrs import asdict, evolve

from wikipayam_async.campaigns.errors import JournalError
from wikipayam_async.campaigns.facts import progress_of, read_facts
from wikipayam_async.campaigns.journal import StopRequest, StoredChunk
from wikipayam_async.campaigns.models import CampaignProgress, CampaignReport, CampaignStatus, Decision
from wikipayam_async.campaigns.progress_events import emit_progress
from wikipayam_async.campaigns.run_options import RunOptions
from wikipayam_async.campaigns.shared_sender import ChunkEnd, SentChunk, SharedSender
from wikipayam_async.campaigns.signals import stop_at_signals
from wikipayam_async.errors import WikipayamError
from wikipayam_async.outcomes import SendStatus

__all__ = ["SharedRun", "shared_progress"]

logger = logging.getLogger("wikipayam_async")

_POLL_SECONDS = 0.25
"""Seconds between two looks at the run, and for chunks that others may leave."""
_LONGEST_NAP = 30.0
_RECOVER_POLLS = 20
"""Looks after which chunks of dead processes are looked for."""


async def shared_progress(sender: SharedSender) -> CampaignProgress:
    """Return how far a campaign has got that this process sends.

    Raises:
        JournalError: The journal cannot be read.
    """
    journal = sender.journal
    facts = read_facts(journal.name, await journal.read_facts()) or sender.facts
    return progress_of(journal.name, facts, await journal.counts(), in_use=await journal.is_sent())


class SharedRun:
    """One run.

    Args:
        sender: Sends the chunks.
        options: The options of this process: concurrency, hooks, signals.
        now: Returns the time of day, for naps only: the journal's clock decides.
    """

    def __init__(self, sender: SharedSender, options: RunOptions, *, now: Callable[[], datetime]) -> None:
        self._sender = sender
        self._journal = sender.journal
        self._options = options
        self._now = now
        self._scope = anyio.CancelScope()
        self._reading = anyio.Lock()
        self._ready: deque[StoredChunk] = deque()
        self._after = -1
        self._unreached = 0
        self._stop: StopRequest | None = None
        self._reason: str | None = None
        self._error: WikipayamError | None = None
        self._failure: BaseException | None = None
        self._waiting: str | None = None
        self._progress: CampaignProgress

    def stop(self, request: StopRequest, reason: str | None = None) -> None:
        """Stop after what is in flight, in all processes."""
        if self._stop is not StopRequest.CANCEL:
            self._stop, self._reason = request, reason or request.status.value
        self._scope.cancel()

    def note_decisions(self, decision: Decision, before: Mapping[SendStatus | None, int]) -> None:
        """Do nothing: the counts are read from the journal."""

    async def run(self) -> CampaignReport:
        """Send what is pending, until nothing is left or the run is stopped.

        Raises:
            JournalError: The journal cannot be used.
            JournalWriteError: Outcomes could not be written.
        """
        self._progress = await shared_progress(self._sender)
        self._emit()
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._watch)
                if self._options.handle_signals:
                    await group.start(stop_at_signals, self.stop)
                with self._scope:
                    await self._send_all()
                group.cancel_scope.cancel()
        except anyio.get_cancelled_exc_class():
            self._stop, self._reason = StopRequest.PAUSE, "the task that ran it was cancelled"
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await self._finish()
        if (unwritten := self._sender.writer.error()) is not None:
            raise unwritten from self._failure
        if self._failure is not None:
            raise self._failure
        if self._options.on_progress is not None:
            self._options.on_progress(self._progress)
        return self._report_of()

    async def _send_all(self) -> None:
        async with anyio.create_task_group() as group:
            for _ in range(self._options.concurrency):
                group.start_soon(self._work)

    async def _work(self) -> None:
        """Send chunks until the run ends. Failures end it, and are raised by `run`."""
        try:
            while (chunk := await self._next()) is not None:
                await self._note(await self._sender.send(chunk.no, chunk))
        except Exception as error:  # noqa: BLE001 - raised by `run`, outside the groups, which would wrap it
            self._fail(error)

    async def _next(self) -> StoredChunk | None:
        """Return the next pending chunk, also one that others leave; None once nothing is left."""
        async with self._reading:
            while not self._ready:
                found = await self._journal.pending(self._after, self._options.concurrency)
                self._after = found[-1].no if found else -1
                self._ready.extend(found)
                if found:
                    break
                counts = await self._journal.counts()
                if not counts.pending and not counts.sending:
                    return None
                await anyio.sleep(_POLL_SECONDS)
            return self._ready.popleft()

    async def _note(self, sent: SentChunk) -> None:
        self._unreached = self._unreached + 1 if sent.end is ChunkEnd.UNREACHED else 0
        if sent.end is ChunkEnd.STOPPED:
            self._error = sent.error
            self._scope.cancel()
        elif sent.end is ChunkEnd.UNREACHED and self._unreached >= max(self._options.concurrency, 3):
            self._error = sent.error
            self.stop(StopRequest.PAUSE, str(sent.error))
        elif sent.end is ChunkEnd.CLOSED and sent.opening is not None:
            await self._wait_until(sent.opening)
        if sent.end is ChunkEnd.SENT:
            await self._show(None)

    async def _wait_until(self, opening: datetime) -> None:
        await self._show(f"waiting for the sending hours, until {opening:%Y-%m-%d %H:%M %Z}")
        seconds = opening.timestamp() - self._now().timestamp()
        await self._sender.sleep(min(max(seconds, _POLL_SECONDS), _LONGEST_NAP))

    async def _show(self, waiting: str | None) -> None:
        """Tell the caller how far the campaign has got, and what it waits for."""
        if waiting != self._waiting:
            self._waiting = waiting
            await self._journal.show(waiting or "")
        self._progress = await shared_progress(self._sender)
        self._emit()
        if self._options.on_progress is not None:
            self._options.on_progress(self._progress)

    async def _watch(self) -> None:
        """Stop when the run was stopped elsewhere; take chunks of dead processes over."""
        polls = 0
        try:
            while True:
                state = await self._journal.run_state()
                if not state.active or state.number != self._sender.run:
                    self._scope.cancel()
                    return
                if (request := await self._journal.requested()) is not None:  # it was asked for while the run began
                    self.stop(request)
                    return
                polls += 1
                if polls % _RECOVER_POLLS == 0:
                    await self._journal.recover()
                await anyio.sleep(_POLL_SECONDS)
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
            self._stop, self._reason = StopRequest.PAUSE, f"the run raised {type(error).__name__}"
        self._scope.cancel()

    async def _finish(self) -> None:
        """End the run if it is this process's, or if it was asked to stop for all; leave it to the workers otherwise."""
        try:
            await self._sender.take_back()
            await self._journal.leave_run()
            state = await self._journal.run_state()
            is_last = state.queue is None and not state.sends
            if self._stop is not None and (is_last or self._asked_for_all):
                await self._journal.stop_run(self._sender.run, self._stop, self._reason or self._stop.status.value)
                await self._journal.clear_request()
            await self._journal.complete_run()
            self._progress = await shared_progress(self._sender)
        except JournalError as error:
            logger.warning("campaign %s: its status could not be written (%s)", self._journal.name, error)
            self._progress = evolve(self._progress, status=CampaignStatus.PAUSED, reason=self._reason or str(error))
        self._emit()
        logger.info("campaign %s: %s", self._journal.name, self._progress.summary())

    @property
    def _asked_for_all(self) -> bool:
        return self._reason in {request.status.value for request in StopRequest}

    def _report_of(self) -> CampaignReport:
        counts = {status: self._sender.attempted[status] for status in SendStatus}
        return CampaignReport(**asdict(self._progress), attempted=counts, error=self._error)

    def _emit(self) -> None:
        emit_progress(self._options.on_event, self._journal.name, self._progress)
