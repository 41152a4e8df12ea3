"""Runs a campaign: sends what is pending, shows the progress, and the outcome of all messages."""

from __future__ import annotations

from functools import partial

import anyio
from attrs import evolve, frozen

from wikipayam_async.campaigns.campaign import Campaign
from wikipayam_async.campaigns.errors import JournalWriteError, PlanChangedError
from wikipayam_async.campaigns.facts import CampaignFacts
from wikipayam_async.campaigns.models import CampaignReport, CampaignStatus
from wikipayam_async.campaigns.rules import LIMIT_REACHED, SpendingLimit
from wikipayam_async.cli.campaign.causes import read_causes
from wikipayam_async.cli.campaign.locations import Location, UnusableCampaignError, facts_of, opened
from wikipayam_async.cli.campaign.options import SendingOptions
from wikipayam_async.cli.campaign.progress import progress
from wikipayam_async.cli.campaign.report import RunSummary, show_summary
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.prices import PriceOptions
from wikipayam_async.cli.session import Session
from wikipayam_async.optout import OptOutList

__all__ = ["CampaignRunner"]

_SECOND = 1.0


@frozen(kw_only=True)
class CampaignRunner:
    """One run of a campaign.

    Attributes:
        location: Where the campaign is kept.
        sending: How to send.
        spending: The spending limit, if there is one.
        opt_out: The numbers that opted out, beside those that the campaign knows.
        prices: The prices of the command line.
        fingerprint: That of the plan that was confirmed; None for whatever is planned.
    """

    location: Location
    sending: SendingOptions
    spending: SpendingLimit | None = None
    opt_out: OptOutList | None = None
    prices: PriceOptions = PriceOptions()
    fingerprint: str | None = None

    async def run(self, session: Session) -> Exit:
        """Run the campaign; on cancellation, finish what is in flight, and show the summary.

        Args:
            session: The session of the command.

        Raises:
            WikipayamError: Why nothing was sent.
        """
        facts = await facts_of(self.location)
        if facts is None or (self.fingerprint is not None and facts.plan.fingerprint != self.fingerprint):
            raise UnusableCampaignError(f"{self.location}: another process has replaced the campaign; nothing was sent")
        client = session.client.with_options(sender=facts.options.line)
        async with opened(self.location, client) as campaign:
            try:
                report = await self._run(session, campaign, facts)
            except JournalWriteError as error:
                return await self._show(session, campaign, failure=error)
            except PlanChangedError as error:
                failure = UnusableCampaignError(f"{self.location}: {error}")
            except anyio.get_cancelled_exc_class():
                with anyio.CancelScope(shield=True):
                    await self._show(session, campaign, interrupted=True)
                raise
            else:
                return await self._show(session, campaign, report)
        raise failure

    async def _run(self, session: Session, campaign: Campaign, facts: CampaignFacts) -> CampaignReport:
        start = await campaign.progress()
        pace = self.sending.pace(facts.plan.batch_size, planned=True)
        if pace is not None and start.status is not CampaignStatus.PLANNED:
            await anyio.sleep(_SECOND)  # an earlier run may have sent a second's messages just now
        with progress(session.out, start) as show:
            run = partial(
                campaign.run,
                concurrency=self.sending.concurrency,
                stop_on_error=self.sending.stop_on_error,
                sending_hours=self.sending.hours(),
                spending_limit=self.spending,
                opt_out=self.opt_out,
                on_progress=show,
            )
            if pace is None:
                return await run()
            return await run(rate_limit=pace.limit, batch_size=pace.batch_size)

    async def _show(
        self,
        session: Session,
        campaign: Campaign,
        report: CampaignReport | None = None,
        *,
        failure: JournalWriteError | None = None,
        interrupted: bool = False,
    ) -> Exit:
        now = report or await campaign.progress()
        if now.status is CampaignStatus.PLANNED:
            session.out.warn("nothing was sent")
            return Exit.INTERRUPTED
        summary = RunSummary(
            location=self.location,
            progress=now,
            causes=await read_causes(campaign),
            report=report,
            failure=failure,
            interrupted=interrupted,
            options=self._words(now.reason or ""),
        )
        show_summary(session.out, summary)
        return summary.code

    def _words(self, reason: str) -> list[str]:
        """Return the options of the next run; with the limit that is reached it would send nothing."""
        reached = reason.startswith(LIMIT_REACHED)
        return (evolve(self.sending, spending_limit=None) if reached else self.sending).words(self.prices)
