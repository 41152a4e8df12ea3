"""`wikipayam campaign run`, and the question before anything of a campaign is sent."""

from __future__ import annotations

import anyio

from wikipayam_async.campaigns.campaign import Campaign
from wikipayam_async.campaigns.facts import CampaignFacts
from wikipayam_async.campaigns.models import CampaignStatus
from wikipayam_async.cli.campaign.check import PlanCheck, PlanTally, confirmed, count_pending
from wikipayam_async.cli.campaign.locations import Location, need_facts
from wikipayam_async.cli.campaign.options import Chosen, ConfirmationOptions, SendingOptions
from wikipayam_async.cli.campaign.run import CampaignRunner
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import GatewayOptions, guarded, online
from wikipayam_async.optout import OptOutList

__all__ = ["may_start", "resume"]


def resume(
    chosen: Chosen, sending: SendingOptions, confirmation: ConfirmationOptions, connection: GatewayOptions
) -> Exit:
    """Resume a campaign.

    Args:
        chosen: The campaign.
        sending: How to send.
        confirmation: What to ask before the first run.
        connection: How to reach the gateway.
    """
    out = Output(json=connection.json)

    def work() -> Exit:
        location = chosen.location()
        sending.check()
        sending.hours()
        runner = CampaignRunner(
            location=location,
            sending=sending,
            spending=sending.spending(confirmation.tariff),
            prices=confirmation.prices,
            opt_out=None if sending.opt_out is None else OptOutList.read(sending.opt_out),
        )
        if not may_start(location, anyio.run(need_facts, location), confirmation, out):
            out.warn("nothing was sent")
            return Exit.USAGE
        return online(connection, runner.run, reports_sends=True)

    return guarded(out, work)


def may_start(location: Location, facts: CampaignFacts, confirmation: ConfirmationOptions, out: Output) -> bool:
    """Return whether a campaign may be sent: it was begun before, or that is confirmed.

    Args:
        location: Where the campaign is kept.
        facts: What is known of it.
        confirmation: What to ask.
        out: The output.

    Raises:
        InvalidInputError: A question is necessary, and stdin is no terminal.
    """
    if facts.status is not CampaignStatus.PLANNED:
        return True
    return confirmed(anyio.run(_check, location, facts, confirmation), confirmation, out)


async def _check(location: Location, facts: CampaignFacts, confirmation: ConfirmationOptions) -> PlanCheck:
    tally = PlanTally(confirmation.tariff, facts.plan.line)
    async with Campaign.open(None, location.journal()) as campaign:
        await count_pending(campaign, tally)
    return tally.check()
