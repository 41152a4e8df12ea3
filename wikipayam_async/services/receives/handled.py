"""The ids of handled messages: which must not be handled again, and which still have to be marked as read. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from attrs import define, field

from wikipayam_async.services.pauses import MAX_PAUSE, Pause

__all__ = ["HandledMessages"]

_MAX_SETTLED = 100_000
_STUCK_AFTER = 3


@define
class _Unmarked:
    """A handled message that has to be marked as read.

    Attributes:
        pause: The pause before the next attempt.
        alone: Whether it is marked in a request of its own, because a request with others failed.
        refused: Whether the gateway refused to mark it.
        in_vain: Whether it was listed as unread after the gateway accepted an attempt.
        answered: Whether the gateway accepted the last attempt, too, so that what it lists next decides.
    """

    pause: Pause = field(factory=Pause)
    alone: bool = False
    refused: bool = False
    in_vain: bool = False
    answered: bool = False


class HandledMessages:
    """Remembers the ids of handled messages, so that none is handled twice, whatever the gateway lists as unread.

    An id that is not marked as read yet, or that is still listed as unread, is kept for as long as that lasts: there are
    no more of them than unread messages. Of the others, the last 100,000 are kept, since a gateway may list a message
    again.

    The consumers of one account in a process share one of these.
    """

    def __init__(self) -> None:
        self._in_hand: set[str] = set()
        self._unmarked: dict[str, _Unmarked] = {}
        self._settled: dict[str, int] = {}

    @property
    def unmarked(self) -> tuple[str, ...]:
        """The ids that could not be marked as read, or are listed as unread although they were marked."""
        return tuple(id_ for id_, one in self._unmarked.items() if one.pause.failures)

    @property
    def parked(self) -> tuple[str, ...]:
        """Those of `unmarked` that the gateway refused to mark."""
        return tuple(id_ for id_, one in self._unmarked.items() if one.refused)

    @property
    def is_stuck(self) -> bool:
        """Whether an id was refused, or could not be marked in three attempts."""
        return any(one.refused or one.pause.failures >= _STUCK_AFTER for one in self._unmarked.values())

    def take(self, id_: str) -> bool:
        """Take a message in hand; return False if it was handled before, or is in the hand of another consumer."""
        if id_ in self:
            return False
        self._in_hand.add(id_)
        return True

    def put_back(self, id_: str) -> None:
        """Note that a message was not handled."""
        self._in_hand.discard(id_)

    def add(self, id_: str) -> None:
        """Note that a message was handled, and has to be marked as read."""
        self._in_hand.discard(id_)
        self._unmarked[id_] = _Unmarked()

    def __contains__(self, id_: str) -> bool:
        return id_ in self._in_hand or id_ in self._unmarked or id_ in self._settled

    def due(self, now: float) -> tuple[list[str], list[str]]:
        """Return the ids to mark now: those of common requests, and those that need a request each."""
        due = [(id_, one.alone) for id_, one in self._unmarked.items() if not one.answered and one.pause.is_over(now)]
        return [id_ for id_, alone in due if not alone], [id_ for id_, alone in due if alone]

    def marked(self, ids: Iterable[str]) -> None:
        """Note that the gateway accepted to mark messages. Whether it did shows in what it lists."""
        for id_ in ids:
            one = self._unmarked.get(id_)
            if one is not None and one.in_vain:
                one.answered, one.refused = True, False
            else:
                self._settle(id_, 0)

    def failed(self, ids: Sequence[str], now: float, interval: float, *, at_least: float = 0.0) -> None:
        """Note that messages could not be marked; the pause before the next attempt grows."""
        for one in self._pending(ids):
            one.pause.fail(now, interval)
            one.pause.seconds = max(one.pause.seconds, at_least)

    def separate(self, ids: Sequence[str]) -> None:
        """Mark these messages in requests of their own from now on."""
        for one in self._pending(ids):
            one.alone = True

    def postpone(self, ids: Sequence[str], now: float, seconds: float) -> None:
        """Mark these messages later."""
        for one in self._pending(ids):
            one.pause.wait(now, seconds)

    def refuse(self, id_: str, now: float) -> None:
        """Park a message that the gateway refuses to mark: it is tried again after an hour."""
        for one in self._pending([id_]):
            one.refused = one.alone = True
            one.pause.fail(now, MAX_PAUSE)

    def note_listed(self, ids: Iterable[str], now: float, interval: float) -> list[str]:
        """Note which messages are listed as unread; return those that are although they were marked as read."""
        again: list[str] = []
        for id_ in ids:
            if id_ in self._settled:
                self._unmarked[id_] = _Unmarked(Pause(self._settled.pop(id_)), in_vain=True, answered=True)
            one = self._unmarked.get(id_)
            if one is not None and one.answered:
                one.answered = False
                one.pause.fail(now, interval)
                again.append(id_)
        return again

    def note_absent(self, listed: Collection[str]) -> None:
        """Note that the whole list of unread messages was read: what was marked or refused, and is gone, is settled."""
        for id_, one in [*self._unmarked.items()]:
            if (one.answered or one.refused) and id_ not in listed:
                self._settle(id_, one.pause.failures)

    def _pending(self, ids: Iterable[str]) -> list[_Unmarked]:
        return [self._unmarked[id_] for id_ in ids if id_ in self._unmarked]

    def _settle(self, id_: str, failures: int) -> None:
        self._unmarked.pop(id_, None)
        self._settled[id_] = failures
        if len(self._settled) > _MAX_SETTLED:
            del self._settled[next(iter(self._settled))]
