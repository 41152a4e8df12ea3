"""What an operator decides about messages whose outcome is unknown or rejected: the part of `Campaign` for that."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence

from wikipayam_async.campaigns.errors import CampaignError, JournalError
from wikipayam_async.campaigns.journal import Resolution
from wikipayam_async.campaigns.models import CampaignStatus, Decision
from wikipayam_async.campaigns.shared import SharedJournal
from wikipayam_async.campaigns.view import CampaignView
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages.models import check_text
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.numbers import normalize_receiver
from wikipayam_async.redact.masks import mask_number, shape_of

__all__ = ["CampaignDecisions"]

logger = logging.getLogger("wikipayam_async")

_NUL = "\0"
"""No database of PostgreSQL keeps it."""
_NAMED = 5
"""Track ids named in an error."""


class CampaignDecisions(CampaignView):
    """The part of a campaign that records an operator's decisions."""

    async def mark_accepted(self, track_ids: Iterable[str], *, note: str) -> int:
        """Record that the gateway had accepted messages whose outcome was unknown: the panel shows them.

        Args:
            track_ids: Their track ids.
            note: How you know, for the audit, such as `panel, ticket 81`.

        Returns:
            The number of track ids.

        Raises:
            InvalidInputError: An argument is invalid, or a message's outcome is not unknown; nothing was changed.
            JournalBusyError: Another process runs the campaign.
        """
        return await self._resolve(Decision.ACCEPTED, track_ids, note)

    async def requeue(self, track_ids: Iterable[str], *, note: str) -> int:
        """Put messages back whose outcome is unknown or rejected; the next run sends them under new track ids.

        Requeue an unknown message only if the panel shows that the gateway did not accept it: otherwise it is sent
        twice.

        Args:
            track_ids: Their track ids.
            note: How you know, for the audit, such as `not in the panel`.

        Returns:
            The number of track ids.

        Raises:
            InvalidInputError: An argument is invalid, or the outcome of a message is neither; nothing was changed.
            CampaignError: The campaign is canceled.
            JournalBusyError: Another process runs the campaign.
        """
        return await self._resolve(Decision.REQUEUED, track_ids, note)

    async def _resolve(self, decision: Decision, track_ids: Iterable[str], note: str) -> int:
        wanted = _check_track_ids(track_ids)
        if not isinstance(note, str) or not note.strip():
            raise InvalidInputError("note", rule="expected how you know, for the audit", got=shape_of(note))
        note = check_text(note, field="note")
        if _NUL in note:
            raise InvalidInputError("note", rule="expected a text without the character U+0000", got=shape_of(note))
        await self._need_facts()
        await self._lock()
        facts = await self._need_facts()
        if decision is Decision.REQUEUED and facts.status is CampaignStatus.CANCELED:
            raise CampaignError(f"{self.name}: the campaign is canceled; plan another one for messages to send")
        if self._run is None or isinstance(self._journal, SharedJournal):
            await self._journal.recover()
        entered = len(await self.audit()) if self._run is not None else 0
        fresh = TrackIds().take(len(wanted)) if decision is Decision.REQUEUED else []
        refused = await self._journal.resolve(
            Resolution(decision, wanted, fresh, note, self._now(), facts.options.batch_size)
        )
        if refused:
            names = ", ".join(map(_shown, refused[:_NAMED])) + (", …" if len(refused) > _NAMED else "")
            allowed = "unknown" if decision is Decision.ACCEPTED else "unknown or rejected"
            raise InvalidInputError(
                "track_ids",
                rule=f"expected messages of this campaign whose outcome is {allowed} (nothing was changed)",
                got=f"{len(refused)} others: {names}",
            )
        if self._run is not None:
            decided = [entry async for entry in self._audit_after(entered) if entry.track_id in wanted]
            self._run.note_decisions(decision, Counter(entry.before for entry in decided))
        elif fresh:
            await self._note_requeued()
        return len(wanted)

    async def _note_requeued(self) -> None:
        """Write why the campaign has messages to send again; the decision holds without it."""
        try:
            if not await self._is_sent():
                await self._journal.write_facts(
                    {"status": CampaignStatus.PAUSED.value, "reason": "messages were requeued"}
                )
        except JournalError as error:
            logger.warning(
                "campaign %s: messages were requeued, but its status could not be written (%s)", self.name, error
            )


def _shown(track_id: str) -> str:
    """Return a track id as an error shows it: masked, if it is the number of a receiver."""
    try:
        normalize_receiver(track_id)
    except InvalidInputError:
        return track_id
    return mask_number(track_id)


def _check_track_ids(track_ids: Iterable[str]) -> Sequence[str]:
    if isinstance(track_ids, str) or not isinstance(track_ids, Iterable):
        rule = "expected an iterable of track ids"
        raise InvalidInputError("track_ids", rule=rule, got=shape_of(track_ids))
    wanted: dict[str, None] = {}
    for index, track_id in enumerate(track_ids):
        if not isinstance(track_id, str):
            raise InvalidInputError(f"track_ids[{index}]", rule="expected a track id", got=shape_of(track_id))
        wanted[check_text(track_id, field=f"track_ids[{index}]")] = None
    return list(wanted)
