"""One bulk send from the command line: the plan of the file, the confirmation, the run."""

from __future__ import annotations

from pathlib import Path

import anyio
from attrs import evolve, frozen

from wikipayam_async.campaigns.campaign import Campaign
from wikipayam_async.campaigns.models import CampaignStatus
from wikipayam_async.cli.bulk.options import BulkCommandOptions
from wikipayam_async.cli.bulk.plan import FilePlan, PlannedFile
from wikipayam_async.cli.campaign.causes import read_causes
from wikipayam_async.cli.campaign.check import confirmed, described_check, show_check
from wikipayam_async.cli.campaign.locations import Location, discard_unsent
from wikipayam_async.cli.campaign.report import RunSummary, show_summary
from wikipayam_async.cli.campaign.run import CampaignRunner
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import Session, online
from wikipayam_async.cli.settings import NO_TOKEN, Settings, need_token
from wikipayam_async.cost.money import format_money
from wikipayam_async.errors import APIStatusError, AuthenticationError, ResponseError

__all__ = ["BulkCommand"]


@frozen
class BulkCommand:
    """One `wikipayam bulk` command.

    Attributes:
        file: The input file.
        options: The options of the command line.
        out: The output.
        settings: The settings of the environment.
    """

    file: Path
    options: BulkCommandOptions
    out: Output
    settings: Settings

    def run(self) -> Exit:
        """Run the command.

        Returns:
            The exit code.

        Raises:
            WikipayamError: The reason why nothing was sent.
        """
        self.options.check()
        plan = FilePlan(self.file, self.options.location(self.file), self.options, self.settings)
        if self.options.planning.dry_run:
            return self._dry_run(anyio.run(plan.dry_run))
        found: list[PlannedFile] = []

        async def work(session: Session) -> None:
            found.append(await plan.plan(session.client))

        settings = evolve(self.settings, token=self.settings.token or NO_TOKEN)
        code = online(self.options.connection, work, settings=settings, reports_sends=True)
        if not found:
            if code is Exit.INTERRUPTED:
                self.out.warn("nothing was sent; the same command begins again")
            return code
        try:
            return self._send(plan.location, found[0])
        finally:
            if not found[0].resumed:
                anyio.run(discard_unsent, plan.location)

    def _dry_run(self, planned: PlannedFile) -> Exit:
        show_check(self.out, planned.check, planned.detected_format)
        self.out.emit(described_check(planned.check))
        return Exit.REJECTED if planned.check.bad else Exit.OK

    def _send(self, location: Location, planned: PlannedFile) -> Exit:
        check = planned.check
        if planned.status in {CampaignStatus.COMPLETED, CampaignStatus.CANCELED}:
            self.out.say(f"nothing is left to send; to send the file again: {location.another} ({planned.status})")
            return anyio.run(self._summary, location)
        if planned.resumed:
            self.out.say(f"resuming {location} ({location.command('status')})")
        show_check(self.out, check, planned.detected_format)
        if not check.messages and not planned.resumed:
            self.out.warn("nothing to send")
            self.out.emit(described_check(check))
            return Exit.REJECTED if check.bad else Exit.OK
        settings = evolve(self.settings, token=need_token(self.settings))
        if settings.ignored:
            self.out.warn(settings.ignored)
        code = self._check_account(check.cost, settings)
        if code is not Exit.OK:
            return code
        ask = not self.options.planning.skip_bad_rows
        if not confirmed(check, self.options.confirmation, self.out, ask_about_bad_rows=ask):
            self.out.warn("nothing was sent")
            return Exit.USAGE
        runner = CampaignRunner(
            location=location,
            sending=self.options.sending,
            spending=self.options.sending.spending(self.options.confirmation.tariff),
            prices=self.options.confirmation.prices,
            opt_out=self.options.opt_outs(),
            fingerprint=planned.fingerprint,
        )
        return online(self.options.connection, runner.run, settings=settings, reports_sends=True)

    async def _summary(self, location: Location) -> Exit:
        async with Campaign.open(None, location.journal()) as campaign:
            summary = RunSummary(
                location=location, progress=await campaign.progress(), causes=await read_causes(campaign)
            )
        show_summary(self.out, summary)
        return summary.code

    def _check_account(self, cost: int | None, settings: Settings) -> Exit:
        """Read the balance: it fails, before anything is sent, if the token is refused or the gateway is down."""

        async def work(session: Session) -> None:
            await _compare_with_balance(session, cost)

        return online(self.options.connection, work, settings=settings)


async def _compare_with_balance(session: Session, cost: int | None) -> None:
    try:
        found = await session.client.balance()
    except AuthenticationError:
        raise
    except (APIStatusError, ResponseError) as error:
        session.out.warn(f"the balance is unknown: {error}")
        return
    if cost is not None:
        enough = "" if found.balance >= cost else ", which is not enough"
        session.out.say(f"balance: {format_money(found.balance)}{enough}")
