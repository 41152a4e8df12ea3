"""`wikipayam campaign plan`: stores the messages of a file as a campaign, and sends nothing."""

from __future__ import annotations

from pathlib import Path

import anyio
from attrs import evolve, frozen
from cyclopts import Parameter

from wikipayam_async.campaigns.models import CampaignStatus
from wikipayam_async.cli.bulk.columns import TextOptions
from wikipayam_async.cli.bulk.options import BulkCommandOptions, PlanningOptions
from wikipayam_async.cli.bulk.plan import FilePlan, PlannedFile
from wikipayam_async.cli.bulk.tables import FileOptions
from wikipayam_async.cli.campaign.check import PlanCheck, described_check, show_check
from wikipayam_async.cli.campaign.locations import Location, campaign_path, discard_unsent
from wikipayam_async.cli.campaign.options import (
    Chosen,
    ConfirmationOptions,
    DatabaseOptions,
    SendingOptions,
)
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counted
from wikipayam_async.cli.prices import PriceOptions
from wikipayam_async.cli.prompts import confirm
from wikipayam_async.cli.session import GatewayOptions, Session, guarded, online
from wikipayam_async.cli.settings import NO_TOKEN, read_settings

__all__ = ["PlanCommandOptions", "plan"]


@Parameter(name="*")
@frozen(kw_only=True)
class PlanCommandOptions:
    """The options of `wikipayam campaign plan`."""

    reading: FileOptions = FileOptions()
    texts: TextOptions = TextOptions()
    planning: PlanningOptions = PlanningOptions()
    opt_out: Path | None = None
    """A file of numbers that opted out, one per line; they are kept, and every later run holds them back too."""
    prices: PriceOptions = PriceOptions()
    database: DatabaseOptions = DatabaseOptions()
    connection: GatewayOptions = GatewayOptions()

    def location(self, file: Path) -> Location:
        """Return where the campaign is kept: in the database, or in a file beside the input file.

        Args:
            file: The input file.

        Raises:
            ConfigurationError: The options name two campaigns, or half of one.
        """
        named = self.database.name or self.database.database
        beside = None if named and self.planning.campaign is None else campaign_path(file)
        return Chosen(self.planning.campaign or beside, self.database).location()

    def of_bulk(self) -> BulkCommandOptions:
        """Return the options of a bulk send from the same file."""
        return BulkCommandOptions(
            reading=self.reading,
            texts=self.texts,
            planning=self.planning,
            confirmation=ConfirmationOptions(prices=self.prices),
            sending=SendingOptions(opt_out=self.opt_out),
            connection=self.connection,
        )


def plan(file: Path, *, options: PlanCommandOptions = PlanCommandOptions()) -> Exit:
    """Check a file as `bulk` does and store its messages as a campaign, in a file or a database. Nothing is sent.

    The same plan again changes nothing. The exit code is 1 if there are bad rows.

    Args:
        file: The file: .csv, .tsv, .txt, .xlsx, .xlsm, .xls, .ods, .jsonl or .ndjson.
        options: The options.
    """
    out = Output(json=options.connection.json)
    return guarded(out, lambda: _plan(file, options, out))


def _plan(file: Path, options: PlanCommandOptions, out: Output) -> Exit:
    location, bulk = options.location(file), options.of_bulk()
    bulk.check()
    settings = read_settings(options.connection.env_file)
    file_plan = FilePlan(file, location, bulk, settings)
    if options.planning.dry_run:
        return _dry_run(file_plan, out)
    found: list[PlannedFile] = []

    async def work(session: Session) -> None:
        found.append(await file_plan.plan(session.client))

    settings = evolve(settings, token=settings.token or NO_TOKEN)
    code = online(options.connection, work, settings=settings, reports_sends=True)
    if not found:
        return code
    show_check(out, found[0].check, found[0].detected_format)
    if not _kept(found[0], location, options, out):
        out.warn("nothing was planned")
        return Exit.USAGE
    out.say(f"planned: {location}; to send it: {location.how_to_go_on(CampaignStatus.PLANNED)}")
    out.emit({"campaign": str(location), **described_check(found[0].check)})
    return _code(found[0])


def _dry_run(plan: FilePlan, out: Output) -> Exit:
    planned = anyio.run(plan.dry_run)
    show_check(out, planned.check, planned.detected_format)
    out.emit(described_check(planned.check))
    return _code(planned)


def _code(planned: PlannedFile) -> Exit:
    return Exit.REJECTED if planned.check.bad else Exit.OK


def _kept(planned: PlannedFile, location: Location, options: PlanCommandOptions, out: Output) -> bool:
    """Return whether a plan is kept: one without bad rows, or if they may be skipped. Another one is discarded."""
    kept = planned.resumed
    try:
        kept = kept or _may_be_kept(planned.check, out, skip_bad_rows=options.planning.skip_bad_rows)
    finally:
        if not kept:
            anyio.run(discard_unsent, location)
    return kept


def _may_be_kept(check: PlanCheck, out: Output, *, skip_bad_rows: bool) -> bool:
    if not check.messages:
        return False
    if not check.bad or skip_bad_rows:
        return True
    question = f"Plan {counted(check.messages, 'message')}, without {counted(check.bad, 'bad row')}"
    return confirm(question, out, instead="--skip-bad-rows")
