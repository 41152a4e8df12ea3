"""Campaigns in a journal that several processes write to: the part of `Campaign` that starts and stops their runs."""

from __future__ import annotations

import anyio
from attrs import evolve

from wikipayam_async.bulk.hours import SendingHours
from wikipayam_async.bulk.screening import OptOut, OptOutPredicate
from wikipayam_async.campaigns.decisions import CampaignDecisions
from wikipayam_async.campaigns.errors import CampaignError, JournalBusyError
from wikipayam_async.campaigns.facts import CampaignFacts, account_difference, client_differences
from wikipayam_async.campaigns.journal import StopRequest
from wikipayam_async.campaigns.models import CampaignProgress, CampaignStatus
from wikipayam_async.campaigns.optouts import OptOuts, read_opt_out
from wikipayam_async.campaigns.rules import SpendingLimit
from wikipayam_async.campaigns.run_options import RunOptions
from wikipayam_async.campaigns.shared import RunState, SharedJournal, queue_of
from wikipayam_async.campaigns.shared_run import SharedRun
from wikipayam_async.campaigns.shared_sender import SharedSender
from wikipayam_async.campaigns.spending import spending_so_far
from wikipayam_async.campaigns.terms import RunTerms
from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.errors import InvalidInputError, NotFoundError, PermissionDeniedError, ResponseError
from wikipayam_async.optout import OptOutList
from wikipayam_async.redact.masks import shape_of

__all__ = ["CampaignSharing", "account_of"]

_HIGHEST_PRIORITY = 2**31 - 1


async def account_of(client: AsyncWikipayam) -> int | None:
    """Return the `user_id` of a client's account; None if the gateway does not say.

    Raises:
        APIStatusError: The gateway refused the request, for example because the token is wrong.
        APIConnectionError: The gateway could not be reached.
    """
    try:
        return (await client.balance()).user_id
    except (NotFoundError, PermissionDeniedError, ResponseError):
        return None  # who may not ask for the balance may still send; the line and the prefix are compared all the same


