"""Reading the unread messages from the first one on, around those that cannot be read."""

from __future__ import annotations

import logging
import math
from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from attrs import define, field, frozen

from wikipayam_async.checks import is_id
from wikipayam_async.errors import ResponseError, ServerError, WikipayamError
from wikipayam_async.services.base import is_transient
from wikipayam_async.services.pauses import Pause
from wikipayam_async.services.receives.models import ReceivedMessage, UnreadPage
from wikipayam_async.services.receives.paging import MAX_PAGE
from wikipayam_async.services.receives.splitting import SplittingReader

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from wikipayam_async.core.limits import Clock

__all__ = ["Fetch", "Scan", "UnreadScanner"]

logger = logging.getLogger("wikipayam_async")

_MAX_RETRY_PAUSE = 60.0
_MAX_UNREADABLE = 100
_MAX_ODD_PAGES = 100
_SHOWN_OFFSETS = 5


class Fetch(Protocol):
    """Fetches one page of unread messages."""

    def __call__(self, limit: int, offset: int) -> Awaitable[UnreadPage]:
        """Return the page."""
        ...


@frozen
class Scan:
    """What one reading of the unread messages found.

    Attributes:
        due: The messages to handle.
        listed: The ids of all messages that were read.
        complete: Whether the end of the list was reached.
    """

    due: tuple[ReceivedMessage, ...]
    listed: frozenset[str]
    complete: bool


@define
class _Gap:
    """A message that cannot be read.

    Attributes:
        offset: Where it is expected in the list.
        reason: The type of the error.
        pause: The pause before it is tried again.
    """

    offset: int
    reason: str
    pause: Pause


@define
class _Progress:
    """The state of one reading.

    Attributes:
        offset: The next offset.
        due: The messages to handle, by id.
        due_offsets: The offset of each.
        listed: The ids read so far.
        rows: The number of entries read so far.
        odd_pages: The number of consecutive pages with entries that cannot be handled and no new id.
        unreadable: The number of messages that could not be read.
        odd: The offset of each entry that cannot be handled, and the reason.
        skipped: The unreadable messages that were not tried, because their pauses are not over.
    """

    offset: int = 0
    due: dict[str, ReceivedMessage] = field(factory=dict)
    due_offsets: list[int] = field(factory=list)
    listed: set[str] = field(factory=set)
    rows: int = 0
    odd_pages: int = 0
    unreadable: int = 0
    odd: dict[int, str] = field(factory=dict)
    skipped: list[_Gap] = field(factory=list)


