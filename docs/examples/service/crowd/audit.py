"""Three books about the same notices, laid side by side: what users were told, what the shop wrote, what the gateway took."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from attrs import field, frozen

__all__ = ["Books", "Check", "read_journal"]


@frozen(kw_only=True)
class Books:
    """The three books.

    Attributes:
        answered: The track ids of the orders that were answered 202.
        broken: How many orders got no answer.
        posted: The track ids that the shop promised to send.
        outcomes: Its later lines: track ids and outcomes.
        ledger: The track ids that the gateway accepted, as often as it did.
    """

    answered: list[str]
    broken: int
    posted: list[str] = field(factory=list)
    outcomes: list[tuple[str, str]] = field(factory=list)
    ledger: list[str] = field(factory=list)

    def having(self, *statuses: str) -> set[str]:
        """Return the track ids that came to one of these outcomes."""
        return {track_id for track_id, outcome in self.outcomes if outcome in statuses}

    def checks(self) -> list[Check]:
        """Compare the books."""
        answered, posted, ledger = set(self.answered), set(self.posted), set(self.ledger)
        told = [track_id for track_id, _ in self.outcomes]
        return [
            Check("every order that was answered 202 was promised", answered - posted),
            Check("every promise has an outcome", posted - set(told)),
            Check("no promise has two", _repeated(told) | _repeated(self.posted) | (set(told) - posted)),
            Check("nothing lost: what counts as accepted is in the ledger", self.having("accepted") - ledger),
            Check("nothing twice: the ledger has each track id once", _repeated(self.ledger)),
            Check("the ledger has nothing but accepted and unknown", ledger - self.having("accepted", "unknown")),
            Check(
                "orders without an answer explain the promises nobody heard of",
                set(sorted(posted - answered)[self.broken :]),
            ),
        ]


@frozen
class Check:
    """One comparison.

    Attributes:
        claim: What should be so.
        against: The track ids for which it is not.
    """

    claim: str
    against: set[str]

    @property
    def holds(self) -> bool:
        """Whether it is so."""
        return not self.against

    def __str__(self) -> str:
        return f"{'ok    ' if self.holds else 'FAILED'} {self.claim}" + (
            "" if self.holds else f": not for {len(self.against)}, as {min(self.against)}"
        )


def read_journal(path: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Read a journal: the track ids that were posted, and the outcomes."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    posted = [line["track_id"] for line in lines if line["what"] == "posted"]
    return posted, [(line["track_id"], line["what"]) for line in lines if line["what"] != "posted"]


def _repeated(track_ids: Iterable[str]) -> set[str]:
    return {track_id for track_id, count in Counter(track_ids).items() if count > 1}
