"""One bulk send from the command line: the check of the file, the confirmation, the run and its summary."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from attrs import evolve, frozen

from wikipayam_async.cli.bulk.check import FileCheck, check_rows
from wikipayam_async.cli.bulk.classifier import Deduplicator, RowClassifier
from wikipayam_async.cli.bulk.columns import fingerprint, map_columns
from wikipayam_async.cli.bulk.errors import ResultsFileError
from wikipayam_async.cli.bulk.files.notes import notes_of
from wikipayam_async.cli.bulk.options import BulkCommandOptions
from wikipayam_async.cli.bulk.outcomes import RowOutcomes, StoredResults, read_results
from wikipayam_async.cli.bulk.progress import progress
from wikipayam_async.cli.bulk.record import FORMAT, Header
from wikipayam_async.cli.bulk.report import RunSummary, describe_check, show_check, show_summary
from wikipayam_async.cli.bulk.results_file import ResultsFile
from wikipayam_async.cli.bulk.sending import ClaimedMessages, ErrorSummary, send_file
from wikipayam_async.cli.bulk.snapshot import FileSnapshot, take_snapshot
from wikipayam_async.cli.bulk.tables import Table, open_table
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counted
from wikipayam_async.cli.prices import tariff_of
from wikipayam_async.cli.prompts import confirm
from wikipayam_async.cli.session import Session, online
from wikipayam_async.cli.settings import Settings, need_token
from wikipayam_async.cost.tariff import format_money
from wikipayam_async.errors import APIStatusError, AuthenticationError, InvalidInputError, ResponseError
from wikipayam_async.version import __version__

__all__ = ["BulkCommand"]


@frozen(kw_only=True)
class _Prepared:
    """What is known after the check of the file."""

    check: FileCheck
    detected_format: str
    snapshot: FileSnapshot
    classifier: RowClassifier
    fingerprints: dict[str, str]


@frozen
class BulkCommand:
    """One `wikipayam bulk` command.

    Attributes:
        file: The input file.
        options: The options of the command line.
        out: The output.
        settings: The settings of the environment.
    """

    file: Path
    options: BulkCommandOptions
    out: Output
    settings: Settings

    def run(self) -> Exit:
        """Run the command.

        Returns:
            The exit code.

        Raises:
            WikipayamError: The reason why nothing was sent.
        """
        options = self.options
        rate_limit = options.check()
        if options.confirmation.dry_run:
            return self._dry_run()
        resume = options.results.resume
        with (
            ResultsFile.fresh(options.results_path(self.file))
            if resume is None
            else ResultsFile.existing(resume) as results
        ):
            prepared = self._prepare(results.stored)
            show_check(self.out, prepared.check, prepared.detected_format)
            if not prepared.check.messages and resume is None:
                return self._end_without_sending(prepared.check)
            settings = evolve(self.settings, token=need_token(self.settings))
            if settings.ignored:
                self.out.warn(settings.ignored)
            if prepared.check.messages:
                code = self._check_account(prepared.check, settings)
                if code is not Exit.OK:
                    return code
                if not self._is_confirmed(prepared.check):
                    self.out.warn("nothing was sent")
                    return Exit.USAGE
            deduplicator = self._deduplicator(prepared.snapshot, prepared.classifier)
            work = partial(self._send, prepared, results, deduplicator)
            return online(options.connection, work, settings=settings, rate_limit=rate_limit, reports_sends=True)

    def _end_without_sending(self, check: FileCheck) -> Exit:
        """End without creating a results file, so that the corrected file can be sent."""
        self.out.warn("nothing to send")
        self.out.emit(describe_check(check))
        return Exit.REJECTED if check.bad else Exit.OK

    def _dry_run(self) -> Exit:
        resume = self.options.results.resume
        prepared = self._prepare(None if resume is None else read_results(resume))
        show_check(self.out, prepared.check, prepared.detected_format)
        self.out.emit(describe_check(prepared.check))
        return Exit.REJECTED if prepared.check.bad else Exit.OK

    def _prepare(self, stored: StoredResults | None) -> _Prepared:
        """Check the whole file, without any request."""
        options = self.options
        rules = options.screening.rules()
        tariff = tariff_of(options.confirmation.price_persian, options.confirmation.price_latin)
        snapshot = take_snapshot(self.file)
        with self._open_table(snapshot) as table:
            mapping = map_columns(options.texts.complete(self.settings), table)
            fingerprints = fingerprint(mapping, options.reading, table, snapshot.digest, rules.dedupe)
            if stored is not None:
                _check_unchanged(
                    options.results_path(self.file), stored, fingerprints, opt_out=rules.opt_out is not None
                )
            outcomes = stored.outcomes if stored else RowOutcomes()
            classifier = RowClassifier(mapping, rules, outcomes, options.results.retry_rejected)
            check = check_rows(table.rows, classifier, self._deduplicator(snapshot, classifier), tariff)
            check = evolve(check, hidden=table.hidden.rows, notes=tuple(notes_of(table, check.repeated)))
        if not check.rows:
            hidden = f"only hidden ones ({check.hidden:,}; --include-hidden reads them)"
            raise InvalidInputError(str(self.file), rule="expected rows", got=hidden if check.hidden else "none")
        return _Prepared(
            check=check,
            detected_format=table.detected_format,
            snapshot=snapshot,
            classifier=classifier,
            fingerprints=fingerprints,
        )

    def _check_account(self, check: FileCheck, settings: Settings) -> Exit:
        """Read the balance: it fails, before any row is claimed, if the token is refused or the gateway is down."""
        return online(
            self.options.connection, lambda session: _compare_with_balance(session, check.cost), settings=settings
        )

    def _is_confirmed(self, check: FileCheck) -> bool:
        options = self.options.confirmation
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

    def _open_table(self, snapshot: FileSnapshot) -> AbstractContextManager[Table]:
        return open_table(self.file, self.options.reading, snapshot)

    def _deduplicator(self, snapshot: FileSnapshot, classifier: RowClassifier) -> Deduplicator:
        """Return a new deduplicator that knows what earlier runs sent."""
        if not classifier.needs_history:
            return classifier.deduplicator()
        with self._open_table(snapshot) as table:
            return classifier.deduplicator(table.rows)

    async def _send(
        self, prepared: _Prepared, results: ResultsFile, deduplicator: Deduplicator, session: Session
    ) -> Exit:
        """Send the messages, and show the summary."""
        options, sending, mapping = self.options, self.options.sending, prepared.classifier.mapping
        header = Header(
            format=FORMAT,
            version=__version__,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            input=self.file.name,
            fingerprint=prepared.fingerprints,
            opt_out=prepared.classifier.rules.opt_out is not None,
            own_track_ids=mapping.track_id_column is not None,
            run="w" + secrets.token_hex(6),
        )
        errors = ErrorSummary()
        interrupted = True
        with self._open_table(prepared.snapshot) as table:
            results.begin(header)
            rows = prepared.classifier.classify(table.rows, deduplicator)
            messages = ClaimedMessages(rows, results, header.run, sending.messages_per_request)
            try:
                with progress(session.out, lambda: results.outcomes.live_counts(prepared.check.rows)) as show:
                    await send_file(
                        session.client.with_options(sender=mapping.sender),
                        messages,
                        results,
                        errors,
                        batch_size=sending.messages_per_request,
                        concurrency=sending.concurrency,
                        stop_on_error=sending.stop_on_error,
                        on_progress=show,
                    )
                interrupted = False
            finally:
                summary = RunSummary(
                    rows=prepared.check.rows,
                    results=results,
                    errors=errors,
                    resume_command=options.resume_command(self.file),
                    interrupted=interrupted,
                )
                show_summary(session.out, summary)
        return summary.code


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
