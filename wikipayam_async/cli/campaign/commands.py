"""`wikipayam campaign`: the commands about a bulk send, which need its file and not the input file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Group, Parameter

from wikipayam_async.campaigns.campaign import Campaign
from wikipayam_async.cli.campaign.causes import read_causes
from wikipayam_async.cli.campaign.decisions import Decide, decide
from wikipayam_async.cli.campaign.files import command, opened
from wikipayam_async.cli.campaign.offline import RESULT_COLUMNS, after_confirmation, offline, show_result
from wikipayam_async.cli.campaign.options import ConfirmationOptions, SendingOptions
from wikipayam_async.cli.campaign.report import described, next_steps, state_text
from wikipayam_async.cli.campaign.resume import resume
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counted
from wikipayam_async.cli.session import GatewayOptions, OutputOptions, Session, online
from wikipayam_async.cli.values import Number
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.services.sms.delivery import DeliveryStatus

__all__ = ["campaign"]

campaign = App(name="campaign", group_arguments=Group("Arguments"), group_parameters=Group("Options"))

Status = Literal["accepted", "rejected", "unknown", "not_attempted"]
Ids = Annotated[str, Parameter(allow_leading_hyphen=True)]


@campaign.command(name="run")
def run_(
    file: Path,
    *,
    sending: SendingOptions = SendingOptions(),
    confirmation: ConfirmationOptions = ConfirmationOptions(),
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Resume a campaign: send what is left. The input file is not needed.

    What was in flight when an earlier run ended without notice becomes unknown, and is not sent again. A campaign that
    was never run asks first.

    Args:
        file: The file of the campaign.
        sending: How to send.
        confirmation: What to ask before sending.
        connection: How to reach the gateway.
    """
    return resume(file, sending, confirmation, connection)


@campaign.command
def status(file: Path, *, output: OutputOptions = OutputOptions()) -> Exit:
    """Show how far a campaign has got, and why messages were not accepted. It may be running.

    Args:
        file: The file of the campaign.
        output: How to show the result.
    """

    async def show(found: Campaign, out: Output) -> None:
        now, causes = await found.progress(), await read_causes(found)
        out.report("\n".join([state_text(now), *causes.lines()]), described(file, now, causes))
        for line in next_steps(file, now):
            out.say(line)

    return offline(file, output, show)


