"""One bulk send from the command line: the look through the file, the questions, the run, the last word."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from attrs import field, frozen

from wikipayam_async.cli.asking import confirm
from wikipayam_async.cli.bulk.check import Check, look_through
from wikipayam_async.cli.bulk.columns import fingerprint, map_columns
from wikipayam_async.cli.bulk.options import (
    BooksOptions,
    CareOptions,
    FileOptions,
    HoldingOptions,
    PaceOptions,
    TextOptions,
    command_line,
)
from wikipayam_async.cli.bulk.outcomes import Known, RowOutcomes, read_results
from wikipayam_async.cli.bulk.progress import progress
from wikipayam_async.cli.bulk.refusals import ResultsFileError
from wikipayam_async.cli.bulk.report import End, described_check, tell_check, tell_end
from wikipayam_async.cli.bulk.results_file import ResultsFile, RunFacts, results_path
from wikipayam_async.cli.bulk.sending import Feed, Pace, Tally, send_file
from wikipayam_async.cli.bulk.snapshot import Snapshot, take_snapshot
from wikipayam_async.cli.bulk.sorting import Deduplicator, Sorter
from wikipayam_async.cli.bulk.tables import Reading, open_table
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counted
from wikipayam_async.cli.prices import tariff_of
from wikipayam_async.cli.session import Connection, Session, online
from wikipayam_async.cli.settings import Settings, with_token
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.cost.tariff import format_money
from wikipayam_async.errors import APIStatusError, AuthenticationError, InvalidInputError, ResponseError

__all__ = ["Job", "Order"]


@frozen(kw_only=True)
class Order:
    """The command line of one bulk send."""

    file: Path
    reading: FileOptions
    texts: TextOptions
    holding: HoldingOptions
    care: CareOptions
    pace: PaceOptions
    books: BooksOptions
    connection: Connection

    @property
    def results(self) -> Path:
        """Where the results go."""
        return self.books.resume or self.books.results or results_path(self.file)

    @property
    def again(self) -> str:
        """The command line that goes on with it."""
        groups = (self.reading, self.texts, self.holding, self.care, self.pace, self.books, self.connection)
        return command_line(self.file, groups, self.results)

    def check(self) -> RateLimit | None:
        """Check what can be checked before the file is looked at.

        Raises:
            InvalidInputError: Options do not go together, or a number is too small.
            ConfigurationError: The rate is none.
        """
        if self.books.resume is not None and self.books.results is not None:
            raise InvalidInputError("--resume", rule="names the results file", got="--results too")
        if self.books.retry_rejected and self.books.resume is None:
            raise InvalidInputError("--retry-rejected", rule="goes with --resume", got="no --resume")
        rate_limit = None if self.pace.rate is None else RateLimit(messages_per_second=self.pace.rate)
        for name, value in (("--batch-size", self.pace.group), ("--concurrency", self.pace.concurrency)):
            if value < 1:
                raise InvalidInputError(name, rule="expected at least 1", got="less")
        return rate_limit


@frozen(kw_only=True)
class _Prepared:
    """What is known after the look through the file."""

    check: Check
    detected_format: str
    reading: Reading
    snapshot: Snapshot
    sorter: Sorter
    fingerprints: dict[str, str]

    def deduplicator(self) -> Deduplicator:
        """Return a new deduplicator, which knows what earlier runs sent."""
        return _new_deduplicator(self.reading, self.snapshot, self.sorter)


def _now() -> datetime:
    return datetime.now(UTC)


@frozen
class Job:
    """One bulk send, from the first look at the file to the last word.

    Attributes:
        order: The command line.
        out: Where its words go.
        settings: What the surroundings say.
        now: The time of day.
    """

    order: Order
    out: Output
    settings: Settings
    now: Callable[[], datetime] = field(default=_now)

    def run(self) -> Exit:
        """Do it all.

        Returns:
            The exit code.

        Raises:
            WikipayamError: Nothing was sent, and why.
        """
        rate_limit = self.order.check()
        if self.order.care.dry_run:
            return self._rehearse()
        resume = self.order.books.resume
        with ResultsFile.fresh(self.order.results) if resume is None else ResultsFile.existing(resume) as results:
            prepared = self._prepare(results.known)
            tell_check(self.out, prepared.check, prepared.detected_format)
            if not prepared.check.messages and resume is None:
                return self._leave(prepared.check)
            settings = with_token(self.settings)
            if settings.ignored:
                self.out.warn(settings.ignored)
            if prepared.check.messages:
                code = self._look_at_the_account(prepared.check, settings)
                if code is not Exit.OK:
                    return code
                if not self._is_agreed(prepared.check):
                    self.out.warn("nothing was sent")
                    return Exit.USAGE
            run = _Run(self, prepared, results, prepared.deduplicator())
            return online(self.order.connection, run.send, settings=settings, rate_limit=rate_limit, tells_sends=True)

    def _leave(self, check: Check) -> Exit:
        """End where there is nothing to send: without a results file, so that the mended file can be sent."""
        self.out.warn("nothing to send")
        self.out.emit(described_check(check))
        return Exit.REJECTED if check.bad else Exit.OK

    def _rehearse(self) -> Exit:
        resume = self.order.books.resume
        prepared = self._prepare(None if resume is None else read_results(resume))
        tell_check(self.out, prepared.check, prepared.detected_format)
        self.out.emit(described_check(prepared.check))
        return Exit.REJECTED if prepared.check.bad else Exit.OK

    def _prepare(self, known: Known | None) -> _Prepared:
        """Look through the whole file, without any traffic."""
        order = self.order
        reading, holding = order.reading.reading(order.file), order.holding.holding()
        tariff = tariff_of(order.care.price_persian, order.care.price_latin)
        snapshot = take_snapshot(order.file)
        with open_table(reading, snapshot) as table:
            plan = map_columns(order.texts.columns(self.settings), table)
            fingerprints = fingerprint(plan, reading, table, snapshot.digest, holding.dedupe)
            if known is not None:
                _compare(order.results, known, fingerprints, opt_out=holding.opt_out is not None)
            sorter = Sorter(plan, holding, known.outcomes if known else RowOutcomes(), order.books.retry_rejected)
            check = look_through(table.rows, sorter, _new_deduplicator(reading, snapshot, sorter), tariff)
        if not check.rows:
            raise InvalidInputError(str(order.file), rule="expected rows", got="none")
        return _Prepared(
            check=check,
            detected_format=table.detected_format,
            reading=reading,
            snapshot=snapshot,
            sorter=sorter,
            fingerprints=fingerprints,
        )

    def _look_at_the_account(self, check: Check, settings: Settings) -> Exit:
        """Ask for the balance, which shows before anything is claimed whether the token is good and the gateway there."""
        return online(
            self.order.connection, lambda session: _compare_with_balance(session, check.cost), settings=settings
        )

    def _is_agreed(self, check: Check) -> bool:
        care = self.order.care
        instead: list[str] = []
        question = f"Send {counted(check.messages, 'message')}"
        if not care.yes and (check.cost is None or care.yes_up_to is None or check.cost > care.yes_up_to):
            instead.append("--yes" if check.cost is None else "--yes or --yes-up-to RIALS")
            cost = "at a cost that is not known" if check.cost is None else f"for {format_money(check.cost)}"
            question += f" {cost}"
        if check.bad and not care.skip_bad_rows:
            instead.append("--skip-bad-rows")
            question += f", without {counted(check.bad, 'bad row')}"
        return not instead or confirm(question, self.out, instead=" and ".join(instead))


@frozen
class _Run:
    """The sending itself."""

    job: Job
    prepared: _Prepared
    results: ResultsFile
    deduplicator: Deduplicator

    async def send(self, session: Session) -> Exit:
        """Send, and tell what became of it."""
        prepared, results, order = self.prepared, self.results, self.job.order
        facts = RunFacts(
            run="w" + secrets.token_hex(6),
            input=order.file.name,
            fingerprint=prepared.fingerprints,
            opt_out=prepared.sorter.holding.opt_out is not None,
            own_track_ids=prepared.sorter.plan.track_id_column is not None,
            started=self.job.now(),
        )
        tally = Tally()
        interrupted = True
        with ExitStack() as stack:
            table = stack.enter_context(open_table(prepared.reading, prepared.snapshot))
            results.begin(facts)
            feed = Feed(prepared.sorter.sort(table.rows, self.deduplicator), results, facts.run, order.pace.group)
            try:
                with progress(session.out, lambda: results.outcomes.so_far(prepared.check.rows)) as show:
                    await self._send(session, feed, tally, show)
                interrupted = False
            finally:
                end = End(
                    rows=prepared.check.rows, results=results, tally=tally, again=order.again, interrupted=interrupted
                )
                tell_end(session.out, end)
        return end.code

    async def _send(self, session: Session, feed: Feed, tally: Tally, show: Callable[[], None]) -> None:
        pace = self.job.order.pace
        client = session.client.with_options(sender=self.prepared.sorter.plan.sender)
        how = Pace(
            batch_size=pace.group, concurrency=pace.concurrency, on_error="stop" if pace.stop_on_error else "collect"
        )
        await send_file(client, feed, self.results, tally, pace=how, on_progress=show)


def _new_deduplicator(reading: Reading, snapshot: Snapshot, sorter: Sorter) -> Deduplicator:
    if not sorter.needs_memory:
        return sorter.deduplicator()
    with open_table(reading, snapshot) as table:
        return sorter.deduplicator(table.rows)


def _compare(path: Path, known: Known, fingerprints: Mapping[str, str], *, opt_out: bool) -> None:
    """Refuse to go on with another file, or in another way.

    A list of people who want no messages may come in later, and may change; it may not be left out.
    """
    changed = [name for name, digest in fingerprints.items() if known.header.fingerprint.get(name) != digest]
    if known.opt_out and not opt_out:
        changed.append("--opt-out")
    if changed:
        raise ResultsFileError(
            f"{path}: belongs to another sending; different are: {', '.join(changed)}. Go on with the same file and the "
            "same options, or start all over with --results OTHER, which sends everything again"
        )


async def _compare_with_balance(session: Session, cost: int | None) -> Exit:
    try:
        found = await session.client.balance()
    except AuthenticationError:
        raise
    except (APIStatusError, ResponseError) as error:
        session.out.warn(f"the balance is not known: {error}")
        return Exit.OK
    if cost is not None:
        enough = "" if found.balance >= cost else ", which is not enough"
        session.out.say(f"balance: {format_money(found.balance)}{enough}")
    return Exit.OK
