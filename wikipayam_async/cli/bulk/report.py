"""The reports of a bulk send: the check of the file before it, and the summary after it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from attrs import frozen

from wikipayam_async.cli.bulk.check import FileCheck, Sample
from wikipayam_async.cli.bulk.results_file import ResultsFile
from wikipayam_async.cli.bulk.sending import ErrorSummary
from wikipayam_async.cli.exits import Exit, worst
from wikipayam_async.cli.output import Output, counted, counts_text, spaced
from wikipayam_async.cost.tariff import format_money
from wikipayam_async.outcomes import SendStatus

__all__ = ["RunSummary", "describe_check", "show_check", "show_summary"]

_RETRY = " --retry-rejected"


def show_check(out: Output, check: FileCheck, detected_format: str) -> None:
    """Show the result of the check.

    Args:
        out: The output.
        check: The result of the check.
        detected_format: How the file was read.
    """
    lines = [f"{counted(check.rows, 'row')}{f' ({detected_format})' if detected_format else ''}"]
    if check.done:
        lines.append(f"processed before: {check.done:,}")
    lines += [f"{count:,} held back: {spaced(reason)}" for reason, count in check.held_back.items()]
    lines += check.notes
    lines += [f"row {one.row}: {one.reason}" for one in check.bad_rows]
    if check.bad:
        lines.append(
            f"{counted(check.bad, 'bad row')} without a message"
            + ("; the first are above" if check.bad > len(check.bad_rows) else "")
        )
    cost = "unknown without --price-persian" if check.cost is None else format_money(check.cost)
    lines.append(f"{counted(check.messages, 'message')} to send, {counted(check.estimate.parts, 'part')}; cost: {cost}")
    for name, sample in (("shortest", check.shortest), ("longest", check.longest)):
        lines += _sample(name, sample)
    out.say("\n".join(lines))


def _sample(name: str, sample: Sample | None) -> list[str]:
    if sample is None:
        return []
    parts = f"{counted(sample.parts.parts, 'part')} in {sample.parts.encoding}"
    return [f"{name} text, row {sample.row}, {parts}:", *(f"  {line}" for line in sample.text.splitlines())]


def describe_check(check: FileCheck) -> dict[str, object]:
    """Return the result of the check for `--json`, without any text.

    Args:
        check: The result of the check.
    """
    return {
        "rows": check.rows,
        "done": check.done,
        "messages": check.messages,
        "bad": check.bad,
        "bad_rows": [{"row": one.row, "reason": one.reason} for one in check.bad_rows],
        "held_back": dict(check.held_back),
        "repeated": check.repeated,
        "hidden": check.hidden,
        "parts": check.estimate.parts,
        "cost": check.cost,
        "currency": check.estimate.currency,
    }


@frozen(kw_only=True)
class RunSummary:
    """The end of a run.

    Attributes:
        rows: The number of rows in the file.
        results: The results file.
        errors: The errors of the run.
        resume_command: The command line that resumes the run.
        interrupted: Whether the run was interrupted.
    """

    rows: int
    results: ResultsFile
    errors: ErrorSummary
    resume_command: str
    interrupted: bool = False

    @property
    def counts(self) -> Mapping[SendStatus, int]:
        """The number of rows of each outcome, earlier runs included."""
        return self.results.outcomes.counts(self.rows)

    @property
    def code(self) -> Exit:
        """The exit code. Messages that were held back are no failure."""
        if self.interrupted:
            return Exit.INTERRUPTED
        counts, held_back = self.counts, self.results.outcomes.held_back
        codes = [self.errors.code]
        if counts[SendStatus.UNKNOWN]:
            codes.append(Exit.UNKNOWN)
        if (
            counts[SendStatus.NOT_ATTEMPTED]
            or counts[SendStatus.REJECTED] > held_back
            or self.errors.failure is not None
        ):
            codes.append(Exit.REJECTED)
        return worst(codes)


def show_summary(out: Output, summary: RunSummary) -> None:
    """Show the outcomes of all rows, the path of the results file, and how to resume.

    Args:
        out: The output.
        summary: The end of the run.
    """
    summary.results.outcomes.end_run()
    errors, counts, path = summary.errors, summary.counts, summary.results.path
    show_command = f"wikipayam results {shlex.quote(str(path))}"
    if errors.failure is not None:
        out.warn(f"stopped early: {errors.failure}")
    for cause, messages in errors.causes.items():
        out.say(f"{counted(messages, 'message')}: {cause}")
    out.say(counts_text(counts))
    out.say(f"results: {path} ({show_command})")
    if counts[SendStatus.UNKNOWN]:
        out.say(
            "the unknown messages may have been sent: look up their track ids in the panel "
            f"({show_command} --status unknown). --resume never sends them again; "
            "put those that were not sent into a new file"
        )
    if counts[SendStatus.NOT_ATTEMPTED] or errors.is_account_error:
        retry = _RETRY if errors.is_account_error and _RETRY not in summary.resume_command else ""
        out.say(f"to resume: {summary.resume_command}{retry}")
    out.emit(
        {
            "counts": {status.value: count for status, count in counts.items()},
            "held_back": summary.results.outcomes.held_back,
            "results": str(path),
            "exit": summary.code.name.lower(),
            "causes": errors.causes,
            "failure": None if errors.failure is None else str(errors.failure),
        }
    )