@campaign.command
def results(
    file: Path,
    *,
    status: Status | None = None,
    cause: str | None = None,
    track_ids: bool = False,
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Show what is known of each message, one per line, its cells separated by tabs.

    With --json each message is a line of JSON, with its full number, its text and the columns of its row.

    Args:
        file: The file of the campaign.
        status: Only messages with this outcome.
        cause: Only messages with this cause, as `campaign status` shows it.
        track_ids: Show only the track ids.
        output: How to show the result.
    """

    async def show(found: Campaign, out: Output) -> None:
        if not track_ids and not out.json:
            out.data("\t".join(RESULT_COLUMNS) + "\n")
        async for result in found.results(status=None if status is None else SendStatus(status)):
            if out.closed:
                return
            if cause is None or (result.reason or "").replace("_", " ") == cause.replace("_", " "):
                show_result(out, result, track_id_only=track_ids)

    return offline(file, output, show)


@campaign.command(name="mark-accepted")
def mark_accepted(
    file: Path,
    /,
    *track_ids: Ids,
    note: str,
    cause: str | None = None,
    yes: Annotated[bool, Parameter(negative="")] = False,
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Record that unknown messages were accepted after all: the panel shows them.

    Args:
        file: The file of the campaign.
        track_ids: Their track ids; - reads them from stdin, one per line.
        note: How you know, for the audit, as "panel, ticket 81".
        cause: All unknown messages with this cause, after a confirmation.
        yes: Do not ask.
        output: How to show the result.
    """
    return decide(file, Decide("mark_accepted", track_ids, note, cause, yes=yes), Output(json=output.json))


@campaign.command
def requeue(
    file: Path,
    /,
    *track_ids: Ids,
    note: str,
    cause: str | None = None,
    rejected: Annotated[bool, Parameter(negative="")] = False,
    yes: Annotated[bool, Parameter(negative="")] = False,
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Put unknown or rejected messages back, under new track ids; the next run sends them.

    Requeue an unknown message only if the panel shows it neither by receiver, text and time nor by track id: otherwise it
    is sent twice.

    Args:
        file: The file of the campaign.
        track_ids: Their track ids; - reads them from stdin, one per line.
        note: How you know, for the audit, as "not in the panel".
        cause: All unknown messages with this cause, after a confirmation; with --rejected the rejected ones.
        rejected: All messages that the gateway rejected, after a confirmation.
        yes: Do not ask.
        output: How to show the result.
    """
    wanted = Decide("requeue", track_ids, note, cause, rejected=rejected, yes=yes)
    return decide(file, wanted, Output(json=output.json))


@campaign.command
def audit(file: Path, *, output: OutputOptions = OutputOptions()) -> Exit:
    """Show every decision about unknown and rejected messages, oldest first.

    Args:
        file: The file of the campaign.
        output: How to show the result.
    """

    async def show(found: Campaign, out: Output) -> None:
        entries = await found.audit()
        out.table(
            ("at", "decision", "before", "track id", "new track id", "note"),
            [
                [
                    one.at.isoformat(timespec="seconds"),
                    one.decision.value,
                    one.before.value if one.before else "",
                    one.track_id or "",
                    one.new_track_id or "",
                    one.note,
                ]
                for one in entries
            ],
        )
        out.emit({"audit": entries})

    return offline(file, output, show)


@campaign.command
def pause(file: Path, *, output: OutputOptions = OutputOptions()) -> Exit:
    """Pause a campaign, also one that another process runs: it finishes what is in flight, records it, and stops.

    Args:
        file: The file of the campaign.
        output: How to show the result.
    """

    async def ask(found: Campaign, out: Output) -> None:
        await found.pause()
        out.show(f"paused; to go on: {command('run', file)}", {"paused": str(file)})

    return offline(file, output, ask)


@campaign.command
def cancel(
    file: Path, *, yes: Annotated[bool, Parameter(negative="")] = False, output: OutputOptions = OutputOptions()
) -> Exit:
    """Cancel a campaign for good, after a confirmation: what was not sent is never sent.

    Args:
        file: The file of the campaign.
        yes: Do not ask.
        output: How to show the result.
    """

    async def ask(found: Campaign, out: Output) -> None:
        await found.cancel()
        out.show("canceled", {"canceled": str(file)})

    return after_confirmation(f"Cancel {file} for good", file, ask, output, yes=yes)


@campaign.command
def follow(file: Path, *, wait: Number = 3600.0, connection: GatewayOptions = GatewayOptions()) -> Exit:
    """Poll the delivery of accepted messages until each is final, and keep it in the campaign.

    The exit code is 1 if some were not delivered, and 3 if some are still pending at the time limit.

    Args:
        file: The file of the campaign.
        wait: The maximum time to follow, in seconds.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> Exit:
        if not wait >= 0:
            raise InvalidInputError("--wait", rule="expected seconds, not below 0", got="another number")
        async with opened(file, Campaign.open(session.client, file)) as found:
            delivery = await found.wait_for_delivery(timeout=wait)
        lines = [f"{count:,} {word}" for word, count in delivery.counts.items()]
        session.out.answer(
            "\n".join([*lines, f"{delivery.pending:,} pending"]),
            {"counts": dict(delivery.counts), "pending": delivery.pending},
        )
        failed = any(DeliveryStatus(word).final and word != DeliveryStatus.DELIVERED for word in delivery.counts)
        if delivery.pending:
            return Exit.UNKNOWN
        return Exit.REJECTED if failed else Exit.OK

    return online(connection, work)


@campaign.command
def export(
    file: Path,
    target: Path,
    /,
    *,
    format_: Annotated[Literal["csv", "jsonl"] | None, Parameter(name="--format")] = None,
    force: Annotated[bool, Parameter(negative="")] = False,
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Write what is known of each message to a file, after the columns of your own file, with full numbers.

    Only you can read the file. In CSV a text that a spreadsheet would read as a formula gets a leading apostrophe.

    Args:
        file: The file of the campaign.
        target: The file to write, .csv or .jsonl.
        format_: CSV or JSON Lines.
        force: Replace an existing file.
        output: How to show the result.
    """
    is_new, is_campaign = not target.exists(), target.resolve() == file.resolve()

    async def write(found: Campaign, out: Output) -> None:
        if is_campaign:
            raise InvalidInputError("TARGET", rule="expected another file than the campaign's", got="the same")
        if not (is_new or force):
            raise InvalidInputError("TARGET", rule="expected a new file, or --force", got="an existing file")
        count = await found.export(target, format=format_)
        out.show(f"{counted(count, 'message')} in {target}", {"messages": count, "file": str(target)})

    return offline(file, output, write)


@campaign.command
def purge(
    file: Path, *, yes: Annotated[bool, Parameter(negative="")] = False, output: OutputOptions = OutputOptions()
) -> Exit:
    """Delete a campaign with all its numbers and texts, after a confirmation. It cannot be resumed or restored.

    Args:
        file: The file of the campaign.
        yes: Do not ask.
        output: How to show the result.
    """

    async def delete(found: Campaign, out: Output) -> None:
        await found.purge()
        out.show(f"deleted: {file}", {"deleted": str(file)})

    return after_confirmation(f"Delete {file}, which nothing can restore", file, delete, output, yes=yes)
