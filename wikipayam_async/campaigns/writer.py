"""Writes the outcomes of a run to the journal, and keeps what cannot be written."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from wikipayam_async.bulk.results import SendResult
from wikipayam_async.campaigns.causes import cause_of
from wikipayam_async.campaigns.errors import JournalError, JournalWriteError
from wikipayam_async.campaigns.journal import Journal, StoredOutcome
from wikipayam_async.campaigns.source import Flight
from wikipayam_async.errors import (
    AuthenticationError,
    InsufficientBalanceError,
    PermissionDeniedError,
    RateLimitError,
)
from wikipayam_async.outcomes import SendStatus

__all__ = ["OutcomeWriter", "stored_outcome"]

logger = logging.getLogger("wikipayam_async")

_RETRY_DELAYS = (0.1, 0.5, 2.0)
"""Seconds before each further attempt to write an outcome."""
_OF_THE_ACCOUNT = (AuthenticationError, InsufficientBalanceError, PermissionDeniedError, RateLimitError)
"""Errors that refuse a request as a whole for a reason that passes; each of them stops the run."""


class OutcomeWriter:
    """Writes outcomes, which are known nowhere else.

    Args:
        journal: The journal.
        sleep: Sleeps for seconds.
    """

    def __init__(self, journal: Journal, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._journal = journal
        self._sleep = sleep
        self._unwritten: list[tuple[Flight, Sequence[SendResult]]] = []

    async def write(self, flight: Flight, results: Sequence[SendResult]) -> None:
        """Write the outcomes of a chunk; try again for some seconds if that fails, and log and keep them if it fails for good.

        Raises:
            JournalError: They could not be written.
        """
        for delay in _RETRY_DELAYS:
            try:
                await self._settle(flight, results)
            except JournalError as error:
                logger.warning(
                    "campaign %s: the outcomes of chunk %d could not be written (%s); trying again in %.1f s",
                    self._journal.name,
                    flight.no,
                    error,
                    delay,
                )
                await self._sleep(delay)
            else:
                return
        try:
            await self._settle(flight, results)
        except JournalError:
            self._unwritten.append((flight, results))
            for result in results:
                self._log(result)
            raise

    @property
    def has_rest(self) -> bool:
        """Whether outcomes could not be written."""
        return bool(self._unwritten)

    async def write_rest(self) -> list[tuple[Flight, Sequence[SendResult]]]:
        """Try once more to write what could not be written. Return what was written."""
        rest, self._unwritten = self._unwritten, []
        written: list[tuple[Flight, Sequence[SendResult]]] = []
        failed: list[tuple[Flight, Sequence[SendResult]]] = []
        try:
            while rest:
                try:
                    await self._settle(*rest[0])
                except JournalError:
                    failed.append(rest[0])
                else:
                    written.append(rest[0])
                del rest[0]
        finally:
            self._unwritten += failed + rest
        return written

    async def _settle(self, flight: Flight, results: Sequence[SendResult]) -> None:
        outcomes = list(map(stored_outcome, results))
        try:
            written = await self._journal.settle(flight.no, flight.token or "", outcomes)
        except JournalError:
            raise
        except Exception as error:  # a journal of somebody else's; the outcomes must not be lost for it
            raise JournalError(f"{self._journal.name}: settle() raised {type(error).__name__}") from error
        if not written and any(one.status is not SendStatus.NOT_ATTEMPTED for one in outcomes):
            raise JournalError(f"{self._journal.name}: chunk {flight.no} is no longer claimed by this run")

    def error(self) -> JournalWriteError | None:
        """Return the error that carries what could not be written; None if everything was."""
        results = [result for _, some in self._unwritten for result in some]
        if not results:
            return None
        return JournalWriteError(
            f"{self._journal.name}: the outcomes of {len(results):,} messages could not be written, and the campaign "
            "stopped; they are in `results` of this error and in the log. The next run makes these messages unknown",
            results=results,
        )

    def _log(self, result: SendResult) -> None:
        logger.error(
            "campaign %s: not written: %s %s %s",
            self._journal.name,
            result.track_id,
            result.status,
            result.id or (cause_of(result.error) if not result.ok else ""),
        )


def stored_outcome(result: SendResult) -> StoredOutcome:
    """Return the outcome as it is kept: what the account's state refused is pending again, since no message is at fault."""
    status, error = result.status, result.error
    if status is SendStatus.REJECTED and isinstance(error, _OF_THE_ACCOUNT):
        status = SendStatus.NOT_ATTEMPTED
    if status in {SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED}:
        return StoredOutcome(result.index, result.track_id, status, result.id)
    text = "its request was cut off" if error is None else str(error)
    return StoredOutcome(result.index, result.track_id, status, None, cause_of(error), text)
