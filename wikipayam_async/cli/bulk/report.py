"""What is said before a bulk send, and after it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from attrs import frozen

from wikipayam_async.cli.bulk.check import Check, Sample
from wikipayam_async.cli.bulk.results_file import ResultsFile
from wikipayam_async.cli.bulk.sending import Tally
from wikipayam_async.cli.exits import Exit, worst
from wikipayam_async.cli.output import Output, counted
from wikipayam_async.cost.tariff import format_money
from wikipayam_async.outcomes import SendStatus

__all__ = ["End", "described_check", "exit_code", "tell_check", "tell_end"]

_RETRY = " --retry-rejected"


def tell_check(out: Output, check: Check, detected_format: str) -> None:
    """Tell what the look through the file found.

    Args:
        out: Where.
        check: What was found.
        detected_format: How the file was read.
    """
    lines = [f"{counted(check.rows, 'row')}{f' ({detected_format})' if detected_format else ''}"]
    if check.done:
        lines.append(f"done before: {check.done:,}")
    for word, count in check.held_back.items():
        lines.append(f"{count:,} held back: {word.replace('_', ' ')}")
    lines += [f"row {one.row}: {one.reason}" for one in check.bad_rows]
    if check.bad:
        lines.append(
            f"{counted(check.bad, 'bad row')} without a message"
            + ("; the first are above" if check.bad > len(check.bad_rows) else "")
        )
    cost = "not known without --price-persian" if check.cost is None else format_money(check.cost)
    lines.append(f"{counted(check.messages, 'message')} to send, {counted(check.estimate.parts, 'part')}; cost: {cost}")
    for name, sample in (("shortest", check.shortest), ("longest", check.longest)):
        lines += _sample(name, sample)
    out.say("\n".join(lines))


def _sample(name: str, sample: Sample | None) -> list[str]:
    if sample is None:
        return []
    parts = f"{counted(sample.parts.parts, 'part')} in {sample.parts.encoding}"
    return [f"{name} text, row {sample.row}, {parts}:", *(f"  {line}" for line in sample.text.splitlines())]


def described_check(check: Check) -> dict[str, object]:
    """Return what the look found for programs, without any text.

    Args:
        check: What was found.
    """
    return {
        "rows": check.rows,
        "done": check.done,
        "messages": check.messages,
        "bad": check.bad,
        "bad_rows": [{"row": one.row, "reason": one.reason} for one in check.bad_rows],
        "held_back": dict(check.held_back),
        "parts": check.estimate.parts,
        "cost": check.cost,
        "currency": check.estimate.currency,
    }


@frozen(kw_only=True)
class End:
    """The end of a run.

    Attributes:
        rows: How many rows the file has.
        results: The results file.
        tally: What the run came to.
        again: The command line that goes on with it.
        interrupted: Whether it was interrupted.
    """

    rows: int
    results: ResultsFile
    tally: Tally
    again: str
    interrupted: bool = False

    @property
    def counts(self) -> Mapping[SendStatus, int]:
        """How many rows there are of each outcome, earlier runs included."""
        return self.results.outcomes.counts(self.rows)

    @property
    def code(self) -> Exit:
        """The exit code."""
        return exit_code(self)


def exit_code(end: End) -> Exit:
    """Return the exit code of a run. What was held back, as it should be, is no failure.

    Args:
        end: The end of the run.
    """
    if end.interrupted:
        return Exit.INTERRUPTED
    counts = end.counts
    codes = [end.tally.code]
    if counts[SendStatus.UNKNOWN]:
        codes.append(Exit.UNKNOWN)
    if counts[SendStatus.NOT_ATTEMPTED] or counts[SendStatus.REJECTED] > end.results.outcomes.held_back:
        codes.append(Exit.REJECTED)
    if end.tally.failure is not None:
        codes.append(Exit.REJECTED)
    return worst(codes)


def tell_end(out: Output, end: End) -> None:
    """Tell what became of all rows, where that is written, and how to go on.

    Args:
        out: Where.
        end: The end of the run.
    """
    end.results.outcomes.end_of_run()
    counts, path = end.counts, end.results.path
    look = f"wikipayam results {shlex.quote(str(path))}"
    if end.tally.failure is not None:
        out.warn(f"ended before its time: {end.tally.failure}")
    for cause, messages in end.tally.causes.items():
        out.say(f"{counted(messages, 'message')}: {cause}")
    out.say(", ".join(f"{count:,} {status.value.replace('_', ' ')}" for status, count in counts.items()))
    out.say(f"what became of each row: {path} ({look})")
    if counts[SendStatus.UNKNOWN]:
        out.say(
            "the unknown ones may have been sent: look up their track ids in the panel "
            f"({look} --status unknown). They are never sent again by --resume; "
            "those that were not sent belong into a new file"
        )
    again = end.tally.is_refused_as_a_whole
    if counts[SendStatus.NOT_ATTEMPTED] or again:
        out.say("to go on: " + end.again + (_RETRY if again and _RETRY not in end.again else ""))
    out.emit(
        {
            "counts": {status.value: count for status, count in counts.items()},
            "held_back": end.results.outcomes.held_back,
            "results": str(path),
            "exit": end.code.name.lower(),
            "causes": end.tally.causes,
            "failure": None if end.tally.failure is None else str(end.tally.failure),
        }
    )
