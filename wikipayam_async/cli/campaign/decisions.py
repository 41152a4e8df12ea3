"""Decisions about unknown and rejected messages."""

from __future__ import annotations

from typing import Literal

import anyio
from attrs import frozen

from wikipayam_async.campaigns.models import CampaignStatus
from wikipayam_async.cli.campaign.causes import HELD_BACK
from wikipayam_async.cli.campaign.locations import Location, opened
from wikipayam_async.cli.campaign.options import Chosen
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counted, spaced
from wikipayam_async.cli.prompts import confirm, read_text
from wikipayam_async.cli.session import guarded
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.outcomes import SendStatus

__all__ = ["Decide", "decide"]


@frozen
class Decide:
    """A decision.

    Attributes:
        action: The method of the campaign.
        track_ids: The track ids, as they were passed.
        note: How it is known.
        cause: The cause of the messages, instead of track ids.
        rejected: Whether rejected messages are meant, instead of track ids.
        yes: Whether not to ask.
    """

    action: Literal["mark_accepted", "requeue"]
    track_ids: tuple[str, ...]
    note: str
    cause: str | None = None
    rejected: bool = False
    yes: bool = False

    @property
    def by_cause(self) -> bool:
        """Whether messages are chosen by their outcome."""
        return self.cause is not None or self.rejected


def decide(chosen: Chosen, wanted: Decide, out: Output) -> Exit:
    """Record a decision, all of it or nothing.

    Args:
        chosen: The campaign.
        wanted: The decision.
        out: The output.
    """

    def work() -> Exit:
        location = chosen.location()
        if wanted.by_cause == bool(wanted.track_ids):
            rule = "expected track ids, or --cause" + (", or --rejected" if wanted.action == "requeue" else "")
            raise InvalidInputError("TRACK_IDS", rule=rule, got="both" if wanted.track_ids else "neither")
        track_ids = anyio.run(_chosen, location, wanted) if wanted.by_cause else _read(wanted.track_ids)
        if not track_ids:
            out.warn("no message was chosen; nothing was changed")
            return Exit.OK
        what = "record as accepted" if wanted.action == "mark_accepted" else "send again"
        question = f"{what[0].upper()}{what[1:]} {counted(len(track_ids), 'message')}"
        if wanted.by_cause and not wanted.yes and not confirm(question, out, instead="--yes"):
            out.warn("nothing was changed")
            return Exit.USAGE
        count = anyio.run(_apply, location, wanted, track_ids)
        _tell(out, location, wanted, count)
        return Exit.OK

    return guarded(out, work)


def _read(track_ids: tuple[str, ...]) -> list[str]:
    return [id_ for one in track_ids for id_ in (read_text(one).split() if one == "-" else [one])]


async def _chosen(location: Location, wanted: Decide) -> list[str]:
    """Return the track ids of the messages with a cause. Those held back on purpose are not among them."""
    status = SendStatus.REJECTED if wanted.rejected else SendStatus.UNKNOWN
    cause = None if wanted.cause is None else spaced(wanted.cause)
    async with opened(location) as campaign:
        return [
            result.track_id
            async for result in campaign.results(status=status)
            if result.track_id is not None
            and result.reason not in HELD_BACK
            and (cause is None or spaced(result.reason or "") == cause)
        ]


async def _apply(location: Location, wanted: Decide, track_ids: list[str]) -> int:
    async with opened(location) as campaign:
        apply = campaign.mark_accepted if wanted.action == "mark_accepted" else campaign.requeue
        return await apply(track_ids, note=wanted.note)


def _tell(out: Output, location: Location, wanted: Decide, count: int) -> None:
    if wanted.action == "mark_accepted":
        out.show(f"recorded as accepted: {counted(count, 'message')}", {"accepted": count})
    else:
        text = f"put back: {counted(count, 'message')}; to send them: {location.how_to_go_on(CampaignStatus.PAUSED)}"
        out.show(text, {"requeued": count})
