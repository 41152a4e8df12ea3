"""The report of a run: the outcome of all messages, and how to go on."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from wikipayam_async.campaigns.errors import JournalWriteError
from wikipayam_async.campaigns.models import CampaignProgress, CampaignReport, CampaignStatus
from wikipayam_async.cli.campaign.causes import Causes
from wikipayam_async.cli.campaign.locations import Location
from wikipayam_async.cli.exits import Exit, exit_of, worst
from wikipayam_async.cli.output import Output, counted, spaced
from wikipayam_async.cli.wording import in_words_of_the_command_line
from wikipayam_async.outcomes import SendStatus

__all__ = ["RunSummary", "described", "described_progress", "next_steps", "show_summary", "state_text"]


@frozen(kw_only=True)
class RunSummary:
    """The end of a run.

    Attributes:
        location: Where the campaign is kept.
        progress: How far the campaign has got, all runs together.
        causes: Why messages were not accepted.
        report: What the run returned; None if it was interrupted or failed.
        failure: Why outcomes could not be written, with these outcomes.
        interrupted: Whether it was interrupted.
        options: The options that the next run needs to have the same hours, rate and spending limit.
    """

    location: Location
    progress: CampaignProgress
    causes: Causes
    report: CampaignReport | None = None
    failure: JournalWriteError | None = None
    interrupted: bool = False
    options: Sequence[str] = ()

    @property
    def code(self) -> Exit:
        """The exit code. Messages that were held back on purpose are no failure."""
        if self.interrupted:
            return Exit.INTERRUPTED
        progress, codes = self.progress, [Exit.OK]
        if progress.unknown or progress.sending or self.failure is not None:
            codes.append(Exit.UNKNOWN)
        if progress.pending or progress.rejected > self.causes.held_back:
            codes.append(Exit.REJECTED)
        if self.report is not None and progress.pending:
            if self.report.error is not None:
                codes.append(exit_of(self.report.error))
            elif self.report.attempted.get(SendStatus.NOT_ATTEMPTED):
                codes.append(Exit.GATEWAY)
        return worst(codes)


def state_text(progress: CampaignProgress) -> str:
    """Return the state of a campaign in one line.

    Args:
        progress: How far it has got.
    """
    reason = in_words_of_the_command_line(progress.reason or "")
    why = f": {reason}" if reason not in {"", progress.status.value} else ""
    counts = {
        "accepted": progress.accepted,
        "rejected": progress.rejected,
        "unknown": progress.unknown,
        "in flight": progress.sending,
        "left": progress.pending,
    }
    numbers = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count or name != "in flight")
    return f"{progress.status.value}{why}\n{counted(progress.total, 'message')}: {numbers}"


def described(location: Location, progress: CampaignProgress, causes: Causes) -> dict[str, object]:
    """Return the state of a campaign for `--json`, with the causes.

    Args:
        location: Where the campaign is kept.
        progress: How far it has got.
        causes: Why messages were not accepted.
    """
    return {
        **described_progress(str(location), progress),
        "held_back": causes.held_back,
        "causes": causes.described(),
    }


def described_progress(name: str, progress: CampaignProgress) -> dict[str, object]:
    """Return the state of a campaign for `--json`.

    Args:
        name: The file of the campaign, or its name.
        progress: How far it has got.
    """
    reason = None if progress.reason is None else in_words_of_the_command_line(progress.reason)
    return {
        "campaign": name,
        "status": progress.status.value,
        "reason": reason,
        "total": progress.total,
        "counts": {
            "accepted": progress.accepted,
            "rejected": progress.rejected,
            "unknown": progress.unknown,
            "sending": progress.sending,
            "pending": progress.pending,
        },
    }


def show_summary(out: Output, summary: RunSummary) -> None:
    """Show the outcomes of all messages, and how to go on.

    Args:
        out: The output.
        summary: The end of the run.
    """
    progress, location = summary.progress, summary.location
    if summary.interrupted:
        progress = evolve(progress, reason="interrupted")
    for line in (*summary.causes.lines(), state_text(progress)):
        out.say(line)
    if summary.failure is not None:
        _show_unwritten(out, location, summary.failure)
    for line in next_steps(location, progress, summary.options):
        out.say(line)
    out.emit(
        {
            **described(location, progress, summary.causes),
            "unwritten": _described_unwritten(summary.failure),
            "exit": summary.code.name.lower(),
        }
    )


def next_steps(location: Location, progress: CampaignProgress, options: Sequence[str] = ()) -> list[str]:
    """Return what to do next.

    Args:
        location: Where the campaign is kept.
        progress: How far it has got.
        options: The options of the last run, as far as they are known.
    """
    lines = [f"campaign: {location} ({location.command('results')})"]
    if progress.unknown or progress.sending:
        lines.append(
            "unknown messages may have been sent, and are not sent again. Look for them in the panel, by receiver, text and "
            f"time, or by track id if it shows one ({location.command('results', '--status', 'unknown')}), then record what "
            f"you found: {location.command('mark-accepted')} ID... --note WHY, or for those that the panel does not show, "
            f"{location.command('requeue')} ID... --note WHY"
        )
    if progress.pending and progress.status is not CampaignStatus.CANCELED:
        lines.append(f"to go on: {location.how_to_go_on(progress.status, *options)}")
    return lines


def _show_unwritten(out: Output, location: Location, failure: JournalWriteError) -> None:
    """Show outcomes that could not be written: they are known nowhere else."""
    out.warn(f"error: {in_words_of_the_command_line(str(failure))}")
    for result in failure.results:
        id_ = f", id {result.id}" if result.id else ""
        out.warn(f"not written: track id {result.track_id}: {spaced(result.status.value)}{id_}")
    if any(result.ok for result in failure.results):
        out.warn(
            "after the next run, record those that are accepted above: "
            f"{location.command('mark-accepted')} ID... --note 'shown when the disk was full'"
        )


def _described_unwritten(failure: JournalWriteError | None) -> list[dict[str, object]]:
    results = () if failure is None else failure.results
    return [{"track_id": one.track_id, "status": one.status.value, "id": one.id} for one in results]
