"""What can be read of a campaign, from any process: the part of `Campaign` that changes nothing."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Protocol, Self

import anyio

from wikipayam_async.bulk.hours import Now, Sleep, utc_now
from wikipayam_async.campaigns.errors import CampaignError, JournalError
from wikipayam_async.campaigns.export import ExportFormat, export_results, format_of
from wikipayam_async.campaigns.facts import CampaignFacts, progress_of, read_facts
from wikipayam_async.campaigns.journal import Journal, StopRequest
from wikipayam_async.campaigns.models import (
    AuditEntry,
    CampaignProgress,
    CampaignReport,
    CampaignResult,
    CampaignStatus,
    Decision,
    OnCampaignEvent,
)
from wikipayam_async.campaigns.shared import SharedJournal
from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.errors import ClosedError, ConfigurationError, InvalidInputError
from wikipayam_async.misuse import AsyncOnly
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import shape_of

__all__ = ["CampaignView"]

logger = logging.getLogger("wikipayam_async")

_PAGE = 1000


class ActiveRun(Protocol):
    """A run in this process."""

    async def run(self) -> CampaignReport:
        """Send what is pending."""
        ...

    def stop(self, request: StopRequest, reason: str | None = None) -> None:
        """Stop after what is in flight."""
        ...

    def note_decisions(self, decision: Decision, before: Mapping[SendStatus | None, int]) -> None:
        """Count what an operator decided about meanwhile, by the outcomes before."""
        ...


class CampaignView(AsyncOnly):
    """The part of a campaign that changes nothing."""

    _usage: ClassVar[str] = "a campaign is opened with async: async with Campaign.open(client, path) as campaign: ..."

    def __init__(
        self,
        client: AsyncWikipayam | None,
        journal: Journal,
        *,
        on_event: OnCampaignEvent | None = None,
        now: Now = utc_now,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        self._client = client
        self._journal = journal
        self._on_event = on_event
        self._now = now
        self._sleep = sleep
        self._entered = False
        self._run: ActiveRun | None = None
        self._running = False
        self._asked: StopRequest | None = None
        self._writes = False
        self._planning = anyio.Lock()

    async def __aenter__(self) -> Self:
        self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            try:
                if self._writes:
                    await self._apply_cancellation()
                    await self._journal.clear_request()
            except CampaignError as failure:
                logger.warning("campaign %s: a request to stop could not be recorded (%s)", self.name, failure)
            finally:
                self._entered = self._writes = False
                await self._journal.aclose()

    @property
    def name(self) -> str:
        """The name of the campaign: that of its journal's file without the extension."""
        return self._journal.name

    async def progress(self) -> CampaignProgress:
        """Return how far the campaign has got, also while another process runs it.

        Raises:
            CampaignError: Nothing is planned.
            JournalError: The journal cannot be read.
        """
        facts = await self._need_facts()
        in_use = await self._is_sent()
        if facts.status is CampaignStatus.RUNNING and not in_use:
            facts = await self._need_facts()  # the run may have ended between the two looks
        counts = await self._journal.counts()
        try:
            return progress_of(self.name, facts, counts, in_use=in_use)
        except JournalError:
            await self._need_facts()  # it may have been purged between the two looks
            raise

    async def _is_sent(self) -> bool:
        if isinstance(self._journal, SharedJournal):
            return await self._journal.is_sent()
        return self._run is not None if self._writes else await self._journal.in_use()

    async def results(self, *, status: SendStatus | str | None = None) -> AsyncGenerator[CampaignResult]:
        """Yield what is known of each message, in the order of the plan, also while another process runs the campaign.

        Args:
            status: Only messages with this status: `accepted`, `rejected`, `unknown` or `not_attempted`.

        Raises:
            InvalidInputError: The value is not a status.
            CampaignError: Nothing is planned, or the campaign was purged meanwhile.
            JournalError: Messages are missing in the journal.
        """
        self._check_entered()
        wanted = None if status is None else _send_status(status)
        await self._need_facts()
        after, count = -1, 0
        while page := await self._journal.results(after, _PAGE, wanted):
            for result in page:
                yield result
                self._check_entered()  # the consumer may have left the block meanwhile
            after, count = page[-1].index, count + len(page)
        # Whoever purges the campaign meanwhile must not make an end of the middle.
        total = (await self._need_facts()).plan.total
        if wanted is None and count != total:
            raise JournalError(f"{self.name}: the journal is damaged: {count:,} of {total:,} messages are there")

    async def audit(self) -> list[AuditEntry]:
        """Return every decision about unknown and rejected messages, oldest first. The journal never changes them."""
        self._check_entered()
        return [entry async for entry in self._audit_after(0)]

    async def _audit_after(self, count: int) -> AsyncGenerator[AuditEntry]:
        while page := await self._journal.audit(count, _PAGE):
            for entry in page:
                yield entry
            count += len(page)

    async def export(self, path: str | os.PathLike[str], *, format: ExportFormat | None = None) -> int:  # noqa: A002 - the usual word
        """Write what is known of each message to a file, with the caller's columns first. Only its owner can read it.

        Args:
            path: The file; it is replaced once the new one is complete.
            format: `csv`, for spreadsheets: with a byte order mark, and cells that would run as formulas escaped with an
                apostrophe; or `jsonl`. If None, by the file's name.

        Returns:
            The number of messages.

        Raises:
            InvalidInputError: The format is not known, or the file cannot be written.
            CampaignError: Nothing is planned.
        """
        target = Path(path)
        chosen = format_of(target, format)
        if target.resolve() == getattr(self._journal, "path", None):  # noqa: ASYNC240 - a moment
            raise InvalidInputError("path", rule="expected another file than the journal", got=str(target))
        facts = await self._need_facts()
        return await export_results(target, chosen, self.results(), facts.columns)

    async def _apply_cancellation(self) -> None:
        """Record that the campaign is canceled, if another process asked this writer for it."""
        if await self._journal.requested() is StopRequest.CANCEL:
            await self._stop_idle(StopRequest.CANCEL)
            await self._journal.clear_request()

    async def _stop_idle(self, request: StopRequest) -> None:
        """Record that a campaign, which nobody sends now, is paused or canceled."""
        facts = await self._need_facts()
        progress = progress_of(self.name, facts, await self._journal.counts(), in_use=False)
        if progress.status not in {CampaignStatus.COMPLETED, CampaignStatus.CANCELED}:
            status = request.status
            await self._journal.write_facts({"status": status.value, "reason": status.value})

    async def _lock(self) -> None:
        """Become the writer of the journal, until the end of the block."""
        await self._journal.lock()
        self._writes = True

    def _check_entered(self) -> None:
        if not self._entered:
            raise ClosedError("enter the campaign first: async with Campaign.open(client, path) as campaign")

    def _need_client(self, method: str) -> AsyncWikipayam:
        if self._client is None:
            raise ConfigurationError(f"client: {method}() needs one; write Campaign.open(client, ...)")
        return self._client

    async def _facts(self) -> CampaignFacts | None:
        return read_facts(self.name, await self._journal.read_facts())

    async def _need_facts(self) -> CampaignFacts:
        self._check_entered()
        facts = await self._facts()
        if facts is None:
            raise CampaignError(f"{self.name}: nothing is planned here; call plan() first")
        return facts


def _send_status(status: object) -> SendStatus:
    try:
        return SendStatus(status)  # type: ignore[arg-type]  # checked here
    except ValueError:
        rule = f"expected one of {', '.join(SendStatus)}"
        failure = InvalidInputError("status", rule=rule, got=shape_of(status))
    raise failure
