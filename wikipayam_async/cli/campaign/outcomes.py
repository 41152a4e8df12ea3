"""`wikipayam campaign`: the commands about the outcomes of a campaign, which do not need the input file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from wikipayam_async.cli.campaign.decisions import Decide, decide
from wikipayam_async.cli.campaign.locations import opened, remains
from wikipayam_async.cli.campaign.offline import (
    RESULT_COLUMNS,
    OpenCampaign,
    after_confirmation,
    offline,
    show_result,
)
from wikipayam_async.cli.campaign.options import Chosen, DatabaseOptions
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counted
from wikipayam_async.cli.session import GatewayOptions, OutputOptions, Session, online
from wikipayam_async.cli.values import Number
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.services.sms.delivery import DeliveryStatus

__all__ = ["audit", "export", "follow", "mark_accepted", "purge", "requeue", "results"]

Status = Literal["accepted", "rejected", "unknown", "not_attempted"]
Ids = Annotated[str, Parameter(allow_leading_hyphen=True)]
FileOrId = Annotated[str | None, Parameter(name="FILE", allow_leading_hyphen=True)]


def results(
    file: Path | None = None,
    *,
    status: Status | None = None,
    cause: str | None = None,
    track_ids: bool = False,
    database: DatabaseOptions = DatabaseOptions(),
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Show what is known of each message, one per line, its cells separated by tabs.

    With --json each message is a line of JSON, with its full number, its text and the columns of its row.

    Args:
        file: The file of the campaign, unless it is in a database.
        status: Only messages with this outcome.
        cause: Only messages with this cause, as `campaign status` shows it.
        track_ids: Show only the track ids.
        database: Where the campaign is, if not in a file.
        output: How to show the result.
    """

    async def show(found: OpenCampaign) -> None:
        out = found.out
        if not track_ids and not out.json:
            out.data("\t".join(RESULT_COLUMNS) + "\n")
        async for result in found.campaign.results(status=None if status is None else SendStatus(status)):
            if out.closed:
                return
            if cause is None or (result.reason or "").replace("_", " ") == cause.replace("_", " "):
                show_result(out, result, track_id_only=track_ids)

    return offline(Chosen(file, database), output, show)


