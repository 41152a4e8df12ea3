"""One bulk send from the command line: the check of the file, the confirmation, the run and its summary."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from attrs import field, frozen

from wikipayam_async.cli.bulk.check import FileCheck, check_rows
from wikipayam_async.cli.bulk.classifier import Deduplicator, RowClassifier
from wikipayam_async.cli.bulk.columns import fingerprint, map_columns
from wikipayam_async.cli.bulk.errors import ResultsFileError
from wikipayam_async.cli.bulk.options import BulkArguments
from wikipayam_async.cli.bulk.outcomes import RowOutcomes, StoredResults, read_results
from wikipayam_async.cli.bulk.progress import progress
from wikipayam_async.cli.bulk.report import RunSummary, describe_check, show_check, show_summary
from wikipayam_async.cli.bulk.results_file import ResultsFile, RunInfo
from wikipayam_async.cli.bulk.sending import ClaimedMessages, ErrorSummary, send_file
from wikipayam_async.cli.bulk.snapshot import FileSnapshot, take_snapshot
from wikipayam_async.cli.bulk.tables import ReadOptions, open_table
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counted
from wikipayam_async.cli.prices import tariff_of
from wikipayam_async.cli.prompts import confirm
from wikipayam_async.cli.session import Session, online
from wikipayam_async.cli.settings import Settings, with_token
from wikipayam_async.cost.tariff import format_money
from wikipayam_async.errors import APIStatusError, AuthenticationError, InvalidInputError, ResponseError

__all__ = ["BulkCommand"]


@frozen(kw_only=True)
class _Prepared:
    """What is known after the check of the file."""

    check: FileCheck
    detected_format: str
    read_options: ReadOptions
    snapshot: FileSnapshot
    classifier: RowClassifier
    fingerprints: dict[str, str]

    def deduplicator(self) -> Deduplicator:
        """Return a new deduplicator that knows what earlier runs sent."""
        return _new_deduplicator(self.read_options, self.snapshot, self.classifier)


def _now() -> datetime:
    return datetime.now(UTC)


@frozen
class BulkCommand:
    """One `wikipayam bulk` command.

    Attributes:
        arguments: The arguments of the command line.
        out: The output.
        settings: The settings of the environment.
        now: Returns the current time.
    """

    arguments: BulkArguments
    out: Output
    settings: Settings
    now: Callable[[], datetime] = field(default=_now)

    def run(self) -> Exit:
        """Run the command.

        Returns:
            The exit code.

        Raises:
            WikipayamError: The reason why nothing was sent.
        """
        arguments = self.arguments
        rate_limit = arguments.check()
        if arguments.confirmation.dry_run:
            return self._dry_run()
        resume = arguments.results.resume
        with ResultsFile.fresh(arguments.results_path) if resume is None else ResultsFile.existing(resume) as results:
            prepared = self._prepare(results.stored)
            show_check(self.out, prepared.check, prepared.detected_format)
            if not prepared.check.messages and resume is None:
                return self._end_without_sending(prepared.check)
            settings = with_token(self.settings)
            if settings.ignored:
                self.out.warn(settings.ignored)
            if prepared.check.messages:
                code = self._check_account(prepared.check, settings)
                if code is not Exit.OK:
                    return code
                if not self._is_confirmed(prepared.check):
                    self.out.warn("nothing was sent")
                    return Exit.USAGE
            sending = _Sending(self, prepared, results, prepared.deduplicator())
            return online(
                arguments.connection, sending.run, settings=settings, rate_limit=rate_limit, reports_sends=True
            )

    def _end_without_sending(self, check: FileCheck) -> Exit:
        """End without creating a results file, so that the corrected file can be sent."""
        self.out.warn("nothing to send")
        self.out.emit(describe_check(check))
        return Exit.REJECTED if check.bad else Exit.OK

    def _dry_run(self) -> Exit:
        resume = self.arguments.results.resume
        prepared = self._prepare(None if resume is None else read_results(resume))
        show_check(self.out, prepared.check, prepared.detected_format)
        self.out.emit(describe_check(prepared.check))
        return Exit.REJECTED if prepared.check.bad else Exit.OK

    def _prepare(self, stored: StoredResults | None) -> _Prepared:
        """Check the whole file, without any request."""
        arguments = self.arguments
        read_options, rules = arguments.reading.read_options(arguments.file), arguments.screening.rules()
        tariff = tariff_of(arguments.confirmation.price_persian, arguments.confirmation.price_latin)
        snapshot = take_snapshot(arguments.file)
        with open_table(read_options, snapshot) as table:
            mapping = map_columns(arguments.texts.columns(self.settings), table)
            fingerprints = fingerprint(mapping, read_options, table, snapshot.digest, rules.dedupe)
            if stored is not None:
                _check_unchanged(arguments.results_path, stored, fingerprints, opt_out=rules.opt_out is not None)
            outcomes = stored.outcomes if stored else RowOutcomes()
            classifier = RowClassifier(mapping, rules, outcomes, arguments.results.retry_rejected)
            deduplicator = _new_deduplicator(read_options, snapshot, classifier)
            check = check_rows(table.rows, classifier, deduplicator, tariff)
        if not check.rows:
            raise InvalidInputError(str(arguments.file), rule="expected rows", got="none")
        return _Prepared(
            check=check,
            detected_format=table.detected_format,
            read_options=read_options,
            snapshot=snapshot,
            classifier=classifier,
            fingerprints=fingerprints,
        )

    def _check_account(self, check: FileCheck, settings: Settings) -> Exit:
        """Read the balance: it fails, before any row is claimed, if the token is refused or the gateway is down."""
        return online(
            self.arguments.connection, lambda session: _compare_with_balance(session, check.cost), settings=settings
        )

    def _is_confirmed(self, check: FileCheck) -> bool:
        options = self.arguments.confirmation
        instead: list[str] = []
        question = f"Send {counted(check.messages, 'message')}"
        if not options.yes and (check.cost is None or options.yes_up_to is None or check.cost > options.yes_up_to):
            instead.append("--yes" if check.cost is None else "--yes or --yes-up-to RIALS")
            cost = "at an unknown cost" if check.cost is None else f"for {format_money(check.cost)}"
            question += f" {cost}"
        if check.bad and not options.skip_bad_rows:
            instead.append("--skip-bad-rows")
            question += f", without {counted(check.bad, 'bad row')}"
        return not instead or confirm(question, self.out, instead=" and ".join(instead))


@frozen
class _Sending:
    """The sending of a prepared file."""

    command: BulkCommand
    prepared: _Prepared
    results: ResultsFile
    deduplicator: Deduplicator

    async def run(self, session: Session) -> Exit:
        """Send the messages, and show the summary."""
        prepared, results, arguments = self.prepared, self.results, self.command.arguments
        info = RunInfo(
            run="w" + secrets.token_hex(6),
            input=arguments.file.name,
            fingerprint=prepared.fingerprints,
            opt_out=prepared.classifier.rules.opt_out is not None,
            own_track_ids=prepared.classifier.mapping.track_id_column is not None,
            started=self.command.now(),
        )
        errors = ErrorSummary()
        interrupted = True
        with ExitStack() as stack:
            table = stack.enter_context(open_table(prepared.read_options, prepared.snapshot))
            results.begin(info)
            rows = prepared.classifier.classify(table.rows, self.deduplicator)
            messages = ClaimedMessages(rows, results, info.run, arguments.sending.messages_per_request)
            try:
                with progress(session.out, lambda: results.outcomes.live_counts(prepared.check.rows)) as show:
                    await self._send(session, messages, errors, show)
                interrupted = False
            finally:
                summary = RunSummary(
                    rows=prepared.check.rows,
                    results=results,
                    errors=errors,
                    resume_command=arguments.resume_command,
                    interrupted=interrupted,
                )
                show_summary(session.out, summary)
        return summary.code

    async def _send(
        self, session: Session, messages: ClaimedMessages, errors: ErrorSummary, show: Callable[[], None]
    ) -> None:
        options = self.command.arguments.sending
        await send_file(
            session.client.with_options(sender=self.prepared.classifier.mapping.sender),
            messages,
            self.results,
            errors,
            batch_size=options.messages_per_request,
            concurrency=options.concurrency,
            stop_on_error=options.stop_on_error,
            on_progress=show,
        )


def _new_deduplicator(read_options: ReadOptions, snapshot: FileSnapshot, classifier: RowClassifier) -> Deduplicator:
    if not classifier.needs_history:
        return classifier.deduplicator()
    with open_table(read_options, snapshot) as table:
        return classifier.deduplicator(table.rows)


def _check_unchanged(path: Path, stored: StoredResults, fingerprints: Mapping[str, str], *, opt_out: bool) -> None:
    """Refuse to resume with another file or other options.

    An opt-out list may be added or changed between runs, but not left out.
    """
    changed = [name for name, digest in fingerprints.items() if stored.header.fingerprint.get(name) != digest]
    if stored.opt_out and not opt_out:
        changed.append("--opt-out")
    if changed:
        raise ResultsFileError(
            f"{path}: belongs to another bulk send; changed: {', '.join(changed)}. Resume with the same file and the same "
            "options, or start over with --results OTHER, which sends everything again"
        )


async def _compare_with_balance(session: Session, cost: int | None) -> Exit:
    try:
        found = await session.client.balance()
    except AuthenticationError:
        raise
    except (APIStatusError, ResponseError) as error:
        session.out.warn(f"the balance is unknown: {error}")
        return Exit.OK
    if cost is not None:
        enough = "" if found.balance >= cost else ", which is not enough"
        session.out.say(f"balance: {format_money(found.balance)}{enough}")
    return Exit.OK
