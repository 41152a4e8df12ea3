"""Compare three records of the same notices: the responses to users, the shop's journal, the gateway's ledger."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from attrs import field, frozen

__all__ = ["Check", "Records", "read_journal"]


@frozen(kw_only=True)
class Records:
    """The three records.

    Attributes:
        answered: The track ids of the orders answered 202.
        unanswered: The number of orders without an answer.
        posted: The track ids that the journal holds as posted.
        outcomes: The outcomes in the journal, as track id and outcome.
        ledger: The track ids in the gateway's ledger, once for each message.
    """

    answered: list[str]
    unanswered: int
    posted: list[str] = field(factory=list)
    outcomes: list[tuple[str, str]] = field(factory=list)
    ledger: list[str] = field(factory=list)

    def with_outcome(self, *outcomes: str) -> set[str]:
        """Return the track ids that have one of these outcomes."""
        return {track_id for track_id, outcome in self.outcomes if outcome in outcomes}

    def checks(self) -> list[Check]:
        """Compare the records."""
        answered, posted, ledger = set(self.answered), set(self.posted), set(self.ledger)
        reported = [track_id for track_id, _ in self.outcomes]
        return [
            Check("every order answered 202 is in the journal", answered - posted),
            Check("every posted notice has an outcome", posted - set(reported)),
            Check(
                "every outcome belongs to a posted notice, and no notice has two",
                _repeated(reported) | _repeated(self.posted) | (set(reported) - posted),
            ),
            Check("nothing lost: every accepted notice is in the ledger", self.with_outcome("accepted") - ledger),
            Check("nothing twice: the ledger has each track id once", _repeated(self.ledger)),
            Check(
                "every notice in the ledger is accepted or unknown",
                ledger - self.with_outcome("accepted", "unknown"),
            ),
            Check(
                "every posted notice belongs to an order, answered or unanswered",
                set(sorted(posted - answered)[self.unanswered :]),
            ),
        ]


@frozen
class Check:
    """One comparison.

    Attributes:
        claim: The claim that is checked.
        violations: The track ids that break it.
    """

    claim: str
    violations: set[str]

    @property
    def holds(self) -> bool:
        """Whether the claim holds."""
        return not self.violations

    def __str__(self) -> str:
        return f"{'ok    ' if self.holds else 'FAILED'} {self.claim}" + (
            "" if self.holds else f": not for {len(self.violations)}, for example {min(self.violations)}"
        )


def read_journal(path: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Read a journal; return the posted track ids, and the outcomes as track id and outcome.

    Notices that were withdrawn, because the outbox took no more, are left out.
    """
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
    withdrawn = {line["track_id"] for line in lines if line["status"] == "withdrawn"}
    lines = [line for line in lines if line["track_id"] not in withdrawn]
    posted = [line["track_id"] for line in lines if line["status"] == "posted"]
    return posted, [(line["track_id"], line["status"]) for line in lines if line["status"] != "posted"]


def _repeated(track_ids: Iterable[str]) -> set[str]:
    return {track_id for track_id, count in Counter(track_ids).items() if count > 1}
