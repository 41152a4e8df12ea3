"""`wikipayam campaign run`, `pause` and `cancel`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from wikipayam_async.campaigns.models import CampaignStatus
from wikipayam_async.cli.campaign.offline import OpenCampaign, after_confirmation, offline
from wikipayam_async.cli.campaign.options import Chosen, ConfirmationOptions, DatabaseOptions, SendingOptions
from wikipayam_async.cli.campaign.resume import resume
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.session import GatewayOptions, OutputOptions

__all__ = ["cancel", "pause", "run"]


def run(
    file: Path | None = None,
    *,
    sending: SendingOptions = SendingOptions(),
    confirmation: ConfirmationOptions = ConfirmationOptions(),
    database: DatabaseOptions = DatabaseOptions(),
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Resume a campaign: send what is left. The input file is not needed.

    What was in flight when an earlier run ended without notice becomes unknown, and is not sent again. A campaign that
    was never run asks first.

    Args:
        file: The file of the campaign, unless it is in a database.
        sending: How to send.
        confirmation: What to ask before sending.
        database: Where the campaign is, if not in a file.
        connection: How to reach the gateway.
    """
    return resume(Chosen(file, database), sending, confirmation, connection)


def pause(
    file: Path | None = None, *, database: DatabaseOptions = DatabaseOptions(), output: OutputOptions = OutputOptions()
) -> Exit:
    """Pause a campaign, also one that other processes send: they finish what is in flight, record it, and stop.

    Args:
        file: The file of the campaign, unless it is in a database.
        database: Where the campaign is, if not in a file.
        output: How to show the result.
    """

    async def ask(found: OpenCampaign) -> None:
        await found.campaign.pause()
        command = found.location.how_to_go_on(CampaignStatus.PAUSED)
        found.out.show(f"paused; to go on: {command}", {"paused": str(found.location)})

    return offline(Chosen(file, database), output, ask)


def cancel(
    file: Path | None = None,
    *,
    yes: Annotated[bool, Parameter(negative="")] = False,
    database: DatabaseOptions = DatabaseOptions(),
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Cancel a campaign for good, after a confirmation: what was not sent is never sent.

    Args:
        file: The file of the campaign, unless it is in a database.
        yes: Do not ask.
        database: Where the campaign is, if not in a file.
        output: How to show the result.
    """

    async def ask(found: OpenCampaign) -> None:
        await found.campaign.cancel()
        found.out.show("canceled", {"canceled": str(found.location)})

    return after_confirmation("Cancel {} for good", Chosen(file, database), ask, output, yes=yes)
