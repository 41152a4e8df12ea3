"""Plans a campaign from a file, which is read once: each row becomes a message of the plan as it is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from attrs import evolve, frozen

from wikipayam_async.campaigns.campaign import Campaign
from wikipayam_async.campaigns.errors import PlanChangedError
from wikipayam_async.campaigns.facts import CampaignFacts, read_facts
from wikipayam_async.campaigns.journal import Journal, PlanBlock
from wikipayam_async.campaigns.models import CampaignMessage, CampaignStatus
from wikipayam_async.campaigns.planner import PlanOptions, make_plan
from wikipayam_async.cli.bulk.columns import ColumnMapping, map_columns
from wikipayam_async.cli.bulk.files.notes import ReceiverCounter, notes_of
from wikipayam_async.cli.bulk.options import BulkCommandOptions
from wikipayam_async.cli.bulk.tables import Table, TableRow, open_table
from wikipayam_async.cli.campaign.check import PlanCheck, PlanTally, count_pending
from wikipayam_async.cli.campaign.locations import Location, UnusableCampaignError, facts_of
from wikipayam_async.cli.settings import Settings
from wikipayam_async.cli.wording import in_words_of_the_command_line
from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages.models import SmsMessage

__all__ = ["FilePlan", "PlannedFile", "messages_of"]

_PLACE = re.compile(r"messages\[(\d+)\]\.(\w+)")
_OPTION = re.compile(r"(\w+): (.+) in the plan, (.+) now")
_NOT_GIVEN = "not given"
_FIELDS = {
    "receiver": "the receiver",
    "message": "the text",
    "sender": "the sender",
    "row": "the row number",
    "columns": "the other columns",
}


@frozen(kw_only=True)
class PlannedFile:
    """What is known after the file was read.

    Attributes:
        check: The check of what is to be sent now.
        detected_format: How the file was read.
        fingerprint: That of the plan; None for a dry run.
        resumed: Whether the campaign was planned before.
        status: The state of the campaign.
    """

    check: PlanCheck
    detected_format: str
    fingerprint: str | None = None
    resumed: bool = False
    status: CampaignStatus = CampaignStatus.PLANNED


class _TallyingJournal:
    """A journal that counts what is planned while it is stored; everything else is done by the journal itself."""

    def __init__(self, journal: Journal, tally: PlanTally, receivers: ReceiverCounter) -> None:
        self._journal = journal
        self._counted = _NoJournal(tally, receivers)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def add(self, blocks: Sequence[PlanBlock]) -> None:
        """Add blocks to the plan, and count them."""
        await self._counted.add(blocks)
        await self._journal.add(blocks)


class _NoJournal:
    """Counts what would be planned, and stores nothing."""

    def __init__(self, tally: PlanTally, receivers: ReceiverCounter) -> None:
        self._tally = tally
        self._receivers = receivers

    async def add(self, blocks: Sequence[PlanBlock]) -> None:
        """Count blocks of a plan."""
        self._tally.add(blocks)
        for block in blocks:
            for _, chunk, receiver, *_ in block.messages:
                if chunk is not None:
                    self._receivers.add(receiver)


@frozen
class FilePlan:
    """Plans the campaign of a file.

    Attributes:
        file: The input file.
        location: Where the campaign is kept.
        options: The options of the command line.
        settings: The settings of the environment.
    """

    file: Path
    location: Location
    options: BulkCommandOptions
    settings: Settings

    async def dry_run(self) -> PlannedFile:
        """Check the file, without a campaign, or what is left of the campaign that there is.

        Raises:
            InputFileError: The file cannot be read.
        """
        known = await facts_of(self.location)
        with open_table(self.file, self.options.reading) as table:
            mapping = map_columns(self.options.texts.complete(self.settings), table)
            tally = PlanTally(self.options.confirmation.tariff, mapping.sender, mapping.footer)
            receivers = ReceiverCounter()
            if known is not None:
                async with Campaign.open(None, self.location.journal()) as campaign:
                    await count_pending(campaign, tally)
                    status = (await campaign.progress()).status
                return self._planned(tally, table, known, status)
            options = PlanOptions(
                batch_size=self.options.messages_per_request(None),
                line=mapping.sender,
                dedupe=self.options.planning.screening,
            )
            messages = messages_of(table.rows, mapping)
            await make_plan(_NoJournal(tally, receivers), messages, options, opt_out=self.options.opt_outs())
            check = self._checked(tally, table, receivers)
            return PlannedFile(check=check, detected_format=table.detected_format)

    async def plan(self, client: AsyncWikipayam) -> PlannedFile:
        """Plan the campaign; if it was planned before, compare the file with the plan, and count what is left.

        Args:
            client: The client; no request is made.

        Raises:
            InputFileError: The file cannot be read.
            UnusableCampaignError: The campaign was planned from something else.
            JournalError: The file of the campaign cannot be used.
        """
        with open_table(self.file, self.options.reading) as table:
            mapping = map_columns(self.options.texts.complete(self.settings), table)
            tally = PlanTally(self.options.confirmation.tariff, mapping.sender, mapping.footer)
            receivers = ReceiverCounter()
            journal = cast("Journal", _TallyingJournal(self.location.journal(), tally, receivers))
            async with Campaign.open(client.with_options(sender=mapping.sender), journal) as campaign:
                known = read_facts(journal.name, await journal.read_facts())
                try:
                    plan = await campaign.plan(
                        messages_of(table.rows, mapping),
                        batch_size=self.options.messages_per_request(known.options.batch_size if known else None),
                        dedupe=self.options.planning.screening,
                        opt_out=self.options.opt_outs(),
                    )
                except PlanChangedError as error:
                    failure = UnusableCampaignError(await self._difference(error, journal))
                else:
                    if known is None:
                        if not plan.total:
                            await campaign.purge()
                        check = self._checked(tally, table, receivers)
                        return PlannedFile(
                            check=check, detected_format=table.detected_format, fingerprint=plan.fingerprint
                        )
                    await count_pending(campaign, tally)
                    return self._planned(tally, table, known, (await campaign.progress()).status)
        raise failure

    def _planned(self, tally: PlanTally, table: Table, known: CampaignFacts, status: CampaignStatus) -> PlannedFile:
        return PlannedFile(
            check=tally.check(),
            detected_format=table.detected_format,
            fingerprint=known.plan.fingerprint,
            resumed=True,
            status=status,
        )

    def _checked(self, tally: PlanTally, table: Table, receivers: ReceiverCounter) -> PlanCheck:
        """Return the check of a file whose rows were all read."""
        repeated, hidden = receivers.repeated, table.hidden.rows
        check = evolve(tally.check(), repeated=repeated, hidden=hidden, notes=tuple(notes_of(table, repeated)))
        if not check.rows:
            got = f"only hidden ones ({hidden:,}; --include-hidden reads them)" if hidden else "none"
            raise InvalidInputError(str(self.file), rule="expected rows", got=got)
        return check

    async def _difference(self, error: PlanChangedError, journal: Journal) -> str:
        """Return what differs, in the words of the command line, and what to do."""
        differences = [await _in_words(difference, journal) for difference in error.differences]
        return (
            f"{self.location}: was planned from another file or with other options: {'; '.join(differences)}. Nothing was "
            f"sent now. To send what is left of it: {self.location.how_to_go_on(CampaignStatus.PAUSED)}. To send this file "
            f"as another campaign, also to those who have their message already: {self.location.another}"
        )


def messages_of(rows: Iterable[TableRow], mapping: ColumnMapping) -> Iterator[CampaignMessage]:
    """Yield the message of each row; of a bad row, one that is held back with the reason.

    Args:
        rows: The rows.
        mapping: Makes the message of a row.
    """
    for row in rows:
        columns = row.texts
        try:
            message = mapping.message_of(row)
        except InvalidInputError as error:
            nothing = SmsMessage(columns.get(mapping.receiver, ""), "")
            yield CampaignMessage(nothing, row=row.number, columns=columns, error=error.with_traceback(None))
        else:
            yield CampaignMessage(message, row=row.number, columns=columns)


async def _in_words(difference: str, journal: Journal) -> str:
    """Return a difference with the row of the file instead of the index in the plan."""
    place = _PLACE.fullmatch(difference)
    if place is not None:
        rows = await journal.read_rows(int(place[1]), 1)
        return f"{_FIELDS[place[2]]} of row {rows[0][6]}"
    option = _OPTION.fullmatch(difference)
    if option is not None:
        was, now = (
            _NOT_GIVEN if value == "None" else value.strip("'").replace("_", "-") for value in option.group(2, 3)
        )
        return f"{in_words_of_the_command_line(option[1] + ':')} {was} in the plan, {now} now"
    return difference.replace(" messages in the plan", " rows in the plan")