def mark_accepted(
    file: FileOrId = None,
    /,
    *track_ids: Ids,
    note: str,
    cause: str | None = None,
    yes: Annotated[bool, Parameter(negative="")] = False,
    database: DatabaseOptions = DatabaseOptions(),
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Record that unknown messages were accepted after all: the panel shows them.

    Args:
        file: The file of the campaign. With --name, leave it out and begin with the track ids.
        track_ids: Their track ids; - reads them from stdin, one per line.
        note: How you know, for the audit, as "panel, ticket 81".
        cause: All unknown messages with this cause, after a confirmation.
        yes: Do not ask.
        database: Where the campaign is, if not in a file.
        output: How to show the result.
    """
    chosen, track_ids = _split(file, track_ids, database)
    return decide(chosen, Decide("mark_accepted", track_ids, note, cause, yes=yes), Output(json=output.json))


def requeue(
    file: FileOrId = None,
    /,
    *track_ids: Ids,
    note: str,
    cause: str | None = None,
    rejected: Annotated[bool, Parameter(negative="")] = False,
    yes: Annotated[bool, Parameter(negative="")] = False,
    database: DatabaseOptions = DatabaseOptions(),
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Put unknown or rejected messages back, under new track ids; the next run sends them.

    Requeue an unknown message only if the panel shows it neither by receiver, text and time nor by track id: otherwise it
    is sent twice.

    Args:
        file: The file of the campaign. With --name, leave it out and begin with the track ids.
        track_ids: Their track ids; - reads them from stdin, one per line.
        note: How you know, for the audit, as "not in the panel".
        cause: All unknown messages with this cause, after a confirmation; with --rejected the rejected ones.
        rejected: All messages that the gateway rejected, after a confirmation.
        yes: Do not ask.
        database: Where the campaign is, if not in a file.
        output: How to show the result.
    """
    chosen, track_ids = _split(file, track_ids, database)
    wanted = Decide("requeue", track_ids, note, cause, rejected=rejected, yes=yes)
    return decide(chosen, wanted, Output(json=output.json))


def _split(file: str | None, track_ids: tuple[str, ...], database: DatabaseOptions) -> tuple[Chosen, tuple[str, ...]]:
    """Return the campaign and the track ids of the arguments: the first one is the file, unless a name is given."""
    if database.name is None or file is None:
        return Chosen(None if file is None else Path(file), database), track_ids
    return Chosen(None, database), (file, *track_ids)


def audit(
    file: Path | None = None, *, database: DatabaseOptions = DatabaseOptions(), output: OutputOptions = OutputOptions()
) -> Exit:
    """Show every decision about unknown and rejected messages, oldest first.

    Args:
        file: The file of the campaign, unless it is in a database.
        database: Where the campaign is, if not in a file.
        output: How to show the result.
    """

    async def show(found: OpenCampaign) -> None:
        entries = await found.campaign.audit()
        found.out.table(
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
        found.out.emit({"audit": entries})

    return offline(Chosen(file, database), output, show)


def follow(
    file: Path | None = None,
    *,
    wait: Number = 3600.0,
    database: DatabaseOptions = DatabaseOptions(),
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Poll the delivery of accepted messages until each is final, and keep it in the campaign.

    The exit code is 1 if some were not delivered, and 3 if some are still pending at the time limit.

    Args:
        file: The file of the campaign, unless it is in a database.
        wait: The maximum time to follow, in seconds.
        database: Where the campaign is, if not in a file.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> Exit:
        if not wait >= 0:
            raise InvalidInputError("--wait", rule="expected seconds, not below 0", got="another number")
        async with opened(Chosen(file, database).location(), session.client) as found:
            delivery = await found.wait_for_delivery(timeout=wait)
        lines = [f"{count:,} {word}" for word, count in delivery.counts.items()]
        session.out.report(
            "\n".join([*lines, f"{delivery.pending:,} pending"]),
            {"counts": dict(delivery.counts), "pending": delivery.pending},
        )
        failed = any(DeliveryStatus(word).final and word != DeliveryStatus.DELIVERED for word in delivery.counts)
        if delivery.pending:
            return Exit.UNKNOWN
        return Exit.REJECTED if failed else Exit.OK

    return online(connection, work)


def export(
    file: Path | None = None,
    target: Path | None = None,
    /,
    *,
    format_: Annotated[Literal["csv", "jsonl"] | None, Parameter(name="--format")] = None,
    force: Annotated[bool, Parameter(negative="")] = False,
    database: DatabaseOptions = DatabaseOptions(),
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Write what is known of each message to a file, after the columns of your own file, with full numbers.

    Only you can read the file. In CSV a text that a spreadsheet would read as a formula gets a leading apostrophe.

    Args:
        file: The file of the campaign. With --name, leave it out and give the file to write instead.
        target: The file to write, .csv or .jsonl.
        format_: CSV or JSON Lines.
        force: Replace an existing file.
        database: Where the campaign is, if not in a file.
        output: How to show the result.
    """
    if database.name is not None and target is None:
        file, target = None, file
    is_new = target is None or not target.exists()
    is_campaign = file is not None and target is not None and target.resolve() == file.resolve()

    async def write(found: OpenCampaign) -> None:
        if target is None:
            raise InvalidInputError("TARGET", rule="expected a file to write, .csv or .jsonl", got="none")
        if is_campaign:
            raise InvalidInputError("TARGET", rule="expected another file than the campaign's", got="the same")
        if not (is_new or force):
            raise InvalidInputError("TARGET", rule="expected a new file, or --force", got="an existing file")
        count = await found.campaign.export(target, format=format_)
        found.out.show(f"{counted(count, 'message')} in {target}", {"messages": count, "file": str(target)})

    return offline(Chosen(file, database), output, write)


def purge(
    file: Path | None = None,
    *,
    yes: Annotated[bool, Parameter(negative="")] = False,
    database: DatabaseOptions = DatabaseOptions(),
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Delete a campaign with all its numbers and texts, after a confirmation. It cannot be resumed or restored.

    It also deletes what a process left that was killed while it planned or deleted the campaign.

    Args:
        file: The file of the campaign, unless it is in a database.
        yes: Do not ask.
        database: Where the campaign is, if not in a file.
        output: How to show the result.
    """

    async def delete(found: OpenCampaign) -> None:
        await found.campaign.purge()
        found.out.show(f"deleted: {found.location}", {"deleted": str(found.location)})

    question = "Delete {}, which nothing can restore"
    return after_confirmation(question, Chosen(file, database), delete, output, yes=yes, opening=remains)
