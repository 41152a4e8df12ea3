"""The file of a campaign, beside the file that it was planned from."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from wikipayam_async.campaigns.campaign import Campaign
from wikipayam_async.campaigns.errors import JournalError
from wikipayam_async.campaigns.facts import CampaignFacts, read_facts
from wikipayam_async.campaigns.models import CampaignStatus
from wikipayam_async.campaigns.sqlite.journal import SQLiteJournal
from wikipayam_async.errors import ConfigurationError

__all__ = ["CampaignFileError", "campaign_path", "command", "discard_unsent", "facts_of", "opened"]

_SUFFIX = ".campaign"


class CampaignFileError(ConfigurationError):
    """The file of a campaign cannot be used. Nothing was sent."""


def campaign_path(path: Path) -> Path:
    """Return the usual file of a campaign: beside the input file itself, even if the path is a symbolic link to it.

    Args:
        path: The input file.
    """
    real = path.resolve() if path.is_symlink() else path
    return real.with_name(real.name + _SUFFIX)


def command(name: str, path: Path, *options: str) -> str:
    """Return a command about a campaign, quoted for a shell.

    Args:
        name: The name of the command.
        path: The file of the campaign.
        options: The options.
    """
    target = f"./{path}" if str(path).startswith("-") else str(path)
    return " ".join(map(shlex.quote, ("wikipayam", "campaign", name, target, *options)))


async def facts_of(path: Path) -> CampaignFacts | None:
    """Return the facts of a campaign; None if there is no file, or nothing was planned in it.

    Args:
        path: The file of the campaign.

    Raises:
        JournalError: The file cannot be read.
    """
    journal = SQLiteJournal(path)
    try:
        facts: Mapping[str, str] = await journal.read_facts()
        return read_facts(journal.name, facts)
    finally:
        await journal.aclose()


@asynccontextmanager
async def opened(path: Path, campaign: Campaign | None = None) -> AsyncIterator[Campaign]:
    """Open a planned campaign.

    Args:
        path: The file of the campaign.
        campaign: The campaign; if None, one without a client.

    Raises:
        CampaignFileError: There is none.
        JournalError: The file cannot be read.
    """
    if not path.is_file() or await facts_of(path) is None:  # noqa: ASYNC240 - a moment
        raise CampaignFileError(f"{path}: is no campaign; `wikipayam bulk FILE` plans one, in FILE{_SUFFIX}")
    async with campaign or Campaign.open(None, path) as entered:
        yield entered


async def discard_unsent(path: Path) -> None:
    """Delete a campaign of which nothing was ever sent, unless another process uses it.

    Args:
        path: The file of the campaign.
    """
    if not path.exists():  # noqa: ASYNC240 - a moment
        return
    journal = SQLiteJournal(path)
    with suppress(JournalError):
        async with Campaign.open(None, journal) as campaign:
            await journal.lock()
            facts = read_facts(journal.name, await journal.read_facts())
            if facts is not None and facts.status is CampaignStatus.PLANNED:
                await campaign.purge()
