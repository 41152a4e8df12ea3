"""`wikipayam campaign status`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from wikipayam_async.cli.campaign.causes import read_causes
from wikipayam_async.cli.campaign.offline import OpenCampaign, offline
from wikipayam_async.cli.campaign.options import Chosen, DatabaseOptions
from wikipayam_async.cli.campaign.report import RunSummary, described, next_steps, state_text
from wikipayam_async.cli.campaign.watch import watch_campaign
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.session import OutputOptions

__all__ = ["status"]


def status(
    file: Path | None = None,
    *,
    watch: Annotated[bool, Parameter(negative="")] = False,
    database: DatabaseOptions = DatabaseOptions(),
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Show how far a campaign has got, and why messages were not accepted. It may be running.

    With --watch the exit code is that of a run: 0 if all messages are accepted, 1 if some are rejected, 3 if some are
    unknown.

    Args:
        file: The file of the campaign, unless it is in a database.
        watch: Show progress, workers, rate and remaining time until the campaign is completed or canceled.
        database: Where the campaign is, if not in a file.
        output: How to show the result.
    """

    async def show(found: OpenCampaign) -> Exit:
        if watch:
            await watch_campaign(found)
        now, causes = await found.campaign.progress(), await read_causes(found.campaign)
        summary = RunSummary(location=found.location, progress=now, causes=causes)
        found.out.report("\n".join([state_text(now), *causes.lines()]), described(found.location, now, causes))
        for line in next_steps(found.location, now):
            found.out.say(line)
        return summary.code if watch else Exit.OK

    return offline(Chosen(file, database), output, show)
