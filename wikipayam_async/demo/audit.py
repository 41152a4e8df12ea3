"""Compares the client's report with the gateway's ledger, without any I/O."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from attrs import frozen

from wikipayam_async import SendResult, SendStatus
from wikipayam_async.emulator import LedgerEntry

__all__ = ["Audit", "compare"]

_SIGNIFICANT_DIGITS = 10
_MAX_NAMES_SHOWN = 5


@frozen(kw_only=True)
class Audit:
    """The result of the comparison. Messages are named by track id, or by their index in the input.

    Attributes:
        inputs: The number of messages to send.
        in_ledger: The number of messages in the ledger.
        confirmed: How many of the accepted messages are in the ledger.
        without_one_outcome: Indexes without exactly one result, and results without an index in the input.
        doubled: Messages that the gateway accepted more than once.
        lost: Messages reported as accepted that are not in the ledger under their id.
        unreported: Messages in the ledger reported neither as accepted nor as unknown.
        altered: Accepted messages whose receiver or text differs in the ledger.
        unknown_taken: Messages of unknown outcome that the gateway accepted.
        unknown_not_taken: Messages of unknown outcome that the gateway did not accept.
        paid: The decrease of the balance, in IRR.
        charged: The cost of the messages in the ledger, in IRR.
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
        """One sentence for each disagreement; empty if report and ledger agree."""
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


def compare(
    *,
    inputs: int,
    results: Sequence[SendResult],
    ledger: Sequence[LedgerEntry],
    balance_before: int,
    balance_after: int,
) -> Audit:
    """Compare the report with the ledger.

    Args:
        inputs: The number of messages to send.
        results: The results of the client.
        ledger: The messages that the gateway accepted.
        balance_before: The balance before the run, in IRR.
        balance_after: The balance after the run, in IRR.

    Returns:
        The result of the comparison.
    """
    entries: dict[str | None, list[LedgerEntry]] = defaultdict(list)
    for entry in ledger:
        entries[entry.track_id].append(entry)
    accepted = [result for result in results if result.status is SendStatus.ACCEPTED]
    unknown = [result for result in results if result.status is SendStatus.UNKNOWN]
    pairs = [(result, _entry_of(result, entries)) for result in accepted]
    reported = {result.track_id for result in (*accepted, *unknown)}
    outcomes = Counter(result.index for result in results)
    return Audit(
        inputs=inputs,
        in_ledger=len(ledger),
        confirmed=sum(entry is not None for _, entry in pairs),
        without_one_outcome=_without_one_outcome(outcomes, range(inputs)),
        doubled=tuple(str(track_id) for track_id, several in entries.items() if len(several) > 1),
        lost=tuple(str(result.track_id) for result, entry in pairs if entry is None),
        unreported=tuple(str(entry.track_id) for entry in ledger if entry.track_id not in reported),
        altered=tuple(str(result.track_id) for result, entry in pairs if entry and not _is_same(result, entry)),
        unknown_taken=tuple(str(result.track_id) for result in unknown if result.track_id in entries),
        unknown_not_taken=tuple(str(result.track_id) for result in unknown if result.track_id not in entries),
        paid=balance_before - balance_after,
        charged=sum(entry.cost for entry in ledger),
    )


def _without_one_outcome(outcomes: Counter[int], indexes: range) -> tuple[str, ...]:
    unexpected = sorted(index for index in outcomes if index not in indexes)
    return tuple(f"number {i}" for i in (*indexes, *unexpected) if i not in indexes or outcomes[i] != 1)


def _entry_of(result: SendResult, entries: Mapping[str | None, Sequence[LedgerEntry]]) -> LedgerEntry | None:
    # Matched by id as well: with the id of another message, its delivery status would be that message's.
    return next((entry for entry in entries.get(result.track_id, ()) if entry.id == result.id), None)


def _is_same(result: SendResult, entry: LedgerEntry) -> bool:
    return result.message.message == entry.message and _digits(result.message.receiver) == _digits(entry.receiver)


def _digits(number: str) -> str:
    """Return the significant digits of a mobile in any form; independent of the client's own rules, which are audited."""
    return "".join(str(unicodedata.decimal(sign)) for sign in number if sign.isdecimal())[-_SIGNIFICANT_DIGITS:]


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:_MAX_NAMES_SHOWN]) + (", ..." if len(names) > _MAX_NAMES_SHOWN else "")