class CampaignSharing(CampaignDecisions):
    """The part of a campaign that starts its runs, and leaves them to workers."""

    async def enqueue(
        self,
        *,
        priority: int = 0,
        batch_size: int | None = None,
        stop_on_error: bool = False,
        sending_hours: SendingHours | None = None,
        spending_limit: SpendingLimit | None = None,
        opt_out: OptOut | None = None,
        rate_limit: RateLimit | None = None,
        timeout: float | None = None,
    ) -> CampaignProgress:
        """Leave what is pending to the workers of this account and line, and return (`GET /user/balance` once).

        The campaign needs a journal that several processes share, such as `PostgresJournal`. The options are stored with
        it: all workers obey them, and `run()` in a process that joins them. Enqueue it again to resume it after a pause, or
        to change the options.

        Args:
            priority: Campaigns with a higher priority go first; those with the same share the workers.
            batch_size: The maximum number of messages per request, where that is less than planned.
            stop_on_error: Pause for all workers after a message that was not accepted.
            sending_hours: Send only in these hours, by the clock of the database.
            spending_limit: Pause before the campaign costs more than this, all runs and workers together.
            opt_out: Hold back messages to numbers that opted out, as in `plan`; no function, which workers do not have.
            rate_limit: The maximum rate of all workers together. Campaigns of one account share its rate.
            timeout: Seconds for each attempt of a request; that of the worker's client if None.

        Returns:
            How far the campaign has got: `RUNNING`, or `COMPLETED` if nothing is left to send.

        Raises:
            InvalidInputError: An argument is invalid.
            CampaignError: The journal is not shared, nothing is planned, the campaign is canceled, or a function decides
                about its opt-outs.
            PlanChangedError: The line, the API prefix or the account is another than before.
            JournalBusyError: A process sends the campaign by `run()` now.
            JournalError: The journal cannot be used.
            APIStatusError: The gateway refused the balance request, for example because the token is wrong.
            APIConnectionError: The gateway could not be reached; nothing was enqueued.
        """
        self._check_entered()
        journal, client = self._need_shared("enqueue"), self._need_client("enqueue")
        if isinstance(priority, bool) or not isinstance(priority, int) or abs(priority) > _HIGHEST_PRIORITY:
            raise InvalidInputError("priority", rule="expected a whole number of 31 bits", got=shape_of(priority))
        terms = RunTerms(
            batch_size=batch_size,
            stop_on_error=stop_on_error,
            sending_hours=sending_hours,
            spending_limit=spending_limit,
            rate_limit=rate_limit,
            timeout=timeout,
        )
        text, given = terms.dump(), await read_opt_out(opt_out)
        facts = await self._prepare_run(client, given)
        if facts is None:
            return await self.progress()
        if facts.opt_out_function:
            raise CampaignError(
                f"{self.name}: a function decides about opt-outs, which workers do not have; use run(), or give the "
                "numbers as a list; nothing was enqueued"
            )
        queue = queue_of(facts.account, facts.options.line, facts.prefix)
        while True:
            state = await journal.run_state()
            if state.active and state.queue is None and state.sends:
                raise JournalBusyError(f"{self.name}: a process sends this campaign by run(); pause it first")
            if state.active and (state.queue, state.terms, state.priority) == (queue, text, priority):
                break
            spent = await _spent_until(journal, state, terms, facts)
            await journal.clear_request()
            if await journal.start_run(text, after=state.number, queue=queue, priority=priority, spent=spent):
                break
        await journal.enqueue()
        return await self.progress()

    async def _start_shared(
        self, client: AsyncWikipayam, options: RunOptions, opt_out: OptOutList | OptOutPredicate | None
    ) -> SharedRun | None:
        """Start a run in this process, or join the one that others work on; None if nothing is left to send."""
        journal, terms = self._need_shared("run"), options.terms
        text = terms.dump()
        facts = await self._prepare_run(client, opt_out)
        if facts is None:
            return None
        while True:
            state = await journal.run_state()
            if state.active and (state.queue is not None or state.sends):
                terms = self._joined(terms, state)
                await journal.join_run()
                break
            spent = await _spent_until(journal, state, terms, facts)
            if await journal.start_run(text, after=state.number, queue=None, priority=0, spent=spent):
                break
        number = (await journal.run_state()).number
        opt_outs = OptOuts(await journal.opt_outs(), opt_out)
        sender = SharedSender(journal, client, facts, terms, number, opt_outs, turns=anyio.Lock(), sleep=self._sleep)
        run = SharedRun(sender, options, now=self._now)
        if self._asked is not None:
            run.stop(self._asked)
            self._asked = None
        return run

    def _joined(self, terms: RunTerms, state: RunState) -> RunTerms:
        """Return the terms of the run that others work on."""
        if terms.dump() != state.terms and terms != RunTerms():
            raise CampaignError(
                f"{self.name}: others send this campaign with other options, which hold for all; leave them out to join "
                "them, or pause the campaign first; nothing was sent here"
            )
        return RunTerms.load(state.terms)

    async def _prepare_run(
        self, client: AsyncWikipayam, opt_out: OptOutList | OptOutPredicate | None
    ) -> CampaignFacts | None:
        """Check what must be as before, make unknown what a crash left in flight; None if nothing is left to send."""
        facts = await self._need_facts()
        client_differences(facts, evolve(facts.options, line=client.sender), client.api_prefix)
        await self._lock()
        facts = await self._need_facts()
        if facts.opt_out_function and (opt_out is None or isinstance(opt_out, OptOutList)):
            raise CampaignError(
                f"{self.name}: a function decided about opt-outs before; pass it as opt_out again, since an opt-out is "
                "never dropped; nothing was sent"
            )
        await self._keep_opt_outs(facts, opt_out)
        await self._apply_cancellation()
        await self._journal.recover()
        progress = await self.progress()
        if progress.status is CampaignStatus.CANCELED:
            raise CampaignError(f"{self.name}: the campaign is canceled; {progress.pending:,} messages stay unsent")
        if progress.status is CampaignStatus.COMPLETED:
            return None
        account = await account_of(client)
        account_difference(facts, account)
        if account is not None and facts.account is None:
            await self._journal.write_facts({"account": str(account)})
        return await self._need_facts()

    async def _keep_opt_outs(self, facts: CampaignFacts, given: OptOutList | OptOutPredicate | None) -> None:
        """Store the numbers that opted out since, or that a function decides from now on."""
        is_function = given is not None and not isinstance(given, OptOutList)
        opt_outs = OptOuts(await self._journal.opt_outs(), given)
        if opt_outs.unstored() or is_function > facts.opt_out_function:
            await self._lock()
            await opt_outs.store(self._journal)
        if is_function and not facts.opt_out_function:
            await self._journal.write_facts({"opt_out_function": "1"})

    def _need_shared(self, method: str) -> SharedJournal:
        if not isinstance(self._journal, SharedJournal):
            raise CampaignError(
                f"{self.name}: {method}() needs a journal that several processes share, such as PostgresJournal (see "
                "docs/en/many-machines.md)"
            )
        return self._journal

    async def _ask(self, request: StopRequest) -> None:
        await self._need_facts()
        if self._run is None and self._running:
            if self._asked is not StopRequest.CANCEL:
                self._asked = request
            return
        shared = isinstance(self._journal, SharedJournal)
        if shared and await self._journal.request(request):
            return
        if self._run is not None:
            self._run.stop(request)
        elif shared or not await self._journal.request(request):
            await self._lock()
            await self._stop_idle(request)


async def _spent_until(journal: SharedJournal, state: RunState, terms: RunTerms, facts: CampaignFacts) -> int:
    """Return what the campaign has spent when a run ends, in rials; 0 without a spending limit.

    An active run is stopped first: what its processes claim after the messages are counted would be in no count.
    """
    if terms.spending_limit is None:
        return 0
    if state.active:
        await journal.stop_run(state.number, StopRequest.PAUSE, "a run with other options begins")
    return (await spending_so_far(journal, terms.spending_limit, facts.options.line)).spent
