"""`wikipayam campaign run`."""

from __future__ import annotations

from pathlib import Path

import anyio

from wikipayam_async.campaigns.campaign import Campaign
from wikipayam_async.campaigns.facts import CampaignFacts
from wikipayam_async.campaigns.models import CampaignStatus
from wikipayam_async.cli.campaign.check import PlanCheck, PlanTally, confirmed, count_pending
from wikipayam_async.cli.campaign.files import CampaignFileError, facts_of
from wikipayam_async.cli.campaign.options import ConfirmationOptions, SendingOptions
from wikipayam_async.cli.campaign.run import CampaignRunner
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import GatewayOptions, guarded, online
from wikipayam_async.optout import OptOutList

__all__ = ["resume"]


def resume(file: Path, sending: SendingOptions, confirmation: ConfirmationOptions, connection: GatewayOptions) -> Exit:
    """Resume a campaign.

    Args:
        file: The file of the campaign.
        sending: How to send.
        confirmation: What to ask before the first run.
        connection: How to reach the gateway.
    """
    out = Output(json=connection.json)

    def work() -> Exit:
        sending.check()
        sending.hours()
        runner = CampaignRunner(
            path=file,
            sending=sending,
            spending=sending.spending(confirmation.tariff),
            opt_out=None if sending.opt_out is None else OptOutList.read(sending.opt_out),
        )
        facts = anyio.run(facts_of, file)
        if facts is None:
            raise CampaignFileError(f"{file}: is no campaign; `wikipayam bulk FILE` plans one, in FILE.campaign")
        if facts.status is CampaignStatus.PLANNED and not confirmed(
            anyio.run(_check, file, facts, confirmation), confirmation, out
        ):
            out.warn("nothing was sent")
            return Exit.USAGE
        return online(connection, runner.run, reports_sends=True)

    return guarded(out, work)


async def _check(file: Path, facts: CampaignFacts, confirmation: ConfirmationOptions) -> PlanCheck:
    tally = PlanTally(confirmation.tariff, facts.plan.line)
    async with Campaign.open(None, file) as campaign:
        await count_pending(campaign, tally)
    return tally.check()
