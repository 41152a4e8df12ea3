"""A campaign: a bulk send that outlives its process."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncGenerator
from typing import Self, overload

import anyio

from wikipayam_async.bulk.hours import Now, SendingHours, Sleep, utc_now
from wikipayam_async.bulk.options import DEFAULT_BATCH_SIZE, DEFAULT_CONCURRENCY
from wikipayam_async.bulk.screening import Dedupe, OptOut, OptOutPredicate
from wikipayam_async.campaigns.blocks import campaign_messages_with
from wikipayam_async.campaigns.deliveries import follow_deliveries
from wikipayam_async.campaigns.errors import CampaignError
from wikipayam_async.campaigns.facts import client_differences, facts_of_plan
from wikipayam_async.campaigns.journal import Journal, StopRequest
from wikipayam_async.campaigns.models import (
    CampaignDelivery,
    CampaignMessages,
    CampaignPlan,
    CampaignProgress,
    CampaignReport,
    OnCampaignEvent,
    OnCampaignProgress,
    OnPlanProgress,
)
from wikipayam_async.campaigns.optouts import OptOuts, read_opt_out
from wikipayam_async.campaigns.planner import PlanOptions, compare_plan, make_plan
from wikipayam_async.campaigns.rules import SpendingLimit
from wikipayam_async.campaigns.run_options import RunOptions, check_hook
from wikipayam_async.campaigns.runner import CampaignRun
from wikipayam_async.campaigns.shared import SharedJournal
from wikipayam_async.campaigns.sharing import CampaignSharing
from wikipayam_async.campaigns.sqlite.journal import SQLiteJournal
from wikipayam_async.campaigns.terms import RunTerms
from wikipayam_async.checks import check_number
from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.cost.tariff import Tariff
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages.columns import ColumnReader, Receivers, messages_of_call
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.optout import OptOutList
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.redact.sealed import Sealed, seal
from wikipayam_async.services.account import CostCheck
from wikipayam_async.services.sms.watch import Polling, check_polling, check_wait

__all__ = ["Campaign"]


class Campaign(CampaignSharing):
    """A bulk send that survives crashes: planned once, run as often as it takes, and nothing is sent twice.

    Every message is in the journal before any is sent. The intent to send a request is committed before the request
    leaves, and its outcomes before the worker sends more, so after a crash at most `concurrency` times `batch_size`
    messages are unknown. What is unknown is not sent again until an operator decides: `mark_accepted`, or `requeue`.

    Use it as `async with Campaign.open(client, "eid.db") as campaign`.
    """

    @classmethod
    def open(
        cls,
        client: AsyncWikipayam | None,
        journal: str | os.PathLike[str] | Journal,
        *,
        on_event: OnCampaignEvent | None = None,
        now: Now = utc_now,
        sleep: Sleep = anyio.sleep,
    ) -> Self:
        """Return the campaign of a journal. Nothing is opened before it is needed; the journal is closed at the end.

        Args:
            client: The client that sends; None to read results, to decide about unknown outcomes, to pause, and to
                export.
            journal: The path of a file, which is short for `SQLiteJournal(path)`, or a journal.
            on_event: Called with a `CampaignProgressed` at every step of a run, such as the hook of the OpenTelemetry
                integration.
            now: Returns the time of day, with a time zone; for tests.
            sleep: Waits for the sending hours, and between polls; for tests.

        Raises:
            InvalidInputError: An argument is invalid.
        """
        if client is not None and not isinstance(client, AsyncWikipayam):
            raise InvalidInputError("client", rule="expected an AsyncWikipayam, or None", got=shape_of(client))
        if isinstance(journal, str | os.PathLike):
            journal = SQLiteJournal(journal)
        if not hasattr(journal, "claim"):
            raise InvalidInputError("journal", rule="expected the path of a file, or a journal", got=shape_of(journal))
        check_hook(on_event, "on_event")
        return cls(client, journal, on_event=on_event, now=now, sleep=sleep)

    @overload
    async def plan(
        self,
        messages: CampaignMessages,
        *,
        batch_size: int = DEFAULT_BATCH_SIZE,
        dedupe: Dedupe | None = None,
        opt_out: OptOut | None = None,
        normalize: bool = True,
        validate: bool = True,
        footer: str | None = None,
        on_progress: OnPlanProgress | None = None,
    ) -> CampaignPlan: ...

    @overload
    async def plan(
        self,
        receivers: Receivers,
        message: str,
        /,
        *,
        sender: str | None = None,
        batch_size: int = DEFAULT_BATCH_SIZE,
        dedupe: Dedupe | None = None,
        opt_out: OptOut | None = None,
        normalize: bool = True,
        validate: bool = True,
        footer: str | None = None,
        on_progress: OnPlanProgress | None = None,
    ) -> CampaignPlan: ...

    async def plan(
        self,
        messages: CampaignMessages | Receivers,
        message: str | None = None,
        *,
        sender: str | None = None,
        batch_size: int = DEFAULT_BATCH_SIZE,
        dedupe: Dedupe | None = None,
        opt_out: OptOut | None = None,
        normalize: bool = True,
        validate: bool = True,
        footer: str | None = None,
        on_progress: OnPlanProgress | None = None,
    ) -> CampaignPlan:
        """Store the messages. Nothing is sent, and no request is made.

        A plan never changes. Planning the same again changes nothing and returns the plan; so a program that is started
        again after a crash may simply plan and run again. Only numbers that opted out since are added, and hold for the
        next run. Memory is flat, but for `dedupe` (see `send_bulk`).

        Args:
            messages: The messages: any finite iterable, plain or async, of `SmsMessage` or `CampaignMessage`, which adds
                the columns and the row of the caller's file. Or, with `message`, the receivers of one text: mobile
                numbers in any common format.
            message: The text, if it is the same for all receivers, as in `send_bulk`.
            sender: The line, if all receivers get one text; the client's if None. A message has its own.
            batch_size: The maximum number of messages per request.
            dedupe: Hold back duplicates: `receiver`, or `receiver_and_text`. All spellings of a number are one.
            opt_out: Hold back messages to numbers that opted out, as in `send_bulk`. The numbers are kept in the journal
                and hold for every run.
            normalize: Send mobile numbers in the form `09…`; if False, send the given spelling.
            validate: Hold back receivers that are not Iranian mobiles; if False, accept any receiver.
            footer: A line below every text that does not end with it already, such as `لغو۱۱` below advertising. It is
                part of the planned texts, so that parts, cost and spending limit count it.
            on_progress: Called with a `PlanProgress` every few thousand messages; a plain function.

        Returns:
            The plan. Messages that are held back are counted in it and have a result with the reason.

        Raises:
            InvalidInputError: An argument is invalid.
            ConfigurationError: There is no client, or neither it nor a message has a line.
            PlanChangedError: The campaign was planned otherwise; `differences` names what differs.
            JournalBusyError: Another process runs the campaign, and there is something to store.
            JournalError: The journal cannot be used.
        """
        self._check_entered()
        client = self._need_client("plan")
        check_number(batch_size, field="batch_size", minimum=1)
        check_hook(on_progress)
        if dedupe not in {None, "receiver", "receiver_and_text"}:
            raise InvalidInputError("dedupe", rule="expected 'receiver' or 'receiver_and_text'", got=shape_of(dedupe))
        planned = campaign_messages_with(footer, messages_of_call(Sealed(messages), seal(message), sender))
        del messages, message
        given = await read_opt_out(opt_out)
        options = PlanOptions(
            batch_size=batch_size, line=client.sender, dedupe=dedupe, normalize=normalize, validate=validate
        )
        async with self._planning:
            known = await self._facts()
            if known is None:
                await self._lock()
                known = await self._facts()
            if known is None:
                return await self._make_plan(planned, options, client.api_prefix, given, on_progress)
        client_differences(known, options, client.api_prefix)
        await compare_plan(self._journal, planned, options, known.plan.total)
        await self._keep_opt_outs(known, given)
        return known.plan

    async def estimate(self, tariff: Tariff, *, timeout: float | None = None) -> CostCheck:
        """Estimate the cost of the pending messages and compare it with the balance (`GET /user/balance`).

        Args:
            tariff: The price of a part.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            CampaignError: Nothing is planned.
            APIStatusError: The gateway refused the request.
            APIConnectionError: The gateway could not be reached.
        """
        client = self._need_client("estimate")
        facts = await self._need_facts()
        return await client.estimate(
            self._pending_messages(),
            tariff,
            sender=facts.options.line,
            validate=facts.options.validate,
            timeout=timeout,
        )

    async def run(
        self,
        *,
        concurrency: int = DEFAULT_CONCURRENCY,
        batch_size: int | None = None,
        stop_on_error: bool = False,
        sending_hours: SendingHours | None = None,
        spending_limit: SpendingLimit | None = None,
        opt_out: OptOut | None = None,
        rate_limit: RateLimit | None = None,
        on_progress: OnCampaignProgress | None = None,
        handle_signals: bool = False,
        timeout: float | None = None,
    ) -> CampaignReport:
        """Send what is pending, until it is done or something stops it (`POST /sms/send`, `GET /user/balance` once).

        Run it again to resume. What was in flight when an earlier run crashed becomes unknown and is not sent. If the
        task is cancelled, requests in flight are finished and recorded first.

        Args:
            concurrency: The maximum number of requests in flight; the client's `max_connections` limits it too.
            batch_size: The maximum number of messages per request, where that is less than planned; for a rate below the
                plan's `batch_size`, since the messages of one request are sent at once.
            stop_on_error: Pause after a message that was not accepted.
            sending_hours: Send only in these hours; wait outside them.
            spending_limit: Pause before the campaign costs more than this, all runs together.
            opt_out: Hold back messages to numbers that opted out, as in `plan`. Lists add up: a number that was given
                once is never sent to, whatever later runs are given.
            rate_limit: The maximum rate of this run; the client's if None.
            on_progress: Called with a `CampaignProgress` after every request; a plain function.
            handle_signals: Pause at SIGINT and SIGTERM: finish what is in flight, record it, and return. Not on Windows.
            timeout: Seconds for each attempt of a request; the client's if None.

        Returns:
            The state of the campaign: `COMPLETED`, or `PAUSED` or `CANCELED` with the reason.

        Raises:
            InvalidInputError: An argument is invalid.
            CampaignError: Nothing is planned, the campaign is canceled, or it was given a function as `opt_out` before
                and is given none now.
            PlanChangedError: The line, the API prefix or the account is another than before.
            JournalBusyError: Another process runs the campaign.
            JournalError: The journal cannot be used.
            JournalWriteError: Outcomes could not be written; the error carries them.
            APIStatusError: The gateway refused the balance request, for example because the token is wrong.
            APIConnectionError: The gateway could not be reached before anything was sent.
        """
        self._check_entered()
        client = self._need_client("run")
        if self._running:
            raise CampaignError(f"{self.name}: this campaign is being run already")
        terms = RunTerms(
            batch_size=batch_size,
            stop_on_error=stop_on_error,
            sending_hours=sending_hours,
            spending_limit=spending_limit,
            rate_limit=rate_limit,
            timeout=timeout,
        )
        options = RunOptions(
            terms=terms,
            concurrency=concurrency,
            handle_signals=handle_signals,
            on_progress=on_progress,
            on_event=self._on_event,
        )
        self._running = True
        try:
            given = await read_opt_out(opt_out)
            if isinstance(self._journal, SharedJournal):
                self._run = await self._start_shared(client, options, given)
            else:
                own = client if rate_limit is None else client.with_options(rate_limit=rate_limit)
                self._run = await self._start(own, options, given)
            return _report_of(await self.progress()) if self._run is None else await self._run.run()
        finally:
            self._running, self._run = False, None
            if self._asked is not None:  # while the run began, and it did not begin
                asked, self._asked = self._asked, None
                with anyio.CancelScope(shield=True):
                    await self._ask(asked)

    async def pause(self) -> None:
        """Pause the campaign, in this process or another: finish what is in flight, record it, stop; `run()` resumes.

        It returns once this is asked for; a run in another process sees it within a second.

        Raises:
            CampaignError: Nothing is planned.
            JournalError: The journal cannot be used.
        """
        await self._ask(StopRequest.PAUSE)

    async def cancel(self) -> None:
        """Cancel the campaign for good, in this process or another: finish what is in flight, record it, stop.

        Raises:
            CampaignError: Nothing is planned.
            JournalError: The journal cannot be used.
        """
        await self._ask(StopRequest.CANCEL)

    async def wait_for_delivery(self, *, timeout: float = 3600, polling: Polling | None = None) -> CampaignDelivery:
        """Poll the delivery of accepted messages, and keep it in the journal (`POST /sms/deliver`).

        It ends when every message has a final status, or at the timeout; call it again to go on. Memory is flat.

        Args:
            timeout: Seconds after which it returns; 0 polls once.
            polling: The polling intervals.

        Raises:
            InvalidInputError: An argument is invalid.
            CampaignError: Nothing is planned.
            APIStatusError: The gateway refused a request. While it cannot be reached, polling continues.
        """
        self._check_entered()
        client = self._need_client("wait_for_delivery")
        polling, timeout = check_polling(polling), check_wait(timeout)
        await self._need_facts()
        await self._lock()
        await follow_deliveries(
            self._journal,
            client,
            timeout=timeout,
            polling=polling,
            uniform=random.SystemRandom().uniform,
            now=self._now,
            sleep=self._sleep,
        )
        await self._need_facts()  # it may have been purged meanwhile
        counts, pending = await self._journal.delivery_counts()
        return CampaignDelivery(counts, pending)

    async def purge(self) -> None:
        """Delete the campaign with all its numbers and texts. Nothing of it can be recovered, or resumed.

        Raises:
            CampaignError: It is being run.
            JournalBusyError: Another process runs it.
        """
        self._check_entered()
        if self._running:
            raise CampaignError(f"{self.name}: this campaign is being run; pause it first")
        await self._lock()
        await self._journal.purge()
        self._writes = False

    async def _make_plan(
        self,
        messages: CampaignMessages | ColumnReader,
        options: PlanOptions,
        prefix: str,
        opt_out: OptOutList | OptOutPredicate | None,
        on_progress: OnPlanProgress | None,
    ) -> CampaignPlan:
        try:
            await self._journal.begin_plan()
            planned = await make_plan(self._journal, messages, options, opt_out=opt_out, on_progress=on_progress)
            if isinstance(opt_out, OptOutList):
                await self._journal.add_opt_outs(list(opt_out))
            function = opt_out is not None and not isinstance(opt_out, OptOutList)
            await self._journal.finish_plan(
                facts_of_plan(planned, options, prefix, self._now(), opt_out_function=function)
            )
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._journal.discard_plan()
            self._writes = False
            raise
        return (await self._need_facts()).plan

    async def _start(
        self, client: AsyncWikipayam, options: RunOptions, opt_out: OptOutList | OptOutPredicate | None
    ) -> CampaignRun | None:
        """Return a run of the only writer; None if nothing is left to send."""
        facts = await self._prepare_run(client, opt_out)
        if facts is None:
            return None
        opt_outs = OptOuts(await self._journal.opt_outs(), opt_out)
        run = CampaignRun(self._journal, client, facts, options, opt_outs, now=self._now, sleep=self._sleep)
        if self._asked is not None:
            run.stop(self._asked)
            self._asked = None
        return run

    async def _pending_messages(self) -> AsyncGenerator[SmsMessage]:
        async for result in self.results(status=SendStatus.NOT_ATTEMPTED):
            yield SmsMessage(result.receiver, result.message, sender=result.sender)


def _report_of(progress: CampaignProgress) -> CampaignReport:
    return CampaignReport(
        progress.status,
        progress.total,
        progress.pending,
        progress.sending,
        progress.accepted,
        progress.rejected,
        progress.unknown,
        progress.reason,
        attempted=dict.fromkeys(SendStatus, 0),
    )