class UnreadScanner:
    """Reads the unread messages from the first one on, because the offsets shift as messages are marked.

    A message that cannot be read is left out, and is tried again after growing pauses of up to a minute. Where it will
    be next time follows from the messages before it that are handled now; if it is elsewhere, it is searched again.

    Args:
        fetch: Fetches a page.
        interval: Half of the first pause before an unreadable message is tried again, in seconds.
        clock: Returns the time.
    """

    def __init__(self, fetch: Fetch, *, interval: float, clock: Clock) -> None:
        self._fetch = fetch
        self._interval = interval
        self._clock = clock
        self._gaps: list[_Gap] = []
        self._odd: dict[int, str] = {}
        self._warned = 0
        self._explored = 0.0  # up to this offset, the last reading knew every message

    @property
    def unreadable(self) -> tuple[int, ...]:
        """The offsets of the messages that could not be read or handled, in the list as it was read last."""
        return tuple(sorted({*(gap.offset for gap in self._gaps), *self._odd}))

    async def scan(self, is_due: Callable[[str], bool]) -> Scan:
        """Return the due messages of the first page that has any.

        Args:
            is_due: Returns whether the message with an id is to be handled now.

        Raises:
            WikipayamError: The gateway failed or refused, and no due message was read before.
        """
        reader = SplittingReader(self._fetch)
        progress = _Progress()
        complete = False
        try:
            while not complete and not self._is_enough(progress, reader):
                complete = await self._step(reader, progress, is_due)
        except WikipayamError as error:
            if not (progress.due and is_transient(error)):
                raise
        self._note(progress, complete=complete)
        return Scan(tuple(progress.due.values()), frozenset(progress.listed), complete)

    def _is_enough(self, progress: _Progress, reader: SplittingReader[UnreadPage]) -> bool:
        """Return whether to handle what is due before reading on."""
        # A gateway that ignores the offset may list entries that cannot be handled for ever.
        if progress.unreadable >= _MAX_UNREADABLE or progress.odd_pages >= _MAX_ODD_PAGES:
            return True
        is_split = reader.is_splitting or bool(self._gaps)
        return bool(progress.due) and (not is_split or progress.offset >= MAX_PAGE)

    async def _step(
        self, reader: SplittingReader[UnreadPage], progress: _Progress, is_due: Callable[[str], bool]
    ) -> bool:
        """Read on from the offset; return whether the end was reached."""
        offset, limit = progress.offset, MAX_PAGE
        gap = next((gap for gap in self._gaps if gap.offset >= offset), None)
        if gap is not None and gap.offset == offset:
            if not gap.pause.is_over(self._clock()):
                progress.skipped.append(gap)
                progress.offset += 1
                return False
            limit = 1
        elif gap is not None:
            limit = min(limit, gap.offset - offset)
        try:
            page = await reader.read(limit, offset)
        except (ResponseError, ServerError) as error:
            if error.offset is None:
                raise
            progress.unreadable += 1
            is_news = (gap is None or gap.offset != offset) and offset < self._explored
            self._note_gap(offset, error)
            progress.offset += 1
            if is_news and progress.skipped:
                self._read_again(progress)
            return False
        if gap is not None and gap.offset == offset:
            self._gaps.remove(gap)  # it can be read now, or something else is here
        self._take(page, progress, is_due)
        if not page.row_count:
            self._gaps = [gap for gap in self._gaps if gap.offset < offset]
            self._check_count(page, progress)
            return True
        # A gateway that ignores the offset would never come to an end.
        return progress.offset > len(progress.listed) + len(self._gaps) + len(progress.odd) + MAX_PAGE

    @staticmethod
    def _read_again(progress: _Progress) -> None:
        """Go back to what was skipped: the list has shifted, and a message that can be read may be there now."""
        progress.offset = progress.skipped[0].offset
        for gap in progress.skipped:
            gap.pause.seconds = 0.0
        progress.skipped.clear()

    def _take(self, page: UnreadPage, progress: _Progress, is_due: Callable[[str], bool]) -> None:
        offset, unreadable = progress.offset, set(page.unreadable)
        listed, odd = len(progress.listed), len(progress.odd)
        positions = [position for position in range(page.row_count) if position not in unreadable]
        progress.odd.update({offset + position: "it is no message" for position in unreadable})
        for position, message in zip(positions, page.receives, strict=True):
            if not is_id(message.id):
                progress.odd[offset + position] = "a message that cannot be marked as read, because it has no valid id"
            elif is_due(message.id) and message.id not in progress.due:
                progress.due[message.id] = message
                progress.due_offsets.append(offset + position)
            if message.id:
                progress.listed.add(message.id)
        is_odd = len(progress.odd) > odd and len(progress.listed) == listed
        progress.odd_pages = progress.odd_pages + 1 if is_odd else 0
        progress.rows += page.row_count
        progress.offset += page.row_count

    def _note_gap(self, offset: int, error: ResponseError | ServerError) -> None:
        """Note that the message at an offset cannot be read."""
        found = next((gap for gap in self._gaps if gap.offset >= offset), None)
        if found is None:
            found = _Gap(offset, "", Pause())
            self._gaps.append(found)
        elif found.offset != offset:
            # The list has shifted: this is the next one that was known, and the others are searched again.
            self._gaps = [gap for gap in self._gaps if gap.offset <= found.offset]
        found.offset, found.reason = offset, type(error).__name__
        found.pause.fail(self._clock(), self._interval, longest=_MAX_RETRY_PAUSE)

    def _check_count(self, page: UnreadPage, progress: _Progress) -> None:
        """Let the unreadable messages be tried at the next reading unless their number agrees with the gateway's count."""
        if page.total_unread != progress.rows + len(self._gaps):
            for gap in self._gaps:
                gap.pause.seconds = 0.0

    def _note(self, progress: _Progress, *, complete: bool) -> None:
        """Keep what the next reading needs to know, and warn about what is new."""
        beyond = {} if complete else {at: why for at, why in self._odd.items() if at >= progress.offset}
        self._odd = {**progress.odd, **beyond}
        reasons = {**self._odd, **{gap.offset: gap.reason for gap in self._gaps}}
        if len(reasons) > self._warned:
            shown = "; ".join(f"offset {at}: {reasons[at]}" for at in sorted(reasons)[:_SHOWN_OFFSETS])
            logger.warning(
                "receives.consume: %d of the unread messages cannot be read or handled (%s). The others are handled, and "
                "these are tried again",
                len(reasons),
                shown,
            )
        self._warned = len(reasons) if complete else max(self._warned, len(reasons))
        self._explored = math.inf if complete else progress.offset - len(progress.due)
        for gap in self._gaps:  # the due messages before it leave the list
            gap.offset -= bisect_left(progress.due_offsets, gap.offset)
        self._odd = {at - bisect_left(progress.due_offsets, at): why for at, why in self._odd.items()}
