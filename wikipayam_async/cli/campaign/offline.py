"""Commands about a campaign that need no gateway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import anyio
from attrs import frozen

from wikipayam_async.campaigns.campaign import Campaign
from wikipayam_async.campaigns.models import CampaignResult
from wikipayam_async.cli.campaign.locations import Location, UnusableCampaignError, opened
from wikipayam_async.cli.campaign.options import Chosen
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, plain, visible
from wikipayam_async.cli.prompts import confirm
from wikipayam_async.cli.session import OutputOptions, guarded
from wikipayam_async.core.converter import encode_json
from wikipayam_async.redact.masks import mask_number

__all__ = ["RESULT_COLUMNS", "OpenCampaign", "after_confirmation", "offline", "show_result"]

RESULT_COLUMNS = ("row", "receiver", "status", "id", "track id", "cause", "delivery")


@frozen
class OpenCampaign:
    """The context of a command that needs no gateway.

    Attributes:
        campaign: The campaign.
        location: Where it is kept.
        out: The output.
    """

    campaign: Campaign
    location: Location
    out: Output


Work: TypeAlias = Callable[[OpenCampaign], Awaitable[Exit | None]]
"""The work of a command: returns the exit code; None is `OK`."""
Opening: TypeAlias = Callable[[Location], AbstractAsyncContextManager[Campaign]]
"""Opens a campaign."""


def offline(chosen: Chosen, output: OutputOptions, work: Work, opening: Opening = opened) -> Exit:
    """Run a command that needs the campaign and no gateway.

    Args:
        chosen: The campaign.
        output: How to show the result.
        work: The command.
        opening: Opens the campaign; by default one with a whole plan.
    """
    out = Output(json=output.json)

    async def run() -> Exit:
        location = chosen.location()
        async with opening(location) as campaign:
            return await work(OpenCampaign(campaign, location, out)) or Exit.OK

    return guarded(out, lambda: anyio.run(run))


def after_confirmation(
    question: str, chosen: Chosen, work: Work, output: OutputOptions, *, yes: bool, opening: Opening = opened
) -> Exit:
    """Do something that cannot be undone, if it is confirmed.

    Args:
        question: What will happen, with braces for the campaign.
        chosen: The campaign.
        work: The command.
        output: How to show the result.
        yes: Whether not to ask.
        opening: Opens the campaign.
    """
    out = Output(json=output.json)

    def ask_first() -> Exit:
        location = chosen.location()
        if not location.exists:
            raise UnusableCampaignError(f"{location}: there is no such file")
        if not yes and not confirm(question.format(location), out, instead="--yes"):
            out.warn("nothing was changed")
            return Exit.USAGE
        return offline(chosen, output, work, opening)

    return guarded(out, ask_first)


def show_result(out: Output, result: CampaignResult, *, track_id_only: bool) -> None:
    """Show what is known of a message: as JSON, as its track id, or as cells, with the receiver masked.

    Args:
        out: The output.
        result: What is known.
        track_id_only: Show only the track id.
    """
    if out.json:
        out.data(encode_json(plain(result)).decode() + "\n")
    elif track_id_only:
        if result.track_id:
            out.tell(result.track_id)
    else:
        cells = (
            result.row, mask_number(result.receiver), result.status.value, result.id, result.track_id, result.reason,
            result.delivery,
        )  # fmt: skip
        out.data("\t".join("" if cell is None else visible(str(cell)) for cell in cells) + "\n")
