"""What a campaign has spent before a run of it begins."""

from __future__ import annotations

from wikipayam_async.campaigns.journal import Journal
from wikipayam_async.campaigns.rules import Spending, SpendingLimit
from wikipayam_async.outcomes import SendStatus

__all__ = ["spending_so_far"]

_PAGE = 1000


async def spending_so_far(journal: Journal, limit: SpendingLimit, line: str | None) -> Spending:
    """Return what earlier runs have spent of a limit.

    Args:
        journal: The journal.
        limit: The limit.
        line: The line of messages that have none of their own.

    Raises:
        JournalError: The journal cannot be read.
    """
    spending = Spending(limit)
    # Unknown messages may be accepted while these pages are read, and are then counted twice; in the other order they
    # would be in neither count, and the campaign could exceed the limit.
    for status in (SendStatus.UNKNOWN, SendStatus.ACCEPTED):
        after = -1
        while results := await journal.results(after, _PAGE, status):
            costs = (spending.cost_of(one.message or "", one.sender or line, one.receiver) for one in results)
            spending.settle(0, sum(costs))
            after = results[-1].index
    return spending
