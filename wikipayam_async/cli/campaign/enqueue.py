"""`wikipayam campaign enqueue` and `resume`: leave a campaign in a database to the workers."""

from __future__ import annotations

from functools import partial

import anyio
from attrs import asdict

from wikipayam_async.campaigns.errors import PlanChangedError
from wikipayam_async.campaigns.models import CampaignProgress, CampaignStatus
from wikipayam_async.campaigns.terms import RunTerms
from wikipayam_async.cli.campaign.locations import DatabaseLocation, UnusableCampaignError, need_facts, opened
from wikipayam_async.cli.campaign.options import ConfirmationOptions, DatabaseOptions, TermsOptions
from wikipayam_async.cli.campaign.report import described_progress, state_text
from wikipayam_async.cli.campaign.resume import may_start
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counted
from wikipayam_async.cli.session import GatewayOptions, Session, guarded, online
from wikipayam_async.cli.values import WholeNumber
from wikipayam_async.optout import OptOutList

__all__ = ["enqueue", "resume"]


def enqueue(
    *,
    terms: TermsOptions = TermsOptions(),
    priority: WholeNumber = 0,
    confirmation: ConfirmationOptions = ConfirmationOptions(),
    database: DatabaseOptions = DatabaseOptions(),
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Leave a campaign in a database to the workers. One of which nothing was sent yet asks first.

    All workers obey the options. Enqueue it again to change them.

    Args:
        terms: What the workers obey.
        priority: Campaigns with a higher priority go first; those with the same share the workers.
        confirmation: What to ask before sending.
        database: Where the campaign is.
        connection: How to reach the gateway.
    """
    out = Output(json=connection.json)

    def work() -> Exit:
        location = database.location()
        terms.check()
        facts = anyio.run(need_facts, location)
        wanted = _terms_of(terms, confirmation, facts.plan.batch_size)
        opt_out = None if terms.opt_out is None else OptOutList.read(terms.opt_out)
        if not may_start(location, facts, confirmation, out):
            out.warn("nothing was enqueued")
            return Exit.USAGE
        return online(connection, partial(_start, location, wanted, priority, opt_out))

    return guarded(out, work)


def resume(*, database: DatabaseOptions = DatabaseOptions(), connection: GatewayOptions = GatewayOptions()) -> Exit:
    """Let the workers go on with a campaign that was paused, with the options that it was enqueued with.

    Args:
        database: Where the campaign is.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> Exit:
        location = database.location()
        await need_facts(location)
        journal = location.journal()
        try:
            state = await journal.run_state()
        finally:
            await journal.aclose()
        if not state.terms:
            raise UnusableCampaignError(
                f"{location}: was never enqueued; {location.command('enqueue')} leaves it to the workers"
            )
        return await _start(location, RunTerms.load(state.terms), state.priority, None, session)

    return online(connection, work)


def _terms_of(terms: TermsOptions, confirmation: ConfirmationOptions, batch_size: int) -> RunTerms:
    pace = terms.pace(batch_size, planned=True)
    return RunTerms(
        batch_size=None if pace is None else pace.batch_size,
        rate_limit=None if pace is None else pace.limit,
        stop_on_error=terms.stop_on_error,
        sending_hours=terms.hours(),
        spending_limit=terms.spending(confirmation.tariff),
    )


async def _start(
    location: DatabaseLocation, terms: RunTerms, priority: int, opt_out: OptOutList | None, session: Session
) -> Exit:
    """Enqueue a campaign."""
    line = (await need_facts(location)).options.line
    async with opened(location, session.client.with_options(sender=line)) as campaign:
        try:
            now = await campaign.enqueue(priority=priority, opt_out=opt_out, **asdict(terms, recurse=False))
        except PlanChangedError as error:
            failure = UnusableCampaignError(f"{location}: {error}")
        else:
            await _tell(session.out, location, now)
            return Exit.OK
    raise failure


async def _tell(out: Output, location: DatabaseLocation, now: CampaignProgress) -> None:
    workers = sum(worker.alive for worker in await location.workers())
    if now.status is CampaignStatus.RUNNING:
        out.say(f"enqueued: {counted(now.pending, 'message')}; to watch: {location.command('status', '--watch')}")
        if not workers:
            out.warn("no worker is there: `wikipayam worker` starts one")
    else:
        out.say(state_text(now))
    out.emit({**described_progress(str(location), now), "workers": workers})
