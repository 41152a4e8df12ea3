"""The errors of campaigns. None contains a text, a full number or a token."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from wikipayam_async.errors import WikipayamError
from wikipayam_async.outcomes import SendStatus

if TYPE_CHECKING:
    from wikipayam_async.bulk.results import SendResult

__all__ = [
    "CampaignError",
    "DatabaseAwayError",
    "JournalBusyError",
    "JournalError",
    "JournalWriteError",
    "PlanChangedError",
]


class CampaignError(WikipayamError):
    """A campaign cannot do what was asked. Nothing was sent, unless a subclass says otherwise."""

    send_status: SendStatus | None = SendStatus.NOT_ATTEMPTED


class PlanChangedError(CampaignError, ValueError):
    """The messages, the options, the line, the API prefix or the account are not those of the plan. Nothing was sent.

    Attributes:
        differences: What differs, such as `batch_size: 100 in the plan, 50 now` or `messages[3].receiver`.
    """

    def __init__(self, text: str, *, differences: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.differences = tuple(differences)


class JournalError(CampaignError):
    """A journal cannot be opened, read or written: damaged, of a newer version, on a network file system."""


class DatabaseAwayError(JournalError):
    """The database of a journal could not be reached, or went away; the same may work a moment later."""


class JournalBusyError(JournalError):
    """Another process, or another `Campaign` of this one, writes to the journal. Nothing was sent."""


class JournalWriteError(JournalError):
    """The outcomes of messages could not be written to the journal, for example because the disk is full.

    The journal shows these messages as in flight, and the next run makes them unknown. What is known of them is in
    `results` and in the log.

    Attributes:
        results: The results that could not be written. Not part of a pickle.
    """

    send_status = None
    _unpickled = MappingProxyType({"results": ()})

    def __init__(self, text: str, *, results: Sequence[SendResult] = ()) -> None:
        super().__init__(text)
        self.results = tuple(results)
