"""Does the report agree with the ledger? Pure: the results on one side, the gateway's own books on the other."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from attrs import frozen

from wikipayam_async import SendResult, SendStatus
from wikipayam_async.emulator import LedgerEntry

__all__ = ["Audit", "AuditInput", "compare"]

_SIGNIFICANT_DIGITS = 10
_MAX_NAMES_SHOWN = 5


@frozen(kw_only=True)
class AuditInput:
    """What is compared.

    Attributes:
        inputs: How many messages were put in.
        results: What the client reported.
        ledger: What the gateway accepted.
        balance_before: The balance before the first message, in IRR.
        balance_after: The balance after the last.
    """

    inputs: int
    results: Sequence[SendResult]
    ledger: Sequence[LedgerEntry]
    balance_before: int
    balance_after: int


@frozen(kw_only=True)
class Audit:
    """What the comparison found. Messages are named by their track ids, or by their places where they have none.

    Attributes:
        inputs: How many messages were put in.
        in_ledger: How many messages the ledger holds.
        confirmed: How many of the accepted ones are in the ledger.
        without_one_outcome: Places in the input that have no result or several, and results of no place in it.
        doubled: Messages that the gateway accepted more than once.
        lost: Messages that were reported accepted and are not in the ledger under their id.
        unreported: Messages in the ledger that were reported neither accepted nor unknown.
        altered: Accepted messages whose receiver or text changed on the way.
        unknown_taken: Messages of unknown outcome that were in truth accepted.
        unknown_not_taken: Messages of unknown outcome that were in truth not accepted.
        paid: How much the balance fell, in IRR.
        charged: What the ledger's messages cost.
    """

    inputs: int
    in_ledger: int
    confirmed: int
    without_one_outcome: tuple[str, ...]
    doubled: tuple[str, ...]
    lost: tuple[str, ...]
    unreported: tuple[str, ...]
    altered: tuple[str, ...]
    unknown_taken: tuple[str, ...]
    unknown_not_taken: tuple[str, ...]
    paid: int
    charged: int

    @property
    def disagreements(self) -> list[str]:
        """What does not agree, a sentence each; nothing if all is well."""
        complaints = {
            "without exactly one outcome": self.without_one_outcome,
            "accepted more than once": self.doubled,
            "reported accepted, but not in the ledger": self.lost,
            "in the ledger, but reported neither accepted nor unknown": self.unreported,
            "with another receiver or text in the ledger": self.altered,
        }
        found = [f"{len(names):,} {what}: {_list(names)}" for what, names in complaints.items() if names]
        if self.paid != self.charged:
            found.append(f"the balance fell by {self.paid:,} IRR, the ledger's messages cost {self.charged:,} IRR")
        return found


def compare(books: AuditInput) -> Audit:
    """Compare what was reported with what was accepted.

    Args:
        books: Both.

    Returns:
        What was found.
    """
    entries: dict[str | None, list[LedgerEntry]] = defaultdict(list)
    for entry in books.ledger:
        entries[entry.track_id].append(entry)
    accepted = [result for result in books.results if result.status is SendStatus.ACCEPTED]
    unknown = [result for result in books.results if result.status is SendStatus.UNKNOWN]
    pairs = [(result, _entry_of(result, entries)) for result in accepted]
    reported = {result.track_id for result in (*accepted, *unknown)}
    outcomes = Counter(result.index for result in books.results)
    return Audit(
        inputs=books.inputs,
        in_ledger=len(books.ledger),
        confirmed=sum(entry is not None for _, entry in pairs),
        without_one_outcome=_not_once(outcomes, range(books.inputs)),
        doubled=tuple(str(track_id) for track_id, several in entries.items() if len(several) > 1),
        lost=tuple(str(result.track_id) for result, entry in pairs if entry is None),
        unreported=tuple(str(entry.track_id) for entry in books.ledger if entry.track_id not in reported),
        altered=tuple(str(result.track_id) for result, entry in pairs if entry and not _is_same(result, entry)),
        unknown_taken=tuple(str(result.track_id) for result in unknown if result.track_id in entries),
        unknown_not_taken=tuple(str(result.track_id) for result in unknown if result.track_id not in entries),
        paid=books.balance_before - books.balance_after,
        charged=sum(entry.cost for entry in books.ledger),
    )


def _not_once(outcomes: Counter[int], places: range) -> tuple[str, ...]:
    strangers = sorted(place for place in outcomes if place not in places)
    return tuple(f"number {place}" for place in (*places, *strangers) if place not in places or outcomes[place] != 1)


def _entry_of(result: SendResult, entries: Mapping[str | None, Sequence[LedgerEntry]]) -> LedgerEntry | None:
    # By the id as well: an id that belongs to another message would make its delivery that of a stranger.
    return next((entry for entry in entries.get(result.track_id, ()) if entry.id == result.id), None)


def _is_same(result: SendResult, entry: LedgerEntry) -> bool:
    return result.message.message == entry.message and _digits(result.message.receiver) == _digits(entry.receiver)


def _digits(number: str) -> str:
    """Return what identifies a mobile, whatever its spelling; not with the client's own rules, which are on trial."""
    return "".join(str(unicodedata.decimal(sign)) for sign in number if sign.isdecimal())[-_SIGNIFICANT_DIGITS:]


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:_MAX_NAMES_SHOWN]) + (", ..." if len(names) > _MAX_NAMES_SHOWN else "")
