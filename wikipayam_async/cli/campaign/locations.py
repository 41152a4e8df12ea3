"""Where a campaign is kept: in a file beside the file that it was planned from, or in a database, under a name."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen

from wikipayam_async.campaigns.campaign import Campaign
from wikipayam_async.campaigns.errors import JournalError
from wikipayam_async.campaigns.facts import CampaignFacts, read_facts
from wikipayam_async.campaigns.journal import Journal
from wikipayam_async.campaigns.models import CampaignStatus
from wikipayam_async.campaigns.sqlite.journal import SQLiteJournal
from wikipayam_async.cli.campaign.dashboard import WorkerRow, row_of
from wikipayam_async.cli.database import Database
from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.errors import ConfigurationError

if TYPE_CHECKING:
    from wikipayam_async.integrations.procrastinate.journal import PostgresJournal

__all__ = [
    "DatabaseLocation",
    "FileLocation",
    "Location",
    "UnusableCampaignError",
    "campaign_path",
    "discard_unsent",
    "facts_of",
    "need_facts",
    "opened",
    "remains",
]

_SUFFIX = ".campaign"


class UnusableCampaignError(ConfigurationError):
    """There is no campaign, or it cannot be used. Nothing was sent."""


class Location(Protocol):
    """Where a campaign is kept. Its text names it in messages, without a password."""

    @property
    def exists(self) -> bool:
        """Whether there may be a campaign. What is not there is not made by a question about it."""
        ...

    @property
    def how_to_plan(self) -> str:
        """The command that plans a campaign there."""
        ...

    async def is_begun(self) -> bool:
        """Return whether there is a campaign, or what is left of one whose plan or deletion was cut off."""
        ...

    def how_to_go_on(self, status: CampaignStatus, *options: str) -> str:
        """Return the command that sends what is left.

        Args:
            status: The state of the campaign.
            options: The options of the last run that a campaign in a file does not keep.
        """
        ...

    @property
    def another(self) -> str:
        """The option that names another campaign."""
        ...

    def journal(self) -> Journal:
        """Return a journal of the campaign; nothing is opened yet."""
        ...

    async def workers(self) -> Sequence[WorkerRow]:
        """Return the workers that may send the campaign."""
        ...

    def command(self, name: str, *options: str) -> str:
        """Return a command about the campaign, quoted for a shell.

        Args:
            name: The name of the command.
            options: The options.
        """
        ...


@frozen
class FileLocation:
    """A file.

    Attributes:
        path: The file.
    """

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def exists(self) -> bool:
        """Whether there is such a file."""
        return self.path.is_file()

    @property
    def how_to_plan(self) -> str:
        """The command that plans a campaign there."""
        return f"`wikipayam bulk FILE` plans one, in FILE{_SUFFIX}"

    def how_to_go_on(self, status: CampaignStatus, *options: str) -> str:  # noqa: ARG002 - as the protocol has it
        """Return the command that sends what is left."""
        return self.command("run", *options)

    @property
    def another(self) -> str:
        """The option that names another campaign."""
        return f"--campaign OTHER{_SUFFIX}"

    def journal(self) -> SQLiteJournal:
        """Return the journal of the file."""
        return SQLiteJournal(self.path)

    async def is_begun(self) -> bool:
        """Return whether the file is that of a campaign, though without a whole plan."""
        async with aclosing(self.journal()) as journal:
            return await journal.is_begun()

    async def workers(self) -> Sequence[WorkerRow]:
        """Return none: one process sends a campaign in a file."""
        return ()

    def command(self, name: str, *options: str) -> str:
        """Return a command about the campaign, quoted for a shell."""
        target = f"./{self.path}" if str(self.path).startswith("-") else str(self.path)
        return _command(name, target, *options)


@frozen
class DatabaseLocation:
    """A name in a database.

    Attributes:
        database: The database.
        name: The name of the campaign.
    """

    database: Database = field(repr=False)
    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def exists(self) -> bool:
        """Whether there may be a campaign: the database knows."""
        return True

    @property
    def how_to_plan(self) -> str:
        """The command that plans a campaign there."""
        return f"`{_command('plan', 'FILE', *self._options)}` plans one"

    def how_to_go_on(self, status: CampaignStatus, *options: str) -> str:  # noqa: ARG002 - the database keeps them
        """Return the command that lets the workers send what is left."""
        return self.command("enqueue" if status is CampaignStatus.PLANNED else "resume")

    @property
    def another(self) -> str:
        """The option that names another campaign."""
        return "--name OTHER"

    def journal(self) -> PostgresJournal:
        """Return the journal of the campaign."""
        return self.database.journal(self.name)

    async def is_begun(self) -> bool:
        """Return whether the database knows the name, though without a whole plan."""
        async with aclosing(self.journal()) as journal:
            return await journal.is_begun()

    async def workers(self) -> Sequence[WorkerRow]:
        """Return the workers, which send all campaigns, and a process that sends this one by itself."""
        return [row_of(one) for one in await self.database.workers() if one.campaign in {None, self.name}]

    def command(self, name: str, *options: str) -> str:
        """Return a command about the campaign, quoted for a shell. The URL, which may have a password, is left out."""
        return _command(name, *self._options, *options)

    @property
    def _options(self) -> tuple[str, ...]:
        named = ("--name", self.name)
        return named if self.database.from_environment else ("--database", "URL", *named)


def _command(name: str, *words: str) -> str:
    return " ".join(map(shlex.quote, ("wikipayam", "campaign", name, *words)))


def campaign_path(path: Path) -> Path:
    """Return the usual file of a campaign: beside the input file itself, even if the path is a symbolic link to it.

    Args:
        path: The input file.
    """
    real = path.resolve() if path.is_symlink() else path
    return real.with_name(real.name + _SUFFIX)


async def facts_of(location: Location) -> CampaignFacts | None:
    """Return the facts of a campaign; None if it does not exist or has no plan.

    Args:
        location: Where the campaign is kept.

    Raises:
        JournalError: It cannot be read.
    """
    journal = location.journal()
    try:
        return read_facts(journal.name, await journal.read_facts())
    finally:
        await journal.aclose()


async def need_facts(location: Location) -> CampaignFacts:
    """Return the facts of a campaign.

    Args:
        location: Where the campaign is kept.

    Raises:
        UnusableCampaignError: It does not exist or has no plan.
        JournalError: It cannot be read.
    """
    facts = await facts_of(location) if location.exists else None
    if facts is None:
        raise _no_campaign(location)
    return facts


def _no_campaign(location: Location) -> UnusableCampaignError:
    return UnusableCampaignError(f"{location}: not a campaign; {location.how_to_plan}")


@asynccontextmanager
async def opened(location: Location, client: AsyncWikipayam | None = None) -> AsyncIterator[Campaign]:
    """Open a planned campaign.

    Args:
        location: Where the campaign is kept.
        client: The client; None for what needs none.

    Raises:
        UnusableCampaignError: It does not exist or has no plan.
        JournalError: It cannot be read.
    """
    await need_facts(location)
    async with Campaign.open(client, location.journal()) as entered:
        yield entered


@asynccontextmanager
async def remains(location: Location) -> AsyncIterator[Campaign]:
    """Open a campaign to delete it, also one whose plan or deletion was cut off: it holds numbers and texts.

    Args:
        location: Where the campaign is kept.

    Raises:
        UnusableCampaignError: There is no campaign, nor anything left of one.
        JournalError: It cannot be read.
    """
    if not await location.is_begun():
        raise _no_campaign(location)
    async with Campaign.open(None, location.journal()) as entered:
        yield entered


async def discard_unsent(location: Location) -> None:
    """Delete a campaign of which nothing was ever sent, unless another process uses it.

    Args:
        location: Where the campaign is kept.
    """
    if not location.exists:
        return
    journal = location.journal()
    with suppress(JournalError):
        async with Campaign.open(None, journal) as campaign:
            await journal.lock()
            facts = read_facts(journal.name, await journal.read_facts())
            if facts is not None and facts.status is CampaignStatus.PLANNED:
                await campaign.purge()
